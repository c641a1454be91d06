"""Projected statistics against a scan of the combined phenotypes."""

import h5py
import numpy as np
import pytest
from tests.reference.cohort_files import write_cohort, write_table
from tests.reference.statistics_fixture import write_statistics

from igwas.association.options import ScanOptions
from igwas.association.project import project
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.association.weights import (
    Weights,
    lead_direction,
    principal_components,
    read_weights,
    subset_weights,
)
from igwas.errors import IncompleteFile, InputError, OptionError, OutputError

# Effects are stored in float32: a sum of a few of them is good to a few of its steps.
BETA_TOLERANCE = 1e-6
# log10p moves by t^2 times the relative error of t.
P_TOLERANCE = 1e-5
K = 6
CHROMOSOMES = ("1",) * 30 + ("2",) * 10 + ("X",) * 12


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    return write_cohort(
        folder, n_samples=300, chromosomes=CHROMOSOMES, n_phenotypes=K, missing_rate=0.02, seed=4
    )


def scan(cohort, phenotypes, output, **options):
    settings = {"covariates": cohort.covariates, "mac": 5, "precision": "full", "hit_log10p": 2.0}
    run_scan(cohort.bed, phenotypes, output, options=ScanOptions(**{**settings, **options}))
    return output


@pytest.fixture(scope="module")
def scanned(cohort, tmp_path_factory):
    return scan(cohort, cohort.phenotypes, tmp_path_factory.mktemp("scan") / "statistics.h5")


def random_weights(seed=2, n=4):
    matrix = np.random.default_rng(seed).normal(size=(K, n))
    matrix[2, 1] = matrix[0, 2] = 0.0
    return Weights(tuple(f"w{i}" for i in range(n)), matrix, "test")


def rerun(cohort, weights, folder, **options):
    """Scan the combined phenotypes from the start."""
    table = folder / "combined.tsv"
    write_table(table, cohort.values @ weights.matrix, "w")
    return scan(cohort, table, folder / "rerun.h5", **options)


def arrays(path):
    with open_statistics(path) as file:
        names = ("beta", "se", "t", "log10p", "omnibus_f_statistic", "omnibus_log10p", "reason",
                 "n", "degrees_of_freedom", "effect_allele_frequency")  # fmt: skip
        found = {name: getattr(file, name)[:] for name in names}
        hits = file.hits()
        found["rss"] = file.array("/phenotypes/residual_sum_of_squares")
        found["covariance"] = np.stack([file.covariance(m) for m in range(len(found["rss"]))])
        found["omnibus_dof"] = file.array("/models/omnibus_dof")
    return found, hits


def assert_agree(found, expected, *, names=None):
    for name in names or expected:
        scale = np.nanmax(np.abs(expected[name].astype(float)))
        tolerance = P_TOLERANCE if "log10p" in name or name == "omnibus_f_statistic" else 0
        np.testing.assert_allclose(
            found[name], expected[name], rtol=max(tolerance, BETA_TOLERANCE),
            atol=max(BETA_TOLERANCE, tolerance) * scale, err_msg=name,
        )  # fmt: skip


def test_random_combinations_equal_a_scan_of_the_combined_phenotypes(cohort, scanned, tmp_path):
    weights = random_weights()
    summary = project(scanned, tmp_path / "projected.h5", lambda _: weights)
    found, hits = arrays(tmp_path / "projected.h5")
    expected, expected_hits = arrays(rerun(cohort, weights, tmp_path))
    assert np.isfinite(found["beta"]).sum() > 150
    assert_agree(found, expected)
    assert summary.n_hits == len(hits) == len(expected_hits) > 0
    np.testing.assert_allclose(hits["log10p"], expected_hits["log10p"], rtol=P_TOLERANCE)


