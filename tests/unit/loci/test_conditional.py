"""Conditional tests against least squares with the lead as a column of the design."""

import numpy as np
import pytest
from tests.reference import ordinary_least_squares as twin
from tests.reference.cohort_files import write_cohort, write_table

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.context import Context
from igwas.errors import InputError, OptionError
from igwas.genotypes.genotype_file import open_genotypes
from igwas.loci.conditional import ConditionalScan

CHROMOSOMES = ("1",) * 10 + ("X",) * 8
TOLERANCE = 1e-7


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return write_cohort(
        tmp_path_factory.mktemp("cohort"), n_samples=120, chromosomes=CHROMOSOMES, n_phenotypes=3,
        missing_rate=0.03, seed=9,
    )  # fmt: skip


@pytest.fixture
def opened(cohort, tmp_path):
    """Open the scan of the cohort with the options asked for."""
    files = []

    def scan(phenotypes=None, **options):
        output = tmp_path / "statistics.h5"
        settings = {
            "covariates": cohort.covariates, "mac": 0, "geno": 1, "precision": "full",
            "overwrite": True, **options,
        }  # fmt: skip
        run_scan(cohort.bed, phenotypes or cohort.phenotypes, output,
                 options=ScanOptions(**settings))  # fmt: skip
        files.extend([open_statistics(output), open_genotypes(cohort.bed)])
        return files[-2:]

    yield scan
    for file in files:
        file.close()


def conditional(statistics, genotypes, phenotypes, **options):
    return ConditionalScan(
        statistics, genotypes, phenotypes, context=Context(threads=2), **options
    )  # fmt: skip


def expected_of(cohort, rows, given, missing, values=None):
    """The twin's scan with the dosages of `given` as covariates, as each treatment fills them."""
    leads = cohort.dosage[list(given)].T.copy()
    on_x = [CHROMOSOMES[row] == "X" for row in given]
    leads[np.ix_(cohort.sex == 1, on_x)] = np.where(
        leads[np.ix_(cohort.sex == 1, on_x)] == 1, np.nan, leads[np.ix_(cohort.sex == 1, on_x)]
    )
    values = (cohort.values if values is None else values).copy()
    if missing == "mean":
        leads = np.where(np.isnan(leads), np.nanmean(leads, axis=0), leads)
    else:
        values[np.isnan(leads).any(axis=1)] = np.nan
        leads = np.nan_to_num(leads)
    return twin.scan(
        cohort.dosage[rows], values, np.hstack([cohort.covariate_values, leads]),
        twin.Rules(missing=missing), chromosomes=[CHROMOSOMES[row] for row in rows],
        sex=cohort.sex,
    )  # fmt: skip


@pytest.mark.parametrize("missing", ["mean", "drop"])
@pytest.mark.parametrize(("rows", "given"), [(range(10), (3,)), (range(10), (3, 7)),
                                             (range(10, 18), (12,))])  # fmt: skip
def test_tests_are_those_of_a_design_with_the_leads(cohort, opened, missing, rows, given):
    statistics, genotypes = opened(missing=missing)
    rows = np.array(rows)
    found = conditional(statistics, genotypes, cohort.phenotypes).test(rows, given)
    expected = expected_of(cohort, rows, given, missing)
    others = ~np.isin(rows, given)
    for name in ("beta", "se", "log10p"):
        np.testing.assert_allclose(
            getattr(found, name)[others], getattr(expected, name)[others], rtol=TOLERANCE,
            err_msg=name,
        )  # fmt: skip
    np.testing.assert_allclose(
        found.omnibus_log10p[others, 0], expected.omnibus_log10p[others, 0], rtol=1e-6
    )


def test_a_variant_conditioned_on_cannot_be_tested(cohort, opened):
    statistics, genotypes = opened()
    found = conditional(statistics, genotypes, cohort.phenotypes).test(np.arange(10), (3,))
    assert np.isnan(found.beta[3]).all()


def test_some_phenotypes_can_be_tested_alone(cohort, opened):
    statistics, genotypes = opened()
    scan = conditional(statistics, genotypes, cohort.phenotypes)
    whole, part = (scan.test(np.arange(10), (3,), c) for c in (None, np.array([2, 0])))
    np.testing.assert_allclose(part.beta, whole.beta[:, [2, 0]], rtol=1e-12)


def test_given_nothing_it_is_the_scan(cohort, opened):
    statistics, genotypes = opened()
    found = conditional(statistics, genotypes, cohort.phenotypes).test(np.arange(10), ())
    np.testing.assert_allclose(found.log10p, statistics.log10p[:10], rtol=1e-5)


def test_variants_that_the_scan_left_out_stay_out(cohort, opened):
    statistics, genotypes = opened(mac=100)
    left_out = statistics.reason[:10, 0] != 0
    assert left_out.any()
    found = conditional(statistics, genotypes, cohort.phenotypes).test(np.arange(10), ())
    np.testing.assert_array_equal(np.isnan(found.beta[:, 0]), left_out)
    np.testing.assert_array_equal(np.isnan(found.omnibus_log10p[:, 0]), left_out)


