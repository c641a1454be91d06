"""The scan as the golden tests use it: no filter, results opened for reading."""

import pytest

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.context import Context


@pytest.fixture
def scan(tmp_path):
    """Scan files and open the result; variants are not filtered unless asked for."""
    opened = []

    def run(genotypes, phenotypes, *, threads=2, **options):
        output = tmp_path / f"statistics_{len(opened)}.h5"
        run_scan(
            genotypes,
            phenotypes,
            output,
            options=ScanOptions(**{"mac": 0, "precision": "full", "geno": 1, **options}),
            context=Context(threads=threads),
        )
        opened.append(open_statistics(output))
        return opened[-1]

    yield run
    for statistics in opened:
        statistics.close()