def test_with_dropped_samples_effects_are_exact_and_errors_close(cohort, tmp_path):
    weights = random_weights()
    source = scan(cohort, cohort.phenotypes, tmp_path / "s.h5", missing="drop")
    summary = project(source, tmp_path / "projected.h5", lambda _: weights)
    found, _ = arrays(tmp_path / "projected.h5")
    expected, _ = arrays(rerun(cohort, weights, tmp_path, missing="drop"))
    assert_agree(found, expected, names=["beta", "reason", "n", "degrees_of_freedom"])
    tested = np.isfinite(expected["se"])
    # Of the 2 % without a call the phenotypes' variance is known, their correlation is not.
    np.testing.assert_allclose(found["se"][tested], expected["se"][tested], rtol=0.03)
    assert np.median(np.abs(found["se"][tested] / expected["se"][tested] - 1)) < 5e-3
    np.testing.assert_allclose(
        found["omnibus_log10p"], expected["omnibus_log10p"], rtol=0.02, atol=0.02
    )
    assert any("effects are exact" in note for note in summary.notes)


def test_with_dropped_samples_a_phenotype_alone_is_exact(cohort, tmp_path):
    source = scan(cohort, cohort.phenotypes, tmp_path / "s.h5", missing="drop")
    project(source, tmp_path / "p.h5", lambda file: subset_weights(file, ["Y3", "Y1"]))
    found, _ = arrays(tmp_path / "p.h5")
    expected, _ = arrays(source)
    for name in ("beta", "se", "log10p"):
        np.testing.assert_allclose(found[name], expected[name][:, [3, 1]], rtol=1e-5, atol=1e-6)


def test_all_phenotypes_as_they_are_give_the_omnibus_test_again(scanned, tmp_path):
    names = [f"Y{i}" for i in range(K)]
    project(scanned, tmp_path / "p.h5", lambda file: subset_weights(file, names))
    assert_agree(arrays(tmp_path / "p.h5")[0], arrays(scanned)[0])


def test_a_subset_has_the_omnibus_test_of_a_scan_of_it(cohort, scanned, tmp_path):
    project(scanned, tmp_path / "p.h5", lambda file: subset_weights(file, ["Y1", "Y4"]))
    again = scan(cohort, cohort.phenotypes, tmp_path / "s.h5", phenotype_columns=("Y1", "Y4"))
    assert_agree(arrays(tmp_path / "p.h5")[0], arrays(again)[0])


def test_phenotypes_of_several_masks_are_projected_side_by_side(cohort, tmp_path):
    values = cohort.values.copy()
    values[:40, 3:] = np.nan
    write_table(tmp_path / "masked.tsv", values, "Y")
    source = scan(cohort, tmp_path / "masked.tsv", tmp_path / "s.h5")
    matrix = np.zeros((K, 3))
    matrix[:3, 0], matrix[3:, 1], matrix[3:, 2] = [1, -2, 0.5], [0.3, 1, 1], [1, 0, -1]
    weights = Weights(("w0", "w1", "w2"), matrix, "test")
    project(source, tmp_path / "p.h5", lambda _: weights)
    combined = np.stack(
        [np.where(matrix[:, j] != 0, values, 0) @ matrix[:, j] for j in range(3)], axis=1
    )
    write_table(tmp_path / "combined.tsv", combined, "w")
    again = scan(cohort, tmp_path / "combined.tsv", tmp_path / "again.h5")
    assert_agree(arrays(tmp_path / "p.h5")[0], arrays(again)[0])


def test_mixing_masks_is_refused(cohort, tmp_path):
    values = cohort.values.copy()
    values[:40, 3:] = np.nan
    write_table(tmp_path / "masked.tsv", values, "Y")
    source = scan(cohort, tmp_path / "masked.tsv", tmp_path / "s.h5")
    weights = Weights(("mixed",), np.ones((K, 1)), "test")
    with pytest.raises(OptionError, match="mixes phenotypes of 2 missingness masks"):
        project(source, tmp_path / "p.h5", lambda _: weights)
    assert not list(tmp_path.glob("p.h5*"))


def test_principal_components_are_uncorrelated_and_sorted(scanned):
    with open_statistics(scanned) as file:
        weights = principal_components(file, K)
        gram = weights.matrix.T @ file.covariance(0) @ weights.matrix
    np.testing.assert_allclose(gram - np.diag(np.diag(gram)), 0, atol=1e-9 * gram[0, 0])
    assert (np.diff(np.diag(gram)) < 0).all()
    assert weights.names[0] == "pc_001"


