"""What nvcc makes of the kernels that count and test, run instruction by instruction."""

import re
import struct
from dataclasses import dataclass

import numpy as np
import pytest
from tests.ptx_program import compile_program, load_interpreter, needs_nvcc

N_THREADS, WORD_SAMPLES, NO_ROW, NO_CODE = 128, 16, 0xFFFFFFFF, 0xFFFFFFFF
# What is left: predicates of loops that nvcc unrolls for more rounds than a case has.
LEAST_COVERAGE = 0.9
LIMB = float(1 << 20)
# (Type of a stored genotype, the missing one, the code of two copies.)
FORMS = {
    "Call": (np.uint8, 1, 2), "Byte": (np.uint8, 255, 254), "Code": (np.uint16, 65535, 65534),
    "Fine": (np.uint32, 2**32 - 1, 2**22),
}  # fmt: skip
SET_SUMS = np.dtype([("sum", "u8"), ("squares", "u8"), ("n_called", "u4"), ("n_one", "u4"),
                     ("least", "u4"), ("greatest", "u4")])  # fmt: skip
MASK = np.dtype([(name, "u4") for name in (
    "set", "n_samples", "responses_begin", "n_responses", "n_phenotypes", "basis_begin", "n_basis",
    "n_omnibus", "phenotypes_at", "omnibus_at",
)] + [("factor_at", "u8"), ("dof", "f8")])  # fmt: skip
FIT = np.dtype([("genotype", "f8"), ("explained", "f8"), ("n_small", "u4"), ("n_reaching", "u4")])
CHECK = np.dtype([("called", "i8"), ("missing", "i8"), ("words", "u4"), ("is_flipped", "u4")])

pytestmark = needs_nvcc


@pytest.fixture(scope="module")
def ptx():
    return load_interpreter()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compile_program(tmp_path_factory.mktemp("ptx"), 75)


def test_no_multiplication_is_fused_with_an_addition(program):
    # But in logarithms, of which the tails alone have some.
    kernels = re.split(r"(?=\.entry )", program)
    fused = [kernel for kernel in kernels if "fma." in kernel]
    assert len(fused) == 1
    assert "tail_rows" in fused[0].partition("(")[0]
    assert "div.rn.f64" in program


@dataclass
class Genotypes:
    """Rows of random genotypes, as stored and as copies of the effect allele."""

    stored: np.ndarray
    packed: np.ndarray
    is_missing: np.ndarray
    codes: np.ndarray
    two: int


def make_genotypes(rng, form, n_variants, n_samples):
    dtype, missing, two = FORMS[form]
    n_codes = 4 if form == "Call" else two + 2
    stored = rng.integers(0, n_codes, (n_variants, n_samples)).astype(dtype)
    common = rng.random(stored.shape) < np.linspace(0, 1, n_variants)[:, None]
    stored[common] = 0 if form == "Call" else two - 4
    if form in ("Code", "Fine"):
        stored[rng.random(stored.shape) < 0.02] = missing
        stored[-1, 0] = two
    if form != "Call":
        stored[stored == two + 1] = missing
    stored[0][stored[0] == missing] = 3  # without a missing call
    is_missing = stored == missing
    if form != "Call":
        return Genotypes(stored, stored, is_missing, stored.astype(np.int64), two)
    packed = (stored.reshape(n_variants, -1, 4) << np.array([0, 2, 4, 6], np.uint8)).sum(
        axis=2, dtype=np.uint8
    )
    return Genotypes(stored, packed, is_missing, np.array([2, 0, 1, 0])[stored], 2)


def set_words(members):
    """A bit at the low position of each call, 16 samples a word."""
    bits = members.reshape(-1, WORD_SAMPLES).astype(np.uint32)
    return (bits << (2 * np.arange(WORD_SAMPLES, dtype=np.uint32))).sum(axis=1, dtype=np.uint32)


def count(of, members):
    """The plain twin of count_rows: one SET_SUMS for each variant."""
    found = np.zeros(len(of.codes), SET_SUMS)
    for row, calls in zip(found, np.arange(len(of.codes)), strict=True):
        use = members & ~of.is_missing[calls]
        codes = of.codes[calls][use]
        row["sum"], row["squares"], row["n_called"] = codes.sum(), (codes**2).sum(), use.sum()
        has_calls = of.two == 2
        row["n_one"] = (codes == 1).sum() if has_calls else 0
        row["least"] = NO_CODE if has_calls else codes.min(initial=NO_CODE)
        row["greatest"] = 0 if has_calls else codes.max(initial=0)
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n_samples", [64, 16 * 150])
def test_counts_are_those_of_the_plain_twin(ptx, program, form, n_samples):
    rng = np.random.default_rng(3)
    of = make_genotypes(rng, form, 4, n_samples)
    sets = np.stack([np.ones(n_samples, bool), rng.random(n_samples) < 0.6])
    memory = ptx.Memory()
    sums = memory.put(np.zeros((4, 2), SET_SUMS), is_written=False)
    words = memory.put(np.zeros(4, np.uint32), is_written=False)
    arguments = struct.pack(
        "<5Q2I", memory.put(of.packed), of.packed[0].nbytes,
        memory.put(np.concatenate([set_words(one) for one in sets])), sums, words,
        n_samples // WORD_SAMPLES, 2,
    )  # fmt: skip
    kernel = ptx.parse(program, f"count_rows\\w*{form}Rows")
    coverage = ptx.launch(kernel, memory, arguments, N_THREADS, (4, 2, 1))
    found = memory.get(sums, SET_SUMS).reshape(4, 2)
    for number, members in enumerate(sets):
        np.testing.assert_array_equal(found[:, number], count(of, members))
    expected = of.packed.view(np.uint32).sum(axis=1, dtype=np.uint32)
    np.testing.assert_array_equal(memory.get(words, np.uint32), expected)
    assert coverage >= LEAST_COVERAGE


