"""Degrees of freedom of the omnibus where dropped samples leave a phenotype constant."""

import numpy as np
import pytest
from tests.cohort_files import write_bed, write_table

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.association.tails import log10p_f
from igwas.sumstats.export import export_sumstats
from igwas.sumstats.options import ExportOptions

N_SAMPLES = 80


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """Phenotype 0 varies only among those without a call of variant 0."""
    folder = tmp_path_factory.mktemp("constant")
    rng = np.random.default_rng(2)
    dosage = rng.binomial(2, 0.4, (5, N_SAMPLES))
    dosage[0, :8] = -1
    values = rng.normal(size=(N_SAMPLES, 4))
    values[8:, 0] = 1.0
    write_bed(folder / "g.bed", dosage)
    write_table(folder / "p.tsv", values, ["a", "b", "c", "d"])
    options = ScanOptions(missing="drop", mac=1, geno=1)
    run_scan(folder / "g.bed", folder / "p.tsv", folder / "s.h5", options=options)
    return folder / "s.h5", dosage, values


def test_a_constant_phenotype_has_no_effect_and_does_not_count(scanned):
    path, dosage, values = scanned
    with open_statistics(path) as file:
        assert file.reason[0, 0] == 0
        assert np.isnan(file.beta[0]).tolist() == [True, False, False, False]
        found = file.omnibus()
        expected = log10p_f(found["f_statistic"], found["dof1"], found["dof2"])
        assert found["dof1"].tolist() == [3, 4, 4, 4, 4]
        assert found["dof2"].tolist() == [72 - 1 - 3, *[N_SAMPLES - 1 - 4] * 4]
        np.testing.assert_allclose(found["log10p"], expected, rtol=1e-12)
    # Wilks' lambda by least squares of the genotype on the phenotypes that vary.
    g, y = dosage[0, 8:].astype(float), values[8:, 1:]
    design = np.column_stack([np.ones(72), y])
    residual = g - design @ np.linalg.lstsq(design, g, rcond=None)[0]
    whole = ((g - g.mean()) ** 2).sum()
    f = (whole - residual @ residual) / (residual @ residual) * 68 / 3
    assert found["f_statistic"].iloc[0] == pytest.approx(f, rel=1e-5)


def test_exports_say_the_degrees_of_freedom_of_each_variant(scanned, tmp_path):
    options = ExportOptions(phenotype="omnibus", format="gwas-ssf")
    export_sumstats(scanned[0], tmp_path / "o.tsv", options=options)
    lines = [line.split("\t") for line in (tmp_path / "o.tsv").read_text().splitlines()]
    at = lines[0].index("dof1")
    assert [line[at] for line in lines[1:]] == ["3", "4", "4", "4", "4"]