def test_rows_are_found_by_place(cohort, opened):
    statistics, genotypes = opened()
    scan = conditional(statistics, genotypes, cohort.phenotypes)
    # Positions count on over chromosomes.
    assert scan.rows_between("1", 3, 6).tolist() == [2, 3, 4, 5]
    assert scan.rows_between("X", 1, 12).tolist() == [10, 11]
    assert scan.rows_between("7", 1, 12).tolist() == []


def test_other_phenotypes_are_refused(cohort, opened, tmp_path):
    statistics, genotypes = opened()
    write_table(tmp_path / "others.tsv", cohort.values, "Z")
    with pytest.raises(InputError, match="expected the phenotypes of the scan"):
        conditional(statistics, genotypes, tmp_path / "others.tsv")


def test_other_values_are_refused(cohort, opened, tmp_path):
    statistics, genotypes = opened()
    write_table(tmp_path / "others.tsv", cohort.values + np.arange(120)[:, None] % 2, "Y")
    with pytest.raises(InputError, match="other residuals"):
        conditional(statistics, genotypes, tmp_path / "others.tsv")


def test_a_copy_of_the_covariates_will_do(cohort, opened, tmp_path):
    statistics, genotypes = opened()
    copy = tmp_path / "copy.tsv"
    copy.write_bytes(cohort.covariates.read_bytes())
    scan = conditional(statistics, genotypes, cohort.phenotypes, covariates=copy)
    assert np.isfinite(scan.test(np.arange(10), ()).beta).any()


def test_covariates_that_are_gone_are_named(cohort, opened, tmp_path):
    gone = tmp_path / "gone.tsv"
    gone.write_bytes(cohort.covariates.read_bytes())
    statistics, genotypes = opened(covariates=gone)
    gone.unlink()
    with pytest.raises(InputError, match=r"gone.tsv.*--covariates FILE"):
        conditional(statistics, genotypes, cohort.phenotypes)


def test_a_projection_is_no_scan(cohort, opened, tmp_path):
    from igwas.association.project import project
    from igwas.association.weights import subset_weights

    statistics, genotypes = opened()
    project(statistics.path, tmp_path / "p.h5", lambda file: subset_weights(file, ["Y0"]))
    with open_statistics(tmp_path / "p.h5") as file, pytest.raises(OptionError, match="does not"):
        conditional(file, genotypes, cohort.phenotypes)


def write_predictions(folder, cohort, seed=3):
    """regenie's predictions of three phenotypes, leaving each chromosome out."""
    rng = np.random.default_rng(seed)
    ids = " ".join(f"F{i}_S{i}" for i in range(120))
    lines = []
    for k in range(3):
        rows = [f"FID_IID {ids}"]
        for chromosome in ("1", "X"):
            values = " ".join(f"{value:.6f}" for value in rng.normal(size=120) * 0.3)
            rows.append(f"{chromosome} {values}")
        (folder / f"fit_{k + 1}.loco").write_text("\n".join(rows) + "\n")
        lines.append(f"Y{k} fit_{k + 1}.loco")
    (folder / "fit_pred.list").write_text("\n".join(lines) + "\n")
    return folder / "fit_pred.list"


@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_predictions_of_a_whole_genome_regression_are_subtracted_as_in_the_scan(
    cohort, opened, tmp_path, missing
):
    statistics, genotypes = opened(loco=write_predictions(tmp_path, cohort), missing=missing)
    scan = conditional(statistics, genotypes, cohort.phenotypes)
    for rows in (np.arange(10), np.arange(10, 18)):
        found = scan.test(rows, (), np.array([1]))
        at = scan.tested_columns(np.array([1]))
        np.testing.assert_allclose(found.log10p[:, at], statistics.log10p[rows][:, [1]], rtol=1e-5)
        mask = scan.omnibus_mask(0)
        np.testing.assert_allclose(
            found.omnibus_log10p[:, mask], statistics.omnibus_log10p[rows, 0], rtol=1e-5
        )
        given = scan.test(rows, (int(rows[2]),), np.array([1]))
        assert np.isfinite(given.log10p[:, at]).sum() == len(rows) - 1


def test_a_lead_does_not_change_the_scale_of_predictions(cohort, opened, tmp_path):
    """regenie scaled them knowing the covariates, not the lead."""
    statistics, genotypes = opened(loco=write_predictions(tmp_path, cohort))
    found = conditional(statistics, genotypes, cohort.phenotypes).test(np.arange(10), (3,))
    design = np.hstack([np.ones((120, 1)), cohort.covariate_values])
    table = np.loadtxt(tmp_path / "fit_1.loco", skiprows=1, usecols=range(1, 121), max_rows=1)
    y = cohort.values[:, 0]
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    left = y - table * np.sqrt(residual @ residual / (120 - design.shape[1]))
    expected = expected_of(cohort, np.arange(10), (3,), "mean", values=left[:, None])
    others = np.arange(10) != 3
    np.testing.assert_allclose(found.beta[others, 0], expected.beta[others, 0], rtol=1e-6)
