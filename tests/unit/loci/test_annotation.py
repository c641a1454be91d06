import gzip

import pytest

from igwas.errors import InputError
from igwas.loci.annotation import read_genes, read_known_loci

BED = "track name=x\nchr1\t99\t200\tAAA\t0\t+\nchr1\t999\t1200\tBBB\nchrX\t0\t10\tCCC\n"
GFF = """##gff-version 3
1\thavana\tgene\t100\t200\t.\t+\t.\tID=gene:E1;Name=AAA;biotype=protein_coding
1\thavana\tmRNA\t100\t200\t.\t+\t.\tID=t1;Name=AAA-1
1\thavana\tncRNA_gene\t1000\t1200\t.\t-\t.\tID=gene:E2;Name=B%20B
##FASTA
>1
ACGT
"""


@pytest.mark.parametrize(("content", "second"), [(BED, "BBB"), (GFF, "B B")])
@pytest.mark.parametrize("is_gzip", [False, True])
def test_bed_and_gff_are_the_same_genes(tmp_path, content, second, is_gzip):
    path = tmp_path / "genes"
    path.write_bytes(gzip.compress(content.encode()) if is_gzip else content.encode())
    genes = read_genes(path)
    assert genes.nearest("1", 150) == ("AAA", 0)
    assert genes.nearest("1", 210) == ("AAA", 10)
    assert genes.nearest("1", 100) == ("AAA", 0)
    assert genes.nearest("1", 99) == ("AAA", 1)
    assert genes.nearest("1", 900) == (second, 100)
    assert genes.nearest("2", 1) is None
    near = genes.near("1", 300, 800, 200)
    assert near["name"].tolist() == ["AAA", second]
    assert near["distance"].tolist() == [100, 200]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("chr1\t5\t10\n", "line 1"),
        ("chr1\tfive\t10\tA\n", "line 1"),
        ("# nothing\n", "no gene"),
        (b"\xff\xfe\x00", "cannot be read as text"),
    ],
)
def test_what_is_no_gene_file_is_refused(tmp_path, content, message):
    path = tmp_path / "genes.bed"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        read_genes(path)


CATALOG = (
    "DATE\tPUBMEDID\tDISEASE/TRAIT\tCHR_ID\tCHR_POS\tSNPS\tP-VALUE\n"
    "x\t1\tEye colour\t15\t28365618\trs12913832\t1E-300\n"
    "x\t1\tInteraction\t1;2\t5;6\trs1 x rs2\t1E-9\n"
    "x\t1\tNowhere\t\t\trs3\t1E-9\n"
    "x\t2\tRefraction\t23\t100\trs4\t1E-9\n"
)


def test_the_gwas_catalog_is_understood(tmp_path):
    (tmp_path / "catalog.tsv").write_text(CATALOG)
    known = read_known_loci(tmp_path / "catalog.tsv")
    near = known.near("15", 28_365_000, 28_366_000, 500_000)
    assert near["name"].tolist() == ["rs12913832"]
    assert near["trait"].tolist() == ["Eye colour"]
    assert known.near("X", 90, 95, 10)["name"].tolist() == ["rs4"]
    assert len(known.table) == 2


def test_loci_of_the_papers_are_understood(data_dir):
    for name in ("igwas_paper/igwas_repo_all_34_loci.tsv", "transfergwas_2022_retina_loci.tsv"):
        known = read_known_loci(data_dir / "expected" / name)
        assert len(known.table) >= 34


@pytest.mark.parametrize(
    ("content", "message"),
    [("a\tb\n1\t2\n", "CHR_ID"), ("CHR_ID\tCHR_POS\n\t\n", "no row with a place"), ("", "table")],
)
def test_what_is_no_table_of_loci_is_refused(tmp_path, content, message):
    (tmp_path / "known.tsv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_known_loci(tmp_path / "known.tsv")
