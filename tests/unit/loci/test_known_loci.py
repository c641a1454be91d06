import gzip

import pytest

from igwas.errors import InputError
from igwas.loci.known_loci import read_known_loci

CATALOG = (
    "DATE\tPUBMEDID\tDISEASE/TRAIT\tCHR_ID\tCHR_POS\tSNPS\tP-VALUE\n"
    "x\t1\tEye colour\t15\t28365618\trs12913832\t1E-300\n"
    "x\t1\tInteraction\t1;2\t5;6\trs1 x rs2\t1E-9\n"
    "x\t1\tNowhere\t\t\trs3\t1E-9\n"
    "x\t2\tRefraction\t23\t100\trs4\t1E-9\n"
)


def read(folder, content, name="known.tsv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_known_loci(path)


@pytest.mark.parametrize("change", [str.encode, lambda text: text.encode("utf-8-sig"),
                                    lambda text: gzip.compress(text.encode())])  # fmt: skip
def test_the_gwas_catalog_is_understood(tmp_path, change):
    known = read(tmp_path, change(CATALOG))
    near = known.near("15", 28_365_000, 28_366_000, 500_000)
    assert near["name"].tolist() == ["rs12913832"]
    assert near["trait"].tolist() == ["Eye colour"]
    assert known.near("X", 90, 95, 10)["name"].tolist() == ["rs4"]
    assert len(known.table) == 2
    assert known.notes == (
        f"{known.path}: 2 of 4 rows have no single place and are left out (first: chromosome "
        "'1;2', position '5;6')",
    )


def test_loci_of_the_papers_are_understood(data_dir):
    for name in ("igwas_paper/igwas_repo_all_34_loci.tsv", "transfergwas_2022_retina_loci.tsv"):
        known = read_known_loci(data_dir / "expected" / name)
        assert len(known.table) >= 34
        assert known.notes == ()


def test_an_unbalanced_quotation_mark_swallows_no_row(tmp_path):
    content = CATALOG.replace("Eye colour", '"Eye colour').replace("Nowhere", '5" tall')
    known = read(tmp_path, content)
    assert known.table["name"].tolist() == ["rs12913832", "rs4"]
    assert known.table["trait"].tolist() == ['"Eye colour', "Refraction"]


def test_a_table_with_every_text_in_quotation_marks_is_read_without_them(tmp_path):
    known = read(tmp_path, '"chr"\t"pos"\t"trait"\n"chr7"\t1e+05\t"a ""b"""\n')
    assert known.table["chromosome"].tolist() == ["7"]
    assert known.table["start"].tolist() == [100_000]
    assert known.table["trait"].tolist() == ['a ""b""']


@pytest.mark.parametrize(
    "position",
    ["inf", "-inf", "nan", "1,313,219", "1e30", "99999999999999999999", "-5", "0", "1.5"],
)
def test_a_row_whose_position_is_none_is_left_out_and_counted(tmp_path, position):
    known = read(tmp_path, f"chr\tpos\n1\t{position}\n1\t7\n2\t\n")
    assert known.table["start"].tolist() == [7]
    assert known.notes[0].endswith(
        f"2 of 3 rows have no single place and are left out (first: chromosome '1', position "
        f"{position!r})"
    )


def test_a_row_that_ends_early_is_left_out(tmp_path):
    known = read(tmp_path, "pos\tchr\n5\n6\t1\n")
    assert known.table["start"].tolist() == [6]
    assert len(known.notes) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\n1\t2\n", "CHR_ID"),
        ("CHR_ID\tCHR_POS\n\t\n", "no row with a place"),
        ("CHR_ID\tCHR_POS\n", "no row with a place"),
        ("CHR_ID\tCHR_POS\n1\tinf\n", "no row with a place"),
        ("", "table"),
        (b"\xff\xfe\x00", "cannot be read as a tab-separated table"),
        ("CHR_ID\tCHR_POS\tCHR_ID\n1\t2\t3\n", "has 2 columns CHR_ID; expected one"),
        ("chr\tpos\n1\t2\t3\n", "cannot be read as a tab-separated table"),
        ("chr\tpos\n1\t2\n1\t2\t3\n", "cannot be read as a tab-separated table"),
        (gzip.compress(CATALOG.encode(), mtime=0)[:-9], "cannot be read as a tab-separated table"),
        (
            gzip.compress(CATALOG.encode(), mtime=0)[:12] + b"\xff" * 40,
            "cannot be read as a tab-separated",
        ),
    ],
)
@pytest.mark.parametrize("name", ["known.tsv", "known.tsv.gz"])
def test_what_is_no_table_of_loci_is_refused(tmp_path, content, message, name):
    if name.endswith(".gz") and isinstance(content, str):
        content = gzip.compress(content.encode())
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, content, name)
    assert "\n" not in str(caught.value)


def test_a_name_that_says_gzip_of_a_plain_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="Not a gzipped file"):
        read(tmp_path, CATALOG, "known.tsv.gz")
