"""Photographs to people: against a plain loop, and what is refused."""

import json

import h5py
import numpy as np
import pytest
from statsmodels.api import OLS
from tests.reference.embeddings_fixture import random_rows, write_embeddings, write_images_file

from igwas.errors import InputError, OptionError, OutputError
from igwas.hdf5 import open_hdf5
from igwas.phenotypes.basis_file import read_basis
from igwas.phenotypes.eye_names import EyeColumns
from igwas.phenotypes.from_embeddings import make_phenotypes
from igwas.phenotypes.options import PhenotypeOptions
from igwas.phenotypes.people import Eyes, left_right_correlation, mean_of_eyes
from igwas.phenotypes.table import read_phenotypes
from igwas.phenotypes.transform import rank_inverse_normal
from igwas.schema import BASIS, PHENOTYPES

FLOAT32 = 1e-6
SEED = 3


def make(tmp_path, rows, **options):
    """Phenotypes by name: {name: {participant: value}}, the summary, the path."""
    source = write_embeddings(tmp_path / "embeddings.h5", rows)
    output = tmp_path / "phenotypes.h5"
    summary = make_phenotypes(
        source, output, options=PhenotypeOptions(**{"overwrite": True, **options})
    )
    table = read_phenotypes(output)
    values = {
        name: dict(zip(table.sample_id, table.values[:, k], strict=True))
        for k, name in enumerate(table.names)
    }
    return values, summary, output


def plain_twin(rows):
    """Left, right, mean and difference of every person, one at a time."""
    people = list(dict.fromkeys(row[1] for row in rows))
    eye = {
        (person, side): [row[5] for row in rows if row[1] == person and row[2] == side]
        for person in people
        for side in ("left", "right")
    }
    mean = {key: np.mean(v, axis=0) for key, v in eye.items() if v}
    both = [p for p in people if (p, "left") in mean and (p, "right") in mean]
    left = np.array([mean[p, "left"] for p in both])
    right = np.array([mean[p, "right"] for p in both])
    left, right = left - left.mean(axis=0), right - right.mean(axis=0)
    r = (left * right).sum() / np.sqrt((left**2).sum() * (right**2).sum())
    out = {}
    for person in people:
        parts = [(mean[person, s], len(eye[person, s])) for s in ("left", "right")
                 if (person, s) in mean]  # fmt: skip
        weights = [1 / (r + (1 - r) / n) for _, n in parts]
        out[person] = sum(w * v for w, (v, _) in zip(weights, parts, strict=True)) / sum(weights)
    return mean, out, r


def test_eyes_and_means_equal_a_plain_loop(tmp_path):
    rows = random_rows()
    rows = [row for row in rows if not (row[1] == "P3" and row[2] == "right")]
    rows = [row for row in rows if row[0] != "i5l1"]
    mean, weighted, r = plain_twin(rows)
    values, summary, _ = make(tmp_path, rows)
    assert summary.correlation == pytest.approx(r, rel=1e-5)
    assert r == pytest.approx(0.6, abs=0.15)
    for person, expected in weighted.items():
        for k in range(5):
            found = {eye: values[f"{eye}_dim_{k:03d}"][person]
                     for eye in ("left", "right", "mean", "difference")}  # fmt: skip
            assert found["mean"] == pytest.approx(expected[k], abs=FLOAT32 * 10)
            assert found["left"] == pytest.approx(mean[person, "left"][k], abs=FLOAT32 * 10)
            if person == "P3":
                assert np.isnan(found["right"])
                assert np.isnan(found["difference"])
            else:
                assert found["difference"] == pytest.approx(
                    found["left"] - found["right"], abs=FLOAT32 * 10
                )


def test_the_file_is_valid_and_says_what_each_phenotype_is(tmp_path):
    _, summary, path = make(tmp_path, random_rows())
    with open_hdf5(path, PHENOTYPES) as file:
        assert file["/phenotypes/eye"].asstr()[0] == "left"
        assert file["/phenotypes/dimension"].asstr()[-1] == "dim_004"
        assert file["/participants/n_left_images"][:2].tolist() == [1, 2]
        assert json.loads(file.attrs["account"])["n_participants"]["both"] == 40
    table = read_phenotypes(path)
    assert len(table.names) == 20
    assert len(EyeColumns.of(table.labels).pairs) == 5
    assert "40 participants" in summary.describe()[-1]


