"""The columns of regenie's step 2, separated by spaces.

ALLELE1 is the effect allele: A1FREQ is its frequency, BETA is per copy of it. regenie numbers X
23 and counts the pseudo-autosomal regions with it; it has no Y or MT, which take PLINK's 24 and 26.

References
----------
rgcgithub.github.io/regenie/options, "Output" of step 2.
"""

import numpy as np
import pyarrow.compute as pc

from igwas.sumstats.options import ALL, ExportOptions
from igwas.sumstats.records import Records
from igwas.sumstats.text import code_text, constant_text, number_text
from igwas.sumstats.text_format import Columns, TextFormat, recode_chromosomes

MISSING = "NA"

CHROMOSOME_CODES = {"X": "23", "PAR1": "23", "PAR2": "23", "XY": "23", "Y": "24", "MT": "26"}


def columns(records: Records, options: ExportOptions) -> Columns:
    """Columns of a batch; the omnibus has F and its degrees of freedom for BETA, SE."""
    info = records.info
    named: Columns = {
        "CHROM": recode_chromosomes(records.chromosome, CHROMOSOME_CODES),
        "GENPOS": number_text(records.position, MISSING),
        "ID": records.id,
        "ALLELE0": records.other_allele,
        "ALLELE1": records.effect_allele,
        "A1FREQ": number_text(records.effect_allele_frequency, MISSING),
        "INFO": constant_text(MISSING, records.n_rows)
        if info is None
        else number_text(info, MISSING),
        "N": number_text(records.n, MISSING),
    }
    if records.beta is not None and records.se is not None and records.t is not None:
        with np.errstate(over="ignore"):
            chisq = records.t**2
        named["TEST"] = constant_text("ADD", records.n_rows)
        named["BETA"] = number_text(records.beta, MISSING)
        named["SE"] = number_text(records.se, MISSING)
        named["CHISQ"] = number_text(chisq, MISSING)
    elif records.f_statistic is not None:
        named["TEST"] = constant_text("OMNIBUS", records.n_rows)
        named["F"] = number_text(records.f_statistic, MISSING)
        named["DOF1"] = number_text(np.asarray(records.dof1), MISSING)
        named["DOF2"] = number_text(np.asarray(records.dof2), MISSING)
    named["LOG10P"] = number_text(records.log10p, MISSING)
    failed = np.isnan(records.log10p).astype(np.int8)
    named["EXTRA"] = code_text(failed, [MISSING, "TEST_FAIL"])
    if options.phenotype == ALL:
        # A space inside a name would make two columns of it.
        named["PHENO"] = pc.replace_substring_regex(records.phenotype, r"\s", "_")
    return named


FORMAT = TextFormat("regenie", " ", columns, header_lines=1)
