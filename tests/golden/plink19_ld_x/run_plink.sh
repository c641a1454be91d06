#!/bin/bash
# Run plink 1.9 on the files of make_inputs.py: run_plink.sh WORK_DIR
set -euo pipefail
cd "$1"
plink1.9 --bfile x --r2 square --ld-xchr 2 --out genotype > /dev/null
plink1.9 --bfile x --r2 square --out default > /dev/null
plink1.9 --bfile x --r2 dprime --ld-snp v20 --ld-window-kb 1000 --ld-window 999999 \
  --ld-window-r2 0 --out haplotype > /dev/null
plink1.9 --bfile x --allow-no-sex --clump x.assoc --clump-p1 1e-3 --clump-p2 1e-3 --clump-r2 0.5 \
  --clump-kb 10 --out clumps > /dev/null
