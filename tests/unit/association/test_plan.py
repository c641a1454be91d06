"""A scan made ready: who, which variants, which blocks, and what its digest depends on."""

import numpy as np
import pytest
from tests.reference.cohort_files import write_cohort, write_table

from igwas.association import plan
from igwas.association.options import ScanOptions, Shard
from igwas.association.plan import make_plan
from igwas.errors import InputError
from igwas.genotypes.genotype_file import open_genotypes
from igwas.phenotypes.transform import rank_inverse_normal

# Sums of squares of about sixty residuals, worked out in two ways.
ROUNDING = 1e-9


def planned(cohort, **options):
    with open_genotypes(cohort.bed) as genotypes:
        return make_plan(genotypes, cohort.phenotypes, ScanOptions(**options))


def write_loco(folder, cohort, predictions, chromosomes=("1", "2")):
    """regenie's files: one prediction (chromosomes, samples) a phenotype."""
    lines = []
    for k, table in enumerate(predictions):
        path = folder / f"fit_{k + 1}.loco"
        ids = " ".join(f"F{i}_S{i}" for i in range(table.shape[1]))
        rows = [f"FID_IID {ids}"]
        rows += [
            f"{c} " + " ".join(map(repr, row))
            for c, row in zip(chromosomes, table.tolist(), strict=True)
        ]
        path.write_text("\n".join(rows) + "\n")
        lines.append(f"Y{k} {path}\n")
    (folder / "fit_pred.list").write_text("".join(lines))
    return folder / "fit_pred.list"


def residual_sum_of_squares(values, covariates):
    design = np.column_stack([np.ones(len(values)), covariates])
    return ((values - design @ np.linalg.lstsq(design, values, rcond=None)[0]) ** 2).sum(axis=0)


def standard_deviation(values, covariates):
    dof = len(values) - covariates.shape[1] - 1
    return np.sqrt(residual_sum_of_squares(values, covariates) / dof)


def test_a_plan_takes_all_samples_and_variants_by_default(tmp_path):
    cohort = write_cohort(tmp_path, chromosomes=["1"] * 5 + ["X"] * 2)
    found = planned(cohort, covariates=cohort.covariates)
    assert found.n_variants == 7
    assert found.cohort.n_samples == 60
    assert found.covariate_names == ("intercept", "C0", "C1")
    assert [len(mask.phenotype_index) for mask in found.masks] == [2]
    assert (found.first_block, found.first_row) == (0, 0)
    np.testing.assert_array_equal(found.cohort.values, cohort.values)


def test_models_remove_covariates_and_on_x_sex(tmp_path):
    cohort = write_cohort(tmp_path, chromosomes=["1", "X", "Y"], unknown_sex=3)
    found = planned(cohort, covariates=cohort.covariates)
    autosomes, x, y = (found.model(number) for number in range(3))
    known, male = cohort.sex != 0, cohort.sex == 1
    covariates, values = cohort.covariate_values, cohort.values
    np.testing.assert_allclose(
        autosomes.residual_sum_of_squares,
        residual_sum_of_squares(values, covariates),
        rtol=ROUNDING,
    )
    with_sex = np.column_stack([covariates, male])[known]
    np.testing.assert_allclose(
        x.residual_sum_of_squares, residual_sum_of_squares(values[known], with_sex), rtol=ROUNDING
    )
    np.testing.assert_allclose(
        y.residual_sum_of_squares,
        residual_sum_of_squares(values[male], covariates[male]),
        rtol=ROUNDING,
    )
    assert [m.n_covariates[0] for m in (autosomes, x, y)] == [3, 4, 3]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shards_cover_every_variant_once(tmp_path, monkeypatch, count):
    monkeypatch.setattr(plan, "BLOCK_VARIANTS", 2)
    cohort = write_cohort(tmp_path, chromosomes=["1"] * 7 + ["X"] * 4)
    parts = [planned(cohort, shard=Shard(i, count)) for i in range(1, count + 1)]
    assert np.concatenate([part.variant_rows for part in parts]).tolist() == list(range(11))
    assert len({part.digest for part in parts}) == 1
    row = block = 0
    for part in parts:
        assert (part.first_row, part.first_block) == (row, block)
        assert part.segments.blocks[:, 0].tolist() == list(range(len(part.segments.blocks)))
        assert part.segments.blocks[0, 1] == 0
        assert len(part.segments.model_of_row) == part.n_variants
        row += part.n_variants
        block += len(part.segments.blocks)


