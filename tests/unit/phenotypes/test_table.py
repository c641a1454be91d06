import gzip
import logging
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from igwas.errors import CorruptFile, IncompleteFile, InputError, SchemaError
from igwas.phenotypes.table import read_covariates, read_phenotypes
from igwas.provenance import root_attributes
from igwas.schema import EMBEDDINGS, GENOTYPES, PHENOTYPES


@pytest.fixture
def write(tmp_path):
    def write_text(text: str, name: str = "table.txt") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_text


def write_phenotypes_h5(path, ids, names, values, families=None):
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(PHENOTYPES))
        file["/participants/participant_id"] = np.array(list(ids), dtype=object)
        if families is not None:
            file["/participants/family_id"] = np.array(list(families), dtype=object)
        file["/phenotypes/name"] = np.array(names, dtype=object)
        file["/values"] = np.asarray(values)
    return path


def write_embeddings_h5(path, participants, embedding, names=None):
    n_images = len(participants)
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(EMBEDDINGS))
        file["/embedding"] = np.asarray(embedding, dtype=np.float32)
        file["/image_id"] = np.array([f"i{i}" for i in range(n_images)], dtype=object)
        file["/participant_id"] = np.array(participants, dtype=object)
        file["/eye"] = np.array(["left"] * n_images, dtype=object)
        file["/visit"] = np.array(["0"] * n_images, dtype=object)
        file["/quality"] = np.ones(n_images, dtype=np.float32)
        if names is not None:
            file["/dimension_name"] = np.array(names, dtype=object)
    return path


TEXTS = {
    "tabs": "FID\tIID\ta\tb\n1\tP1\t1.5\tNA\n2\tP2\t\t-9\n",
    "spaces": "FID IID a b\n1 P1 1.5 NA\n2 P2 nan -9\n",
    "padded": "  FID   IID     a    b \n\n   1  P1   1.5  NaN  \n   2  P2   .    -9.0\n",
    "commas": "FID,IID,a,b\n1,P1,1.5,\n2,P2, NA,-9\n",
    "quoted": '"FID" "IID" "a" "b"\n"1" "P1" 1.5 NA\n"2" "P2" NA -9\n',
    "windows": "\ufeffFID\tIID\ta\tb\r\n1\tP1\t1.5\tNA\r\n2\tP2\tNA\t-9\r\n",
    "plink2": "##comment\n#FID\tIID\ta\tb\n1\tP1\t1.5\tNA\n2\tP2\tNA\t-9\n",
    "tabs above spaces": "FID\tIID\ta\tb\n1 P1 1.5 NA\n2 P2 NA -9\n",
    "spaces above tabs": "FID IID a b\n1\tP1\t1.5\tNA\n2\tP2\tNA\t-9\n",
    "no last newline": "FID IID a b\n1 P1 1.5 NA\n2 P2 NA -9",
    "plus sign": "FID IID a b\n1 P1 +1.5 NA\n2 P2 NA -9\n",
}


@pytest.mark.parametrize("style", TEXTS)
def test_every_way_of_writing_a_table_reads_the_same(write, style):
    table = read_phenotypes(write(TEXTS[style]))
    assert table.names == ("a", "b")
    assert list(table.sample_id) == ["P1", "P2"]
    assert list(table.family_id) == ["1", "2"]
    np.testing.assert_array_equal(table.values, [[1.5, np.nan], [np.nan, -9]])


