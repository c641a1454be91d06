import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.encoder_files import hashed, photographs, write_encoder

from igwas.embeddings.encoder import open_encoder
from igwas.errors import InputError, ShapeError


def test_the_card_is_what_the_file_says(tmp_path):
    path = write_encoder(tmp_path / "m.onnx", n_dimensions=3, names=["a", "b", "c"],
                         trained_on=["P1", "P0"])  # fmt: skip
    card = open_encoder(path).card
    assert card.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card.dimension_names == ("a", "b", "c")
    assert set(card.training_participants) == {hashed("P0"), hashed("P1")}
    assert (card.size_px, card.preprocessing_version) == (32, "fundus-1")


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"igwas_format": None}, "igwas_format is None"),
        ({"igwas_format": "other"}, "igwas_format is 'other'"),
        ({"igwas_weights_digest": None}, "no metadata igwas_weights_digest"),
        ({"igwas_image_size_px": "wide"}, "cannot be read"),
        ({"igwas_dimension_names": "[1]"}, "no list of texts"),
        ({"igwas_dimension_names": '["a", "b", "a"]'}, "names dimension 'a' twice"),
        ({"igwas_training_participants": "{"}, "cannot be read"),
        ({"igwas_image_size_px": "64"}, "32 pixels but its metadata say 64"),
    ],
)
def test_a_model_that_breaks_the_contract_is_refused(tmp_path, metadata, words):
    path = write_encoder(tmp_path / "m.onnx", **metadata)
    with pytest.raises(InputError, match=words):
        open_encoder(path)


def test_a_model_with_another_face_is_refused(tmp_path):
    path = write_encoder(tmp_path / "m.onnx")
    model = onnx.load(path)
    model.graph.input[0].CopyFrom(
        helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 32, 32, 3])
    )
    onnx.save(model, path)
    with pytest.raises(InputError, match=r"expected uint8 'image'"):
        open_encoder(path)


def test_another_width_than_named_is_refused(tmp_path, model):
    with pytest.raises(InputError, match="gives 7 dimensions but names 6"):
        open_encoder(write_encoder(tmp_path / "m.onnx", kind="wrong width"))
    encoder = open_encoder(model)
    encoder._run_on_cpu = lambda batch: np.zeros((len(batch), 7), np.float32)
    with pytest.raises(ShapeError, match=r"gave float32 \(2, 7\); expected float32 \(2, 6\)"):
        encoder.run(photographs(1))


def test_paths_that_are_no_model_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        open_encoder(tmp_path / "absent.onnx")
    with pytest.raises(InputError, match="is a folder"):
        open_encoder(tmp_path)


def test_vectors_do_not_depend_on_the_other_photographs_of_a_batch(model):
    encoder = open_encoder(model)
    rgb = photographs(4)
    whole = encoder.run(rgb)
    alone = np.concatenate([encoder.run(rgb[at : at + 1]) for at in range(8)])
    np.testing.assert_allclose(whole, alone, rtol=1e-5)
