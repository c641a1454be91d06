"""GWAS-SSF 1.1, the standard of the GWAS Catalog: a table and a YAML file beside it.

The first eight columns and their order are the standard's; X, Y and MT are 23, 24 and 25; what is
missing is `#NA`. Rows are complete: variants without a test are left out unless asked for.

References
----------
Hayhurst et al. 2022, bioRxiv 2022.07.15.500230; specification at
github.com/EBISPOT/gwas-summary-statistics-standard.
"""

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from igwas._version import __version__
from igwas.association.ranking import OMNIBUS
from igwas.association.statistics_file import StatisticsFile
from igwas.sumstats.options import ALL, ExportOptions
from igwas.sumstats.records import Records
from igwas.sumstats.text import Column, number_text, p_text
from igwas.sumstats.text_format import Columns, TextFormat, recode_chromosomes

MISSING = "#NA"

CHROMOSOME_CODES = {"X": "23", "PAR1": "23", "PAR2": "23", "XY": "23", "Y": "24", "MT": "25"}
"""The standard numbers chromosomes; the pseudo-autosomal regions are parts of X."""

_LONGEST_ALLELE = 50


def columns(records: Records, options: ExportOptions) -> Columns:
    """Columns of a batch; the omnibus has F and its degrees of freedom in place of beta."""
    chromosome = recode_chromosomes(records.chromosome, CHROMOSOME_CODES)
    position = number_text(records.position, MISSING)
    named: Columns = {
        "chromosome": chromosome,
        "base_pair_location": position,
        "effect_allele": records.effect_allele,
        "other_allele": records.other_allele,
    }
    if records.beta is not None and records.se is not None:
        named["beta"] = number_text(records.beta, MISSING)
        named["standard_error"] = number_text(records.se, MISSING)
    elif records.f_statistic is not None:
        named["f_statistic"] = number_text(records.f_statistic, MISSING)
        named["dof1"] = _omnibus_dof(records.dof1)
        named["dof2"] = _omnibus_dof(records.dof2)
    named["effect_allele_frequency"] = number_text(records.effect_allele_frequency, MISSING)
    if options.p_value:
        named["p_value"] = p_text(records.log10p, MISSING)
    else:
        named["neg_log_10_p_value"] = number_text(records.log10p, MISSING)
    named["variant_id"] = _variant_id(chromosome, position, records)
    is_rsid = pc.match_substring_regex(records.id, "^rs[0-9]+$")
    named["rsid"] = pc.if_else(is_rsid, records.id, MISSING)
    if records.info is not None:
        named["info"] = number_text(records.info, MISSING)
    named["n"] = number_text(records.n, MISSING)
    if options.phenotype == ALL:
        named["phenotype"] = records.phenotype
    return named


def _omnibus_dof(values: Any) -> Column:
    return number_text(values, MISSING)


def _variant_id(chromosome: Column, position: Column, records: Records) -> Column:
    """chromosome_position_other_effect; where an allele is long the standard's LONG_STRING."""
    alleles = pc.binary_join_element_wise(records.other_allele, records.effect_allele, "_")
    is_long = pc.greater(pc.binary_length(alleles), 2 * _LONGEST_ALLELE)
    alleles = pc.if_else(is_long, "LONG_STRING", alleles)
    return pc.binary_join_element_wise(chromosome, position, alleles, "_")


def count_unusual_alleles(records: Records) -> int:
    """Rows with an allele that is not a string of A, C, G, T, which the standard does not allow."""
    usual = pc.and_(_is_usual(records.effect_allele), _is_usual(records.other_allele))
    return records.n_rows - int(pc.sum(usual).as_py() or 0)


def _is_usual(allele: Column) -> Column:
    # A batch has few distinct alleles: the expression runs over those.
    encoded = pc.dictionary_encode(allele)
    return pc.match_substring_regex(encoded.dictionary, "^[ACGT]+$").take(encoded.indices)


def metadata_path(output: Path) -> Path:
    """Name the metadata file as the standard does: the data file's plus `-meta.yaml`."""
    return output.with_name(output.name + "-meta.yaml")


def metadata(
    statistics: StatisticsFile,
    options: ExportOptions,
    output: Path,
    *,
    md5: str,
    is_sorted: bool,
    provenance: Mapping[str, Any],
) -> str:
    """Build the YAML text; JSON scalars are valid YAML. Fields only the author knows say so."""
    model = statistics.attributes
    sample_size = statistics.largest_sample_size(options.phenotype)
    if options.phenotype == OMNIBUS:
        sample_size = int(statistics.mask_samples[statistics.omnibus_mask(options.mask)])
    fields: dict[str, Any] = {
        "date_metadata_last_modified": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "trait_description": [options.phenotype],
        "genome_assembly": options.genome_assembly or "to be filled in, such as GRCh38",
        "coordinate_system": "1-based",
        "genotyping_technology": ["to be filled in"],
        "samples": [
            {
                "sample_size": sample_size,
                "sample_ancestry_category": ["to be filled in"],
                "case_control_study": False,
            }
        ],
        "data_file_name": output.name,
        "file_type": "GWAS-SSF v1.1.0",
        "data_file_md5sum": md5,
        "analysis_software": f"igwas-fast {model.get('igwas_version', __version__)}",
        "adjusted_covariates": json.loads(model.get("covariate_names", "[]")),
        "is_harmonised": False,
        "is_sorted": is_sorted,
        "author_notes": json.dumps(provenance),
    }
    return "".join(_yaml(name, value) for name, value in fields.items())


def _yaml(name: str, value: Any) -> str:
    """One field; lists and mappings in YAML's flow style, which is JSON."""
    if name.startswith("date_"):
        return f"{name}: {value}\n"
    return f"{name}: {json.dumps(value, ensure_ascii=False)}\n"


FORMAT = TextFormat("gwas-ssf", "\t", columns, header_lines=1)
