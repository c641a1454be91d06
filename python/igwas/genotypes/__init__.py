"""Genotypes: convert bed, pgen, bgen and vcf to genotypes.h5, and read genotype files lazily."""
