import gzip

import pytest

from igwas.errors import InputError
from igwas.loci.annotation import read_genes

BED = "track name=x\nchr1\t99\t200\tAAA\t0\t+\nchr1\t999\t1200\tBBB\nchrX\t0\t10\tCCC\n"
GFF = """##gff-version 3
1\thavana\tgene\t100\t200\t.\t+\t.\tID=gene:E1;Name=AAA;biotype=protein_coding
1\thavana\tmRNA\t100\t200\t.\t+\t.\tID=t1;Name=AAA-1
1\thavana\tncRNA_gene\t1000\t1200\t.\t-\t.\tID=gene:E2;Name=B%20B
##FASTA
>1
ACGT
"""
GTF = """#!genome-build GRCh38
1\thavana\tgene\t100\t200\t.\t+\t.\tgene_id "E1"; gene_version "5"; gene_name "AAA";
1\thavana\texon\t100\t120\t.\t+\t.\tgene_id "E1"; gene_name "AAA"; exon_number "1";
1\thavana\tgene\t1000\t1200\t.\t-\t.\tgene_id "E2"; gene_source "havana";
"""


@pytest.mark.parametrize(
    ("content", "second"),
    [(BED, "BBB"), (GFF, "B B"), (GTF, "E2"), (GTF.replace(";\n", ";\tmore\n"), "E2")],
)
@pytest.mark.parametrize("is_gzip", [False, True])
def test_bed_gff_and_gtf_are_the_same_genes(tmp_path, content, second, is_gzip):
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
        ("chr1\t5\t10\n", "line 1: .* has 3 of the four columns of BED; expected"),
        ("chr1\tfive\t10\tA\n", "line 1: .* has 'five' where a position belongs; expected"),
        ("chrom\tstart\tend\tname\nchr1\t1\t2\tA\n", "line 1: .*; a header must begin with #"),
        ("chr1\t1\t2\tA\nchr1\t-1\t2\tB\n", "line 2: .* has '-1' where a position belongs"),
        ("chr1\t1\t2\tA\nchr1\t9\t2\tB\n", "line 2: .* starts after its end"),
        ("chr1\t1\t2\tA\nchr1\t1\t2\t\n", "line 2: .* has no name"),
        ("chr1\t1\t2\tA\n \t1\t2\tB\n", "line 2: .* has no chromosome"),
        (f"chr1\t1\t{'9' * 20}\tA\n", "line 1: .* has the position 99999999999999999999, beyond"),
        (f"chr1\t1\t{'9' * 5000}\tA\n", "line 1: .* has the position 9{40}, beyond"),
        (GFF.replace("ID=gene:E1;Name=AAA;", ""), "line 2: .* has no name"),
        (GFF.replace("\t100\t200", "\t300\t200"), "line 2: .* starts after its end"),
        (GTF.replace('gene_id "E2"', 'gene_id ""'), "line 4: .* has no name"),
        (GTF.replace("\t100\t200", "\t-5\t200"), "line 2: .* has '-5' where a position belongs"),
        (GTF.replace("\t100\t200", "\t1e3\t2000"), "line 2: .* has '1e3' where a position"),
        (GTF.replace("\t100\t200", "\t1,000\t2000"), "line 2: .* has '1,000' where a position"),
        (GTF.replace("\t100\t200", "\t100\t148.0"), "line 2: .* has '148.0' where a position"),
        (GFF.replace("\t100\t200", "\tstart\t200"), "line 2: .* has 'start' where a position"),
        (GTF.replace('"', ""), 'line 2: .* has no name in quotes, as in gene_name "ABC"'),
        ("chr1\t1\tx\tA\t0\t+\t1\t2\t0\n", "line 1: .* has 'x' where a position belongs"),
        ("# nothing\n", "no gene"),
        (b"\xff\xfe\x00", "cannot be read as text"),
        (gzip.compress(BED.encode(), mtime=0)[:-9], "cannot be read as text"),
        (gzip.compress(BED.encode(), mtime=0)[:12] + b"\xff" * 40, "cannot be read as text"),
    ],
)
def test_what_is_no_gene_file_is_refused(tmp_path, content, message):
    path = tmp_path / "genes.bed"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message) as caught:
        read_genes(path)
    assert "\n" not in str(caught.value)


def test_chromosomes_of_refseq_are_ours(tmp_path):
    path = tmp_path / "genes.gtf"
    path.write_text(GTF.replace("1\thavana", "NC_000001.11\thavana"))
    assert read_genes(path).nearest("1", 150) == ("AAA", 0)


def test_a_file_of_other_chromosomes_says_so_with_a_name_of_both(tmp_path):
    path = tmp_path / "genes.gtf"
    path.write_text(GTF.replace("1\thavana", "CM000663.2\thavana"))
    genes = read_genes(path)
    assert genes.elsewhere(["2", "CM000663.2"]) == genes.elsewhere([]) == ()
    assert genes.elsewhere(["2", "1"]) == (
        f"{path} has no line of a chromosome of the statistics: its first is of 'CM000663.2', they "
        "have '2'; nothing of it can be near a locus",
    )


def test_a_byte_order_mark_is_no_part_of_a_chromosome(tmp_path):
    (tmp_path / "genes.bed").write_text("chr4\t99\t200\tAAA\n", encoding="utf-8-sig")
    assert read_genes(tmp_path / "genes.bed").nearest("4", 150) == ("AAA", 0)
