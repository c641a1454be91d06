"""Sections of the report on the product alone and on a subset of a wide file."""

from typing import Any

from igwas.benchmark.report_tables import UNKNOWN, command_share, in_brackets, number, table
from igwas.benchmark.rounds import spread

_COLUMNS = ("igwas-fast, variants/s", "decode + sgemm", "sgemm alone", "ratio to decode + sgemm",
            "to sgemm alone", "largest difference")  # fmt: skip


def kernel_section(record: dict[str, Any]) -> str | None:
    """Hard calls: the product alone, and the share of its rate that the whole command reaches."""
    kernel = record.get("kernel")
    if kernel is None:
        return None
    text = (
        f"Sums over samples of {kernel['spectra'][0]['columns']} columns, nothing else of a scan: "
        "calls are in memory as packed bits, both products run in one process and take turns. The "
        "peer decodes 256 variants at a time to float32 and multiplies them by BLAS. "
        + _common(kernel["spectra"][0])
        + table(
            ("frequencies", *_COLUMNS),
            [(found["spectrum"], *_product_row(found)) for found in kernel["spectra"]],
        )
    )
    share = command_share(record)
    if share is not None:
        text += (
            f"\n\nThe whole command, start-up left out, reaches {100 * share:.0f} % of the "
            "product's rate on the same frequencies."
        )
    return "### Product alone: hard calls\n\n" + text


def dosage_section(record: dict[str, Any]) -> str | None:
    """Dosages in bytes."""
    dosages = record.get("dosages")
    if dosages is None:
        return None
    spectrum = record["options"]["shape"]["spectrum"]
    return (
        "### Product alone: dosages\n\n"
        f"Simulated imputation, {spectrum} frequencies, one byte a dosage. Fractional samples are "
        "those whose dosage is no whole number of copies. The peer turns 256 variants at a time "
        "from bytes into float32 and multiplies them by BLAS. "
        + _common(dosages["cases"][0])
        + table(
            ("dosages", *_COLUMNS),
            [(found["case"], *_product_row(found)) for found in dosages["cases"]],
        )
    )


def _common(first: dict[str, Any]) -> str:
    blas = ", ".join(f"{pool['internal_api']} {pool['version']} {pool['architecture']}"
                     for pool in first["blas"])  # fmt: skip
    return (
        f"Ours is exact in integers ({first['simd']}); {blas}. The largest difference of the two "
        "is in standard errors of a product, as a z score is.\n\n"
    )


def _product_row(found: dict[str, Any]) -> tuple[str, ...]:
    rates = found["rates"]
    ours = rates["igwas"]
    ratios = [
        [mine / theirs for mine, theirs in zip(ours, rates[name], strict=True)]
        for name in ("decode_sgemm", "sgemm")
    ]
    return (
        *(in_brackets(spread(rates[name])) for name in ("igwas", "decode_sgemm", "sgemm")),
        *(in_brackets(spread(ratio)) for ratio in ratios),
        f"{found['largest_relative_difference']:.1g}",
    )


def subset_section(record: dict[str, Any]) -> str | None:
    """A wide file of which a part is analysed, and the file of only those."""
    found = record.get("subset")
    if found is None:
        return None
    names = {
        "wide": f"{found['n_samples']:,} of {found['file_samples']:,}",
        "narrow": f"all of {found['n_samples']:,}",
    }
    rows = [_subset_row(found, name, title) for name, title in names.items()]
    ratios = found["ratios"]
    said = [
        f"{number(ratios[clock])} times by the {name} clock"
        for clock, name in (("wall_seconds", "wall"), ("cpu_seconds", "CPU"))
        if ratios[clock] is not None
    ]
    return (
        "### A part of the people of a file\n\n"
        "The same people, once among others without phenotypes and once alone. The "
        f"{len(found['identical'])} arrays of the two statistics.h5 are the same bits, checked "
        "before the clock started. The marginal rate of the wide file over that of the narrow one: "
        f"{', '.join(said) or 'not known, repeats overlap'}.\n\n"
        + table(
            ("people analysed", "marginal variants/s", "CPU, marginal variants/s", "fixed s",
             "variants", "wall s", "peak MB"),
            rows,
        )
    )  # fmt: skip


def _subset_row(found: dict[str, Any], name: str, title: str) -> tuple[str, ...]:
    rates = found["rates"][name]
    runs = [run for run in found["runs"] if run["label"].startswith(f"subset: {name},")]
    key = "variants_per_second_marginal"
    return (
        title,
        number(rates["wall_seconds"][key]),
        number(rates["cpu_seconds"][key]),
        number(rates["wall_seconds"]["fixed_seconds"]),
        f"{runs[-1]['n_variants']:,}" if runs else UNKNOWN,
        in_brackets(runs[-1]["wall_seconds"]),
        number(max(run["peak_bytes"]["largest"] for run in runs) / 1e6),
    )
