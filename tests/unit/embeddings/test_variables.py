import numpy as np
import pandas as pd
import pytest
from tests.encoder_files import write_encoder, write_images

from igwas.embeddings.embed import embed_images
from igwas.embeddings.embeddings_file import read_embeddings
from igwas.embeddings.variables import (
    category_variable,
    column_variable,
    group_variable,
    match_images,
    number_variable,
    variables_of_images,
    variables_of_table,
)
from igwas.errors import InputError
from igwas.images.images_file import read_images


def test_numbers_have_a_square_and_missing_ones_stay_missing():
    found = column_variable("age", ["1", "2", "NA", "3", ""])
    assert found.kind == "number"
    assert found.design.shape == (5, 2)
    assert np.isnan(found.design[[2, 4]]).all()
    np.testing.assert_allclose(found.design[:, 1], found.design[:, 0] ** 2)


def test_dates_are_numbers_of_days():
    found = column_variable("date", ["2010-01-01", "2010-01-03", "2010-01-02"])
    expected = number_variable("date", [0, 2, 1])
    assert found.kind == "number"
    np.testing.assert_allclose(found.design, expected.design)


def test_other_texts_are_categories_and_rare_levels_are_one():
    found = column_variable("centre", ["a"] * 6 + ["b"] * 5 + ["c", "d"] + ["NA"])
    assert found.kind == "category"
    assert found.design.shape == (14, 2)
    np.testing.assert_array_equal(found.design[11:13], 0)
    assert np.isnan(found.design[13]).all()


@pytest.mark.parametrize(
    "values", [["a"] * 9, ["NA"] * 9, [""] * 3, ["3"] * 9, [f"id{index}" for index in range(9)]]
)
def test_columns_that_say_nothing_are_left_out(values):
    assert column_variable("x", values) is None


def test_a_column_with_many_levels_is_an_id():
    assert category_variable("x", [f"L{index % 60}" for index in range(600)]) is None


def test_numbers_with_a_word_among_them_are_categories():
    assert column_variable("x", ["1"] * 5 + ["2"] * 5 + ["high"] * 5).kind == "category"


def test_a_group_fills_what_is_missing_and_says_so():
    table = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [2.0, 2.0, 2.0], "c": [np.nan] * 3})
    found = group_variable("outline", table)
    assert np.isfinite(found.design).all()
    np.testing.assert_allclose(found.design[:, 0], [-1, 0, 1])
    np.testing.assert_array_equal(found.design[:, 1], [0, 1, 0])


def test_a_group_without_variation_is_left_out():
    assert group_variable("x", pd.DataFrame({"b": [2.0, 2.0], "c": [np.nan] * 2})) is None


@pytest.fixture
def files(tmp_path):
    """Images with measures and metadata, and their embeddings."""
    n = 24
    rng = np.random.default_rng(0)
    images = write_images(
        tmp_path / "images.h5", n_people=12,
        grade=["reject", *["keep"] * (n - 1)],
        measures={"brightness": rng.normal(size=n), "has_notch": np.arange(n) % 2,
                  "unheard_of": np.zeros(n)},
        metadata={"camera": ["x", "y"] * (n // 2), "operator": ["same"] * n},
    )  # fmt: skip
    output = tmp_path / "embeddings.h5"
    embed_images(images, write_encoder(tmp_path / "m.onnx"), output)
    return images, output


def test_images_are_matched_by_id_and_give_groups_and_columns(files):
    embeddings = read_embeddings(files[1])
    with read_images(files[0]) as images:
        rows = match_images(embeddings, images)
        assert rows.tolist() == list(range(1, 24))
        found = {one.name: one for one in variables_of_images(images, rows)}
        assert list(found) == ["brightness", "camera outline", "camera"]
        np.testing.assert_array_equal(
            found["camera"].design[:, 0], images.metadata["camera"].to_numpy()[1:] == "x"
        )


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"image_id": [f"other{index}" for index in range(24)]}, "lacks 23 of the 23 images"),
        ({"participant_id": ["same"] * 24}, "has participant_id 'P000'"),
        ({"eye": ["left"] * 24}, "has eye 'right'"),
    ],
)
def test_images_that_do_not_belong_are_refused(files, tmp_path, columns, words):
    other = write_images(tmp_path / "other.h5", n_people=12, **columns)
    with read_images(other) as images, pytest.raises(InputError, match=words):
        match_images(read_embeddings(files[1]), images)


def write(path, frame):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="," if path.suffix == ".csv" else "\t", index=False)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".parquet"])
def test_tables_are_joined_by_image_or_by_person(files, tmp_path, suffix):
    embeddings = read_embeddings(files[1])
    by_person = pd.DataFrame({"participant_id": [f"P{at:03d}" for at in range(10)],
                              "age": np.arange(10.0), "note": "same"})  # fmt: skip
    (found,) = variables_of_table(write(tmp_path / f"t{suffix}", by_person), embeddings)
    assert found.name == "age"
    assert np.isnan(found.design[-4:]).all()
    assert np.isfinite(found.design[:-4]).all()
    by_image = pd.DataFrame({"image_id": embeddings.columns.image_id[::-1], "x": np.arange(23.0)})
    (found,) = variables_of_table(write(tmp_path / f"u{suffix}", by_image), embeddings)
    assert (np.diff(found.design[:, 0]) < 0).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read as a table"),
        ("image_id\tx\n", "has no row"),
        ("person\tx\nP1\t2\n", "expected image_id or participant_id"),
        ("image_id\tx\na\t1\na\t2\n", "'a' occurs twice"),
        ("image_id\tx\na\t1\n", "shares no image_id"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(files, tmp_path, text, words):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        variables_of_table(path, read_embeddings(files[1]))


def test_a_table_that_is_no_text_is_refused(files, tmp_path):
    for name in ("t.tsv", "t.parquet"):
        (tmp_path / name).write_bytes(b"\x89PNG\xff\xfe\x00")
        with pytest.raises(InputError, match="cannot be read as a table"):
            variables_of_table(tmp_path / name, read_embeddings(files[1]))
