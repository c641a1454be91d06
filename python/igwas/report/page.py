"""The page: every number as text, every figure inline, nothing fetched."""

import base64
import datetime
import hashlib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pandas as pd

from igwas._version import __version__
from igwas.errors import InputError
from igwas.extras import install_command
from igwas.loci.genomic_control import lambda_range
from igwas.provenance import describe_inputs
from igwas.report.cautions import WARNING, Caution, cautions
from igwas.report.gathered import Gathered
from igwas.report.loci_document import LEAD
from igwas.report.locus_rows import locus_rows
from igwas.report.methods import citations, methods_paragraph
from igwas.report.photographs import PhotographAccount
from igwas.wording import counted

SECTIONS = ("genome", "calibration", "eyes", "phenotypes", "regions")


@dataclass(frozen=True)
class InlineFigure:
    """A figure as the page holds it: SVG in base64, and its words; sizes in CSS pixels."""

    name: str
    title: str
    caption: str
    alternative: str
    section: str
    data: str
    width: int
    height: int


def inline_svg(svg: str) -> str:
    """Encode an SVG for a data address."""
    return base64.b64encode(svg.encode()).decode()


def render_page(
    gathered: Gathered, figures: Sequence[InlineFigure], anchors: Mapping[int, str]
) -> str:
    """Render the page.

    Every value is escaped by the template. The script is allowed by its digest alone, so that
    nothing that came in with a name could run even if it were not escaped.

    Parameters
    ----------
    gathered : Gathered
    figures : sequence of InlineFigure
    anchors : mapping of locus to str
        Name of the regional plot of a row of the table of loci.
    """
    environment = _environment()
    folder = files("igwas.report")
    script = (folder / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    # Ours, and no user's text in it: the only two that go in unescaped.
    safe = environment.filters["safe"]
    page: str = template.render(
        script_hash=f"sha256-{digest}",
        script=safe(script),
        style=safe((folder / "report.css").read_text(encoding="utf-8")),
        version=__version__,
        created=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        title=gathered.options.title or f"GWAS report: {gathered.statistics.path.name}",
        figures={name: [one for one in figures if one.section == name] for name in SECTIONS},
        **_numbers(gathered, anchors),
    )
    # A lone surrogate, which a name may hold, is no character.
    return page.encode("utf-8", "replace").decode()


def _environment() -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise InputError(
            f"the page needs jinja2. Install it with: {install_command('report')}."
        ) from error
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)


def _numbers(gathered: Gathered, anchors: Mapping[int, str]) -> dict[str, Any]:
    loci = gathered.loci
    found = cautions(gathered)
    # Several loci share the plot of their lead variant.
    n_drawn = len(set(anchors.values()))
    sections = [
        ("summary", "Summary"), ("cautions", "Cautions"), ("people", "People and variants"),
        *([("embedding", "Embedding")] if gathered.audit else []), ("genome", "Genome"),
        ("loci", "Loci"), *([("regions", "Each locus")] if n_drawn else []),
        ("calibration", "Calibration"), ("methods", "Methods"), ("provenance", "Provenance"),
    ]  # fmt: skip
    return {
        "sections": sections,
        "cards": _cards(gathered),
        "verdict": _verdict(gathered, found),
        "cautions": found,
        "photographs": _photographs(gathered.photographs),
        "account": _account(gathered.statistics.account),
        "mask_names": _mask_names(gathered),
        "reasons": _reasons(gathered),
        "audit": gathered.audit,
        "tests": _tests(gathered),
        "loci": locus_rows(loci.table, anchors),
        "locus_tests": list(dict.fromkeys(loci.table["test"])),
        "regions_note": _regions_note(loci.table, n_drawn),
        "lambdas": _lambdas(gathered),
        "control": _control(gathered.control),
        "methods": methods_paragraph(gathered),
        "citations": citations(gathered),
        "provenance": _provenance(gathered),
    }


def _regions_note(table: pd.DataFrame, n_drawn: int) -> str:
    """Which lead variants are drawn, and in which order."""
    n_leads = len(table.drop_duplicates(LEAD))
    is_conditional = bool(table["n_signals"].notna().any())
    order = "those with independent signals first, then by strength" if is_conditional else ""
    if n_drawn < n_leads:
        drawn = f"{n_drawn:,} of {counted(n_leads, 'lead variant is', 'lead variants are')} drawn"
        return f"{drawn} (--regional): {order or 'the strongest'}."
    return f"In this order: {order or 'by strength'}."


