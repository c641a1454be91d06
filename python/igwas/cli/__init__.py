"""The command `igwas-fast`: one file a command, no logic in any of them."""
