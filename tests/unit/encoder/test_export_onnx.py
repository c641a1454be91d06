"""Export: the file holds the contract, agrees with torch, and is not written where it does not."""

import hashlib
import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tests.images_files import draw_eyes, write_images

from igwas.context import Context
from igwas.embeddings.encoder import open_encoder
from igwas.embeddings.half_precision import halved, measure
from igwas.encoder import onnx_graph
from igwas.encoder.checkpoint import read_checkpoint
from igwas.encoder.describer import Describer, OneNetwork
from igwas.encoder.export_onnx import export_encoder
from igwas.encoder.export_options import MILD_VIEWS, ExportOptions
from igwas.encoder.train import train_encoder
from igwas.errors import (
    CorruptFile,
    IgwasError,
    IncompleteFile,
    InputError,
    OptionError,
    OutputError,
)

CPU = Context(threads=1)


def train(images, folder, options):
    train_encoder(images, folder, options=options, context=CPU)
    return folder


@pytest.fixture(scope="module")
def run(images, small, tmp_path_factory):
    return train(images, tmp_path_factory.mktemp("export") / "run", small(steps=3))


@pytest.fixture(scope="module")
def ensemble(run, images, small, tmp_path_factory):
    """An ensemble of two recipes, exported once: the slow part of this file."""
    folder = tmp_path_factory.mktemp("ensemble")
    other = train(images, folder / "other", small(steps=3, seed=1, standardise=True))
    output = folder / "encoder.onnx"
    options = ExportOptions(dimensions=5)
    return output, export_encoder([run, other], output, options=options, context=CPU), other


def describe(model, images):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["embedding"], {"image": images})[0]


def test_the_batch_is_dynamic_and_rows_do_not_depend_on_it(ensemble):
    rgb, _, _ = draw_eyes(5, seed=3)
    whole = describe(ensemble[0], rgb)
    assert whole.shape == (10, 5)
    assert whole.dtype == np.float32
    one_by_one = np.concatenate([describe(ensemble[0], image[None]) for image in rgb])
    assert np.abs(whole - one_by_one).max() < 1e-6


def test_an_exported_network_can_be_run_in_half_precision(ensemble):
    """The converter knows every operator of the graph; how near the vectors are is measured."""
    single = open_encoder(ensemble[0], context=CPU)
    fidelity = measure(single, halved(single, threads=1), draw_eyes(20, seed=4)[0])
    assert fidelity.least > 0.99


def test_the_file_agrees_with_torch_on_images_it_was_not_checked_on(ensemble, run):
    rgb, _, _ = draw_eyes(5, seed=4)
    checkpoints = [read_checkpoint(folder / "best.pt") for folder in (run, ensemble[2])]
    describer = Describer([OneNetwork(one, MILD_VIEWS) for one in checkpoints]).eval()
    with torch.no_grad():
        joined = describer.join(torch.from_numpy(rgb)).numpy()
    # Principal axes keep distances; five of them keep no more than all.
    found = describe(ensemble[0], rgb)
    assert np.linalg.norm(found[0] - found[1]) <= np.linalg.norm(joined[0] - joined[1]) + 1e-5
    assert ensemble[1].max_difference <= ensemble[1].allowed < 2e-5


def test_metadata_is_that_of_the_contract(ensemble, run):
    metadata = {p.key: p.value for p in onnx.load(ensemble[0]).metadata_props}
    checkpoint = read_checkpoint(run / "best.pt")
    people = {*checkpoint.people["train"], *checkpoint.people["validation"]}
    hashed = {hashlib.sha256(person.encode()).hexdigest()[:16] for person in people}
    assert metadata["igwas_format"] == "igwas encoder"
    assert metadata["igwas_preprocessing_version"] == "fundus-1"
    assert metadata["igwas_image_size_px"] == "48"
    assert metadata["igwas_training_digest"] == checkpoint.training_digest
    assert set(json.loads(metadata["igwas_training_participants"])) == hashed
    assert len(json.loads(metadata["igwas_dimension_names"])) == 5
    assert len(metadata["igwas_weights_digest"]) == 64
    assert metadata["igwas_description"].startswith("2 networks: resnet10 nt-xent (person)")


