"""A saved basis: whole or not there, of this encoder, and undamaged."""

import resource
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.embeddings_fixture import random_rows, write_embeddings

from igwas.errors import InputError, OptionError, OutputError
from igwas.phenotypes.basis_file import fit_basis, refuse_unfit
from igwas.phenotypes.from_embeddings import make_phenotypes
from igwas.phenotypes.left_right_basis import fit_left_right_basis
from igwas.phenotypes.options import PhenotypeOptions
from igwas.phenotypes.people import Eyes
from igwas.phenotypes.table import read_phenotypes


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


def scaled(factor):
    def scale(file):
        file["weight"][...] = file["weight"][()] * factor

    return scale


def same_columns(file):
    weight = file["weight"][()]
    weight[:, 1] = -weight[:, 0] * np.sqrt(file["variance"][0] / file["variance"][1])
    file["weight"][...] = weight / np.linalg.norm(weight, axis=0)


def values_of(name, *values):
    def put(file):
        file[name][: len(values)] = values

    put.__name__ = f"{name} {values}"
    return put


def save(folder, **how):
    source = write_embeddings(folder / "embeddings.h5", random_rows(60))
    options = PhenotypeOptions(components=3, save_basis=folder / "basis.h5", **how)
    make_phenotypes(source, folder / "first.h5", options=options)
    return source, folder / "basis.h5"


FITS = [{}, {"whiten": True}, {"components_by": "left-right"}]


@pytest.mark.parametrize("fit", FITS, ids=str)
def test_a_basis_of_every_fit_is_applied(tmp_path, fit):
    source, basis = save(tmp_path, **fit)
    apply(source, basis, tmp_path / "second.h5")
    first, second = (read_phenotypes(tmp_path / name) for name in ("first.h5", "second.h5"))
    kept = [at for at, name in enumerate(first.names) if name.startswith("mean_")]
    assert [first.names[at] for at in kept] == list(second.names)
    assert len(kept) == 3
    assert list(first.sample_id) == list(second.sample_id)
    np.testing.assert_allclose(second.values, first.values[:, kept], rtol=1e-6, atol=1e-6)
    assert second.values.std(axis=0).min() > 0.01


@pytest.mark.parametrize("fit", FITS, ids=str)
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (scaled(1e-300), "'.._001' has weights of length 0 and"),
        (scaled(1e-30), "'.._001' has weights of length .*e-3"),
        (scaled(1e38), "'.._001' has weights of length .*e.3"),
        (scaled(1e300), "'.._001' has weights of length inf"),
        (same_columns, "two components have the same weights|has weights of length"),
        (values_of("variance", np.nan), "'.._001' has variance nan; expected a number above 0"),
        (values_of("variance", 1, 0), "'.._002' has variance 0.0; expected"),
    ],
)
def test_weights_that_no_fit_gives_are_refused(tmp_path, fit, damage, message):
    source, basis = save(tmp_path, **fit)
    with h5py.File(basis, "a") as file:
        damage(file)
    with pytest.raises(InputError, match=message) as caught:
        apply(source, basis, tmp_path / "second.h5")
    assert str(basis) in str(caught.value)
    assert not (tmp_path / "second.h5").exists()


@pytest.mark.parametrize("value", [np.nan, 1.5, -2])
def test_a_correlation_that_is_none_is_refused(tmp_path, value):
    source, basis = save(tmp_path, components_by="left-right")
    with h5py.File(basis, "a") as file:
        file["correlation"][1] = value
    with pytest.raises(InputError, match="'cc_002' has a left-right correlation of"):
        apply(source, basis, tmp_path / "second.h5")


@given(
    n_dimensions=st.integers(2, 8),
    seed=st.integers(0, 2**32 - 1),
    decades=st.floats(0, 4),
    kind=st.sampled_from(["variance", "whitened", "left-right"]),
)
@settings(max_examples=200, deadline=None)
def test_every_fit_has_what_is_expected_of_one(n_dimensions, seed, decades, kind):
    """Dimensions in units that differ up to a hundred million times, and near copies of others."""
    rng = np.random.default_rng(seed)
    units = 10 ** rng.uniform(-decades, decades, n_dimensions)
    mixed = rng.normal(size=(n_dimensions, n_dimensions)) * 10 ** rng.uniform(
        -decades, 0, n_dimensions
    )
    people = rng.normal(size=(1, 40, n_dimensions))
    values = (people + rng.normal(size=(2, 40, n_dimensions))) @ mixed * units
    names = [f"d{at}" for at in range(n_dimensions)]
    if kind == "left-right":
        sides = np.concatenate([values, np.full_like(people, np.nan)])
        eyes = Eyes([str(at) for at in range(40)], np.tile([1, 1, 0], (40, 1)), sides)
        basis = fit_left_right_basis(eyes, values.mean((0, 1)), names)
    else:
        basis = fit_basis(values.reshape(80, -1), names, whiten=kind == "whitened")
    refuse_unfit(basis, Path("basis.h5"))


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