def test_left_out_images_are_listed_with_their_reason(tmp_path):
    rows = random_rows(10)
    rows[0] = (*rows[0][:5], np.full(5, np.nan))
    rows[1] = (*rows[1][:2], "unknown", *rows[1][3:])
    rows[2] = (*rows[2][:4], 0.1, rows[2][5])
    _, summary, path = make(tmp_path, rows, min_quality=0.2)
    assert [number for _, number in summary.steps] == [1, 1, 1]
    with h5py.File(path) as file:
        listed = dict(zip(file["/left_out/image_id"].asstr()[:],
                          file["/left_out/reason"].asstr()[:], strict=True))  # fmt: skip
    assert listed[rows[0][0]] == "embedding is no number"
    assert listed[rows[1][0]] == "eye unknown"
    assert listed[rows[2][0]].startswith("quality below")
    # Both images of the first person are among them.
    assert summary.n_participants["none"] == 1
    assert any("1 participant has no image" in line for line in summary.describe())


def test_the_best_image_is_the_one_of_highest_quality(tmp_path):
    rows = random_rows(6)
    values, _, _ = make(tmp_path, rows, choice="best", eyes=("left",))
    own = [row for row in rows if row[1] == "P1" and row[2] == "left"]
    best = max(own, key=lambda row: row[4])
    assert len(own) == 2
    assert values["left_dim_000"]["P1"] == pytest.approx(best[5][0], abs=FLOAT32)


def without_quality(rows, people):
    return [(*row[:4], np.nan if row[1] in people else row[4], row[5]) for row in rows]


def test_no_best_image_is_chosen_where_none_has_a_quality(tmp_path):
    rows = random_rows(6)  # P1, P3 and P5 have two photographs of each eye
    with pytest.raises(InputError, match="no quality for any of the 6 eyes with several"):
        make(tmp_path, without_quality(rows, {"P1", "P3", "P5"}), choice="best")
    assert not list(tmp_path.glob("phenotypes.h5*"))


def test_eyes_whose_best_image_cannot_be_told_are_counted(tmp_path):
    rows = without_quality(random_rows(6), {"P0", "P3"})
    values, summary, _ = make(tmp_path, rows, choice="best", eyes=("left",))
    assert any(line.startswith("2 of 6 eyes with several") for line in summary.describe())
    first = next(row for row in rows if row[0] == "i3l0")
    assert values["left_dim_000"]["P3"] == pytest.approx(first[5][0], abs=FLOAT32)


def test_one_photograph_an_eye_needs_no_quality(tmp_path):
    rows = [row for row in random_rows(6) if row[3] == "0"]
    rows = without_quality(rows, {row[1] for row in rows})
    values, summary, _ = make(tmp_path, rows, choice="best")
    assert len(values["left_dim_000"]) == 6
    assert not any("quality" in line for line in summary.describe())


@pytest.mark.parametrize(("visit", "chosen"), [("first", "0"), ("last", "1"), ("1", "1")])
def test_a_visit_can_be_chosen(tmp_path, visit, chosen):
    rows = random_rows(6)
    values, _, _ = make(tmp_path, rows, visit=visit, eyes=("left",))
    row = next(r for r in rows if r[1] == "P1" and r[2] == "left" and r[3] == chosen)
    assert values["left_dim_001"]["P1"] == pytest.approx(row[5][1], abs=FLOAT32)


def test_visits_are_ordered_as_numbers(tmp_path):
    rows = [(f"i{v}{e}", p, e, v, 1.0, [float(v) + k, 1.0]) for k, p in enumerate("AB")
            for e in ("left", "right") for v in ("9", "10")]  # fmt: skip
    values, _, _ = make(tmp_path, [(f"{r[1]}{r[0]}", *r[1:]) for r in rows], visit="last",
                        eyes=("left",))  # fmt: skip
    assert values["left_dim_000"] == {"A": 10.0, "B": 11.0}


