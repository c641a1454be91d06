"""Quotes that do not pair: every table is refused with the line, however it is read."""

import gzip

import numpy as np
import pytest
from tests.encoder_files import write_encoder, write_images

from igwas.association.weights import read_weights
from igwas.embeddings.embed import embed_images
from igwas.embeddings.embeddings_file import read_embeddings
from igwas.embeddings.variables import variables_of_table
from igwas.encoder.split import read_split
from igwas.errors import InputError
from igwas.phenotypes.image_table import ImageFacts
from igwas.phenotypes.image_table import read_embeddings as read_image_rows
from igwas.quoted_cells import read_rows, refuse_open_quotes

# A quote that takes the next line with it, and one that is open to the end of the file.
STRAY = [('"b', 'c"'), ('"b', "c")]


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded")
    images = write_images(folder / "images.h5")
    embed_images(images, write_encoder(folder / "m.onnx"), folder / "e.h5")
    return folder / "e.h5"


def table(tmp_path, first, cells, name="t.csv", separator=","):
    """A header and three lines; a cell of the second and one of the third are given."""
    rows = [first, ("a", "1"), (cells[0], "2"), (cells[1], "3")]
    path = tmp_path / name
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    return path


def refused():
    return pytest.raises(InputError, match=r"line 3 cannot be split into cells \(a quote is not")


@pytest.mark.parametrize("cells", STRAY)
@pytest.mark.parametrize(("name", "separator"), [("t.csv", ","), ("t.tsv", "\t")])
def test_tables_of_images_are_refused_with_the_line(tmp_path, embeddings, cells, name, separator):
    path = table(tmp_path, ("image_id", "age"), cells, name, separator)
    with refused():
        variables_of_table(path, read_embeddings(embeddings))
    with refused():
        ImageFacts(read_image_rows(embeddings), table=path)


@pytest.mark.parametrize("cells", STRAY)
@pytest.mark.parametrize("separator", [",", "\t", "  "])
def test_weights_are_refused_with_the_line(tmp_path, cells, separator):
    path = table(tmp_path, ("phenotype", "w"), cells, separator=separator)
    with refused():
        read_weights(path, ["a", "b", "c"])


@pytest.mark.parametrize("cells", STRAY)
@pytest.mark.parametrize("separator", [",", "\t", ";", "|", " ", "  "])
def test_parts_of_people_are_refused_with_the_line(tmp_path, cells, separator):
    path = table(tmp_path, ("participant_id", "part"), cells, separator=separator)
    with refused():
        read_split(path, ["a", "b", "c"])


def test_quotes_in_pairs_and_within_a_cell_are_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbf"a","b ""c"", d"\r\n1,35" wide\r\n\r\n"",2')
    refuse_open_quotes(path, ",")
    assert list(read_rows(path, ",")) == [
        (1, ["a", 'b "c", d']), (2, ["1", '35" wide']), (3, []), (4, ["", "2"]),
    ]  # fmt: skip


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", " ", "   ", " \t"])
def test_parts_in_quotes_are_read_whatever_sets_cells_apart(tmp_path, separator):
    """As R's write.table writes them; a quoted cell may hold what sets cells apart."""
    people = ["a", f"b{separator}b", "c", "d"]
    parts = ["train", "train", "validation", "validation"]
    rows = [("participant_id", "part"), *zip(people, parts, strict=True)]
    path = tmp_path / "t.txt"
    path.write_text("".join(f'"{first}"{separator}"{last}"\n' for first, last in rows))
    split = read_split(path, people)
    assert (split.train, split.validation) == (tuple(people[:2]), tuple(people[2:]))


def test_parts_beside_row_names_are_read(tmp_path):
    """R's write.table names rows, but not their column."""
    path = tmp_path / "t.txt"
    rows = ["train", "train", "validation", "validation"]
    path.write_text(
        '"participant_id" "part"\n'
        + "".join(f'"{at}" "P{at}" "{part}"\n' for at, part in enumerate(rows, 1))
    )
    assert read_split(path, ["P1", "P2", "P3", "P4"]).train == ("P1", "P2")


def test_a_part_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("participant_id part\na train\nb\n")
    with pytest.raises(InputError, match="part is ''; expected one of"):
        read_split(path, ["a", "b"])


@pytest.mark.parametrize("separator", [" ", "   ", "\t", " \t "])
def test_weights_in_quotes_are_read_from_rows_of_spaces_and_tabs(tmp_path, separator):
    path = tmp_path / "w.txt"
    rows = [f'"{name}"{separator}"{at}"\n' for at, name in enumerate(["a", "b b", "c"])]
    path.write_text('"phenotype" "w"\n' + "".join(rows))
    np.testing.assert_array_equal(read_weights(path, ["a", "b b", "c"]).matrix[:, 0], [0, 1, 2])


def test_a_line_break_within_a_cell_is_named_and_told_what_to_do(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('image_id,note\na,"seen\nagain"\n')
    with pytest.raises(InputError) as caught:
        refuse_open_quotes(path, ",")
    assert str(caught.value) == (
        f"{path} line 2 cannot be split into cells (a quote is not closed on its line (a cell may "
        "not hold a line break)); expected quotes in pairs around whole cells, a quote within them "
        "written twice. Take line breaks out of cells, or close the quote."
    )


def test_gzip_is_known_by_its_first_bytes_whatever_the_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(b'\xef\xbb\xbf"a",b\r\n') + gzip.compress(b"1,2\n"))
    refuse_open_quotes(path, ",")
    assert list(read_rows(path, ",")) == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize("damage", [lambda c: c[:-9], lambda c: c[:40] + b"\xff" * 20 + c[60:]])
def test_a_damaged_gzip_file_is_refused(tmp_path, damage):
    path = tmp_path / "t.csv.gz"
    content = "".join(f"{at},{at * at}\n" for at in range(999)).encode()
    path.write_bytes(damage(gzip.compress(content)))
    with pytest.raises(InputError, match="expected a whole gzip file"):
        refuse_open_quotes(path, ",")


def test_a_gzip_table_of_image_covariates_is_read(tmp_path, embeddings):
    images = read_image_rows(embeddings)
    path = tmp_path / "t.tsv.gz"
    rows = "".join(f"{one}\t{at}\n" for at, one in enumerate(images.image_id))
    path.write_bytes(gzip.compress(f"image_id\tage\n{rows}".encode()))
    found = ImageFacts(images, table=path).numbers("age")
    np.testing.assert_array_equal(found, np.arange(len(images)))


def test_text_after_a_closing_quote_and_a_cell_without_end_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    for line, words in (('"a"b,c', "line 1 .*expected after"), ("x" * 200_000, "field larger")):
        path.write_text(line + "\n")
        with pytest.raises(InputError, match=words):
            list(read_rows(path, ","))


def test_weights_in_quotes_are_read_as_before(tmp_path):
    path = table(tmp_path, ('"phenotype"', "w"), ('"b"', "c"))
    np.testing.assert_array_equal(read_weights(path, list("abc")).matrix[:, 0], [1, 2, 3])
