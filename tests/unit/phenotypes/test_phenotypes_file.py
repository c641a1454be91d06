import h5py
import numpy as np
import pytest

from igwas import schema
from igwas.errors import InputError, OutputError, ShapeError
from igwas.phenotypes.phenotypes_file import write_phenotypes

IDS = ["a", "b", "c"]
NAMES = ["height", "weight"]
VALUES = np.array([[1.0, np.nan], [2.0, 3.0], [4.0, 5.0]], dtype=np.float32)


def test_a_written_file_follows_the_registry_and_reads_back(tmp_path):
    path = tmp_path / "phenotypes.h5"
    write_phenotypes(path, IDS, NAMES, VALUES, family_id=["f", "f", "g"])
    with h5py.File(path) as file:
        schema.validate(file, schema.PHENOTYPES)
        np.testing.assert_array_equal(file["/values"][:], VALUES)
        assert file["/participants/family_id"].asstr()[:].tolist() == ["f", "f", "g"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["phenotypes.h5"]


def test_an_existing_file_is_kept_unless_told(tmp_path):
    path = tmp_path / "phenotypes.h5"
    write_phenotypes(path, IDS, NAMES, VALUES)
    with pytest.raises(OutputError, match="exists; expected a new file"):
        write_phenotypes(path, IDS, NAMES, VALUES)
    write_phenotypes(path, IDS, NAMES, VALUES * 2, overwrite=True)
    with h5py.File(path) as file:
        assert file["/values"][2, 1] == 10


@pytest.mark.parametrize(
    ("ids", "names", "message"),
    [
        (["a", "a", "c"], NAMES, "participant id 'a' occurs twice"),
        (["a", "", "c"], NAMES, "participant id 1 is empty"),
        (IDS, ["x", "x"], "phenotype name 'x' occurs twice"),
    ],
)
def test_names_must_be_unique_and_present(tmp_path, ids, names, message):
    with pytest.raises(InputError, match=message):
        write_phenotypes(tmp_path / "phenotypes.h5", ids, names, VALUES)
    assert not list(tmp_path.iterdir())


def test_the_same_id_in_two_families_is_two_people(tmp_path):
    path = tmp_path / "phenotypes.h5"
    write_phenotypes(path, ["1", "1", "2"], NAMES, VALUES, family_id=["f", "g", "g"])
    assert path.exists()


def test_infinite_values_are_refused_by_name(tmp_path):
    values = VALUES.copy()
    values[1, 0] = np.inf
    with pytest.raises(InputError, match="'height' of participant 'b' is inf"):
        write_phenotypes(tmp_path / "phenotypes.h5", IDS, NAMES, values)


def test_shapes_must_agree(tmp_path):
    with pytest.raises(ShapeError, match=r"expected float32 or float64 \(3, 2\)"):
        write_phenotypes(tmp_path / "phenotypes.h5", IDS, NAMES, VALUES.T)
    with pytest.raises(ShapeError, match="2 family ids; expected 3"):
        write_phenotypes(tmp_path / "p.h5", IDS, NAMES, VALUES, family_id=["f", "g"])


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        write_phenotypes(tmp_path / "no" / "phenotypes.h5", IDS, NAMES, VALUES)
