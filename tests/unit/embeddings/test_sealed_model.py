"""An encoder whose bytes changed after the export is refused, wherever they did."""

import dataclasses
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.encoder_files import photographs, write_encoder

from igwas.context import Context
from igwas.embeddings.encoder import open_encoder
from igwas.embeddings.sealed_model import KEY, PLACEHOLDER, refuse_altered, sealed
from igwas.errors import CorruptFile, IgwasError

CPU = Context(threads=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "encoder.onnx"
    write_encoder(path, **{KEY: PLACEHOLDER})
    path.write_bytes(sealed(path.read_bytes()))
    return path


def flipped(content, byte, bit):
    changed = bytearray(content)
    changed[byte] ^= 1 << bit
    return bytes(changed)


def digest_in(model):
    return open_encoder(model, context=CPU).opened.session.get_modelmeta().custom_metadata_map[KEY]


def test_a_whole_file_is_opened(model):
    assert open_encoder(model, context=CPU).card.description == "means of a grid, projected"
    assert digest_in(model) != PLACEHOLDER


def test_a_flipped_bit_of_a_weight_is_refused(model, tmp_path):
    weights = np.random.default_rng(0).normal(size=(48, 6)).astype(np.float32).tobytes()
    content = model.read_bytes()
    start = content.index(weights)
    damaged = tmp_path / "damaged.onnx"
    for byte in (start, start + 3, start + len(weights) - 1):
        damaged.write_bytes(flipped(content, byte, 3))
        with pytest.raises(CorruptFile, match="does not match its own digest") as caught:
            open_encoder(damaged, context=CPU)
        assert str(damaged) in str(caught.value)
    # What the digest is there for: ONNX Runtime runs the same file without a word.
    damaged.write_bytes(flipped(content, start + 3, 3).replace(KEY.encode(), KEY.upper().encode()))
    open_encoder(damaged, context=CPU)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_flipped_bit_is_noticed(model, data):
    content = model.read_bytes()
    byte = data.draw(st.integers(0, len(content) - 1))
    changed = flipped(content, byte, data.draw(st.integers(0, 7)))
    with pytest.raises(CorruptFile):
        refuse_altered(changed, digest_in(model), "it")


def test_a_damaged_file_that_is_opened_never_passes(model, tmp_path):
    """Flips in names and lengths may stop ONNX Runtime first: refused all the same."""
    content = model.read_bytes()
    key = content.index(KEY.encode())
    damaged = tmp_path / "damaged.onnx"
    rng = np.random.default_rng(1)
    for byte in rng.integers(len(content), size=40):
        if key - 4 <= byte < key + len(KEY):
            continue  # without its name the digest is not found, as in a file of an older version
        damaged.write_bytes(flipped(content, byte, int(rng.integers(8))))
        with pytest.raises(IgwasError):
            open_encoder(damaged, context=CPU)


def vectors(path):
    session = open_encoder(path, context=CPU).opened.session
    return session.run(None, {"image": photographs(5)})[0]


def test_a_file_without_a_digest_is_opened_as_before(model, tmp_path):
    old = write_encoder(tmp_path / "old.onnx")
    cards = [open_encoder(path, context=CPU).card for path in (model, old)]
    assert cards[0].digest != cards[1].digest
    assert dataclasses.replace(cards[0], digest="") == dataclasses.replace(cards[1], digest="")
    np.testing.assert_array_equal(vectors(model), vectors(old))
    assert np.ptp(vectors(old)) > 0


def test_a_model_edited_on_purpose_is_opened_once_its_digest_is_removed(model, tmp_path):
    """By the command of docs/encoder.md."""
    edited, bare = tmp_path / "edited.onnx", tmp_path / "bare.onnx"
    changed = onnx.load(model)
    changed.metadata_props.add(key="site", value="here")
    onnx.save(changed, edited)
    with pytest.raises(CorruptFile, match=f"on purpose, remove the metadata {KEY}"):
        open_encoder(edited, context=CPU)
    guide = (Path(__file__).parents[3] / "docs" / "encoder.md").read_text()
    command = re.search(r"    python -c (\"import onnx.*?\") edited.onnx", guide, re.DOTALL)[1]
    subprocess.run([sys.executable, "-c", *shlex.split(command), edited, bare], check=True)
    np.testing.assert_array_equal(vectors(bare), vectors(model))
    metadata = open_encoder(bare, context=CPU).opened.session.get_modelmeta().custom_metadata_map
    assert metadata["site"] == "here"
    assert KEY not in metadata


def test_a_model_without_the_placeholder_cannot_be_sealed():
    with pytest.raises(ValueError, match="expected the placeholder"):
        sealed(b"a model")
