"""Stage 8: from statistics to loci: clumps, genomic control, eyes, conditional tests, genes."""