def _cards(gathered: Gathered) -> list[dict[str, str]]:
    loci = gathered.loci
    middle, smallest, largest = lambda_range(loci.lambdas[gathered.tested])
    tested = int(gathered.sweep.n_tested.max())
    cards = [
        ("people analysed", f"{gathered.n_samples:,}", ""),
        ("variants tested", f"{tested:,}", f"of {gathered.statistics.n_variants:,}"),
        _tested_card(gathered),
    ]  # fmt: skip
    for test in _shown_tests(gathered):
        detail = f"p < {test['p']:.2g}{_signals(loci.table, test['name'])}"
        cards.append((f"loci, {test['name']}", f"{test['n_loci']:,}", detail))
    cards.append(("lambda, median", _lambda_text(middle),
                  f"{_lambda_text(smallest)} to {_lambda_text(largest)}"))  # fmt: skip
    return [{"name": name, "value": value, "detail": detail} for name, value, detail in cards]


def _tested_card(gathered: Gathered) -> tuple[str, str, str]:
    statistics = gathered.statistics
    effective = float(gathered.loci.raw["effective_number_of_phenotypes"])
    name, of = "phenotypes tested", f"{statistics.n_phenotypes:,} scanned"
    if statistics.is_projection:
        scanned = counted(len(statistics.scanned_names), "phenotype", "phenotypes")
        name, of = "combinations tested", f"of {scanned} scanned"
    return name, f"{len(gathered.loci.tested):,}", f"{effective:.1f} effective; {of}"


def _signals(table: pd.DataFrame, test: str) -> str:
    """Loci of a test that stand by themselves; empty where there was no conditional analysis."""
    signals = table.loc[table["test"] == test, "n_signals"].astype(float).dropna()
    if not len(signals):
        return ""
    stand = counted(int((signals > 0).sum()), "locus", "loci")
    found = counted(int(signals.sum()), "independent signal", "independent signals")
    return f"; {stand} with {found}"


def _shown_tests(gathered: Gathered) -> list[dict[str, Any]]:
    """Tests of all phenotypes; single ones only where they found something."""
    single = set(gathered.statistics.phenotype_names)
    return [one for one in gathered.loci.tests if one["name"] not in single]


def _verdict(gathered: Gathered, found_cautions: Sequence[Caution]) -> str:
    table = gathered.loci.table
    n_leads = len(table.drop_duplicates(LEAD))
    tests = counted(table["test"].nunique(), "test", "tests")
    found = "No locus was found."
    if n_leads:
        found = (
            f"{counted(n_leads, 'lead variant', 'lead variants')} in "
            f"{counted(len(table), 'locus', 'loci')} of {tests}."
        )
    n = sum(one.level == WARNING and one.about == "scan" for one in found_cautions)
    worth = f"{counted(n, 'warning', 'warnings') if n else 'No warning'} of the scan"
    if gathered.audit is not None:
        worth += f"; {gathered.audit.doubts or 'none'} of the embedding"
    return f"{found} {worth}."


def _photographs(account: PhotographAccount | None) -> dict[str, Any]:
    """Lines from photographs to people; empty where nothing is known of them."""
    if account is None:
        return {}
    n, whole = account.n_images, max(1, account.n_images)
    steps = [("photographs of the embedding", 0)]
    steps += [(f"not left out: {reason}", lost) for reason, lost in account.left_out]
    lines = []
    for step, lost in steps:
        n -= lost
        lines.append(
            {
                "step": step,
                "kept": f"{n:,}",
                "lost": f"{lost:,}" if lost else "",
                "share": f"{100 * n / whole:.2f}",
            }
        )
    people = account.n_participants
    words = [
        f"{counted(people['all'], 'person', 'people')} of {account.n_used:,} photographs: "
        f"{people['left']:,} with a left eye, {people['right']:,} with a right eye, "
        f"{people['both']:,} with both."
    ]
    if people["none"]:
        words.append(f"{people['none']:,} more have no photograph that was used.")
    if account.correlation is not None:
        words.append(f"Left-right correlation over all dimensions: {account.correlation:.2f}.")
    return {"lines": lines, "words": " ".join(words)}


