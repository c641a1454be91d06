"""Linear regression and LOCO predictions against regenie; see regenie/HOW.md."""

import numpy as np
import pandas as pd
import pytest
from tests.golden.printed_digits import FLOAT32_ROUNDING, assert_prints_as

N_COVARIATES = 4

# The SD that scales predictions: regenie v1.0.6.7 divides by N - 1 and we by N - C. Betas of up to
# 0.4 then differ by up to 0.3 % of the prediction's own regression on the variant.
LOCO_BETA_TOLERANCE = 1e-4
LOCO_CHISQ_TOLERANCE = 0.02  # relative, plus:
LOCO_CHISQ_ABSOLUTE = 5e-4  # where chi-square is near 0


@pytest.fixture
def folders(data_dir):
    example = data_dir / "genotypes" / "regenie_example"
    return example, data_dir / "expected" / "regenie_example" / "regenie_v1.0.6.7_glow"


def join(statistics, phenotype, results):
    """regenie's rows with ours beside them, our signs turned to regenie's allele."""
    expected = pd.read_csv(results, sep=" ", dtype={"ID": str, "ALLELE0": str, "ALLELE1": str})
    joined = expected.merge(statistics.to_frame(phenotype), left_on="ID", right_on="id")
    assert len(joined) == len(expected) == statistics.n_variants
    assert joined["other_allele"].tolist() == joined["ALLELE1"].tolist()
    assert joined["effect_allele"].tolist() == joined["ALLELE0"].tolist()
    joined["beta"] = -joined["beta"]
    joined["a1freq"] = 1 - joined["effect_allele_frequency"]
    return joined


def chisq_as_regenie(joined):
    n = joined["n"]
    t_squared = joined["t"] ** 2
    return (n - 1) * t_squared / (t_squared + n - N_COVARIATES - 1)


@pytest.mark.parametrize("phenotype", ["Y1", "Y2"])
@pytest.mark.parametrize(("run", "n"), [("test_lin_out", 500), ("test_lin_out_missing", 494)])
def test_linear_regression_equals_regenie_to_its_printed_digits(scan, folders, run, n, phenotype):
    example, results = folders
    statistics = scan(
        example / "example.bed",
        example / "phenotype.txt",
        covariates=example / "covariates.txt",
        remove=example / "fid_iid_to_remove.txt" if n < 500 else None,
        loco=results / "fit_lin_out_pred.list",  # all predictions are 0
    )
    joined = join(statistics, phenotype, results / f"{run}_{phenotype}.regenie")
    assert set(joined["n"]) == {n}
    assert_prints_as(joined["a1freq"], joined["A1FREQ"])
    assert_prints_as(joined["beta"], joined["BETA"])
    chisq = chisq_as_regenie(joined)
    assert_prints_as(chisq, joined["CHISQ"], relative=8 * FLOAT32_ROUNDING)
    usual = chisq * (n - N_COVARIATES) / (n - 1)
    np.testing.assert_allclose(joined["CHISQ"] / usual, (n - 1) / (n - N_COVARIATES), rtol=1e-4)


@pytest.fixture
def scan_three_chromosomes(scan, folders):
    example, _ = folders

    def run(predictions):
        return scan(
            example / "example_3chr.bed",
            example / "phenotype.txt",
            covariates=example / "covariates.txt",
            loco=predictions,
        )

    return run


@pytest.mark.parametrize("phenotype", ["Y1", "Y2"])
def test_loco_predictions_are_left_out_as_regenie_does(scan_three_chromosomes, folders, phenotype):
    _, results = folders
    statistics = scan_three_chromosomes(results / "fit_lin_out_3chr_pred.list")
    joined = join(statistics, phenotype, results / f"test_lin_out_3chr_{phenotype}.regenie")
    np.testing.assert_allclose(joined["beta"], joined["BETA"], rtol=0, atol=LOCO_BETA_TOLERANCE)
    np.testing.assert_allclose(
        chisq_as_regenie(joined), joined["CHISQ"],
        rtol=LOCO_CHISQ_TOLERANCE, atol=LOCO_CHISQ_ABSOLUTE,
    )  # fmt: skip


def write_scaled_predictions(source, folder, factor):
    """Copy a _pred.list and its .loco files, every prediction multiplied by `factor`."""
    lines = []
    for line in source.read_text().splitlines():
        phenotype, path = line.split(maxsplit=1)
        name = path.rpartition("/")[2]
        header, *rows = (source.parent / name).read_text().splitlines()
        scaled = [header]
        for row in rows:
            chromosome, *values = row.split()
            scaled.append(" ".join([chromosome, *(repr(float(v) * factor) for v in values)]))
        (folder / name).write_text("\n".join(scaled) + "\n")
        lines.append(f"{phenotype} {folder / name}\n")
    target = folder / source.name
    target.write_text("".join(lines))
    return target


def test_loco_betas_equal_regenie_to_printed_digits_with_its_standard_deviation(
    scan_three_chromosomes, folders, tmp_path
):
    _, results = folders
    factor = float(np.sqrt((500 - N_COVARIATES) / (500 - 1)))
    predictions = write_scaled_predictions(results / "fit_lin_out_3chr_pred.list", tmp_path, factor)
    statistics = scan_three_chromosomes(predictions)
    for phenotype in ("Y1", "Y2"):
        joined = join(statistics, phenotype, results / f"test_lin_out_3chr_{phenotype}.regenie")
        # The predictions themselves are printed with six digits.
        assert_prints_as(joined["beta"], joined["BETA"], relative=1e-6)
