#!/bin/bash
# Run plink2 and plink 1.9 on the files of make_inputs.py: run_plink.sh DATA_DIR WORK_DIR
set -euo pipefail
data=$1/genotypes; cd "$2"
eur="--bfile $data/kg_eur379/EUR_subset"
missing="--bfile eur_missing"
eas="--vcf $data/kg_eas504_chr7/1kg_eas_hg19.chr7_126253550_128253550.vcf.gz"
glm="--glm allow-no-covars hide-covar omit-ref cols=chrom,pos,alt,nobs,beta,se,p"
for name in eur missing eas; do
  table=eur.tsv; [ $name = eas ] && table=eas.tsv
  ids=""; [ $name = eas ] && ids="--double-id --const-fid 0"
  [ $name = eas ] && ids=""
  plink2 ${!name} --pheno $table --pheno-name Y --mac 20 $glm --out $name > /dev/null
  awk 'NR==1{print "SNP\tP"} NR>1 && $NF!="NA"{print $3"\t"$NF}' $name.Y.glm.linear > $name.assoc
  for rule in "0.1 1000" "0.5 250" "0.8 100"; do
    set -- $rule
    extra=""; [ $name = eas ] && extra="--const-fid"
    plink1.9 ${!name} $extra --allow-no-sex --clump $name.assoc --clump-p1 1e-5 --clump-p2 1e-3 \
      --clump-r2 $1 --clump-kb $2 --out ${name}_r$1_kb$2 > /dev/null
  done
done