def test_image_covariates_are_regressed_out_as_statsmodels_does(tmp_path):
    rng = np.random.default_rng(SEED)
    rows = [row for row in random_rows(30) if row[3] == "0"]
    camera = [("A", "B", "C")[i % 3] for i in range(len(rows))]
    day = rng.integers(0, 900, len(rows))
    dates = [str(np.datetime64("2015-01-01") + int(d)) for d in day]
    write_images_file(
        tmp_path / "images.h5", [row[0] for row in rows], {"blur": rng.normal(size=len(rows))},
        {"camera": camera, "date": dates},
    )  # fmt: skip
    values, _, _ = make(
        tmp_path, rows, images=tmp_path / "images.h5", eyes=("left", "right"),
        regress_out=("quality", "camera", "date"),
    )  # fmt: skip
    quality = np.float32([row[4] for row in rows])
    design = np.column_stack([np.ones(len(rows)), quality, day,
                              [c == "B" for c in camera], [c == "C" for c in camera]])  # fmt: skip
    y = np.float32([row[5] for row in rows])[:, 2].astype(float)
    expected = OLS(y, design.astype(float)).fit().resid + y.mean()
    found = [values[f"{row[2]}_dim_002"][row[1]] for row in rows]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_group_of_the_audit_is_all_its_measures_as_statsmodels_has_them(tmp_path):
    rng = np.random.default_rng(SEED)
    rows = [row for row in random_rows(40) if row[3] == "0"]
    n = len(rows)
    has_notch = rng.integers(0, 2, n)
    angle = np.where(has_notch == 1, rng.normal(size=n), np.nan)
    rim = rng.normal(size=n)
    write_images_file(
        tmp_path / "images.h5", [row[0] for row in rows],
        {"rim_share": rim, "has_notch": has_notch, "notch_angle": angle, "sharpness": rng.random(n),
         "frame_share": np.full(n, np.nan), "disc_x": np.full(n, 0.5)}, {},
    )  # fmt: skip
    values, summary, _ = make(
        tmp_path, rows, images=tmp_path / "images.h5", eyes=("left", "right"),
        regress_out=("camera outline",),
    )  # fmt: skip
    assert summary.steps == []
    # An angle that is missing is one more level of the notch, which is there already.
    design = np.column_stack([np.ones(n), np.float32(rim), has_notch, np.nan_to_num(angle)])
    y = np.float32([row[5] for row in rows])[:, 2].astype(float)
    expected = OLS(y, design.astype(float)).fit().resid + y.mean()
    found = [values[f"{row[2]}_dim_002"][row[1]] for row in rows]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def residuals_of(rows, *columns):
    """Statsmodels' residuals of dimension 2, the mean put back."""
    design = np.column_stack([np.ones(len(rows)), *map(np.float32, columns)]).astype(float)
    y = np.float32([row[5] for row in rows])[:, 2].astype(float)
    return OLS(y, design).fit().resid + y.mean()


@pytest.fixture
def measured(tmp_path):
    """Photographs, two measures of them, and a user's column; images.h5 and a table hold these."""
    rng = np.random.default_rng(SEED)
    rows = [row for row in random_rows(40) if row[3] == "0"]
    bright, over, own = rng.normal(size=(3, len(rows)))
    ids = [row[0] for row in rows]
    measures = {"brightness": bright, "overexposed_share": over}
    write_images_file(tmp_path / "images.h5", ids, measures, {})
    write_images_file(
        tmp_path / "graded.h5", ids, measures, {"brightness": [repr(float(x)) for x in own]}
    )
    for name in ("brightness", "overexposed_share"):
        lines = [f"{one},{float(x)!r}\n" for one, x in zip(ids, own, strict=True)]
        (tmp_path / f"{name}.csv").write_text(f"image_id,{name}\n" + "".join(lines))
    return rows, bright, over, own


@pytest.mark.parametrize(
    ("images", "table", "name", "which"),
    [
        ("images.h5", None, "brightness", (0, 1)),
        ("images.h5", None, "measure:brightness", (0,)),
        ("images.h5", "brightness.csv", "brightness", (2,)),
        ("graded.h5", None, "brightness", (2,)),
        ("images.h5", "brightness.csv", "measure:brightness", (0,)),
        # Another column of the table does not change what the group is.
        ("images.h5", "overexposed_share.csv", "brightness", (0, 1)),
        ("images.h5", "overexposed_share.csv", "overexposed_share", (2,)),
    ],
)
def test_a_users_column_wins_over_a_group_and_a_measure_is_reached(
    tmp_path, measured, images, table, name, which
):
    rows, *columns = measured
    values, _, _ = make(
        tmp_path, rows, images=tmp_path / images, image_table=table and tmp_path / table,
        eyes=("left", "right"), regress_out=(name,),
    )  # fmt: skip
    found = [values[f"{row[2]}_dim_002"][row[1]] for row in rows]
    expected = residuals_of(rows, *(columns[at] for at in which))
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_basis_tells_a_group_from_a_column_of_its_name(tmp_path, measured):
    rows, *_ = measured
    images, basis = tmp_path / "images.h5", tmp_path / "basis.h5"
    group = {"images": images, "regress_out": ("brightness",)}
    make(tmp_path, rows, components=2, save_basis=basis, **group)
    assert read_basis(basis).regressed_out == ("measure:brightness", "measure:overexposed_share")
    _, same, _ = make(tmp_path, rows, basis=basis, **group)
    assert same.notes == []
    _, other, _ = make(
        tmp_path, rows, basis=basis, image_table=tmp_path / "brightness.csv", **group
    )
    assert (
        "--regress-out measure:brightness,measure:overexposed_share, here it is brightness:"
        in other.notes[0]
    )


