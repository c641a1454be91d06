"""The report card of the embedding, shown as it comes: any JSON object will do."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.report.loci_document import read_json_object
from igwas.wording import counted

# Longer cards are cut: the card has its own file.
_MOST_FINDINGS = 60
_MOST_METRICS = 120
_MOST_TEXT = 400

_SHOWN_APART = ("verdict", "findings")
_TECHNICAL = ("format", "provenance", "command", "created", "inputs", "options", "schema_version")


@dataclass(frozen=True)
class AuditCard:
    """What the audit says.

    Parameters
    ----------
    level : str
        The verdict in a few words; empty where there is none.
    findings : list of (level, text)
        Sentences; the level may be empty.
    metrics : list of (name, value)
        Every number and text of the document, nested names joined by dots.
    n_left_out : int
        Metrics beyond those shown.
    n_warnings, n_failures : int
        Findings of these levels, shown or not.
    """

    level: str
    findings: list[tuple[str, str]]
    metrics: list[tuple[str, str]]
    n_left_out: int = 0
    n_warnings: int = 0
    n_failures: int = 0
    n_unknown: int = 0

    @property
    def doubts(self) -> str:
        """What speaks against the embedding, counted; or a verdict that is not FIT; or nothing."""
        parts = [
            counted(n, one, many)
            for n, one, many in (
                (self.n_failures, "failure", "failures"),
                (self.n_warnings, "warning", "warnings"),
                (self.n_unknown, "thing that cannot be judged", "things that cannot be judged"),
            )
            if n
        ]
        is_fit = self.level.casefold() in ("", "fit")
        return " and ".join(parts) or ("" if is_fit else f"the verdict {self.level!r}")


def read_audit_card(path: Path) -> AuditCard:
    """Read an audit's JSON.

    Parameters
    ----------
    path : Path
        An object with `verdict` (a text, a list of texts, or an object with `level` and
        `findings`); everything else in it is listed by name.

    Raises
    ------
    InputError
        If it is no JSON object.
    """
    document = read_json_object(path, "the report card of an embedding as JSON")
    level, findings = _verdict(document.get("verdict"))
    findings += _findings(document.get("findings"))
    rest = {
        key: value
        for key, value in document.items()
        if key not in _SHOWN_APART and key not in _TECHNICAL
    }
    metrics = list(_flatten(rest))
    return AuditCard(
        level,
        findings[:_MOST_FINDINGS],
        metrics[:_MOST_METRICS],
        max(0, len(metrics) - _MOST_METRICS),
        sum(of == "warning" for of, _ in findings),
        sum(of == "failure" for of, _ in findings),
        sum(of == "unknown" for of, _ in findings),
    )


def _verdict(verdict: Any) -> tuple[str, list[tuple[str, str]]]:
    if isinstance(verdict, dict):
        return _text(verdict.get("level", verdict.get("text", ""))), _findings(
            verdict.get("findings", verdict.get("reasons"))
        )
    if isinstance(verdict, list):
        return "", _findings(verdict)
    return ("" if verdict is None else _text(verdict)), []


def _findings(findings: Any) -> list[tuple[str, str]]:
    if isinstance(findings, str):
        findings = [findings]
    if not isinstance(findings, list):
        return []
    found = []
    for one in findings:
        if isinstance(one, dict):
            found.append((_text(one.get("level", "")), _text(one.get("text", one))))
        else:
            found.append(("", _text(one)))
    return found


def _flatten(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of nested objects; a list is told by its length, unless it is short."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and len(value) > 6:
        numbers = [v for v in value if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) == len(value):
            middle = sorted(numbers)[len(numbers) // 2]
            yield (
                name,
                f"{len(value):,} values, {_text(min(numbers))} to {_text(max(numbers))}, "
                f"median {_text(middle)}",
            )
        else:
            yield name, f"{len(value):,} entries"
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        for number, one in enumerate(value, 1):
            yield from _flatten(one, f"{name}.{number}")
    elif isinstance(value, list):
        yield name, ", ".join(_text(one) for one in value)
    else:
        yield name, _text(value)


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
