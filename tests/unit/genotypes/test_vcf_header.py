import gzip

import pytest

from igwas.errors import CorruptFile, InputError
from igwas.genotypes.vcf_header import read_vcf_header

HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=1,length=9>\n##contig=<assembly=b37,ID=chrX>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB b\n"
)


def write(tmp_path, text):
    path = tmp_path / "x.vcf"
    path.write_text(text)
    return path


def test_samples_fields_and_contigs_are_read(tmp_path):
    header = read_vcf_header(write(tmp_path, HEADER))
    assert header.samples == ("A", "B b")
    assert header.fields == {"GT"}
    assert header.contigs == {"1", "chrX"}


def test_plain_gzip_is_read(tmp_path):
    path = tmp_path / "x.vcf.gz"
    path.write_bytes(gzip.compress(HEADER.encode()))
    assert read_vcf_header(path).samples == ("A", "B b")
    path.write_bytes(gzip.compress(HEADER.encode())[:40])
    with pytest.raises(CorruptFile, match="cannot be decompressed"):
        read_vcf_header(path)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [("", InputError, "starts with b''"), ("hello\n", InputError, "starts with b'hello'"),
     ("##fileformat=VCFv4.2\n", CorruptFile, "ends before its #CHROM line"),
     ("##fileformat=VCFv4.2\n1\t5\n", InputError, "line 2 begins"),
     (HEADER.replace("\tFORMAT\tA\tB b", ""), InputError, "no samples"),
     (HEADER + "1\t5", CorruptFile, "does not end with a line break")],
)  # fmt: skip
def test_bad_header_is_named(tmp_path, text, error, message):
    with pytest.raises(error, match=message):
        read_vcf_header(write(tmp_path, text))


def test_bgzip_file_without_its_end_was_cut_short(data_dir, tmp_path):
    name = "1kg_eas_hg19.chr7_126253550_128253550.vcf.gz"
    source = data_dir / "genotypes/kg_eas504_chr7" / name
    header = read_vcf_header(source)
    assert len(header.samples) == 504
    path = tmp_path / "x.vcf.gz"
    path.write_bytes(source.read_bytes()[:-28])
    with pytest.raises(CorruptFile, match="last 28 bytes"):
        read_vcf_header(path)


def test_bcf_that_ends_in_its_header_is_corrupt(tmp_path):
    path = tmp_path / "x.bcf"
    path.write_bytes(gzip.compress(b"BCF\2\2\0\1\0\0"))
    with pytest.raises(CorruptFile, match="ends in its header"):
        read_vcf_header(path)
