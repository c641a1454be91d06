"""Figures: each function takes arrays and returns a figure; none opens a file.

Importing a module of this folder imports matplotlib; importing igwas does not.
"""