def test_more_shards_than_blocks_are_refused(tmp_path):
    cohort = write_cohort(tmp_path)
    with pytest.raises(InputError, match=r"asks for 2 shards of 1 blocks.*at most 1 shards"):
        planned(cohort, shard=Shard(1, 2))


def test_the_digest_changes_with_all_that_decides_the_numbers(tmp_path):
    cohort = write_cohort(tmp_path)
    keep = tmp_path / "keep.txt"
    keep.write_text("".join(f"F{i}\tS{i}\n" for i in range(50)))
    variants = tmp_path / "extract.txt"
    variants.write_text("v1\nv2\n")
    choices = [
        {}, {"mac": 1}, {"maf": 0.1}, {"geno": 0.2}, {"hwe": 1e-6}, {"missing": "drop"},
        {"transform": "rank-inverse-normal"}, {"hit_log10p": 4}, {"keep": keep},
        {"extract": variants}, {"exclude": variants}, {"phenotype_columns": ("Y0",)},
        {"covariates": cohort.covariates},
        {"covariates": cohort.covariates, "covariate_columns": ("C0",)},
    ]  # fmt: skip
    digests = [planned(cohort, **options).digest for options in choices]
    assert len(set(digests)) == len(choices)
    assert planned(cohort, overwrite=True).digest == digests[0]
    write_table(cohort.phenotypes, cohort.values + 1e-9, "Y")
    assert planned(cohort).digest != digests[0]


def test_the_digest_changes_with_the_predictions_a_list_names(tmp_path):
    cohort = write_cohort(tmp_path, n_phenotypes=1)
    predictions = np.random.default_rng(1).normal(size=(1, 2, 60))
    loco = write_loco(tmp_path, cohort, predictions)
    before = planned(cohort, loco=loco).digest
    assert planned(cohort, loco=loco).digest == before
    write_loco(tmp_path, cohort, predictions + 0.5)
    assert planned(cohort, loco=loco).digest != before


def test_regenie_predictions_are_scaled_and_subtracted_chromosome_by_chromosome(tmp_path):
    cohort = write_cohort(tmp_path, chromosomes=["1", "1", "2"])
    predictions = np.random.default_rng(2).normal(size=(2, 2, 60)) / 3
    loco = write_loco(tmp_path, cohort, predictions)
    found = planned(cohort, covariates=cohort.covariates, loco=loco)
    scale = standard_deviation(cohort.values, cohort.covariate_values)
    for number in range(2):
        left = cohort.values - predictions[:, number].T * scale
        np.testing.assert_allclose(
            found.model(number).residual_sum_of_squares,
            residual_sum_of_squares(left, cohort.covariate_values),
            rtol=ROUNDING,
        )


def test_regenie_predictions_are_subtracted_after_the_transform(tmp_path):
    """They are in standard deviations of the transformed phenotype, whatever its own units."""
    cohort = write_cohort(tmp_path)
    cohort.values[:] = np.exp(cohort.values) * 1000
    write_table(cohort.phenotypes, cohort.values, "Y")
    predictions = np.random.default_rng(3).normal(size=(2, 2, 60)) / 3
    found = planned(
        cohort,
        covariates=cohort.covariates,
        loco=write_loco(tmp_path, cohort, predictions),
        transform="rank-inverse-normal",
    )
    normal = rank_inverse_normal(cohort.values)
    scale = standard_deviation(normal, cohort.covariate_values)
    expected = residual_sum_of_squares(
        normal - predictions[:, 0].T * scale, cohort.covariate_values
    )
    np.testing.assert_allclose(found.model(0).residual_sum_of_squares, expected, rtol=ROUNDING)


