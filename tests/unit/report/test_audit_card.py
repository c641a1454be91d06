import json

import pytest

from igwas.errors import InputError
from igwas.report.audit_card import read_audit_card


def read(tmp_path, document):
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(document))
    return read_audit_card(path)


@pytest.mark.parametrize(
    ("verdict", "level", "findings"),
    [
        ("fit for a GWAS", "fit for a GWAS", []),
        (["one", "two"], "", [("", "one"), ("", "two")]),
        (
            {"level": "not fit", "findings": [{"level": "failure", "text": "dead"}, "plain"]},
            "not fit",
            [("failure", "dead"), ("", "plain")],
        ),
        (None, "", []),
    ],
)
def test_a_verdict_in_any_form_is_read(tmp_path, verdict, level, findings):
    card = read(tmp_path, {"verdict": verdict, "n": 1234})
    assert (card.level, card.findings) == (level, findings)
    assert card.metrics == [("n", "1,234")]


def test_nested_numbers_are_named_and_lists_told_short(tmp_path):
    document = {
        "format": "igwas audit",
        "spread": {"rank": 12.34567, "dead": [], "shares": list(range(1, 101)), "ok": True},
        "missing": None,
        "names": ["a"] * 7,
        "few": [1, 2],
        "explained": [{"by": "camera", "share": 0.12}],
        "provenance": {"command": "not shown"},
    }
    assert dict(read(tmp_path, document).metrics) == {
        "spread.rank": "12.35", "spread.dead": "", "spread.ok": "yes", "missing": "not known",
        "spread.shares": "100 values, 1 to 100, median 51", "names": "7 entries", "few": "1, 2",
        "explained.1.by": "camera", "explained.1.share": "0.12",
    }  # fmt: skip


def test_a_huge_card_is_cut_and_says_so(tmp_path):
    card = read(tmp_path, {f"k{i}": "x" * 5000 for i in range(500)})
    assert card.n_left_out == 380
    assert all(len(value) <= 400 for _, value in card.metrics)


@pytest.mark.parametrize("text", ["", "[1]", "not json", "3", '{"a": '])
def test_what_is_no_object_is_refused(tmp_path, text):
    path = tmp_path / "audit.json"
    path.write_text(text)
    with pytest.raises(InputError, match="expected"):
        read_audit_card(path)


def test_bytes_are_refused(tmp_path):
    path = tmp_path / "audit.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is no JSON"):
        read_audit_card(path)


@pytest.mark.parametrize(
    ("levels", "doubts"),
    [
        ([], ""),
        (["good", "note", ""], ""),
        (["warning"], "1 warning"),
        (["warning"] * 70 + ["failure"], "1 failure and 70 warnings"),
        (["unknown"], "1 thing that cannot be judged"),
        (["warning", "unknown", "unknown"], "1 warning and 2 things that cannot be judged"),
    ],
)
def test_warnings_and_failures_are_counted_whether_shown_or_not(tmp_path, levels, doubts):
    findings = [{"level": level, "text": "x"} for level in levels]
    assert read(tmp_path, {"verdict": {"level": "fit", "findings": findings}}).doubts == doubts


@pytest.mark.parametrize(
    ("verdict", "doubts"),
    [("FIT", ""), ("", ""), ("unfit", "the verdict 'unfit'"), ("UNKNOWN", "the verdict 'UNKNOWN'")],
)
def test_a_verdict_that_is_not_fit_is_a_doubt(tmp_path, verdict, doubts):
    assert read(tmp_path, {"verdict": verdict}).doubts == doubts
    assert read(tmp_path, {"verdict": {"level": verdict, "findings": []}}).doubts == doubts
