"""What nvcc makes of the kernels for arrays on a GPU, run instruction by instruction."""

import struct

import numpy as np
import pytest
from tests.ptx_program import compile_program, load_interpreter, needs_nvcc

from igwas.association.tails import log10p_student_t

N_THREADS, WORD_SAMPLES = 128, 16
LEAST_COVERAGE = 0.9
# Of the tails: logarithms of what is no number, of zero and of subnormal numbers are not taken.
LEAST_TAIL_COVERAGE = 0.8
# Relative, of -log10 p: the logarithm and exponential of CUDA are within 1 and 2 units in the last
# place, the CPU's within 1.
TAIL_TOLERANCE = 1e-12
KINDS = {"a": np.int8, "f": np.float32, "d": np.float64}

pytestmark = needs_nvcc


@pytest.fixture(scope="module")
def ptx():
    return load_interpreter()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compile_program(tmp_path_factory.mktemp("ptx"), 75)


def random_values(dtype, n_variants, n_samples):
    rng = np.random.default_rng(8)
    values = rng.integers(-1, 3, (n_variants, n_samples))
    if dtype == np.int8:
        return np.where(values < 0, -1 - rng.integers(0, 128, values.shape), values).astype(dtype)
    return np.where(values < 0, np.nan, values).astype(dtype)


def put_rows(memory, values, is_by_sample):
    """ArrayRows: the values in memory, and their strides in elements."""
    stored = np.ascontiguousarray(values.T if is_by_sample else values)
    n_variants, n_samples = values.shape
    strides = (1, n_variants) if is_by_sample else (n_samples, 1)
    return struct.pack("<Q2q", memory.put(stored), *strides)


