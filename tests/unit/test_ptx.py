"""What nvcc makes of the kernel, run instruction by instruction: the sums of the plain product."""

import struct

import numpy as np
import pytest
from tests.ptx_program import compile_program, load_interpreter, needs_nvcc

N_THREADS, TILE_COLUMNS, UNIT, SPLIT_UNITS = 128, 32, 64, 256
# What is left: the atomic additions of rows and columns that a case does not have, and the like.
LEAST_COVERAGE = 0.98
KINDS = {"effect": 0, "other": 1, "missing": 2}
COPIES_OF_CALL = np.array([2, 0, 1, 0])
# Of hard calls, dosages in a byte, in two, and fine codes: which is missing, the code of two
# copies, the type, and how many rows a block sums.
MISSING = {"Call": 1, "Byte": 255, "Code": 65535, "Fine": 2**32 - 1}
TWO_COPIES = {"Call": 2, "Byte": 254, "Code": 65534, "Fine": 2**22}
TYPES = {"Call": np.uint8, "Byte": np.uint8, "Code": np.uint16, "Fine": np.uint32}
BLOCK_ROWS = {"Call": 128, "Byte": 128, "Code": 64, "Fine": 32}
# The largest code whose lower bytes are all as large as they can be.
LARGEST_LOW = {"Byte": 254, "Code": 0xFEFF, "Fine": 0x3FFFFF}
# -128 - 256 x 128: two digits of -128.
LARGEST_DIGITS = -128 - 256 * 128

pytestmark = needs_nvcc


@pytest.fixture(scope="module")
def ptx():
    return load_interpreter()


@pytest.fixture(scope="module", params=[75, 90])
def program(request, tmp_path_factory):
    """The PTX for Turing, which multiplies in quarters, and for Hopper."""
    return compile_program(tmp_path_factory.mktemp("ptx"), request.param)


def pack_digits(values):
    """The layout of digits, from the description in docs/cuda.md; (samples, columns) int."""
    n_tiles, n_units = -(-values.shape[1] // TILE_COLUMNS), len(values) // UNIT
    padded = np.zeros((len(values), n_tiles * TILE_COLUMNS), np.int64)
    padded[:, : values.shape[1]] = values
    packed = np.zeros((n_tiles, n_units, 2, 4, 3, 32, 8), np.int8)
    tile, unit, half, group, lane, i = np.indices((n_tiles, n_units, 2, 4, 32, 8))
    rest = padded[
        UNIT * unit + 16 * (lane % 4) + 8 * half + i, TILE_COLUMNS * tile + 8 * group + lane // 4
    ]
    for digit in range(3):
        low = (rest + 128) % 256 - 128
        packed[tile, unit, half, group, digit, lane, i // 2 + 4 * (i % 2)] = low
        rest = (rest - low) // 256
    return packed


def weights(genotypes, kind, form):
    """What each sample of a row counts, as 64-bit integers."""
    missing = genotypes == MISSING[form]
    if kind == KINDS["missing"]:
        return missing.astype(np.int64)
    effect = COPIES_OF_CALL[genotypes] if form == "Call" else genotypes.astype(np.int64)
    counted = effect if kind == KINDS["effect"] else TWO_COPIES[form] - effect
    return np.where(missing, 0, counted)


def run_case(ptx, program, form, n_units, n_rows, n_columns, seed, n_more=None, is_extreme=False):
    """Sums of random rows, found and expected, and the coverage.

    `n_more` : of the rows, how many only the device knows of; more blocks than needed then run.
    `is_extreme` : every sample counts the most that it can, and every digit is as large.
    """
    rng = np.random.default_rng(seed)
    n_samples, n_variants = n_units * UNIT, 20
    values = rng.integers(-(2**20), 2**20 + 1, (n_samples, n_columns))
    values[rng.random(n_samples) < 0.2] = 2**20
    n_codes = 4 if form == "Call" else TWO_COPIES[form] + 1
    genotypes = rng.integers(0, n_codes, (n_variants, n_samples))
    if form != "Call":
        genotypes[rng.random(genotypes.shape) < 0.1] = MISSING[form]
    if is_extreme:
        values[:, ::2], values[:, 1::2] = LARGEST_DIGITS, 2**20
        genotypes[:10], genotypes[10:] = TWO_COPIES[form], LARGEST_LOW[form]
    packed = genotypes.astype(TYPES[form])
    if form == "Call":
        quads = packed.reshape(n_variants, -1, 4)
        packed = (quads << np.array([0, 2, 4, 6], np.uint8)).sum(axis=2, dtype=np.uint8)
    rows = np.stack([rng.integers(0, n_variants, n_rows), rng.integers(0, 3, n_rows)], axis=1)
    if is_extreme:
        rows = np.stack([4 * np.arange(n_rows), np.zeros(n_rows, int)], axis=1)
    memory = ptx.Memory()
    sums = memory.put(np.zeros((n_rows, n_columns), np.int64))
    addresses = (
        memory.put(packed),
        memory.put(rows.astype(np.uint32)),
        memory.put(pack_digits(values)),
    )
    arguments = struct.pack(
        "<6Q3I4x", addresses[0], packed[0].nbytes, addresses[1], addresses[2], sums,
        0 if n_more is None else memory.put(np.array([n_more], np.uint32)),
        n_rows - (n_more or 0), n_units, n_columns,
    )  # fmt: skip
    kernel = ptx.parse(program, f"sum_rows\\w*{form}Rows")
    grid = (
        -(-n_rows // BLOCK_ROWS[form]) + (n_more is not None),
        -(-n_columns // TILE_COLUMNS),
        -(-n_units // SPLIT_UNITS),
    )
    coverage = ptx.launch(kernel, memory, arguments, N_THREADS, grid)
    expected = np.stack([weights(genotypes[v], kind, form) for v, kind in rows]) @ values
    return memory.get(sums, np.int64).reshape(n_rows, n_columns), expected, coverage


@pytest.mark.parametrize("form", TYPES)
def test_sums_are_those_of_the_plain_product(ptx, program, form):
    found, expected, coverage = run_case(ptx, program, form, 3, 150, 40, seed=1, n_more=9)
    np.testing.assert_array_equal(found, expected)
    assert coverage >= LEAST_COVERAGE


@pytest.mark.parametrize("program", [90], indirect=True)
def test_parts_of_the_samples_are_added(ptx, program):
    found, expected, _ = run_case(ptx, program, "Byte", SPLIT_UNITS + 2, 5, 3, seed=2)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("form", ["Byte", "Code", "Fine"])
@pytest.mark.parametrize("program", [90], indirect=True)
def test_the_largest_sums_of_digits_fit_32_bits(ptx, program, form):
    found, expected, _ = run_case(ptx, program, form, SPLIT_UNITS, 5, 2, seed=3, is_extreme=True)
    np.testing.assert_array_equal(found, expected)
    assert np.abs(expected).max() >= 2**20 * TWO_COPIES[form] * SPLIT_UNITS * UNIT


def test_a_buffer_too_short_is_an_error(ptx, program):
    memory = ptx.Memory()
    address = memory.put(np.zeros(16, np.uint8))
    arguments = struct.pack("<6Q3I4x", address, 16, address, address, address, 0, 1, 3, 1)
    kernel = ptx.parse(program, "sum_rows\\w*CallRows")
    with pytest.raises(ptx.PtxError, match="past the end of a buffer"):
        ptx.launch(kernel, memory, arguments, N_THREADS, (1, 1, 1))