def _account(account: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines of the account: people first, then variants, whose first line starts anew."""
    lines: list[dict[str, Any]] = []
    whole, before = 1, None
    groups = iter(("people", "variants"))
    for line in account:
        n_before, n_after = int(line["n_before"]), int(line["n_after"])
        group = ""
        if n_before != before:
            whole, group = max(1, n_before), next(groups, "further")
        before = n_after
        lines.append(
            {
                "group": group,
                "step": line["step"],
                "kept": f"{n_after:,}",
                "lost": f"{n_before - n_after:,}" if n_before != n_after else "",
                "share": f"{min(100.0, 100 * n_after / whole):.2f}",
            }
        )
    return lines


def _mask_names(gathered: Gathered) -> list[str]:
    """Headings of the groups of phenotypes that share their samples."""
    statistics = gathered.statistics
    if statistics.n_masks == 1:
        return ["variants"]
    names = []
    for mask in range(statistics.n_masks):
        own = [n for n, m in zip(statistics.phenotype_names, statistics.masks, strict=True)
               if m == mask]  # fmt: skip
        others = f" + {len(own) - 1:,}" if len(own) > 1 else ""
        names.append(f"{own[0][:40]}{others}" if own else f"mask {mask}")
    return names


def _reasons(gathered: Gathered) -> list[dict[str, Any]]:
    rows = [("tested", "tested", gathered.sweep.n_tested), *gathered.sweep.reasons]
    return [
        {"name": name, "meaning": meaning, "counts": [f"{int(n):,}" for n in counts]}
        for name, meaning, counts in rows
    ]


def _tests(gathered: Gathered) -> list[dict[str, str]]:
    single = set(gathered.statistics.phenotype_names)
    return [
        {
            "name": one["name"],
            "p": f"{one['p']:.3g}",
            "n_variants": f"{one['n_significant_variants']:,}",
            "n_loci": f"{one['n_loci']:,}",
        }
        for one in gathered.loci.tests
        if one["name"] not in single or one["n_loci"]
    ]


def _lambdas(gathered: Gathered) -> list[dict[str, str]]:
    listed = gathered.loci.raw["lambda_gc"]["phenotypes"]
    names = gathered.statistics.phenotype_names
    rows = [
        (name, float(gathered.loci.omnibus_lambdas[mask]), int(gathered.sweep.n_tested[mask]))
        for name, mask in gathered.omnibus.items()
    ]
    rows += [
        (name, float(value), int(one.get("n_variants") or 0))
        for name, value, one in zip(names, gathered.loci.lambdas, listed, strict=True)
    ]
    return [
        {"name": name, "value": _lambda_text(value), "n": str(n), "n_text": f"{n:,}",
         "sort": "" if math.isnan(value) else repr(value)}
        for name, value, n in rows
    ]  # fmt: skip


def _lambda_text(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:.3f}"


def _control(control: Mapping[str, Any]) -> list[tuple[str, str]]:
    words = {
        "n_phenotypes": "phenotypes", "n_loci": "loci", "p": "level (p)",
        "n_significant_variants": "variants that reach it", "lambda_median": "lambda, median",
        "lambda_largest": "lambda, largest", "omnibus_lambda": "lambda of its omnibus test",
        "omnibus_n_significant_variants": "variants that reach p by its omnibus test",
    }  # fmt: skip
    shown = []
    for key, name in words.items():
        value = control.get(key)
        if isinstance(value, int):
            shown.append((name, f"{value:,}"))
        elif isinstance(value, float):
            shown.append((name, f"{value:.3g}" if key == "p" else f"{value:.3f}"))
    return shown


def _provenance(gathered: Gathered) -> list[dict[str, Any]]:
    scan, raw = gathered.statistics.attributes, gathered.loci.raw
    own = describe_inputs(
        {"statistics": gathered.statistics.path, "loci": gathered.loci.path,
         **gathered.options.input_paths()}
    )  # fmt: skip
    steps = [
        ("Scan", scan, json.loads(scan.get("inputs") or "{}"), gathered.statistics.options),
        ("Loci", raw, raw["inputs"], raw["options"]),
        ("Report", {"igwas_version": __version__, "command": " ".join(sys.argv),
                    "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")},
         own, gathered.options.as_dict()),
    ]  # fmt: skip
    return [
        {
            "name": name,
            "version": str(source.get("igwas_version", "unknown")),
            "created": str(source.get("created", "")),
            "command": str(source.get("command", "")),
            "inputs": [
                {"role": role, "path": str(one.get("path", "")),
                 "size": f"{int(one.get('size_bytes', 0)):,}",
                 "digest": str(one.get("digest", ""))[:16]}
                for role, one in inputs.items()
            ],
            "options": json.dumps(
                {k: v for k, v in options.items() if v not in (None, [], (), False)}, indent=1,
                default=str,
            ),
        }
        for name, source, inputs, options in steps
    ]  # fmt: skip
