"""128 simulated phenotypes of 379 real people: each is what a scan of it alone gives."""

import h5py
import numpy as np
import pandas as pd
import pytest

N_PHENOTYPES = 128
SEED = 20_240

# Betas come from the same exact products: the same bits. The phenotype's own sum of
# squares, which se needs, is added up beside others in another order: a few last places.
SE_TOLERANCE = 1e-13
LOG10P_TOLERANCE = 1e-12


@pytest.fixture(scope="module")
def bed(data_dir):
    return data_dir / "genotypes" / "kg_eur379" / "EUR_subset.bed"


@pytest.fixture(scope="module")
def phenotypes(bed, tmp_path_factory):
    """Half of the phenotypes lack some people, in three patterns."""
    fam = pd.read_csv(bed.with_suffix(".fam"), sep=r"\s+", header=None, dtype=str)
    rng = np.random.default_rng(SEED)
    values = rng.normal(size=(len(fam), N_PHENOTYPES))
    for pattern in range(3):
        absent = rng.random(len(fam)) < 0.05
        values[np.ix_(absent, range(64 + 20 * pattern, 64 + 20 * (pattern + 1)))] = np.nan
    table = pd.DataFrame(values, columns=[f"e{i}" for i in range(N_PHENOTYPES)])
    table.insert(0, "IID", fam[1])
    table.insert(0, "FID", fam[0])
    path = tmp_path_factory.mktemp("many") / "phenotypes.tsv"
    table.to_csv(path, sep="\t", index=False, na_rep="NA")
    return path


@pytest.fixture(scope="module")
def some_variants(bed, tmp_path_factory):
    """A .bed of every 90th variant: 601, on all six chromosomes."""
    target = tmp_path_factory.mktemp("some") / "some.bed"
    target.with_suffix(".fam").write_bytes(bed.with_suffix(".fam").read_bytes())
    lines = bed.with_suffix(".bim").read_text().splitlines()
    target.with_suffix(".bim").write_text("\n".join(lines[::90]) + "\n")
    header, rows = bed.read_bytes()[:3], np.fromfile(bed, np.uint8, offset=3)
    target.write_bytes(header + rows.reshape(len(lines), -1)[::90].tobytes())
    return target


def assert_same_as_alone(together, alone, name):
    np.testing.assert_array_equal(together.beta[:, name], alone.beta[:, name], err_msg=name)
    np.testing.assert_allclose(together.se[:, name], alone.se[:, name], rtol=SE_TOLERANCE)
    np.testing.assert_allclose(
        together.log10p[:, name], alone.log10p[:, name], rtol=LOG10P_TOLERANCE, atol=1e-300
    )
    mask = int(together.masks[together.phenotype_index(name)])
    np.testing.assert_array_equal(together.n[:, mask], alone.n[:, 0])


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_all_variants_of_a_few_phenotypes(scan, bed, phenotypes, missing):
    together = scan(bed, phenotypes, missing=missing)
    assert together.n_masks == 4
    assert together.n_variants == 54_051
    for name in ("e0", "e77", "e127"):
        alone = scan(bed, phenotypes, phenotype_columns=(name,), missing=missing)
        assert_same_as_alone(together, alone, name)


def test_every_phenotype_at_some_variants(scan, some_variants, phenotypes):
    together = scan(some_variants, phenotypes)
    assert together.n_variants == 601
    for name in together.phenotype_names:
        alone = scan(some_variants, phenotypes, phenotype_columns=(name,))
        assert_same_as_alone(together, alone, name)


def test_the_hits_of_a_phenotype_are_those_of_its_own_scan(scan, bed, phenotypes):
    together = scan(bed, phenotypes, hit_log10p=3.0)
    alone = scan(bed, phenotypes, phenotype_columns=("e3",), hit_log10p=3.0)
    of_one = together.hits().query("phenotype == 'e3'").reset_index(drop=True)
    assert len(of_one) > 10
    theirs = alone.hits().reset_index(drop=True)
    pd.testing.assert_frame_equal(of_one, theirs, rtol=LOG10P_TOLERANCE, check_exact=False)
    with h5py.File(alone.path) as file:
        assert int(file["/hits/count"][0]) == len(of_one)