def test_gzip_is_known_by_its_content(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_bytes(gzip.compress(TEXTS["tabs"].encode()))
    assert read_phenotypes(path).values[0, 0] == 1.5


def test_a_gzip_file_cut_short_is_an_error(tmp_path):
    text = "IID a\n" + "".join(f"P{i} {i * 0.37}\n" for i in range(5000))
    path = tmp_path / "table.gz"
    path.write_bytes(gzip.compress(text.encode())[:-2000])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_phenotypes(path)


def test_ids_stay_text(write):
    table = read_phenotypes(write("IID a\n001 1\nNA 2\nNA12878 3\n1e5 4\nnan 5\n"))
    assert list(table.sample_id) == ["001", "NA", "NA12878", "1e5", "nan"]
    assert table.family_id is None


def test_numbers_are_rounded_correctly(write):
    texts = ["0.1", "1e-310", "123456789.123456789", "2.2250738585072011e-308"]
    table = read_phenotypes(
        write("IID\ta\n" + "".join(f"P{i}\t{t}\n" for i, t in enumerate(texts)))
    )
    assert [float(text) for text in texts] == table.values[:, 0].tolist()


def test_missing_value_is_an_option_and_matches_the_number(write, caplog):
    path = write("IID a b\nP1 -9 x7\nP2 -9.0 1\nP3 -99 2\n")
    table = read_phenotypes(path, missing_values=("-9", "x7"))
    np.testing.assert_array_equal(table.values[:, 0], [np.nan, np.nan, -99])
    assert np.isnan(table.values[0, 1])


def test_minus_nine_is_kept_with_a_warning(write, caplog):
    with caplog.at_level(logging.WARNING, "igwas"):
        table = read_phenotypes(write("IID a\nP1 -9\nP2 1\n"))
    assert table.values[0, 0] == -9
    assert "--missing-value -9" in caplog.text


def test_columns_are_chosen_in_the_order_asked_for(write):
    table = read_phenotypes(write("IID a b c\nP1 1 2 3\nP2 4 5 6\n"), ["c", "a"])
    assert table.names == ("c", "a")
    np.testing.assert_array_equal(table.values, [[3, 1], [6, 4]])


def test_text_in_a_column_not_asked_for_does_not_matter(write):
    assert read_phenotypes(write("IID a note\nP1 1 tall\n"), ["a"]).values.shape == (1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("IID height\nP1 1.8\n\nP2 tall\n", r"line 4: phenotype 'height' has the value 'tall'"),
        ("IID\ta\nP1\t1,5\n", "has the value '1,5'"),
        ("IID a\nP1 1_000\n", "has the value '1_000'"),
        ("IID a\nP1 tall\n", "or choose columns with --phenotype-columns"),
        ("IID a\nP1 1\nP2 inf\n", "line 3: phenotype 'a' is infinite"),
        ("IID a\nP1 1e999\n", "is infinite"),
        ("IID a\nP1 1\nP2 2\nP1 3\n", r"line 4: the id 'P1' is repeated \(first in line 2\)"),
        ("FID IID a\n1 P1 1\n1 P1 2\n", "the id '1 P1' is repeated"),
        ("sample a\nP1 1\n", r"no column IID \(header: sample a\)"),
        ("iid,a\nP1,1\n", r"no column IID \(header: iid,a\)"),
        ("IID a\nP1 1\nP2 2 3\n", "line 3: the row has 3 fields; expected 2"),
        ("IID\ta\nP1\t1\nP2\n", "line 3: the row has 1 field; expected 2"),
        ("IID a a\nP1 1 2\n", "names 'a' twice"),
        ("IID\t\ta\nP1\t1\t2\n", "column 2 of the header has no name"),
        ("IID\ta\nP1\t1\n\t2\n", "line 3: the IID is empty"),
        ("IID a\n", "has a header but no rows"),
        ("IID\nP1\n", "no column beside ids"),
        ("", "has no header line"),
        ("\n\n", "has no header line"),
    ],
)
def test_bad_tables_are_refused_in_one_line(write, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_phenotypes(write(text))
    assert "\n" not in str(caught.value)
    assert "; expected" in str(caught.value)


def test_two_families_may_share_an_iid(write):
    assert len(read_phenotypes(write("FID IID a\n1 P1 1\n2 P1 2\n")).sample_id) == 2


def test_absent_column_names_the_closest(write):
    with pytest.raises(InputError, match=r"no phenotype 'dim_01'.*dim_001"):
        read_phenotypes(write("IID dim_001 dim_002\nP1 1 2\n"), ["dim_01"])


def test_repeated_or_empty_choice_is_refused(write):
    path = write("IID a\nP1 1\n")
    with pytest.raises(InputError, match="asked for twice"):
        read_phenotypes(path, ["a", "a"])
    with pytest.raises(InputError, match="no phenotype is asked for"):
        read_phenotypes(path, [])


@pytest.mark.parametrize("content", [b"\x6c\x1b\x01\xff\xfe\x00", "IID a\n".encode("utf-16")])
def test_binary_files_are_no_tables(tmp_path, content):
    path = tmp_path / "table.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no UTF-8 text"):
        read_phenotypes(path)


