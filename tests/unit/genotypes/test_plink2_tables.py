import pyarrow as pa
import pytest

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.plink2_tables import PvarRow, iterate_pvar, read_psam

PVAR = "##x=1\n#CHROM\tPOS\tID\tREF\tALT\tINFO\n1\t5\trs1\tA\tC,G\tAC=1\n2\t7\t.\tT\t.\tAC=1;DB\n"


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "families", "sex"),
    [("#FID\tIID\tSEX\nF\tA\t1\nG\tB\t2\n", ["F", "G"], [1, 2]),
     ("#IID\tPAT\tMAT\tSEX\nA\t0\t0\tNA\nB\t0\t0\t2\n", ["0", "0"], [0, 2]),
     ("##note\n#IID\nA\nB\n", ["0", "0"], [0, 0]),
     ("F A 0 0 1 -9\nF B 0 0 2 -9\n", ["F", "F"], [1, 2])],
)  # fmt: skip
def test_psam_with_and_without_header_and_family(tmp_path, text, families, sex):
    samples = read_psam(write(tmp_path, "x.psam", text))
    assert samples.sample_id.tolist() == ["A", "B"]
    assert samples.family_id.tolist() == families
    assert samples.sex.tolist() == sex


@pytest.mark.parametrize(
    ("text", "message"),
    [("#FID\tSEX\nA\t1\n", "expected a header that begins #FID IID or #IID"),
     ("#IID\tSEX\nA\n", "line 2 has 1 columns; expected 2"),
     ("#IID\nA\nA\n", r"twice \(line 2 and line 3\)"),
     ("#IID\n", "no samples"), ("", "no samples")],
)  # fmt: skip
def test_bad_psam_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_psam(write(tmp_path, "x.psam", text))


ROWS = [PvarRow(3, "1", 5, "rs1", "A", ("C", "G")), PvarRow(4, "2", 7, ".", "T", (".",))]


def test_pvar_is_read_line_by_line(tmp_path):
    assert list(iterate_pvar(write(tmp_path, "x.pvar", PVAR))) == ROWS


def compressed(tmp_path, text):
    path = tmp_path / "x.pvar.zst"
    with pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd") as stream:
        stream.write(text.encode())
    return path


def test_pvar_zst_is_the_same(tmp_path):
    assert list(iterate_pvar(compressed(tmp_path, PVAR))) == ROWS


def test_truncated_pvar_zst_is_an_error(tmp_path):
    path = compressed(
        tmp_path, PVAR + "".join(f"3\t{i}\tx{i * 7919}\tA\tC\t.\n" for i in range(9999))
    )
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InputError):
        list(iterate_pvar(path))


def test_pvar_zst_that_is_no_zstd_is_corrupt(tmp_path):
    path = tmp_path / "x.pvar.zst"
    path.write_bytes(b"not zstd at all")
    with pytest.raises(CorruptFile, match="cannot be read"):
        list(iterate_pvar(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [("1\trs1\t0\t5\tA\tC\n", "expected a tab-separated header with #CHROM"),
     ("#CHROM\tPOS\tID\tREF\tALT\n1\t5\trs\tA\n", "line 2 has 4 columns; expected at least 5"),
     ("#CHROM\tPOS\tID\tREF\tALT\n1\tx\trs\tA\tC\n", "line 2 has position 'x'")],
)  # fmt: skip
def test_bad_pvar_line_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        list(iterate_pvar(write(tmp_path, "x.pvar", text)))