def test_an_unknown_column_is_told_of_measures_that_others_hide(tmp_path, measured):
    rows, *_ = measured
    with pytest.raises(InputError, match="expected one of: ") as error:
        make(
            tmp_path, rows, images=tmp_path / "images.h5",
            image_table=tmp_path / "overexposed_share.csv", regress_out=("x",),
        )  # fmt: skip
    listed = str(error.value).partition("expected one of: ")[2].partition(". Correct")[0]
    assert listed.split(", ") == [
        "brightness", "quality", "measure:brightness", "overexposed_share",
        "measure:overexposed_share",
    ]  # fmt: skip


def test_an_image_that_the_images_file_lacks_is_left_out_of_a_group_too(tmp_path):
    rows = random_rows(20)
    ids = [row[0] for row in rows][1:]
    measure = {"sharpness": np.random.default_rng(SEED).random(len(ids))}
    write_images_file(tmp_path / "images.h5", ids, measure, {})
    _, summary, _ = make(
        tmp_path, rows, images=tmp_path / "images.h5", regress_out=("sharpness",)
    )  # fmt: skip
    assert summary.steps == [("an image covariate is missing", 1)]


def test_a_group_without_a_single_measure_is_refused(tmp_path):
    rows = random_rows(20)
    measure = {"sharpness": np.full(len(rows), np.nan)}
    write_images_file(tmp_path / "images.h5", [row[0] for row in rows], measure, {})
    with pytest.raises(InputError, match="no image has a measure of 'sharpness'"):
        make(tmp_path, rows, images=tmp_path / "images.h5", regress_out=("sharpness",))


@pytest.mark.parametrize(("n_columns", "more"), [(3, ""), (70, " and 12 more")])
def test_an_unknown_column_is_told_all_that_there_are(tmp_path, n_columns, more):
    rows = random_rows(10)
    measures = {"rim_share": np.zeros(len(rows))}
    metadata = {f"c{k}": ["x"] * len(rows) for k in range(n_columns)}
    write_images_file(tmp_path / "images.h5", [row[0] for row in rows], measures, metadata)
    with pytest.raises(InputError, match="no column 'camera'; expected one of: ") as error:
        make(tmp_path, rows, images=tmp_path / "images.h5", regress_out=("camera",))
    listed = str(error.value).partition("expected one of: ")[2]
    assert listed.startswith("camera outline, quality, rim_share, c0, c1, c2")
    assert f"{more}. Correct the name" in listed
    assert ("more" in listed) == bool(more)


def test_an_image_without_a_covariate_is_left_out(tmp_path):
    rows = random_rows(10)
    table = tmp_path / "facts.tsv"
    cells = ["NA" if i == 0 else str(i % 3) for i in range(len(rows))]
    lines = [f"{row[0]}\t{cell}" for row, cell in zip(rows, cells, strict=True)]
    table.write_text("image_id\tcentre\n" + "\n".join(lines) + "\n")
    _, summary, _ = make(tmp_path, rows, image_table=table, categorical_columns=("centre",))
    assert summary.steps == [("an image covariate is missing", 1)]


def test_measures_become_phenotypes_beside_the_dimensions(tmp_path):
    rows = random_rows(8)
    redness = np.arange(len(rows), dtype=float)
    redness[0] = np.nan
    write_images_file(tmp_path / "images.h5", [row[0] for row in rows], {"red": redness}, {})
    values, _, _ = make(tmp_path, rows, images=tmp_path / "images.h5", measures=("red",))
    assert np.isnan(values["left_red"]["P0"])
    assert values["mean_red"]["P0"] == values["right_red"]["P0"] == 1.0
    own = [redness[i] for i, row in enumerate(rows) if row[1] == "P1" and row[2] == "left"]
    assert values["left_red"]["P1"] == np.mean(own)
    assert len(values) == 4 * 6