def test_text_that_is_not_utf8_further_down_is_refused(tmp_path):
    path = tmp_path / "table.txt"
    path.write_bytes(b"IID a\nP1 1\nM\xfcller 2\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_phenotypes(path)


def test_rows_far_into_a_large_file_are_named_by_their_line(write):
    rows = "".join(f"P{i} {i}\n" for i in range(700_000))
    with pytest.raises(InputError, match="line 700002: the row has 3 fields"):
        read_phenotypes(write("IID a\n" + rows + "X 1 2\n"))


def test_an_unreadable_path_keeps_the_systems_reason(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_phenotypes(tmp_path / "absent.txt")


def test_parquet_reads_integer_ids_and_any_number_type(tmp_path):
    frame = pd.DataFrame(
        {"IID": [10, 20], "a": np.array([1, 2], "f4"), "b": [True, False], "c": ["1.5", "NA"]}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_phenotypes(tmp_path / "t.parquet")
    assert list(table.sample_id) == ["10", "20"]
    np.testing.assert_array_equal(table.values, [[1, 1, 1.5], [2, 0, np.nan]])


def test_parquet_with_decimal_ids_or_text_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"IID": [10.0, 20.0], "a": [1, 2]}).to_parquet(path)
    with pytest.raises(InputError, match="IID is stored as double"):
        read_phenotypes(path)
    pd.DataFrame({"IID": ["x", "y"], "a": ["tall", "1"]}).to_parquet(path)
    with pytest.raises(InputError, match="row 1: phenotype 'a' has the value 'tall'"):
        read_phenotypes(path)
    pd.DataFrame({"IID": ["x"], "a": [pd.Timestamp("2026-01-01")]}).to_parquet(path)
    with pytest.raises(InputError, match="stored as timestamp"):
        read_phenotypes(path)


def test_damaged_parquet_is_an_error(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"IID": ["x"], "a": [1]}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_phenotypes(path)


def test_phenotypes_h5_gives_the_columns_asked_for(tmp_path):
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    values[1, 2] = np.nan
    path = write_phenotypes_h5(tmp_path / "p.h5", "abcd", ["x", "y", "z"], values, "1234")
    table = read_phenotypes(path, ["z", "x"])
    np.testing.assert_array_equal(table.values, values[:, [2, 0]].astype(float))
    assert list(table.sample_id) == list("abcd")
    assert list(table.family_id) == list("1234")


def test_phenotypes_h5_with_infinity_repeats_or_damage_is_refused(tmp_path):
    path = write_phenotypes_h5(tmp_path / "p.h5", "ab", ["x"], [[1.0], [np.inf]])
    with pytest.raises(InputError, match="participant 2: phenotype 'x' is infinite"):
        read_phenotypes(path)
    path = write_phenotypes_h5(tmp_path / "q.h5", "aa", ["x"], [[1.0], [2.0]])
    with pytest.raises(InputError, match="'a' is repeated"):
        read_phenotypes(path)
    path = write_phenotypes_h5(tmp_path / "r.h5", "ab", ["x", "x"], [[1.0, 1], [2.0, 1]])
    with pytest.raises(InputError, match="names 'x' twice"):
        read_phenotypes(path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(CorruptFile, match="damaged or cut short"):
        read_phenotypes(path)


def test_another_kind_of_hdf5_file_is_named(tmp_path):
    path = tmp_path / "g.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update(root_attributes(GENOTYPES))
    with pytest.raises(SchemaError, match=r"holds genotypes; expected phenotypes.h5"):
        read_phenotypes(path)


def test_images_of_a_participant_are_averaged(tmp_path, caplog):
    path = write_embeddings_h5(
        tmp_path / "e.h5", ["b", "a", "b", "a", "c"],
        [[1, 2], [10, 20], [3, 4], [np.nan, 0], [np.nan, np.nan]],
    )  # fmt: skip
    with caplog.at_level(logging.INFO, "igwas"):
        table = read_phenotypes(path)
    assert table.names == ("dim_000", "dim_001")
    assert list(table.sample_id) == ["b", "a", "c"]
    np.testing.assert_array_equal(table.values, [[2, 3], [10, 20], [np.nan, np.nan]])
    assert "averaged 5 images of 3 participants; 2 images with NaN left out" in caplog.text


@pytest.mark.parametrize("done", [[1, 1], [1, 0]])
def test_embeddings_of_an_interrupted_run_are_refused(tmp_path, done):
    path = write_embeddings_h5(tmp_path / "e.h5", ["a", "b"], [[1, 2], [np.nan, np.nan]])
    with h5py.File(path, "r+") as file:
        file["/progress/done"] = np.array(done, np.uint8)
    if all(done):
        assert read_phenotypes(path).names == ("dim_000", "dim_001")
        return
    with pytest.raises(IncompleteFile, match="unfinished"):
        read_phenotypes(path)


def test_embeddings_may_name_their_dimensions(tmp_path):
    path = write_embeddings_h5(tmp_path / "e.h5", ["a", "b"], [[1, 2], [3, 4]], ["pc1", "pc2"])
    assert read_phenotypes(path, ["pc2"]).values.ravel().tolist() == [2, 4]


def test_covariates_keep_categories_as_text(write):
    path = write("IID age site\nP1 60 01\nP2 NA 1\nP3 70 NA\n")
    table = read_covariates(path, categorical=["site"])
    assert table.names == ("age", "site")
    assert list(table.columns["site"]) == ["01", "1", None]
    assert table.is_complete().tolist() == [True, False, False]
    assert table.take(np.array([2, 0])).columns["age"].tolist() == [70, 60]


def test_categories_need_not_be_repeated_among_columns(write):
    path = write("IID age site sex\nP1 60 A 1\n")
    assert read_covariates(path, ["sex"], ["site"]).names == ("sex", "site")


def test_undeclared_category_is_an_error_that_says_how(write):
    path = write("IID age site\nP1 60 A\n")
    with pytest.raises(InputError, match=r"covariate 'site' has the value 'A'.*--categorical-col"):
        read_covariates(path)


def test_absent_category_is_an_error(write):
    with pytest.raises(InputError, match=r"no categorical covariate 'sites'.*closest: site"):
        read_covariates(write("IID age site\nP1 60 A\n"), categorical=["sites"])


def test_categories_come_from_parquet_but_not_from_phenotypes_h5(tmp_path):
    pd.DataFrame({"IID": ["x", "y"], "site": pd.Categorical(["A", None])}).to_parquet(
        tmp_path / "t.parquet"
    )
    table = read_covariates(tmp_path / "t.parquet", categorical=["site"])
    assert list(table.columns["site"]) == ["A", None]
    path = write_phenotypes_h5(tmp_path / "p.h5", "ab", ["x"], [[1.0], [2.0]])
    assert read_covariates(path).columns["x"].tolist() == [1, 2]
    with pytest.raises(InputError, match="'x' holds numbers"):
        read_covariates(path, categorical=["x"])


def test_real_phenotypes_lose_no_person_whose_id_starts_with_na(data_dir):
    path = data_dir / "genotypes/kg_eur379/EUR_subset.pheno.covars"
    table = read_phenotypes(path, ["PHENO"], missing_values=["-9"])
    assert len(table.sample_id) == 373
    assert sum(name.startswith("NA") for name in table.sample_id) > 100
    covariates = read_covariates(path, ["QCOV1", "QCOV2"], ["CAT_COV"], missing_values=["-9"])
    complete = covariates.is_complete() & ~np.isnan(table.values[:, 0])
    assert complete.sum() == 366


def test_a_category_takes_no_part_in_the_id(write):
    path = write("IID site\nP1 A\nP1 B\n")
    with pytest.raises(InputError, match="'P1' is repeated"):
        read_covariates(path, categorical=["site"])
    path = write("IID\tsite\nP1\t\nP2\tB\n")
    assert list(read_covariates(path, categorical=["site"]).columns["site"]) == [None, "B"]


@pytest.mark.parametrize("separator", ["\t", " "])
def test_an_unmatched_quote_swallows_no_rows(tmp_path, separator):
    rows = [f"P{i}{separator}{i}.5{separator}note" for i in range(60)]
    rows[10], rows[30] = f'P10{separator}1{separator}"bad', f'P30{separator}1{separator}fine"'
    path = tmp_path / "table.txt"
    path.write_text("\n".join([separator.join(["IID", "y", "note"]), *rows]))
    assert len(read_phenotypes(path, ["y"]).values) == 60


def test_a_quote_that_is_not_closed_in_csv_is_an_error_that_names_the_line(tmp_path):
    rows = [f"P{i},{i}.5,note" for i in range(60)]
    rows[10], rows[30] = 'P10,1,"bad', 'P30,1,fine"'
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["IID,y,note", *rows]))
    with pytest.raises(InputError, match="not closed in line 12"):
        read_phenotypes(path, ["y"])


def test_line_ends_of_old_macintoshes_are_one_clear_line(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_bytes(b"IID\ty\rP1\t2\rP2\t3\r")
    with pytest.raises(InputError, match="carriage return"):
        read_phenotypes(path)


def test_a_gzip_table_with_damage_within_is_one_line(tmp_path):
    """Where the deflated bits are wrong, zlib speaks before any check sum is compared."""
    numbers = np.random.default_rng(1).random(5000)
    text = "IID\ta\n" + "".join(f"S{at}\t{value}\n" for at, value in enumerate(numbers))
    content = gzip.compress(text.encode(), mtime=0)
    path = tmp_path / "p.tsv.gz"
    for start in range(50, len(content) - 2000, 4000):
        path.write_bytes(content[:start] + bytes(1000) + content[start + 1000 :])
        with pytest.raises(InputError, match="expected a whole file"):
            read_phenotypes(path)
