"""Summary statistics in other programs' columns: GWAS-SSF, regenie, plink2, Parquet."""
