#!/bin/bash
# Run plink2 and plink 1.9 on the files of make_inputs.py: run_plink.sh DATA_DIR WORK_DIR
# collect.py makes the tables beside this script of what they write.
set -euo pipefail
data=$1/genotypes; cd "$2"
declare -A source=(
  [eur]="--bfile $data/kg_eur379/EUR_subset"
  [missing]="--bfile eur_missing"
  [eas]="--vcf $data/kg_eas504_chr7/1kg_eas_hg19.chr7_126253550_128253550.vcf.gz"
)
columns="hide-covar omit-ref cols=chrom,pos,alt,nobs,beta,se,p"
for name in eur missing eas; do
  table=${name/missing/eur}; family=""; [ $name = eas ] && family="--const-fid"
  base="--pheno $table.tsv --pheno-name Y --covar ${table}_covariate.tsv --mac 20"
  plink2 ${source[$name]} $base --glm $columns --out $name > /dev/null
  awk 'NR==1{print "SNP\tP"} NR>1 && $NF!="NA"{print $3"\t"$NF}' $name.Y.glm.linear > $name.assoc
  for rule in 0.1_1000 0.5_250 0.8_100; do
    plink1.9 ${source[$name]} $family --allow-no-sex --clump $name.assoc --clump-p1 1e-5 \
      --clump-p2 1e-3 --clump-r2 ${rule%_*} --clump-kb ${rule#*_} --out ${name}_$rule > /dev/null
  done
  # The two strongest leads of the first chromosome that has a clump.
  awk 'NR==2{c=$1} NR>1 && NF && $1==c && n<2{print $3; n++}' ${name}_0.1_1000.clumped > $name.leads
  lead=$(head -1 $name.leads)
  plink1.9 ${source[$name]} $family --r2 --ld-snp $lead --ld-window-kb 1000 --ld-window 999999 \
    --ld-window-r2 0 --out $name > /dev/null
  chromosome=$(awk -v id=$lead '$3==id{print $1}' ${name}_0.1_1000.clumped)
  plink2 ${source[$name]} $base --chr $chromosome --condition-list $name.leads \
    --glm $columns --out ${name}_two > /dev/null
  plink2 ${source[$name]} $base --chr $chromosome --condition $lead --glm $columns \
    --out ${name}_one > /dev/null
done
