"""Describe every eye: run an encoder over photographs, and say what its description is worth."""
