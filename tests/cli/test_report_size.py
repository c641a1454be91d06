"""A page of a large scan: its size, its time, its memory."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

N_VARIANTS, N_PHENOTYPES = 1_000_000, 128
# What 10,000,000 variants may take is 5 minutes, 2 GiB and 10 MB.
SECONDS, MEMORY_BYTES, PAGE_BYTES = 120, 1 << 30, 10_000_000


def run(*words):
    subprocess.run([sys.executable, *map(str, words)], check=True, cwd=REPOSITORY)


@pytest.mark.slow
def test_a_million_variants_by_128_phenotypes_make_a_light_page(tmp_path):
    statistics, loci = tmp_path / "s.h5", tmp_path / "l.json"
    run(
        "benchmarks/simulated_statistics.py", statistics,
        "--variants", N_VARIANTS, "--phenotypes", N_PHENOTYPES,
    )  # fmt: skip
    # A loose level, so that there are many loci to draw and to list.
    run("-m", "igwas", "loci", statistics, "-o", tmp_path / "l.tsv", "--json", loci, "--p", "1e-4")
    page = tmp_path / "report.html"
    start = time.monotonic()
    run("-m", "igwas", "report", statistics, "--loci", loci, "-o", page)
    assert time.monotonic() - start < SECONDS
    assert page.stat().st_size < PAGE_BYTES
    # The largest child so far, the simulation included.
    peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak < MEMORY_BYTES
    print(f"{page.stat().st_size:,} bytes, {peak / 2**20:.0f} MiB")