def test_the_direction_of_a_lead_variant_has_the_r2_of_its_omnibus_test(scanned, tmp_path):
    with open_statistics(scanned) as file:
        row = int(np.nanargmax(file.omnibus_log10p[:40, 0]))
        f_statistic = float(file.omnibus_f_statistic[row, 0])
    project(scanned, tmp_path / "p.h5", lambda file: lead_direction(file, [f"v{row}"]))
    with open_statistics(tmp_path / "p.h5") as file:
        t, dof = float(file.t[row, 0]), float(file.degrees_of_freedom[row, 0])
        r2 = t**2 / (t**2 + dof)
        dof2 = dof + 1 - K
        assert r2 / (1 - r2) * dof2 / K == pytest.approx(f_statistic, rel=1e-5)
        assert float(file.beta[row, 0]) > 0
        assert file.phenotype_names == [f"lead_v{row}"]
        assert float(file.covariance(0)[0, 0]) / dof == pytest.approx(1, rel=1e-6)


def test_a_lead_variant_can_be_named_by_its_place(scanned):
    with open_statistics(scanned) as file:
        by_id = lead_direction(file, ["v3"])
        by_place = lead_direction(file, ["1:4:G:A"])
    np.testing.assert_array_equal(by_id.matrix, by_place.matrix)


def test_an_unknown_lead_variant_is_named(scanned):
    with open_statistics(scanned) as file, pytest.raises(OptionError, match="rs999"):
        lead_direction(file, ["rs999"])


def test_the_weights_are_kept_in_the_file(scanned, tmp_path):
    weights = random_weights()
    project(scanned, tmp_path / "p.h5", lambda _: weights)
    with h5py.File(tmp_path / "p.h5") as file:
        np.testing.assert_array_equal(file["/projection/weight"][:], weights.matrix)
        assert file["/projection/phenotype"].asstr()[0] == "Y0"


def test_projecting_twice_equals_projecting_by_the_product(scanned, tmp_path):
    first, second = random_weights(3, 4), np.array([[1.0], [-1.0], [0.5], [2.0]])
    project(scanned, tmp_path / "a.h5", lambda _: first)
    project(tmp_path / "a.h5", tmp_path / "b.h5", lambda _: Weights(("w",), second, "test"))
    whole = Weights(("w",), first.matrix @ second, "test")
    project(scanned, tmp_path / "c.h5", lambda _: whole)
    assert_agree(arrays(tmp_path / "b.h5")[0], arrays(tmp_path / "c.h5")[0])


@pytest.mark.parametrize("scale", [1e40, 1e-46])
def test_effects_that_float32_cannot_hold_are_refused(scanned, tmp_path, scale):
    weights = Weights(("usual", "odd"), np.outer(np.ones(K), [1.0, scale]), "test")
    with pytest.raises(OptionError, match="combination 'odd' has a root sum of squares of"):
        project(scanned, tmp_path / "p.h5", lambda _: weights)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threshold", [-1.0, float("nan"), float("inf")])
def test_a_threshold_that_is_none_is_refused(scanned, tmp_path, threshold):
    with pytest.raises(OptionError, match="--hit-log10p is"):
        project(scanned, tmp_path / "p.h5", lambda _: random_weights(), hit_log10p=threshold)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scale", [1e20, 1e-20])
def test_the_scale_of_weights_changes_no_test(scanned, tmp_path, scale):
    for name, factor in (("a", 1.0), ("b", scale)):
        weights = Weights(("w",), np.full((K, 1), factor), "test")
        project(scanned, tmp_path / f"{name}.h5", lambda _, weights=weights: weights)
    with open_statistics(tmp_path / "a.h5") as one, open_statistics(tmp_path / "b.h5") as other:
        np.testing.assert_allclose(other.log10p[:], one.log10p[:], rtol=1e-4)


def test_a_combination_that_cancels_is_refused(cohort, tmp_path):
    values = cohort.values.copy()
    values[:, 1] = values[:, 0]
    write_table(tmp_path / "twins.tsv", values, "Y")
    source = scan(cohort, tmp_path / "twins.tsv", tmp_path / "s.h5")
    matrix = np.zeros((K, 1))
    matrix[:2, 0] = [1, -1]
    with pytest.raises(OptionError, match="determine each other"):
        project(source, tmp_path / "p.h5", lambda _: Weights(("d",), matrix, "test"))


