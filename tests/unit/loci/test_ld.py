import numpy as np
import pytest
from tests.cohort_files import write_bed

from igwas.errors import OptionError
from igwas.genotypes.genotype_file import open_genotypes
from igwas.loci.ld import Linkage, count_pairs, genotype_r2, hard_calls

N_SAMPLES = 90


@pytest.fixture(params=[0.0, 0.15])
def genotypes(request, tmp_path):
    rng = np.random.default_rng(2)
    dosage = rng.binomial(2, rng.uniform(0.1, 0.9, (30, 1)), (30, N_SAMPLES))
    dosage[5] = dosage[4]
    dosage[6] = 2
    dosage[rng.random(dosage.shape) < request.param] = -1
    write_bed(tmp_path / "g.bed", dosage)
    with open_genotypes(tmp_path / "g.bed") as file:
        yield file, dosage


def twin(x, y):
    both = (x >= 0) & (y >= 0)
    x, y = x[both], y[both]
    return np.nan if x.std() == 0 or y.std() == 0 else np.corrcoef(x, y)[0, 1] ** 2


def test_r2_of_calls_is_their_squared_correlation(genotypes):
    file, dosage = genotypes
    found = Linkage(file, method="genotype").r2(4, np.arange(30))
    np.testing.assert_allclose(
        found, [twin(dosage[4], row) for row in dosage], rtol=1e-10, atol=1e-15
    )


def test_samples_can_be_chosen(genotypes):
    file, dosage = genotypes
    samples = np.arange(10, 70)
    found = Linkage(file, samples, method="genotype").r2(4, np.array([9, 3]))
    expected = [twin(dosage[4, samples], dosage[row, samples]) for row in (9, 3)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_the_cache_changes_nothing(genotypes, monkeypatch):
    file, _ = genotypes
    expected = Linkage(file).r2(4, np.arange(30))
    monkeypatch.setattr("igwas.loci.ld._CACHE_BYTES", 0)
    monkeypatch.setattr("igwas.loci.ld._BLOCK_CELLS", 1)
    small = Linkage(file)
    for _ in range(2):
        np.testing.assert_array_equal(small.r2(4, np.arange(30)), expected)


def test_no_others_give_nothing(genotypes):
    assert Linkage(genotypes[0]).r2(4, np.zeros(0, np.int64)).shape == (0,)


def test_a_single_sample_is_refused(genotypes):
    with pytest.raises(OptionError, match="1 samples"):
        Linkage(genotypes[0], np.array([3]))


def test_dosages_become_hard_calls_as_in_plink2():
    dosage = np.array([0.0, 0.1, 0.11, 0.95, 1.5, 1.9, 2.0, np.nan], np.float32)
    assert hard_calls(dosage).tolist() == [0, 0, -1, 1, -1, 2, 2, -1]


def test_counts_are_exact_whole_numbers():
    rng = np.random.default_rng(1)
    x, y = rng.integers(-1, 3, (3, 5001)).astype(np.int8), rng.integers(-1, 3, 5001).astype(np.int8)
    counts = count_pairs(x, y)
    for row in range(3):
        both = (x[row] >= 0) & (y >= 0)
        a, b = x[row, both].astype(int), y[both].astype(int)
        assert counts.n[row] == both.sum()
        assert counts.sxy[row] == (a * b).sum()
        assert counts.sxx[row] == (a * a).sum()
        assert counts.syy[row] == (b * b).sum()
        assert counts.hets[row] == ((a == 1) & (b == 1)).sum()
    assert np.isfinite(genotype_r2(counts)).all()


SEX = np.array([1, 1, 1, 2, 2, 2, 2, 2, 0, 0])


def on(chromosome, folder, dosage):
    """Open calls of one chromosome for people of both sexes and of unknown sex."""
    write_bed(folder / "g.bed", dosage, chromosomes=[chromosome] * len(dosage))
    people = [f"F{i} S{i} 0 0 {sex} -9\n" for i, sex in enumerate(SEX)]
    (folder / "g.fam").write_text("".join(people))
    return open_genotypes(folder / "g.bed")


CALLS = np.array([[0, 2, 1, 0, 1, 2, 1, 0, 2, 2], [0, 2, 2, 1, 1, 2, 0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("chromosome", "used"),
    [
        ("1", range(10)),
        ("PAR1", range(10)),
        ("X", [0, 1, 3, 4, 5, 6, 7]),  # no heterozygous male, nobody of unknown sex
        ("Y", [0, 1]),  # males alone
        ("MT", [0, 1, 5, 7, 8]),  # nobody heterozygous
    ],
)
def test_who_counts_depends_on_the_chromosome(tmp_path, chromosome, used):
    with on(chromosome, tmp_path, CALLS) as file:
        found = Linkage(file, method="genotype").r2(0, np.array([1]))[0]
    x, y = CALLS[:, list(used)]
    assert found == pytest.approx(twin(x, y))


def test_a_male_has_one_haplotype_of_x_and_a_female_two(tmp_path):
    """Without double heterozygotes every haplotype is known and can be counted."""
    calls = np.array([[0, 2, 2, 0, 2, 2, 1, 0, 0, 0], [0, 2, 0, 1, 2, 1, 0, 0, 0, 0]])
    with on("X", tmp_path, calls) as file:
        found = Linkage(file).r2(0, np.array([1]))[0]
    haplotypes = []
    for sex, a, b in zip(SEX, *calls, strict=True):
        pairs = [((a + 1) // 2, (b + 1) // 2), (a // 2, b // 2)]
        haplotypes += {1: pairs[:1], 2: pairs, 0: []}[sex]
    assert found == pytest.approx(np.corrcoef(np.array(haplotypes).T)[0, 1] ** 2)


def test_halves_are_summed_exactly():
    rng = np.random.default_rng(4)
    x, y = rng.integers(-1, 3, (2, 4001)).astype(np.int8), rng.integers(-1, 3, 4001).astype(np.int8)
    weights = np.where(rng.random(4001) < 0.5, 0.5, 1.0)
    counts = count_pairs(x, y, weights)
    for row in range(2):
        both = (x[row] >= 0) & (y >= 0)
        a, b, w = x[row, both].astype(float), y[both].astype(float), weights[both]
        assert counts.n[row] == w.sum()
        assert counts.sx[row] == (w * a).sum()
        assert counts.sxy[row] == (w * a * b).sum()
        assert counts.hets[row] == (w * ((a == 1) & (b == 1))).sum()
