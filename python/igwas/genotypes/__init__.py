"""Stage 5: genotypes of every sample, from any format, in one file."""