@pytest.mark.parametrize("letter", KINDS)
@pytest.mark.parametrize("is_by_sample", [False, True])
def test_packed_calls_are_those_of_the_values(ptx, program, letter, is_by_sample):
    n_variants, n_samples = 3, 2_200
    values = random_values(KINDS[letter], n_variants, n_samples)
    analysed = np.flatnonzero(np.random.default_rng(9).random(n_samples) < 0.97).astype(np.uint32)
    assert len(analysed) > N_THREADS * WORD_SAMPLES  # more than one step
    n_words = -(-len(analysed) // 192) * 192 // WORD_SAMPLES
    memory = ptx.Memory()
    rows = put_rows(memory, values, is_by_sample)
    words = memory.put(np.zeros((n_variants, n_words), np.uint32), is_written=False)
    arguments = rows + struct.pack("<2Q2I", memory.put(analysed), words, len(analysed), n_words)
    kernel = ptx.parse(program, f"pack_valuesI{letter}E")
    coverage = ptx.launch(kernel, memory, arguments, N_THREADS, (n_variants, 1, 1))
    chosen = values[:, analysed]
    with np.errstate(invalid="ignore"):
        calls = np.where(chosen == 2, 0, np.where(chosen == 1, 2, np.where(chosen == 0, 3, 1)))
    expected = np.ones((n_variants, n_words * WORD_SAMPLES), np.uint32)
    expected[:, : len(analysed)] = calls
    shifts = 2 * np.arange(WORD_SAMPLES, dtype=np.uint32)
    packed = (expected.reshape(n_variants, n_words, WORD_SAMPLES) << shifts).sum(
        axis=2, dtype=np.uint32
    )
    found = memory.get(words, np.uint32).reshape(n_variants, n_words)
    np.testing.assert_array_equal(found, packed)
    assert coverage >= LEAST_COVERAGE


@pytest.mark.parametrize("letter", ["f", "d"])
@pytest.mark.parametrize("is_by_sample", [False, True])
def test_packed_fractions_are_the_nearest_fine_codes(ptx, program, letter, is_by_sample):
    dtype, n_variants, n_samples = KINDS[letter], 3, 400
    rng = np.random.default_rng(10)
    values = (2 * rng.random((n_variants, n_samples))).astype(dtype)
    values[:, ::7] = rng.integers(0, 3, values[:, ::7].shape)
    values[rng.random(values.shape) < 0.1] = np.nan
    # The edges: what rounds to nothing, to one unit, and to just below and to two copies.
    values[0, :5] = [2.0**-23, 2.0**-22, 1.5 * 2.0**-21, 2 - 2.0**-21, 2]
    analysed = np.flatnonzero(rng.random(n_samples) < 0.9).astype(np.uint32)
    analysed = np.union1d(analysed, np.arange(5, dtype=np.uint32))
    n_places = -(-len(analysed) // 192) * 192
    memory = ptx.Memory()
    rows = put_rows(memory, values, is_by_sample)
    codes = memory.put(np.zeros((n_variants, n_places), np.uint32), is_written=False)
    arguments = rows + struct.pack("<2Q2I", memory.put(analysed), codes, len(analysed), n_places)
    kernel = ptx.parse(program, f"pack_fineI{letter}E")
    coverage = ptx.launch(kernel, memory, arguments, N_THREADS, (n_variants, 1, 1))
    expected = np.full((n_variants, n_places), 2**32 - 1, np.uint32)
    chosen = values[:, analysed].astype(np.float64)
    nearest = np.floor(chosen * 2**21 + 0.5)
    expected[:, : len(analysed)] = np.where(np.isnan(chosen), 2**32 - 1, nearest)
    assert expected[0, :5].tolist() == [0, 1, 2, 2**22 - 1, 2**22]
    found = memory.get(codes, np.uint32).reshape(n_variants, n_places)
    np.testing.assert_array_equal(found, expected)
    assert coverage >= LEAST_COVERAGE


@pytest.mark.parametrize(("letter", "wrong"), [
    ("a", 3), ("f", 2.0000002), ("f", 0.5), ("d", -1.0), ("d", np.inf), ("d", 1e-300),
])  # fmt: skip
@pytest.mark.parametrize("is_by_sample", [False, True])
def test_the_first_value_that_is_no_whole_copy_is_found(ptx, program, letter, wrong, is_by_sample):
    n_variants, n_samples = 4, 300
    values = random_values(KINDS[letter], n_variants, n_samples)
    seen = []
    kernel = ptx.parse(program, f"check_valuesI{letter}E")
    for is_there in (False, True):
        if is_there:
            values[2, [131, 130, 260]] = values[3, 0] = wrong
        memory = ptx.Memory()
        place = memory.put(np.full(1, 2**64 - 1, np.uint64))
        flag = memory.put(np.zeros(1, np.uint32))
        arguments = put_rows(memory, values, is_by_sample) + struct.pack(
            "<2QI4x", place, flag, n_samples
        )
        coverage = ptx.launch(kernel, memory, arguments, N_THREADS, (n_variants, 1, 1))
        seen.append((int(memory.get(place, np.uint64)[0]), int(memory.get(flag, np.uint32)[0])))
    nowhere, found = 2**64 - 1, 2 * n_samples + 130
    assert seen == [(nowhere, 0), (nowhere, 1) if 0 < wrong < 2 else (found, 0)]
    assert coverage >= LEAST_COVERAGE


def tail_grid():
    """(t, degrees of freedom): p near 1 to -log10 p of 1e5, and the edges."""
    dofs = [*range(1, 22), 366, 65_000, 500_000]
    sizes = [1e-170, 1e-8, 1e-3, 0.3, 1, 1.9, 2.5, 2.6, 6, 39, 300, 1e5, 1e160, 0, np.inf, np.nan]
    t, dof = (grid.ravel() for grid in np.meshgrid(sizes, dofs))
    t = np.where(np.arange(len(t)) % 2, -t, t)
    return np.append(t, [2.0, 2.0]), np.append(dof, [0, -1]).astype(np.int32)


def test_tails_are_those_of_the_cpu_within_the_tolerance(ptx, program):
    t, dof = tail_grid()
    n = len(t)
    memory = ptx.Memory()
    # Two phenotypes of two masks, one test each in a row: the first of every second is not tested.
    values, freedom = np.repeat(t, 2), np.repeat(dof, 2)
    reason = np.tile(np.array([3, 0], np.uint8), n)
    beta, se = memory.put(values * 0.5), memory.put(np.full(2 * n, 0.5))
    out = [memory.put(np.zeros(2 * n), is_written=False) for _ in range(2)]
    dof_out = memory.put(np.zeros(2 * n, np.int32), is_written=False)
    arguments = struct.pack(
        "<9Q2d2I", memory.put(reason), memory.put(freedom),
        memory.put(np.array([1, 0], np.uint32)), beta, se, *out, dof_out, 2 * n, np.nan, np.inf,
        2, 2,
    )  # fmt: skip
    kernel = ptx.parse(program, "tail_rows", may_fuse=True)
    grid = (-(-2 * n // N_THREADS), 1, 1)
    coverage = ptx.launch(kernel, memory, arguments, N_THREADS, grid)
    # The phenotypes' masks are the other way round: column 0 is of the mask that is tested.
    np.testing.assert_array_equal(memory.get(out[0], np.float64)[::2], t)
    found = memory.get(out[1], np.float64)
    for array in (memory.get(beta, np.float64), memory.get(se, np.float64), found):
        assert np.isnan(array[1::2]).all()
    np.testing.assert_array_equal(memory.get(dof_out, np.int32)[::2], dof)
    expected = log10p_student_t(t, dof.astype(float))
    assert np.nanmax(expected[np.isfinite(expected)]) > 1e5
    np.testing.assert_allclose(found[::2], expected, rtol=TAIL_TOLERANCE, atol=0)
    assert coverage >= LEAST_TAIL_COVERAGE
