"""A segmentation network of the user's draws the vessels, or says why it cannot."""

import json

import h5py
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.fundus_pictures import fundus_picture, save

from igwas.context import Context
from igwas.errors import IncompleteFile, InputError, OptionError
from igwas.images.images_file import read_images
from igwas.images.options import ImagesOptions
from igwas.images.process import process_photographs
from igwas.images.vessel_network import VesselNetwork, opened_network

SIDE = 64


def write_network(path, *, input_type=TensorProto.FLOAT, shape=(1, 3, None, None), scale=1.0):
    """A network whose probability is the mean of the channels, times `scale`."""
    axis = 1 if input_type == TensorProto.FLOAT else 3
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "unit"], ["zero_to_one"]),
        helper.make_node("ReduceMean", ["zero_to_one"], ["plane"], axes=[axis], keepdims=1),
        helper.make_node("Mul", ["plane", "scale"], ["probability"]),
    ]
    unit = 1.0 if input_type == TensorProto.FLOAT else 255.0
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("image", input_type, shape)],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, None)],
        [
            helper.make_tensor("unit", TensorProto.FLOAT, [], [unit]),
            helper.make_tensor("scale", TensorProto.FLOAT, [], [scale]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.fixture
def photographs(tmp_path):
    """Two eyes of one person."""
    folder = tmp_path / "photographs"
    save(folder / "A_left.png", fundus_picture(head_x=-0.55, seed=1))
    save(folder / "A_right.png", fundus_picture(head_x=0.55, seed=2))
    return folder


def options(network, **further):
    return ImagesOptions(
        size_px=SIDE, views=("green", "vessels"), vessel_network=network, **further
    )


@pytest.mark.parametrize(
    ("input_type", "shape"),
    [(TensorProto.FLOAT, (1, 3, None, None)), (TensorProto.UINT8, (1, None, None, 3))],
)
def test_the_network_draws_the_view(photographs, tmp_path, input_type, shape):
    network = write_network(tmp_path / "n.onnx", input_type=input_type, shape=shape)
    output = tmp_path / "images.h5"
    process_photographs(photographs, output, options=options(network), context=Context(threads=2))
    with read_images(output) as images:
        rgb, drawn = images.read(0, 2), images.read(0, 2, "vessels")
    inside = drawn > 0
    assert inside.mean() > 0.5
    assert np.abs(drawn[inside] - rgb.mean(-1)[inside]).max() <= 0.51
    with h5py.File(output) as file:
        assert json.loads(file.attrs["inputs"])["vessel_network"]["path"] == str(network)
        assert file.attrs["vessel_network_digest"] == VesselNetwork(network).digest


def test_another_network_does_not_go_on_with_a_run(photographs, tmp_path, monkeypatch):
    output = tmp_path / "images.h5"
    network = write_network(tmp_path / "n.onnx")
    with monkeypatch.context() as patch:
        patch.setattr("igwas.images.process.write_images", _fail)
        with pytest.raises(RuntimeError):
            process_photographs(photographs, output, options=options(network))
    other = write_network(tmp_path / "o.onnx", scale=0.5)
    with pytest.raises(IncompleteFile, match=r"made with other options \(vessel network ") as found:
        process_photographs(photographs, output, options=options(other, resume=True))
    assert "size" not in str(found.value)
    assert "measures" not in str(found.value)
    message = r"\(size px 64, now 96; views .*; vessel network .*, now none\)"
    with pytest.raises(IncompleteFile, match=message):
        process_photographs(photographs, output, options=ImagesOptions(size_px=96, resume=True))
    process_photographs(photographs, output, options=options(network, resume=True))


def _fail(*_arguments, **_options):
    raise RuntimeError("killed")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"scale": 3.0},
            r"gave values 2.35294 to 2.35294 of shape .*expected one probability, 0 to 1",
        ),
        ({"scale": float("nan")}, "gave values nan to nan"),
        (
            {"shape": (1, 3, 32, 32)},
            r"takes crops of 32 x 32 pixels, these have 64; .*Give --size 32, or",
        ),
        ({"shape": (1, 3, 32, 48)}, r"crops of 32 x 48 pixels.*Export it for square crops"),
        ({"shape": (1, 1, None, None)}, r"expected one input, float32 \(1, 3.*in colour. Export"),
        ({"shape": (4, 3, None, None)}, r"takes image: .*\[4, 3, .*one crop in colour. Export"),
        ({"scale": 3.0}, r"Put a sigmoid at its end\.$"),
        ({"scale": float("nan")}, r"Check the network on such a crop\.$"),
        ({"shape": (3, None, None)}, r"takes image: tensor\(float\).*expected one input"),
    ],
)
def test_a_network_that_cannot_draw_is_refused_in_one_line(tmp_path, settings, message):
    network_file = write_network(tmp_path / "n.onnx", **settings)
    crop = np.full((SIDE, SIDE, 3), 200, np.uint8)
    with pytest.raises(InputError, match=message) as caught:
        VesselNetwork(network_file)(crop, np.ones((SIDE, SIDE), bool))
    assert "\n" not in str(caught.value)


def write_choosy_network(path):
    """A network that draws a black crop, and fails on any other: a gather beyond its table."""
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["brightest"], keepdims=0),
        helper.make_node("Mul", ["brightest", "far"], ["scaled"]),
        helper.make_node("Cast", ["scaled"], ["row"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "row"], ["zero"]),
        helper.make_node("ReduceMean", ["image"], ["plane"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["plane", "zero"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "choosy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, None, None))],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, None)],
        [
            helper.make_tensor("far", TensorProto.FLOAT, [], [1000.0]),
            helper.make_tensor("table", TensorProto.FLOAT, [1], [0.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("threads", [1, 2])
def test_the_photograph_that_the_network_fails_on_is_named(photographs, tmp_path, capfd, threads):
    network = write_choosy_network(tmp_path / "n.onnx")
    with pytest.raises(
        InputError, match=r"A_left\.png: .*n\.onnx failed on a crop of 64"
    ) as caught:
        process_photographs(
            photographs, tmp_path / "images.h5", options=options(network),
            context=Context(threads=threads),
        )  # fmt: skip
    assert "\n" not in str(caught.value)
    # ONNX Runtime's own line would stand before ours.
    assert capfd.readouterr().err == ""


def test_nothing_is_begun_with_a_network_that_cannot_draw(photographs, tmp_path):
    network = write_network(tmp_path / "n.onnx", shape=(1, 3, 32, 32))
    with pytest.raises(InputError, match="takes crops of 32 x 32"):
        process_photographs(photographs, tmp_path / "images.h5", options=options(network))
    assert {path.name for path in tmp_path.iterdir()} == {"photographs", "n.onnx"}


def test_a_network_that_changes_during_a_run_is_refused(tmp_path):
    network = write_network(tmp_path / "n.onnx")
    with pytest.raises(InputError, match="has changed since the run began"):
        opened_network(network, "another digest")


def test_no_model_at_all(tmp_path):
    (tmp_path / "n.onnx").write_bytes(b"nothing")
    with pytest.raises(
        InputError, match=r"n\.onnx .*Give --vessel-network a segmentation"
    ) as found:
        VesselNetwork(tmp_path / "n.onnx")
    assert "igwas-fast export" not in str(found.value)
    with pytest.raises(InputError, match="cannot be read"):
        VesselNetwork(tmp_path / "missing.onnx")


def test_a_network_without_its_view_is_refused(tmp_path):
    with pytest.raises(OptionError, match="expected --views vessels"):
        ImagesOptions(vessel_network=tmp_path / "n.onnx")