def test_whitened_components_are_uncorrelated_and_saved_to_be_applied_again(tmp_path):
    rows = random_rows(60)
    one_each = [row for row in rows if row[3] == "0"]
    basis = tmp_path / "basis.h5"
    values, _, _ = make(
        tmp_path, one_each, components=3, whiten=True, save_basis=basis, eyes=("left", "right")
    )
    both = np.array(
        [list(values[f"left_pc_{k:03d}"].values()) + list(values[f"right_pc_{k:03d}"].values())
         for k in (1, 2, 3)]
    )  # fmt: skip
    np.testing.assert_allclose(np.cov(both), np.eye(3), atol=1e-5)
    with open_hdf5(basis, BASIS) as file:
        assert file["/component_name"].asstr()[:].tolist() == ["pc_001", "pc_002", "pc_003"]
    again, _, _ = make(tmp_path, one_each[:20], basis=basis, eyes=("left", "right"))
    person = one_each[0][1]
    assert again["left_pc_002"][person] == pytest.approx(values["left_pc_002"][person], rel=1e-6)


def test_a_basis_of_another_encoder_is_refused(tmp_path):
    basis = tmp_path / "basis.h5"
    make(tmp_path, random_rows(20), components=2, save_basis=basis)
    source = write_embeddings(tmp_path / "other.h5", random_rows(20, n_dimensions=7))
    with pytest.raises(InputError, match="same encoder"):
        make_phenotypes(source, tmp_path / "o.h5", options=PhenotypeOptions(basis=basis))


def test_a_basis_of_other_covariates_is_said(tmp_path):
    rows = random_rows(40)
    basis = tmp_path / "basis.h5"
    make(tmp_path, rows, components=2, regress_out=("quality",), save_basis=basis)
    _, same, _ = make(tmp_path, rows, basis=basis, regress_out=("quality",))
    assert same.notes == []
    _, other, _ = make(tmp_path, rows, basis=basis)
    assert "fitted with --regress-out quality, here it is (nothing)" in other.notes[0]


def test_the_transform_is_of_each_phenotype(tmp_path):
    rows = random_rows(30)
    plain, _, _ = make(tmp_path, rows)
    turned, _, _ = make(tmp_path, rows, transform="rank-inverse-normal")
    column = np.array(list(plain["mean_dim_001"].values()))[:, None]
    np.testing.assert_allclose(
        list(turned["mean_dim_001"].values()), rank_inverse_normal(column)[:, 0], atol=1e-6
    )


def test_outliers_are_clipped_or_removed(tmp_path):
    rows = random_rows(40)
    rows[0] = (*rows[0][:5], np.full(5, 1000.0))
    clipped, summary, _ = make(tmp_path, rows, outliers="clip")
    assert "5 values clipped" in summary.describe()[-2]
    assert abs(clipped["left_dim_000"]["P0"]) < 20
    removed, summary, _ = make(tmp_path, rows, outliers="remove", outlier_limit=10)
    assert summary.steps == [("outlier beyond 10 robust deviations", 1)]
    assert np.isnan(removed["left_dim_000"]["P0"])


@pytest.mark.parametrize(
    ("visit", "expected"),
    [("last", {"P": 3.0, "Q": 4.0, "R": 6.0}), ("first", {"P": 2.0, "Q": 4.0, "R": 5.0})],
)
def test_an_unknown_visit_is_taken_only_where_there_is_no_other(tmp_path, visit, expected):
    rows = [("a", "P", "left", "", 1.0, [1.0, 0]), ("b", "P", "left", "2", 1.0, [2.0, 0]),
            ("c", "P", "left", "10", 1.0, [3.0, 0]), ("d", "Q", "left", "", 1.0, [4.0, 0]),
            ("e", "R", "left", "1_0", 1.0, [6.0, 0]),
            ("f", "R", "left", "9", 1.0, [5.0, 0])]  # fmt: skip
    for order in (rows, rows[::-1]):
        values, _, _ = make(tmp_path, order, visit=visit, eyes=("mean",))
        assert values["mean_dim_000"] == expected