def test_untestable_phenotypes_are_left_out_of_the_predictions_too(tmp_path):
    cohort = write_cohort(tmp_path)
    cohort.values[:, 0] = 5.0
    write_table(cohort.phenotypes, cohort.values, "Y")
    predictions = np.random.default_rng(4).normal(size=(2, 2, 60)) / 3
    loco = write_loco(tmp_path, cohort, predictions)
    found = planned(cohort, loco=loco, skip_untestable=True)
    assert found.cohort.names == ("Y1",)
    scale = standard_deviation(cohort.values[:, [1]], np.zeros((60, 0)))
    left = cohort.values[:, [1]] - predictions[[1], 0].T * scale
    np.testing.assert_allclose(
        found.model(0).residual_sum_of_squares,
        residual_sum_of_squares(left, np.zeros((60, 0))),
        rtol=ROUNDING,
    )


def test_the_transform_is_applied_within_the_analysed_samples(tmp_path):
    cohort = write_cohort(tmp_path)
    remove = tmp_path / "remove.txt"
    remove.write_text("".join(f"F{i}\tS{i}\n" for i in range(10)))
    found = planned(cohort, transform="rank-inverse-normal", remove=remove)
    expected = residual_sum_of_squares(rank_inverse_normal(cohort.values[10:]), np.zeros((50, 0)))
    np.testing.assert_allclose(found.model(0).residual_sum_of_squares, expected, rtol=ROUNDING)


def constant(cohort):
    cohort.values[:, 1] = 3.25


def explained(cohort):
    cohort.values[:, 1] = cohort.covariate_values @ [2.0, -1.0] + 7


def explained_once_transformed(cohort):
    cohort.covariate_values[:, 0] = rank_inverse_normal(cohort.values[:, [1]])[:, 0]
    write_table(cohort.covariates, cohort.covariate_values, "C")


def nearly_empty(cohort):
    cohort.values[4:, 1] = np.nan


@pytest.mark.parametrize(
    ("change", "transform", "text"),
    [
        (constant, "none", "phenotype 'Y1' is constant"),
        (explained, "none", "phenotype 'Y1' is explained by the covariates"),
        (explained_once_transformed, "rank-inverse-normal", "phenotype 'Y1' is explained"),
        (nearly_empty, "none", "phenotype 'Y1' has 4 samples for 3 covariates"),
    ],
)
def test_a_phenotype_that_cannot_be_tested_is_named(tmp_path, change, transform, text):
    cohort = write_cohort(tmp_path)
    change(cohort)
    write_table(cohort.phenotypes, cohort.values, "Y")
    options = {"covariates": cohort.covariates, "transform": transform}
    with pytest.raises(InputError) as caught:
        planned(cohort, **options)
    assert text in str(caught.value)
    if change is not nearly_empty:
        assert planned(cohort, **options, skip_untestable=True).cohort.names == ("Y0",)


def test_when_nothing_is_left_skipping_does_not_help(tmp_path):
    cohort = write_cohort(tmp_path)
    cohort.values[:] = 1.0
    write_table(cohort.phenotypes, cohort.values, "Y")
    with pytest.raises(InputError, match=r"'Y0' is constant \(and 1 more\)"):
        planned(cohort, skip_untestable=True)


def test_fewer_results_are_held_when_there_are_many_phenotypes(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "_BLOCK_CELLS", 4)
    cohort = write_cohort(tmp_path)
    assert planned(cohort).segments.blocks[:, 2].tolist() == [2, 2, 2, 2]
