"""The columns of plink2's `--glm` for quantitative phenotypes (`.glm.linear`), tab-separated.

A1 is the effect allele and is also written as ALT, the other allele as OMITTED and REF: that is
plink2's `omit-ref`. For genotypes from a .bim nobody knows which allele is the reference; plink2
takes A1 for ALT there too. P keeps its exponent below 1e-308.

References
----------
cog-genomics.org/plink/2.0/formats#glm_linear.
"""

import numpy as np

from igwas.schema import REASONS
from igwas.sumstats.options import ALL, ExportOptions
from igwas.sumstats.records import Records
from igwas.sumstats.text import code_text, constant_text, number_text, p_text
from igwas.sumstats.text_format import Columns, TextFormat

MISSING = "NA"

# plink2's own words where it has one for the reason; filtered variants never reach its output.
_PLINK2_WORDS = {
    "tested": ".",
    "constant": "CONST_ALLELE",
    "all_missing": "SAMPLE_CT<=PREDICTOR_CT",
    "collinear": "VIF_INFINITE",
    "too_few_samples": "SAMPLE_CT<=PREDICTOR_CT",
    "no_samples": "SAMPLE_CT<=PREDICTOR_CT",
}
_INVALID = len(REASONS)
ERROR_CODES = [
    _PLINK2_WORDS.get(name, f"FILTERED_{name.upper()}") for name, _ in REASONS.values()
] + ["INVALID_RESULT"]
"""ERRCODE by reason code; the last for a test without a p although nothing was wrong with it."""


def columns(records: Records, options: ExportOptions) -> Columns:
    """Columns of a batch; the omnibus has F_STAT and its degrees of freedom for BETA, SE."""
    named: Columns = {
        "#CHROM": records.chromosome,
        "POS": number_text(records.position, MISSING),
        "ID": records.id,
        "REF": records.other_allele,
        "ALT": records.effect_allele,
        "A1": records.effect_allele,
        "OMITTED": records.other_allele,
        "A1_FREQ": number_text(records.effect_allele_frequency, MISSING),
    }
    n = number_text(records.n, MISSING)
    if records.beta is not None and records.se is not None and records.t is not None:
        named["TEST"] = constant_text("ADD", records.n_rows)
        named["OBS_CT"] = n
        named["BETA"] = number_text(records.beta, MISSING)
        named["SE"] = number_text(records.se, MISSING)
        named["T_STAT"] = number_text(records.t, MISSING)
    elif records.f_statistic is not None:
        named["TEST"] = constant_text("OMNIBUS", records.n_rows)
        named["OBS_CT"] = n
        named["F_STAT"] = number_text(records.f_statistic, MISSING)
        named["DOF1"] = number_text(np.asarray(records.dof1), MISSING)
        named["DOF2"] = number_text(np.asarray(records.dof2), MISSING)
    named["P"] = p_text(records.log10p, MISSING)
    named["ERRCODE"] = code_text(_error_codes(records), ERROR_CODES)
    if options.phenotype == ALL:
        named["PHENO"] = records.phenotype
    return named


def _error_codes(records: Records) -> np.ndarray:
    codes = np.minimum(records.reason.astype(np.int64), _INVALID)
    codes[(codes == 0) & np.isnan(records.log10p)] = _INVALID
    return codes


FORMAT = TextFormat("plink2", "\t", columns, header_lines=0)