@pytest.mark.parametrize("form", FORMS)
def test_the_rarer_allele_is_counted_and_missing_calls_have_a_row(ptx, program, form):
    n_variants, n_samples = 200, 64
    of = make_genotypes(np.random.default_rng(4), form, n_variants, n_samples)
    counts = count(of, np.ones(n_samples, bool))
    memory = ptx.Memory()
    rows = memory.put(np.zeros((2 * n_variants, 2), np.uint32), is_written=False)
    n_missing = memory.put(np.zeros(1, np.uint32))
    missing_row = memory.put(np.zeros(n_variants, np.uint32), is_written=False)
    arguments = struct.pack(
        "<4Q4I", memory.put(counts), rows, n_missing, missing_row, n_variants, 1, n_samples, of.two
    )
    coverage = ptx.launch(ptx.parse(program, "list_rows"), memory, arguments, N_THREADS, (2, 1, 1))
    listed = memory.get(rows, np.uint32).reshape(-1, 2)
    is_flipped = 2 * counts["sum"] > of.two * counts["n_called"].astype(np.uint64)
    np.testing.assert_array_equal(listed[:n_variants, 0], np.arange(n_variants))
    np.testing.assert_array_equal(listed[:n_variants, 1], is_flipped.astype(np.uint32))
    has_missing = of.is_missing.any(axis=1)
    at = memory.get(missing_row, np.uint32)
    np.testing.assert_array_equal(at != NO_ROW, has_missing)
    n = int(has_missing.sum())
    assert memory.get(n_missing, np.uint32)[0] == n
    assert sorted(at[has_missing]) == list(range(n_variants, n_variants + n))
    np.testing.assert_array_equal(listed[at[has_missing], 0], np.flatnonzero(has_missing))
    assert (listed[at[has_missing], 1] == 2).all()
    assert coverage >= LEAST_COVERAGE


@dataclass
class Tables:
    """One mask: responses, an empty column for the checksum, a basis, then low limbs."""

    n_samples: int = 320
    n_phenotypes: int = 150  # more than the threads of a block
    n_basis: int = 3
    two: int = 2
    hit_chisq: float = 3.0

    def __post_init__(self):
        rng = np.random.default_rng(6)
        k, width = self.n_phenotypes, self.n_phenotypes + 1 + self.n_basis
        self.checksum, self.width = k, width
        self.low = np.zeros(width, np.uint32)
        self.low[[0, 7, k + 1]] = width + np.arange(3)
        self.unit = rng.uniform(0.5, 2, width) * 2.0**-20
        self.n_columns = width + 3
        self.squares = rng.uniform(200, 400, k)
        self.squares[5] = 0.0  # does not vary
        # Not in the order of the columns, and without two of them.
        self.omnibus = rng.permutation(k)[: k - 2].astype(np.uint32)
        self.factor = np.tril(rng.normal(size=(k - 2, k - 2)), -1) * 0.05 + np.eye(k - 2)
        self.output = rng.permutation(k).astype(np.uint32)


def product(t, row, column):
    """A column's sum from the sums of its integers."""
    low = int(t.low[column])
    high = 0 if column == t.checksum else int(row[column])
    value = float(high) * (LIMB if low else 1.0) + float(int(row[low]) if low else 0)
    return value * t.unit[column]


