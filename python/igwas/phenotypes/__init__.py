"""Stage 4: rows a linear model can use: phenotypes, covariates, missingness, transforms."""
