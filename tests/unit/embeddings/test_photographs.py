"""Folders and manifests of photographs: made into images first, then described."""

import h5py
import numpy as np
import pytest
from PIL import Image
from tests.encoder_files import write_encoder

from igwas.context import Context
from igwas.embeddings.embed import embed, embed_images
from igwas.embeddings.embed_options import EmbedOptions
from igwas.embeddings.embeddings_file import read_embeddings
from igwas.embeddings.encoder import open_encoder
from igwas.embeddings.photographs import made_images
from igwas.errors import IncompleteFile, InputError, OptionError
from igwas.images.fundus import prepare
from igwas.images.process import process_photographs
from igwas.output_paths import OutputPaths

SIZE_PX = 64
ONE = Context(threads=1)


@pytest.fixture
def folder(tmp_path):
    """Both eyes of three people: a bright disc with a coarse pattern on black."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:200, :240]
    is_disc = np.hypot(columns - 120, rows - 100) < 90
    for person in range(3):
        for eye in ("left", "right"):
            field = np.kron(rng.uniform(60, 220, (5, 6, 3)), np.ones((40, 40, 1)))
            picture = np.where(is_disc[..., None], field, 0).astype(np.uint8)
            Image.fromarray(picture).save(folder / f"{person}_{eye}.jpeg", quality=95)
    return folder


@pytest.fixture
def model(tmp_path):
    return write_encoder(tmp_path / "m.onnx", size_px=SIZE_PX)


def run(source, model, output, **options):
    options = EmbedOptions(**{"min_grade": "reject", "batch_size": 4, **options})
    return embed_images(source, model, output, options=options, context=ONE)


def prepared(path):
    with Image.open(path) as picture:
        return prepare(np.asarray(picture), path.stem.partition("_")[2], SIZE_PX).rgb


def test_a_folder_gives_what_its_prepared_photographs_give(folder, model, tmp_path):
    output = tmp_path / "out" / "e.h5"
    output.parent.mkdir()
    summary = run(folder, model, output)
    found = read_embeddings(output)
    paths = [folder / f"{name}.jpeg" for name in found.columns.image_id]
    expected = embed(np.stack([prepared(path) for path in paths]), model)
    np.testing.assert_allclose(found.vectors, expected, rtol=1e-5)
    assert (summary.n_images, summary.n_participants) == (6, 3)
    assert [path.name for path in output.parent.iterdir()] == ["e.h5"]
    assert found.attributes["photographs"] == str(folder)


def test_photographs_are_read_on_the_cpu_whatever_the_encoder_runs_on(
    folder, model, tmp_path, monkeypatch
):
    contexts = []

    def process(*args, context, **kwargs):
        contexts.append(context)
        return process_photographs(*args, context=context, **kwargs)

    monkeypatch.setattr("igwas.embeddings.photographs.process_photographs", process)
    encoder, paths = open_encoder(model), OutputPaths(tmp_path / "e.h5")
    options = EmbedOptions(min_grade="reject")
    asked = Context(threads=1, device="cuda")
    with made_images(folder, encoder, paths, options, asked, None) as made:
        assert made.path.exists()
    assert contexts == [ONE]


def test_a_bound_on_memory_is_for_the_batches_of_the_encoder(folder, model, tmp_path):
    options = EmbedOptions(min_grade="reject")
    outputs = [tmp_path / "free.h5", tmp_path / "bound.h5"]
    for output, bound in zip(outputs, (None, 2**30), strict=True):
        context = Context(threads=1, max_memory_bytes=bound)
        embed_images(folder, model, output, options=options, context=context)
    free, bounded = (read_embeddings(output).vectors for output in outputs)
    np.testing.assert_array_equal(free, bounded)


def test_a_manifest_gives_what_its_folder_gives(folder, model, tmp_path):
    rows = [f"{folder}/{p}_{e}.jpeg,{p},{e},{p}_{e}" for p in range(3) for e in ("left", "right")]
    manifest = tmp_path / "m.csv"
    manifest.write_text("\n".join(["path,participant_id,eye,image_id", *rows]) + "\n")
    run(manifest, model, tmp_path / "a.h5")
    run(folder, model, tmp_path / "b.h5")
    first, second = (read_embeddings(tmp_path / f"{name}.h5") for name in "ab")
    assert first.vectors.tobytes() == second.vectors.tobytes()


def test_files_that_give_no_image_are_named(folder, model, tmp_path):
    (folder / "9_left.jpeg").write_bytes(b"no picture")
    summary = run(folder, model, tmp_path / "e.h5")
    assert summary.notes[0] == "1 file gave no image:"
    assert "9_left.jpeg" in summary.describe()[2]
    assert summary.n_images == 6


class Interrupting:
    def __init__(self, after):
        self.left = after

    def __call__(self, done, total):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [2, 6, 7])
def test_a_run_stopped_in_either_half_goes_on(folder, model, tmp_path, after):
    run(folder, model, tmp_path / "whole.h5")
    output = tmp_path / "e.h5"
    options = EmbedOptions(min_grade="reject", batch_size=4)
    with pytest.raises(KeyboardInterrupt):
        embed_images(folder, model, output, options=options, context=ONE,
                     progress=Interrupting(after))  # fmt: skip
    with pytest.raises(IncompleteFile, match="left by an interrupted run"):
        run(folder, model, output)
    run(folder, model, output, resume=True)
    whole, resumed = read_embeddings(tmp_path / "whole.h5"), read_embeddings(output)
    assert whole.vectors.tobytes() == resumed.vectors.tobytes()
    assert not list(tmp_path.glob("e.h5.*"))


def test_resuming_a_finished_run_makes_no_images_again(folder, model, tmp_path):
    output = tmp_path / "e.h5"
    run(folder, model, output)
    before = output.read_bytes()
    assert run(folder, model, output, resume=True).n_resumed == 6
    assert output.read_bytes() == before
    with pytest.raises(IncompleteFile, match="made with test_time"):
        run(folder, model, output, resume=True, test_time=("flip",))


def test_an_encoder_of_other_preprocessing_is_refused_before_any_work(folder, tmp_path):
    model = write_encoder(tmp_path / "v.onnx", size_px=SIZE_PX, igwas_preprocessing_version="old")
    with pytest.raises(InputError, match="'old', this igwas-fast prepares by"):
        run(folder, model, tmp_path / "e.h5")
    assert not list(tmp_path.glob("e.h5*"))


def test_a_photograph_is_never_replaced(folder, model):
    target = folder / "0_left.jpeg"
    before = target.read_bytes()
    with pytest.raises(OptionError, match="would replace a photograph"):
        run(folder, model, target, overwrite=True)
    assert target.read_bytes() == before


def test_a_folder_without_photographs_is_an_error(tmp_path, model):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty"):
        run(tmp_path / "empty", model, tmp_path / "e.h5")
    assert not list(tmp_path.glob("e.h5*"))


def test_the_images_are_of_the_size_the_model_takes(folder, model, tmp_path):
    output = tmp_path / "e.h5"
    with pytest.raises(KeyboardInterrupt):
        embed_images(folder, model, output, context=ONE, progress=Interrupting(6),
                     options=EmbedOptions(min_grade="reject", batch_size=4))  # fmt: skip
    with h5py.File(tmp_path / "e.h5.images.h5") as file:
        assert file["/rgb"].shape == (6, SIZE_PX, SIZE_PX, 3)
