"""Half precision: used where it gives the same phenotypes, refused where it does not."""

import sys

import h5py
import numpy as np
import pytest
from tests.encoder_files import photographs, write_encoder, write_images

from igwas.embeddings.embed import embed_images
from igwas.embeddings.embed_options import EmbedOptions
from igwas.embeddings.encoder import open_encoder
from igwas.embeddings.half_precision import (
    LEAST_CORRELATION,
    Fidelity,
    correlations,
    halve,
    halved,
    measure,
)
from igwas.errors import IgwasError, IncompleteFile, InputError

RNG = np.random.default_rng(3)


def test_correlations_are_those_of_numpy():
    a = RNG.normal(size=(50, 4)) + 1000
    b = a + 0.3 * RNG.normal(size=(50, 4))
    expected = [np.corrcoef(a[:, k], b[:, k])[0, 1] for k in range(4)]
    np.testing.assert_allclose(correlations(a, b), expected, rtol=1e-9)


def test_a_dimension_that_varies_in_neither_is_the_same_and_in_one_is_not():
    a, b = np.zeros((9, 3)), np.zeros((9, 3))
    a[:, 1] = np.arange(9)
    a[0, 2] = np.inf
    found = correlations(a, b)
    assert found[0] == 1
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(
    ("correlation", "is_good"),
    [([1, LEAST_CORRELATION], True), ([1, 0.99], False), ([np.nan, 1], False), ([-1.0, 1], False)],
)
def test_the_worst_dimension_decides(correlation, is_good):
    fidelity = Fidelity(64, np.array(correlation), ("a", "b"))
    if is_good:
        fidelity.require()
        return
    worst = "a" if correlation[0] != 1 else "b"
    with pytest.raises(IgwasError, match=f"dimension '{worst}' correlates .* expected at least"):
        fidelity.require()


@pytest.mark.parametrize("n_convolutions", [0, 2])
def test_a_model_in_half_precision_is_measured_on_photographs(tmp_path, n_convolutions):
    single = open_encoder(write_encoder(tmp_path / "m.onnx", n_convolutions=n_convolutions))
    half = halved(single, threads=1)
    assert half.is_half
    assert not single.is_half
    rgb = photographs(20)
    a, b = single.run(rgb), half.run(rgb)
    assert b.dtype == np.float32
    assert 0 < np.abs(a - b).max() < 0.05
    fidelity = measure(single, half, rgb)
    assert fidelity.n_images == 40
    assert LEAST_CORRELATION < fidelity.least < 1


def test_a_model_that_half_precision_cannot_hold_is_refused(tmp_path):
    single = open_encoder(write_encoder(tmp_path / "m.onnx", kind="standardised", offset=4000))
    with pytest.raises(IgwasError, match=r"in half precision dimension 'dim_00.' correlates 0"):
        measure(single, halved(single, threads=1), photographs(20)).require()


def test_few_photographs_cannot_tell(tmp_path):
    single = open_encoder(write_encoder(tmp_path / "m.onnx"))
    with pytest.raises(InputError, match="there are 30 photographs to compare"):
        measure(single, single, photographs(15))


def test_what_is_no_model_cannot_be_converted():
    with pytest.raises(InputError, match=r"x\.onnx cannot be converted to half precision"):
        halve(b"no model", "x.onnx")


def test_without_onnx_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(IgwasError, match=r"--fp16 needs onnx .*pip install .\.\[gpu\]"):
        halve(b"", "x.onnx")


@pytest.fixture
def files(tmp_path):
    images = write_images(tmp_path / "images.h5", photographs(20))
    return images, write_encoder(tmp_path / "m.onnx"), tmp_path / "e.h5"


def test_a_run_says_how_near_its_vectors_are(files):
    images, model, output = files
    summary = embed_images(images, model, output, options=EmbedOptions(fp16=True))
    assert "half precision: dimensions correlate at least 1.0000" in "\n".join(summary.describe())
    embed_images(images, model, output.with_name("single.h5"))
    with h5py.File(output) as half, h5py.File(output.with_name("single.h5")) as single:
        assert 0.9995 < float(half.attrs["least_fp16_correlation"]) <= 1
        difference = np.abs(half["/embedding"][:] - single["/embedding"][:])
    assert 0 < difference.max() < 0.05


def test_a_run_in_the_other_precision_is_not_resumed(files):
    images, model, output = files
    embed_images(images, model, output)
    with pytest.raises(IncompleteFile, match="with precision 'float32', this run has 'float16'"):
        embed_images(images, model, output, options=EmbedOptions(fp16=True, resume=True))


def test_a_model_that_changes_leaves_nothing(files, tmp_path):
    images, _, output = files
    model = write_encoder(tmp_path / "wild.onnx", kind="standardised", offset=4000)
    with pytest.raises(IgwasError, match="Leave --fp16 out"):
        embed_images(images, model, output, options=EmbedOptions(fp16=True))
    assert not list(tmp_path.glob("e.h5*"))
