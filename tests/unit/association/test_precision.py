"""Fixed-point sums: one limb is near two, and every instruction set gives the same bits."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from tests.reference.cohort_files import write_cohort

from igwas import ScanOptions, open_statistics, run_scan
from igwas.errors import OptionError

# 2^-21 of the largest value of a phenotype, a few standard deviations, summed over 60 samples.
SINGLE_Z_TOLERANCE = 2e-5

_SCAN = """
import sys
from igwas import ScanOptions, run_scan
run_scan(*sys.argv[1:4], options=ScanOptions(mac=0, geno=1))
"""


def test_single_precision_moves_z_by_less_than_it_says(tmp_path):
    cohort = write_cohort(tmp_path, chromosomes=("1",) * 40)
    z = {}
    for precision in ("full", "single"):
        output = tmp_path / f"{precision}.h5"
        options = ScanOptions(mac=0, geno=1, precision=precision)
        run_scan(cohort.bed, cohort.phenotypes, output, options=options)
        with open_statistics(output) as statistics:
            z[precision] = statistics.t[:]
    assert not np.array_equal(z["full"], z["single"])
    assert np.nanmax(np.abs(z["full"] - z["single"])) < SINGLE_Z_TOLERANCE


def test_unknown_precision_is_refused():
    with pytest.raises(OptionError, match="--precision is 'half'"):
        ScanOptions(precision="half")


def test_every_instruction_set_gives_the_same_bits(tmp_path):
    cohort = write_cohort(tmp_path, n_samples=700, chromosomes=("1",) * 30)
    found = {}
    for level in ("generic", "avx2", "avx512"):
        output = tmp_path / f"{level}.h5"
        subprocess.run(
            [sys.executable, "-c", _SCAN, str(cohort.bed), str(cohort.phenotypes), str(output)],
            env={**os.environ, "IGWAS_SIMD": level},
            check=True,
        )
        with h5py.File(output) as file:
            found[level] = file["/beta"][:]
    assert found["generic"].tobytes() == found["avx2"].tobytes() == found["avx512"].tobytes()