def test_an_untested_phenotype_spoils_only_combinations_with_it(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", n_phenotypes=3)
    with h5py.File(truth.path, "r+") as file:
        file["/beta"][:, 2] = np.nan
        file["/phenotypes/covariance"][:, 2, 2] = 0
        file["/phenotypes/residual_sum_of_squares"][:, 2] = 0
    matrix = np.array([[1.0, 1.0], [0, 0], [0, 1.0]])
    project(truth.path, tmp_path / "p.h5", lambda _: Weights(("a", "b"), matrix, "test"))
    with open_statistics(tmp_path / "p.h5") as file:
        assert np.isfinite(file.beta[:, 0]).sum() > 150
        assert np.isnan(file.beta[:, 1]).all()


def test_an_unfinished_scan_is_refused(tmp_path):
    truth = write_statistics(tmp_path / "s.h5", done=0.5)
    with pytest.raises(IncompleteFile, match="2 of 4 blocks"):
        project(truth.path, tmp_path / "p.h5", lambda _: None)


def test_an_existing_output_is_kept(scanned, tmp_path):
    (tmp_path / "p.h5").write_text("precious")
    with pytest.raises(OutputError, match="--overwrite"):
        project(scanned, tmp_path / "p.h5", lambda _: random_weights())
    assert (tmp_path / "p.h5").read_text() == "precious"


def test_the_input_is_never_the_output(scanned):
    with pytest.raises(OptionError, match="would replace"):
        project(scanned, scanned, lambda _: random_weights(), overwrite=True)


WEIGHTS = "phenotype\tfirst\tsecond\nY0\t1\t0\nY3\t-0.5\t2\n"


def test_weights_are_read_by_name(tmp_path):
    (tmp_path / "w.tsv").write_text(WEIGHTS)
    weights = read_weights(tmp_path / "w.tsv", [f"Y{i}" for i in range(K)])
    assert weights.names == ("first", "second")
    np.testing.assert_array_equal(weights.matrix[:, 0], [1, 0, 0, -0.5, 0, 0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WEIGHTS.replace("Y3", "Y33"), "'Y33'"),
        (WEIGHTS.replace("Y3", "Y0"), "twice"),
        (WEIGHTS.replace("-0.5", "half"), "'half'"),
        (WEIGHTS.replace("-0.5", "NA"), "finite"),
        (WEIGHTS.replace("phenotype", "name"), "expected 'phenotype'"),
        ("", "cannot be read"),
    ],
)
def test_bad_weights_are_refused_in_one_line(tmp_path, content, message):
    (tmp_path / "w.tsv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_weights(tmp_path / "w.tsv", [f"Y{i}" for i in range(K)])


@pytest.mark.parametrize("weight", ["1e300", "-1e51", "1e-200"])
def test_weights_whose_squares_overflow_or_vanish_are_refused(tmp_path, weight):
    path = tmp_path / "weights.tsv"
    path.write_text(f"phenotype\tw\nfirst\t1\nsecond\t{weight}\n")
    with pytest.raises(InputError, match=r"weight 'w' of 'second' is .*; expected 0, or 1e-50"):
        read_weights(path, ["first", "second"])


@pytest.mark.parametrize("separator", ["\t", ",", " "])
def test_a_column_named_twice_is_refused_not_renamed(tmp_path, separator):
    lines = (("phenotype", "w", "w"), ("a", "1", "2"))
    (tmp_path / "w").write_text("".join(separator.join(line) + "\n" for line in lines))
    with pytest.raises(InputError, match="names the column 'w' twice"):
        read_weights(tmp_path / "w", ["a"])


def test_a_column_without_a_name_is_refused(tmp_path):
    (tmp_path / "w.csv").write_text(",phenotype,w\n1,a,2\n")
    with pytest.raises(InputError, match="column 1 of the header has no name"):
        read_weights(tmp_path / "w.csv", ["a"])
