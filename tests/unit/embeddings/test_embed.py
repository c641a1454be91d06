import h5py
import numpy as np
import pytest
from tests.encoder_files import photographs, write_encoder, write_images

import igwas
from igwas.context import Context
from igwas.embeddings.embed import embed, embed_images
from igwas.embeddings.embed_options import EmbedOptions
from igwas.embeddings.embeddings_file import read_embeddings
from igwas.embeddings.encoder import open_encoder
from igwas.errors import (
    IncompleteFile,
    InputError,
    OptionError,
    OutputError,
    ShapeError,
)

ROUNDING = 1e-5


@pytest.fixture
def output(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "embeddings.h5"


def run(images, model, output, **options):
    return embed_images(images, model, output, options=EmbedOptions(**options))


def session_of(model):
    return open_encoder(model).opened.session


def test_vectors_are_what_onnx_runtime_gives_for_the_photographs(images, model, output):
    run(images, model, output, batch_size=7)
    found = read_embeddings(output)
    with h5py.File(images) as file:
        expected = session_of(model).run(None, {"image": file["/rgb"][:]})[0]
        np.testing.assert_allclose(found.vectors, expected, rtol=ROUNDING)
        assert found.columns.image_id.tolist() == list(file["/image_id"].asstr()[:])
        np.testing.assert_array_equal(found.columns.quality, file["/quality"][:])
    assert found.columns.eye[:2].tolist() == ["left", "right"]
    assert found.attributes["preprocessing_version"] == "fundus-1"


def test_nothing_but_the_output_is_left(images, model, output):
    summary = run(images, model, output)
    assert [path.name for path in output.parent.iterdir()] == [output.name]
    assert (summary.n_images, summary.n_participants, summary.n_dimensions) == (40, 20, 6)
    assert summary.provider == "CPUExecutionProvider"


@pytest.mark.parametrize("batch_size", [1, 7, 40, 1000])
def test_the_size_of_a_batch_changes_only_rounding(images, model, output, batch_size):
    run(images, model, output, batch_size=batch_size)
    found = read_embeddings(output).vectors
    np.testing.assert_allclose(found, embed(photographs(20), model), rtol=ROUNDING)


def test_arrays_give_what_files_give(images, model, output):
    run(images, model, output, batch_size=16)
    found = igwas.embed(photographs(20), model, context=Context(threads=1))
    np.testing.assert_allclose(found, read_embeddings(output).vectors, rtol=ROUNDING)


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_the_number_of_threads_changes_no_bit(images, model, threads):
    found = [
        igwas.embed(photographs(20), model, batch_size=3, context=Context(threads=n))
        for n in (1, threads)
    ]
    assert found[0].tobytes() == found[1].tobytes()


def test_photographs_below_the_grade_are_left_out_and_counted(tmp_path, model, output):
    grade = ["keep", "reject", "usable", "keep"] * 3
    images = write_images(tmp_path / "i.h5", n_people=6, grade=grade)
    kept = {
        "reject": range(12),
        "usable": [0, 2, 3, 4, 6, 7, 8, 10, 11],
        "keep": [0, 3, 4, 7, 8, 11],
    }
    whole = embed(photographs(6), model)
    for min_grade, rows in kept.items():
        summary = run(images, model, output, min_grade=min_grade, overwrite=True, batch_size=2)
        assert summary.n_left_out == 12 - len(rows)
        np.testing.assert_allclose(read_embeddings(output).vectors, whole[list(rows)], rtol=1e-4)


def test_no_photograph_of_the_grade_is_an_error(tmp_path, model, output):
    images = write_images(tmp_path / "i.h5", n_people=2, grade=["reject"] * 4)
    with pytest.raises(InputError, match="none of grade usable"):
        run(images, model, output)
    assert list(output.parent.iterdir()) == []


def test_test_time_views_are_averaged(model):
    rgb = photographs(3)
    plain, flipped = embed(rgb, model), embed(np.ascontiguousarray(rgb[:, :, ::-1]), model)
    found = embed(rgb, model, test_time=("flip",))
    np.testing.assert_allclose(found, (plain + flipped) / 2, rtol=ROUNDING)
    assert not np.allclose(embed(rgb, model, test_time=("rotate",)), plain)


def test_a_vector_that_is_not_finite_names_the_photograph(tmp_path, output):
    rgb = photographs(6)
    rgb[7] = 0
    images = write_images(tmp_path / "i.h5", rgb)
    model = write_encoder(tmp_path / "m.onnx", kind="standardised")
    with pytest.raises(InputError, match="gives nan in dimension 0 of image 'P003_right'"):
        run(images, model, output, batch_size=64)
    assert list(output.parent.iterdir()) == []


def test_what_was_done_before_a_failure_is_kept_for_resume(tmp_path, output, caplog):
    rgb = photographs(6)
    rgb[7] = 0
    images = write_images(tmp_path / "i.h5", rgb)
    model = write_encoder(tmp_path / "m.onnx", kind="standardised")
    with caplog.at_level("WARNING", "igwas"), pytest.raises(InputError, match="P003_right"):
        run(images, model, output, batch_size=2)
    assert "keeps the 3 batches done" in caplog.text
    with pytest.raises(IncompleteFile, match="unfinished"):
        read_embeddings(output.with_name(output.name + ".partial"))


class Interrupting:
    """Progress that stops the run, as Ctrl-C would, after some photographs."""

    def __init__(self, after):
        self.after = after
        self.seen = []

    def __call__(self, done, total):
        self.seen.append((done, total))
        if done >= self.after:
            raise KeyboardInterrupt


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(images, model, output, tmp_path):
    options = EmbedOptions(batch_size=6)
    embed_images(images, model, tmp_path / "whole.h5", options=options)
    with pytest.raises(KeyboardInterrupt):
        embed_images(images, model, output, options=options, progress=Interrupting(13))
    summary = run(images, model, output, resume=True)
    assert (summary.n_resumed, summary.batch_size) == (18, 6)
    whole, resumed = read_embeddings(tmp_path / "whole.h5"), read_embeddings(output)
    assert whole.vectors.tobytes() == resumed.vectors.tobytes()
    assert [path.name for path in output.parent.iterdir()] == [output.name]


def test_resuming_a_finished_run_does_nothing(images, model, output):
    run(images, model, output)
    before = output.read_bytes()
    assert run(images, model, output, resume=True).n_resumed == 40
    assert output.read_bytes() == before


def test_resuming_nothing_starts_from_the_beginning(images, model, output):
    assert run(images, model, output, resume=True).n_resumed == 0


@pytest.mark.parametrize("what", ["model", "images", "options"])
def test_a_run_of_something_else_is_not_resumed(images, model, output, tmp_path, what):
    with pytest.raises(KeyboardInterrupt):
        embed_images(
            images, model, output, options=EmbedOptions(batch_size=6), progress=Interrupting(6)
        )
    options = {}
    if what == "model":
        model = write_encoder(tmp_path / "other.onnx", seed=5)
    elif what == "images":
        images = write_images(tmp_path / "other.h5", photographs(20, seed=9))
    else:
        options = {"test_time": ("flip",)}
    with pytest.raises(IncompleteFile, match="expected the same inputs and options"):
        run(images, model, output, resume=True, **options)
    with pytest.raises(IncompleteFile, match="left by an interrupted run"):
        run(images, model, output, **options)
    run(images, model, output, overwrite=True, **options)


def test_outputs_that_would_be_lost_are_refused(images, model, output):
    run(images, model, output)
    with pytest.raises(OutputError, match="exists"):
        run(images, model, output)
    with pytest.raises(OptionError, match="input of images"):
        run(images, model, images, overwrite=True)
    with pytest.raises(OptionError, match="input of model"):
        run(images, model, model, overwrite=True)
    with pytest.raises(OutputError, match="does not exist"):
        run(images, model, output.parent / "absent" / "e.h5")
    with pytest.raises(OptionError, match="expected one"):
        run(images, model, output, overwrite=True, resume=True)


def test_photographs_prepared_otherwise_are_refused(images, output, tmp_path):
    model = write_encoder(tmp_path / "m.onnx", igwas_preprocessing_version="fundus-9")
    with pytest.raises(InputError, match=r"'fundus-1' but .* learnt from 'fundus-9'"):
        run(images, model, output)
    model = write_encoder(tmp_path / "m2.onnx", size_px=64)
    with pytest.raises(InputError, match=r"photographs of 32 pixels but .* takes 64"):
        run(images, model, output)


@pytest.mark.parametrize(
    ("columns", "words"),
    [({"eye": ["left", "oculus"] * 3}, "eye is 'oculus'; expected left, right, unknown"),
     ({"image_id": list("abcdea")}, "image id 'a' occurs twice"),
     ({"participant_id": ["P", "", *"QRST"]}, "participant_id of photograph 2 is empty")],
)  # fmt: skip
def test_columns_that_later_steps_could_not_use_are_refused(
    tmp_path, model, output, columns, words
):
    images = write_images(tmp_path / "i.h5", n_people=3, **columns)
    with pytest.raises(InputError, match=words):
        run(images, model, output)


@pytest.mark.parametrize(
    "images",
    [np.zeros((2, 32, 32, 3)), np.zeros((2, 16, 16, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)],
)
def test_arrays_that_do_not_fit_the_model_are_refused(images, model):
    with pytest.raises(ShapeError, match=r"expected uint8 \(images, 32, 32, 3\)"):
        embed(images, model)


def test_no_photographs_give_no_vectors(model):
    assert embed(np.empty((0, 32, 32, 3), np.uint8), model).shape == (0, 6)


def test_damaged_photographs_are_an_error_with_their_place(images, model, output):
    with h5py.File(images) as file:
        chunk = file["/rgb"].id.get_chunk_info_by_coord((20, 0, 0, 0))
    with images.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(b"\xff" * chunk.size)
    with pytest.raises(InputError, match="photograph 21 of 40 is damaged"):
        run(images, model, output, batch_size=8)


def test_options_are_checked_when_made():
    for wrong in ({"batch_size": 0}, {"test_time": ("turn",)}, {"min_grade": "good"}):
        with pytest.raises(OptionError, match="expected"):
            EmbedOptions(**wrong)
