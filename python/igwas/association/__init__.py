"""Stage 7: the scan that regresses every phenotype on every variant."""
