import numpy as np
import pytest

from igwas.errors import InputError
from igwas.genotypes import bim as bim_module
from igwas.genotypes.bim import Bim


def write(tmp_path, text):
    path = tmp_path / "x.bim"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


GOOD = "1 rs1 0 10 A G\n1\trs2\t0.5\t10\tAT\tG\nchrX  rs3 0 7 <DEL> é\r\n"


def test_columns_are_read_whatever_the_white_space(tmp_path):
    read = Bim(write(tmp_path, GOOD))
    assert (read.n_variants, read.names) == (3, ["1", "X"])
    assert read.positions.tolist() == [10, 10, 7]
    frame = read.variants(0, 3)
    assert frame["chromosome"].tolist() == ["1", "1", "X"]
    assert frame["id"].tolist() == ["rs1", "rs2", "rs3"]
    assert frame["effect_allele"].tolist() == ["A", "AT", "<DEL>"]
    assert frame["other_allele"].tolist() == ["G", "G", "é"]


@pytest.mark.parametrize("end", ["", "\n", "\n\n  \n"])
def test_end_of_file_may_be_blank(tmp_path, end):
    assert Bim(write(tmp_path, "1 a 0 1 A C\n1 b 0 2 A C" + end)).n_variants == 2


@pytest.mark.parametrize("block", [1, 7, 23, 64, 1000])
def test_blocks_do_not_matter(tmp_path, monkeypatch, block):
    monkeypatch.setattr(bim_module, "_BLOCK_BYTES", block)
    lines = [f"{1 + i // 20} id{i} 0 {i * i} {'ACGT'[i % 4] * (1 + i % 5)} T\n" for i in range(60)]
    read = Bim(write(tmp_path, "".join(lines) + "\n\n"))
    assert read.n_variants == 60
    assert read.positions.tolist() == [i * i for i in range(60)]
    for start, stop in [(0, 60), (0, 1), (59, 60), (17, 43), (30, 30)]:
        assert read.variants(start, stop)["id"].tolist() == [f"id{i}" for i in range(start, stop)]


def test_alleles_of_ten_thousand_characters_are_kept(tmp_path):
    long = "ACGT" * 2500
    read = Bim(write(tmp_path, f"1 a 0 1 {long} C\n1 b 0 2 A C\n"))
    assert read.variants(0, 2)["effect_allele"].tolist() == [long, "A"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 a 0 1 A C\n1 b 0 2 A\n", "line 2 has 5 columns; expected 6"),
        ("1 a 0 1 A C\n\n1 b 0 2 A C\n", "line 2 has 0 columns"),
        ("1 a 0 1 A C X\n", "line 1 has 7 columns"),
        ("1 a 0 1x A C\n", "line 1 has position '1x'"),
        ("1 a 0 -5 A C\n", "line 1 has position '-5'"),
        ("1 a 0 1e5 A C\n", "position '1e5'"),
        ("1 a 0 1234567890123 A C\n", "position '1234567890123'"),
        (
            "1 a 0 5 A C\n1 b 0 4 A C\n",
            r"line 2 has position 4 after 5 .*plink2 --bfile \S*x --sort-vars",
        ),
        ("1 a 0 5 A C\n2 b 0 4 A C\n1 c 0 9 A C\n", "line 3 returns to chromosome 1"),
        ("1 a 0 5 A C\nUn b 0 4 A C\n", "line 2: chromosome 'Un' is unknown"),
        ("0 a 0 0 A C\n", "line 1: chromosome '0' is unknown"),
        (f"{'q' * 300} a 0 0 A C\n", "line 1 has a chromosome name of 300 characters"),
        ("", "has no variants"),
        ("\n\n", "has no variants"),
    ],
)
def test_bad_line_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        Bim(write(tmp_path, text))


def test_name_that_is_not_utf8_is_an_error_when_it_is_read(tmp_path):
    read = Bim(write(tmp_path, b"1 \xff 0 1 A C\n"))
    with pytest.raises(InputError, match="not UTF-8"):
        read.variants(0, 1)


def test_unknown_chromosomes_are_kept_on_request(tmp_path):
    read = Bim(write(tmp_path, "0 a 0 0 A C\n"), allow_unknown_chromosomes=True)
    assert read.names == ["0"]
    assert read.codes.dtype == np.int16


def test_a_space_that_is_not_ascii_belongs_to_its_field(tmp_path):
    frame = Bim(write(tmp_path, "1 v\u00a0x 0 10 C T\n")).variants(0, 1)
    assert frame.iloc[0][["id", "effect_allele", "other_allele"]].tolist() == ["v\u00a0x", "C", "T"]
