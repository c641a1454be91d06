"""One page for everything: what was run, on whom, what was found and what it is worth."""
