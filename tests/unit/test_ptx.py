"""What nvcc makes of the kernel, run instruction by instruction: the sums of the plain product."""

import struct

import numpy as np
import pytest
from tests.ptx_program import compile_program, load_interpreter, needs_nvcc

N_THREADS, TILE_ROWS, TILE_COLUMNS, UNIT, SPLIT_UNITS = 128, 128, 32, 64, 256
# What is left: the atomic additions of rows and columns that a case does not have, and the like.
LEAST_COVERAGE = 0.98
KINDS = {"effect": 0, "other": 1, "missing": 2}
COPIES_OF_CALL = np.array([2, 0, 1, 0])

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


def weights(genotypes, kind, has_bytes):
    """What each sample of a row counts, as 64-bit integers."""
    missing = genotypes == (255 if has_bytes else 1)
    if kind == KINDS["missing"]:
        return missing.astype(np.int64)
    effect = genotypes.astype(np.int64) if has_bytes else COPIES_OF_CALL[genotypes]
    two = 254 if has_bytes else 2
    return np.where(missing, 0, effect if kind == KINDS["effect"] else two - effect)


def run_case(ptx, program, has_bytes, n_units, n_rows, n_columns, seed, n_more=None):
    """Sums of random rows, found and expected, and the coverage.

    `n_more` : of the rows, how many only the device knows of; more blocks than needed then run.
    """
    rng = np.random.default_rng(seed)
    n_samples, n_variants = n_units * UNIT, 20
    values = rng.integers(-(2**20), 2**20 + 1, (n_samples, n_columns))
    values[rng.random(n_samples) < 0.2] = 2**20
    genotypes = rng.integers(0, 256 if has_bytes else 4, (n_variants, n_samples))
    packed = genotypes.astype(np.uint8)
    if not has_bytes:
        quads = packed.reshape(n_variants, -1, 4)
        packed = (quads << np.array([0, 2, 4, 6], np.uint8)).sum(axis=2, dtype=np.uint8)
    rows = np.stack([rng.integers(0, n_variants, n_rows), rng.integers(0, 3, n_rows)], axis=1)
    memory = ptx.Memory()
    sums = memory.put(np.zeros((n_rows, n_columns), np.int64))
    addresses = (
        memory.put(packed),
        memory.put(rows.astype(np.uint32)),
        memory.put(pack_digits(values)),
    )
    arguments = struct.pack(
        "<6Q3I4x", addresses[0], packed.shape[1], addresses[1], addresses[2], sums,
        0 if n_more is None else memory.put(np.array([n_more], np.uint32)),
        n_rows - (n_more or 0), n_units, n_columns,
    )  # fmt: skip
    kernel = ptx.parse(program, f"sum_rows\\w*{'Byte' if has_bytes else 'Call'}Rows")
    grid = (
        -(-n_rows // TILE_ROWS) + (n_more is not None),
        -(-n_columns // TILE_COLUMNS),
        -(-n_units // SPLIT_UNITS),
    )
    coverage = ptx.launch(kernel, memory, arguments, N_THREADS, grid)
    expected = np.stack([weights(genotypes[v], kind, has_bytes) for v, kind in rows]) @ values
    return memory.get(sums, np.int64).reshape(n_rows, n_columns), expected, coverage


@pytest.mark.parametrize("has_bytes", [False, True])
def test_sums_are_those_of_the_plain_product(ptx, program, has_bytes):
    found, expected, coverage = run_case(ptx, program, has_bytes, 3, 150, 40, seed=1, n_more=9)
    np.testing.assert_array_equal(found, expected)
    assert coverage >= LEAST_COVERAGE


@pytest.mark.parametrize("program", [90], indirect=True)
def test_parts_of_the_samples_are_added(ptx, program):
    found, expected, _ = run_case(ptx, program, True, SPLIT_UNITS + 2, 5, 3, seed=2)
    np.testing.assert_array_equal(found, expected)


def test_a_buffer_too_short_is_an_error(ptx, program):
    memory = ptx.Memory()
    address = memory.put(np.zeros(16, np.uint8))
    arguments = struct.pack("<6Q3I4x", address, 16, address, address, address, 0, 1, 3, 1)
    kernel = ptx.parse(program, "sum_rows\\w*CallRows")
    with pytest.raises(ptx.PtxError, match="past the end of a buffer"):
        ptx.launch(kernel, memory, arguments, N_THREADS, (1, 1, 1))
