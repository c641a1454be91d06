"""A saved basis: whole or not there, of this encoder, and undamaged."""

import resource
import subprocess
import sys

import h5py
import numpy as np
import pytest
from tests.reference.embeddings_fixture import random_rows, write_embeddings

from igwas.errors import InputError, OptionError, OutputError
from igwas.phenotypes.from_embeddings import make_phenotypes
from igwas.phenotypes.options import PhenotypeOptions


@pytest.fixture
def fitted(tmp_path):
    """Embeddings of an encoder that is known, and a basis fitted to them."""
    source = write_embeddings(tmp_path / "embeddings.h5", random_rows(40))
    with h5py.File(source, "a") as file:
        file.attrs["model_digest"] = "a" * 64
    basis = tmp_path / "basis.h5"
    options = PhenotypeOptions(components=3, save_basis=basis)
    make_phenotypes(source, tmp_path / "first.h5", options=options)
    return source, basis


def apply(source, basis, output):
    return make_phenotypes(source, output, options=PhenotypeOptions(basis=basis, eyes=("mean",)))


def test_a_basis_of_another_encoder_with_as_many_dimensions_is_refused(fitted, tmp_path):
    source, basis = fitted
    apply(source, basis, tmp_path / "second.h5")
    with h5py.File(source, "a") as file:
        file.attrs["model_digest"] = "b" * 64
    with pytest.raises(InputError, match=r"another encoder \(digest bbbbbbbbbbbb\)"):
        apply(source, basis, tmp_path / "third.h5")


def nan_weight(file):
    file["weight"][1, 1] = np.nan


def infinite_mean(file):
    file["mean"][0] = np.inf


def no_weight(file):
    file["weight"][:, 2] = 0


def no_name(file):
    file["component_name"][0] = ""


def no_component(file):
    for name, axis in (("weight", 1), ("variance", 0), ("component_name", 0)):
        values = file[name][()]
        kept = np.take(values, [], axis=axis)
        kind = file[name].dtype
        del file[name]
        file.create_dataset(name, data=kept, dtype=kind)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (nan_weight, "component 'pc_002' has weights or a mean that are no numbers"),
        (infinite_mean, "component 'pc_001' has weights or a mean"),
        (no_weight, "component 'pc_003' has only weights of 0"),
        (no_name, "a component without a name"),
        (no_component, "has no component"),
    ],
)
def test_a_damaged_basis_is_refused(fitted, tmp_path, damage, message):
    source, basis = fitted
    with h5py.File(basis, "a") as file:
        damage(file)
    with pytest.raises(InputError, match=message):
        apply(source, basis, tmp_path / "second.h5")
    assert not (tmp_path / "second.h5").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", r"'\{' \(Expecting"),
        ("[]", r"'\[\]' \('list' object"),
        ('{"regress_out": 5}', "regress_out is 5"),
        ('{"regress_out": "quality"}', "regress_out is 'quality'"),
        (5, "'5'"),
    ],
)
def test_options_that_cannot_be_read_are_one_line(fitted, tmp_path, text, reason):
    source, basis = fitted
    with h5py.File(basis, "a") as file:
        file.attrs["options"] = text
    with pytest.raises(InputError, match=f"attribute options is .*{reason}") as caught:
        apply(source, basis, tmp_path / "second.h5")
    assert "\n" not in str(caught.value)
    assert "fit a basis anew" in str(caught.value)


def test_a_basis_that_cannot_be_saved_is_said_before_anything_is_written(fitted, tmp_path):
    source, basis = fitted
    output = tmp_path / "second.h5"
    for path, error in (
        (basis, OutputError), (tmp_path / "nowhere" / "b.h5", OutputError),
        (tmp_path / "a" / ".." / "second.h5", OptionError),
    ):  # fmt: skip
        options = PhenotypeOptions(components=2, save_basis=path)
        with pytest.raises(error):
            make_phenotypes(source, output, options=options)
        assert not output.exists()


@pytest.mark.parametrize("kilobytes", [1, 4, 8])
def test_a_full_disk_is_one_line_and_leaves_nothing(fitted, tmp_path, kilobytes):
    """In a process of its own: HDF5 may crash where a write fails."""
    source, _ = fitted
    folder = tmp_path / "full"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "igwas", "phenotypes", source, "-o", folder / "p.h5",
         "--components", "3", "--save-basis", folder / "b.h5"],
        capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024,) * 2),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "file too large; expected room" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(folder.iterdir()) == []
