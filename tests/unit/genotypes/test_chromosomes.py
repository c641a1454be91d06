import numpy as np
import pytest

from igwas.errors import InputError
from igwas.genotypes.chromosomes import (
    AUTOSOMES,
    PSEUDO_AUTOSOMAL,
    haploid_samples,
    normalise_chromosome,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("1", "1"), ("chr1", "1"), ("01", "1"), ("CHR22", "22"), ("23", "X"), ("x", "X"),
     ("24", "Y"), ("25", "XY"), ("XY", "XY"), ("26", "MT"), ("M", "MT"), ("chrM", "MT"),
     ("chrMT", "MT"), ("PAR1", "PAR1"), ("par2", "PAR2"),
     ("NC_000001.10", "1"), ("NC_000001.11", "1"), ("nc_000022.11", "22"), ("NC_000023.10", "X"),
     ("NC_000024.10", "Y"), ("NC_012920.1", "MT")],
)  # fmt: skip
def test_every_spelling_has_one_name(name, expected):
    assert normalise_chromosome(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "0",
        "00",
        "27",
        "chr1_random",
        "GL000191.1",
        "",
        "1.0",
        "-1",
        "NC_000000.1",
        "NC_000025.1",
        "NC_060925.1",
        "NC_000001",
    ],
)
def test_unknown_name_is_an_error_that_says_what_to_do(name):
    with pytest.raises(InputError, match="--allow-unknown-chromosomes"):
        normalise_chromosome(name)


def test_unknown_name_is_kept_when_allowed():
    assert normalise_chromosome("GL000191.1", allow_unknown=True) == "GL000191.1"
    assert normalise_chromosome("chr7", allow_unknown=True) == "7"


def test_empty_name_is_never_allowed():
    with pytest.raises(InputError, match="unknown"):
        normalise_chromosome(" ", allow_unknown=True)


def test_long_name_is_cut_in_the_message():
    with pytest.raises(InputError) as caught:
        normalise_chromosome("z" * 10_000)
    assert len(str(caught.value)) < 400


def test_males_have_one_x_and_everyone_one_mt():
    sex = np.array([0, 1, 2], np.uint8)
    assert haploid_samples("chrX", sex).tolist() == [False, True, False]
    assert haploid_samples("MT", sex).all()
    for name in (*AUTOSOMES, *PSEUDO_AUTOSOMAL, "contig"):
        assert not haploid_samples(name, sex).any()