def plain_test(t, counts, is_flipped, called, missing):
    """The arithmetic of docs/statistics.md in the order of the CPU's scan, nothing fused."""
    n, s, q = int(counts["n_called"]), int(counts["sum"]), int(counts["squares"])
    if is_flipped:
        s, q = t.two * n - s, t.two**2 * n - 2 * t.two * s + q
    mean = s / n
    genotype = float(q) + (t.n_samples - n) * mean * mean
    u = {c: product(t, called, c) + mean * (product(t, missing, c) if missing is not None else 0.0)
         for c in range(t.width)}  # fmt: skip
    for c in range(t.n_phenotypes + 1, t.width):
        genotype -= u[c] * u[c]
    dof = t.n_samples - t.n_basis - 1
    beta, se = np.full(t.n_phenotypes, np.nan), np.full(t.n_phenotypes, np.nan)
    n_small = n_reaching = 0
    for k in range(t.n_phenotypes):
        slope = u[k] / genotype
        residual = t.squares[k] - u[k] * slope
        if t.squares[k] > 1e-10 * t.squares[k]:
            beta[t.output[k]] = (-0.5 if is_flipped else 0.5) * slope
            se[t.output[k]] = 0.5 * np.sqrt(max(residual, 0.0) / (dof * genotype))
            n_small += residual < 1e-3 * t.squares[k]
            b, e = beta[t.output[k]], se[t.output[k]]
            n_reaching += b * b >= t.hit_chisq * (e * e)
    rest, explained = [u[c] for c in t.omnibus], 0.0
    for i in range(len(rest)):
        for j in range(i):
            rest[i] -= t.factor[i, j] * rest[j]
        rest[i] /= t.factor[i, i]
        explained += rest[i] * rest[i]
    return beta, se, (genotype, explained, n_small, n_reaching)


def test_tests_are_the_bits_of_the_plain_arithmetic(ptx, program):
    t, rng, n_variants = Tables(), np.random.default_rng(7), 3
    counts = np.zeros((n_variants, 1), SET_SUMS)
    counts["n_called"][:, 0] = [320, 311, 300]
    counts["sum"][:, 0], counts["squares"][:, 0] = [100, 500, 90], [120, 900, 110]
    is_flipped = np.array([0, 1, 0], np.uint32)
    missing_row = np.array([NO_ROW, 4, 3], np.uint32)
    sums = rng.integers(-(2**28), 2**28, (2 * n_variants, t.n_columns))
    of_basis = slice(t.n_phenotypes + 1, t.width)
    sums[:, of_basis] = rng.integers(-(2**21), 2**21, (2 * n_variants, t.n_basis))
    sums[:, t.width :] = rng.integers(-(2**20), 2**20, (2 * n_variants, 3))
    # Two limbs: the high one counts 2^20 units.
    sums[:, [0, 7, t.n_phenotypes + 1]] //= 2**20
    sums[2, 3] = 2**31  # a phenotype nearly explained: its residual is small
    memory = ptx.Memory()
    mask = np.zeros(1, MASK)
    mask[0] = (0, t.n_samples, 0, t.n_phenotypes, t.n_phenotypes, t.n_phenotypes + 1, t.n_basis,
               len(t.omnibus), 0, 0, 0, t.n_samples - t.n_basis - 1)  # fmt: skip
    rows = np.stack([np.arange(n_variants, dtype=np.uint32), is_flipped], axis=1)
    columns = [t.factor[j:, j] for j in range(len(t.omnibus))]
    empty = {"beta": (n_variants, t.n_phenotypes), "se": (n_variants, t.n_phenotypes)}
    out = {name: memory.put(np.zeros(shape), is_written=False) for name, shape in empty.items()}
    products = memory.put(np.zeros((n_variants, t.n_columns)), is_written=False)
    fits = memory.put(np.zeros(n_variants, FIT), is_written=False)
    checks = memory.put(np.zeros(n_variants, CHECK), is_written=False)
    arguments = struct.pack(
        "<17Q3d5I4x", memory.put(counts), memory.put(rows), memory.put(missing_row),
        memory.put(np.arange(n_variants, dtype=np.uint32)), memory.put(sums), products,
        memory.put(mask), memory.put(t.unit), memory.put(t.low), memory.put(t.squares),
        memory.put(t.output), memory.put(t.omnibus), memory.put(np.concatenate(columns)),
        out["beta"], out["se"], fits, checks,
        0.5, t.hit_chisq, np.nan, 1, t.n_columns, t.n_phenotypes, t.checksum, t.two,
    )  # fmt: skip
    kernel = ptx.parse(program, "test_rows")
    coverage = ptx.launch(kernel, memory, arguments, N_THREADS, (n_variants, 1, 1))
    beta, se = (memory.get(out[name], np.float64).reshape(n_variants, -1) for name in empty)
    for v in range(n_variants):
        missing = None if missing_row[v] == NO_ROW else sums[missing_row[v]]
        expected = plain_test(t, counts[v, 0], bool(is_flipped[v]), sums[v], missing)
        np.testing.assert_array_equal(beta[v], expected[0])
        np.testing.assert_array_equal(se[v], expected[1])
        assert tuple(memory.get(fits, FIT)[v]) == expected[2]
        check = memory.get(checks, CHECK)[v]
        assert tuple(check) == (
            sums[v, t.checksum], 0 if missing is None else missing[t.checksum], v, is_flipped[v]
        )  # fmt: skip
    assert coverage >= LEAST_COVERAGE
