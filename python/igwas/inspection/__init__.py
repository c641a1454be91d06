"""What is in a file of ours, told from the registry and the file itself."""