def test_a_bit_that_flips_after_the_export_is_refused(ensemble, tmp_path):
    content = bytearray(ensemble[0].read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(content)
    open_encoder(ensemble[0], context=CPU)
    with pytest.raises(CorruptFile, match="does not match its own digest"):
        open_encoder(damaged, context=CPU)


def test_the_file_holds_no_path_of_this_machine(ensemble, run):
    content = ensemble[0].read_bytes()
    assert b"site-packages" not in content
    assert str(run).encode() not in content


def test_dimensions_are_decorrelated_on_training_people(ensemble, images, run):
    rgb, people, _ = draw_eyes(12)
    trained = set(read_checkpoint(run / "best.pt").people["train"])
    found = describe(ensemble[0], rgb[[person in trained for person in people]])
    covariance = np.cov(found.T)
    off = covariance - np.diag(np.diag(covariance))
    assert np.abs(off).max() < 1e-4 * np.diag(covariance).max()
    assert np.abs(found.mean(0)).max() < 1e-5


@pytest.fixture
def quick(monkeypatch):
    """Leave the slow exporter out: what is tested happens before or after it."""
    monkeypatch.setattr(
        "igwas.encoder.export_onnx.write_graph",
        lambda describer, size_px, path, metadata: path.write_bytes(b"graph"),
    )


def disagree(difference):
    return lambda *_: (difference, 1.0)


@pytest.mark.parametrize("difference", [1.1e-5, float("nan")])
def test_nothing_is_written_where_the_runtimes_disagree(
    run, tmp_path, quick, monkeypatch, difference
):
    monkeypatch.setattr("igwas.encoder.export_onnx.compare", disagree(difference))
    with pytest.raises(IgwasError, match="ONNX Runtime and torch differ by"):
        export_encoder([run], tmp_path / "encoder.onnx", context=CPU)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_cannot_be_run_is_one_line(tmp_path):
    class Session:
        def run(self, *_):
            raise onnxruntime.capi.onnxruntime_pybind11_state.Fail("no kernel")

    with pytest.raises(IgwasError, match="cannot run the exported graph"):
        onnx_graph._run(Session(), np.zeros((1, 2, 2, 3), np.uint8))


def test_an_existing_file_is_replaced_only_if_asked(run, tmp_path, quick, monkeypatch):
    monkeypatch.setattr("igwas.encoder.export_onnx.compare", disagree(1e-7))
    output = tmp_path / "encoder.onnx"
    output.write_bytes(b"old")
    with pytest.raises(OutputError, match="exists"):
        export_encoder([run], output, context=CPU)
    export_encoder([run], output, overwrite=True, context=CPU)
    assert output.read_bytes() == b"graph"


def test_an_output_that_is_an_input_is_refused(run, quick):
    for target in (run / "best.pt", run):
        with pytest.raises((OptionError, OutputError)):
            export_encoder([run], target, overwrite=True, context=CPU)


def test_images_that_moved_or_changed_are_named(run, images, tmp_path, quick, monkeypatch):
    monkeypatch.setattr("igwas.encoder.export_onnx.compare", disagree(1e-7))
    output = tmp_path / "encoder.onnx"
    with pytest.raises(InputError, match="is not there; expected it"):
        export_encoder([run], output, images=tmp_path / "none.h5", context=CPU)
    other = write_images(tmp_path / "other.h5", *draw_eyes(12, seed=7))
    with pytest.raises(InputError, match="is not the file that the checkpoint was trained on"):
        export_encoder([run], output, images=other, context=CPU)
    moved = shutil.copy(images, tmp_path / "moved.h5")
    assert export_encoder([run], output, images=moved, context=CPU).n_verified == 24


def test_networks_of_other_images_or_people_make_no_ensemble(run, images, small, tmp_path, quick):
    other = train(images, tmp_path / "fold", small(steps=1, validate_every=1, fold=1))
    with pytest.raises(InputError, match="on other people or images than"):
        export_encoder([run, other], tmp_path / "e.onnx", context=CPU)
    moved = write_images(tmp_path / "i.h5", *draw_eyes(12, seed=7))
    other = train(moved, tmp_path / "images", small(steps=1, validate_every=1))
    with pytest.raises(InputError, match="was trained on other images than"):
        export_encoder([run, other], tmp_path / "e.onnx", context=CPU)


def test_sources_that_are_no_runs_are_refused(tmp_path):
    with pytest.raises(OptionError, match="no checkpoint is given"):
        export_encoder([], tmp_path / "e.onnx")
    with pytest.raises(IncompleteFile, match=r"has no best\.pt"):
        export_encoder([tmp_path], tmp_path / "e.onnx")
    (tmp_path / "x.pt").write_bytes(b"junk")
    with pytest.raises(InputError, match="cannot be read as a checkpoint"):
        export_encoder([tmp_path / "x.pt"], tmp_path / "e.onnx")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"which": "first"}, "--checkpoint is 'first'"),
        ({"n_views": 3}, "--views is 3; expected one of: 1, 5"),
        ({"dimensions": -1}, "--dimensions is -1"),
        ({"whiten": True, "dimensions": 0}, "--whiten"),
    ],
)
def test_bad_options_are_refused(changes, words):
    with pytest.raises(OptionError, match=words):
        ExportOptions(**changes)


def test_more_dimensions_than_there_are_is_said(run, tmp_path, quick, monkeypatch, caplog):
    monkeypatch.setattr("igwas.encoder.export_onnx.compare", disagree(1e-7))
    summary = export_encoder([run], tmp_path / "e.onnx", context=CPU)
    assert summary.n_dimensions < 128
    assert "dimensions, not 128" in caplog.text