def test_a_table_with_a_column_twice_or_a_cell_too_many_is_refused(tmp_path):
    rows = random_rows(5)
    table = tmp_path / "facts.tsv"
    table.write_text("image_id\tage\tage\n")
    with pytest.raises(InputError, match="two columns 'age'"):
        make(tmp_path, rows, image_table=table, regress_out=("age",))
    lines = [f"{row[0]}\t{at}\t" for at, row in enumerate(rows)]
    table.write_text("\n".join(["image_id\tage", *lines]) + "\n")
    with pytest.raises(InputError, match="more cells than its header"):
        make(tmp_path, rows, image_table=table, measures=("age",))


def test_unknown_eyes_may_count_in_the_mean(tmp_path):
    rows = [("a", "P", "unknown", "0", 1.0, [2.0, 4.0]), ("b", "Q", "unknown", "0", 1.0, [1.0, 0])]
    values, _, _ = make(tmp_path, rows, use_unknown_eyes=True, eyes=("mean",))
    assert values["mean_dim_001"] == {"P": 4.0, "Q": 0.0}


def test_one_eye_only_is_said_in_one_line(tmp_path):
    rows = [row for row in random_rows(10) if row[2] == "left"]
    with pytest.raises(InputError, match="no image of a right eye") as caught:
        make(tmp_path, rows)
    assert "--eyes mean" in str(caught.value)
    values, _, _ = make(tmp_path, rows, eyes=("mean",))
    assert len(values) == 5


def test_nobody_with_both_eyes_has_no_difference(tmp_path):
    rows = [row for row in random_rows(10) if (row[2] == "left") == (int(row[1][1:]) < 5)]
    with pytest.raises(InputError, match="nobody with both eyes"):
        make(tmp_path, rows)


def test_no_image_left_says_why(tmp_path):
    rows = [(f"i{k}", f"P{k}", "unknown", "0", 1.0, [1.0, 2.0]) for k in range(3)]
    with pytest.raises(InputError, match="3 eye unknown"):
        make(tmp_path, rows)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eyes": ("left", "top")}, "--eyes"),
        ({"min_quality": 2}, "--min-quality"),
        ({"save_basis": "b.h5"}, "no basis is fitted"),
        ({"basis": "b.h5", "whiten": True}, "Leave one out"),
        ({"basis": "b.h5", "components_by": "left-right"}, "Leave one out"),
        ({"outlier_limit": -1.0}, "--outlier-limit"),
        ({"outlier_limit": 2.0}, "--outliers clip or remove"),
    ],
)
def test_contradicting_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        PhenotypeOptions(**options)


def test_an_unknown_column_is_named(tmp_path):
    with pytest.raises(InputError, match="'camera'"):
        make(tmp_path, random_rows(5), regress_out=("camera",))


def test_tables_of_other_images_are_refused(tmp_path):
    table = tmp_path / "facts.tsv"
    table.write_text("image_id\tcentre\nzzz\t1\n")
    with pytest.raises(InputError, match="shares no image id"):
        make(tmp_path, random_rows(5), image_table=table, regress_out=("centre",))


def test_a_repeated_image_is_refused(tmp_path):
    rows = random_rows(5)
    with pytest.raises(InputError, match="more than once"):
        make(tmp_path, [*rows, rows[0]])


def test_an_existing_output_is_kept(tmp_path):
    make(tmp_path, random_rows(5))
    before = (tmp_path / "phenotypes.h5").read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        make(tmp_path, random_rows(6), overwrite=False)
    assert (tmp_path / "phenotypes.h5").read_bytes() == before


def test_more_images_of_an_eye_weigh_more_but_not_without_bound():
    values = np.zeros((3, 1, 1))
    values[0] = 1.0
    values[2] = np.nan
    shares = [
        float(mean_of_eyes(Eyes(["P"], np.array([[n, 1, 0]]), values), 0.5)[0, 0])
        for n in (1, 2, 1000)
    ]
    assert shares[0] == 0.5
    np.testing.assert_allclose(shares[1:], [4 / 7, 2 / 3], atol=1e-3)


def test_the_correlation_does_not_depend_on_the_basis(tmp_path):
    rng = np.random.default_rng(SEED)
    values = rng.normal(size=(3, 50, 4))
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    counts = np.tile([1, 1, 0], (50, 1))
    names = [str(i) for i in range(50)]
    assert left_right_correlation(Eyes(names, counts, values)) == pytest.approx(
        left_right_correlation(Eyes(names, counts, values @ turn)), rel=1e-12
    )
