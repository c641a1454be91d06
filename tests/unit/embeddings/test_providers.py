"""Devices that are not here: a stand-in for onnxruntime that behaves as its documentation says."""

import ctypes
import importlib.metadata
import re
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
from tests.encoder_files import photographs, write_encoder

from igwas.context import Context
from igwas.embeddings.embed import embed
from igwas.embeddings.encoder import open_encoder
from igwas.embeddings.providers import (
    MEMORY,
    PROVIDERS,
    host_buffer,
    missing_library,
    open_session,
    split_threads,
)
from igwas.errors import DeviceUnavailable, IgwasError, InputError, OptionError

CPU, CUDA, TENSORRT, OPENVINO = (PROVIDERS[d][0] for d in ("cpu", "cuda", "tensorrt", "openvino"))


class FakeOrtValue:
    """Memory of the device."""

    n_made = 0

    def __init__(self, array):
        self.array = array.copy()

    @classmethod
    def ortvalue_from_numpy(cls, array, device, device_id):
        assert (device, device_id) == ("cuda", 0)
        cls.n_made += 1
        return cls(array)

    def shape(self):
        return list(self.array.shape)

    def update_inplace(self, array):
        assert array.shape == self.array.shape
        self.array[...] = array


class FakeBinding:
    def __init__(self, session):
        self.session, self.inputs, self.outputs = session, {}, {}

    def bind_ortvalue_input(self, name, value):
        self.inputs[name] = value

    def bind_output(self, name, device, number=0, dtype=None, shape=None, address=None):
        assert (device, number) == ("cpu", 0)
        self.outputs[name], self.address = None, address

    def keep(self, name, vectors):
        """As ONNX Runtime: into the memory that was bound, or its own."""
        self.outputs[name] = vectors
        if self.address is not None:
            ctypes.memmove(self.address, vectors.ctypes.data, vectors.nbytes)

    def copy_outputs_to_cpu(self):
        return list(self.outputs.values())


class FakeSession:
    """Runs on the CPU and says that it ran elsewhere."""

    def __init__(self, inner, providers):
        self.inner, self.providers, self.has_fallback = inner, providers, True
        self.batches = []

    def get_providers(self):
        return self.providers

    def disable_fallback(self):
        self.has_fallback = False

    def io_binding(self):
        return FakeBinding(self)

    def run_with_iobinding(self, binding):
        batch = binding.inputs["image"].array
        self.batches.append(len(batch))
        binding.keep("embedding", self.inner.run(["embedding"], {"image": batch})[0])

    def __getattr__(self, name):
        return getattr(self.inner, name)


class FakeRuntime:
    """onnxruntime with a GPU, one whose libraries do not load, or one that fails."""

    __version__ = "9.9"
    OrtValue = FakeOrtValue

    def __init__(self, available=(CUDA, CPU), loads=True, error=None):
        self.available, self.loads, self.error = list(available), loads, error
        self.sessions, self.preloaded = [], 0

    def get_available_providers(self):
        return self.available

    def preload_dlls(self):
        self.preloaded += 1

    def SessionOptions(self):  # noqa: N802 - onnxruntime's name
        import onnxruntime

        return onnxruntime.SessionOptions()

    def InferenceSession(self, content, options, providers):  # noqa: N802 - onnxruntime's name
        import onnxruntime

        names = [one if isinstance(one, str) else one[0] for one in providers]
        if self.error and names[0] != CPU:
            raise RuntimeError(self.error)
        got = [*names, CPU] if self.loads and names[0] != CPU else [CPU]
        inner = onnxruntime.InferenceSession(content, options, providers=[CPU])
        self.sessions.append(FakeSession(inner, got))
        self.sessions[-1].asked = providers
        return self.sessions[-1]


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    """As if NVIDIA's driver saw a GPU; a test may say otherwise."""
    found = types.SimpleNamespace(missing="")
    monkeypatch.setattr("igwas.embeddings.providers.missing_gpu", lambda: found.missing)
    return found


@pytest.fixture
def content(model):
    return model.read_bytes()


def test_a_device_asked_for_by_name_runs(content):
    runtime = FakeRuntime()
    opened = open_session(content, device="cuda", threads=1, runtime=runtime)
    assert (opened.device, opened.provider, opened.reason) == ("cuda", CUDA, "")
    assert not opened.session.has_fallback
    assert runtime.preloaded == 1
    assert dict(runtime.sessions[0].asked[0][1])["use_tf32"] == "0"


@pytest.mark.parametrize("device", ["cuda", "tensorrt", "openvino"])
def test_a_device_this_onnxruntime_lacks_is_an_error_that_names_the_package(content, device):
    with pytest.raises(DeviceUnavailable, match=f"has no {PROVIDERS[device][0]}.*pip install"):
        open_session(content, device=device, threads=1)


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_the_driver_is_looked_for_before_any_package(content, driver, monkeypatch, device):
    driver.missing = "there is no NVIDIA driver"
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")  # two packages of one
    with pytest.raises(DeviceUnavailable, match=r"there is no NVIDIA driver; .* --device cpu") as e:
        open_session(content, device=device, threads=1)
    assert "pip" not in str(e.value)
    assert open_session(content, device="auto", threads=1).reason == (
        "auto: there is no NVIDIA driver"
    )


def test_the_driver_is_looked_for_before_onnxruntime_itself(content, driver, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(IgwasError, match=r'pip install "\.\[gpu\]"'):
        open_session(content, device="cuda", threads=1)
    with pytest.raises(IgwasError, match=r"pip install .\.\[encoder\]"):
        open_session(content, device="auto", threads=1)
    driver.missing = "there is no NVIDIA driver"
    with pytest.raises(DeviceUnavailable, match="there is no NVIDIA driver"):
        open_session(content, device="cuda", threads=1)


def test_openvino_needs_no_nvidia_driver(content, driver):
    driver.missing = "there is no NVIDIA driver"
    with pytest.raises(DeviceUnavailable, match="no OpenVINOExecutionProvider"):
        open_session(content, device="openvino", threads=1)


def test_a_silent_fallback_is_an_error(content):
    runtime = FakeRuntime([TENSORRT, CUDA, OPENVINO, CPU], loads=False)
    for device in ("cuda", "tensorrt", "openvino"):
        with pytest.raises(DeviceUnavailable, match="took CPUExecutionProvider; expected"):
            open_session(content, device=device, threads=1, runtime=runtime)


def test_tensorrt_that_starts_only_cuda_is_an_error(content):
    runtime = FakeRuntime([TENSORRT, CUDA, CPU])
    runtime.InferenceSession = lambda *a, **k: types.SimpleNamespace(
        get_providers=lambda: [CUDA, CPU]
    )
    with pytest.raises(DeviceUnavailable, match="took CUDAExecutionProvider"):
        open_session(content, device="tensorrt", threads=1, runtime=runtime)


def test_a_device_that_fails_to_start_is_an_error_with_its_words(content):
    runtime = FakeRuntime(error="CUDA driver version is insufficient\nstack")
    with pytest.raises(DeviceUnavailable, match=r"\(CUDA driver version is insufficient\)"):
        open_session(content, device="cuda", threads=1, runtime=runtime)


def test_auto_takes_cuda_where_it_works_and_says_so(content):
    opened = open_session(content, device="auto", threads=1, runtime=FakeRuntime())
    assert (opened.device, opened.reason) == ("cuda", "auto: CUDA works here")


@pytest.mark.parametrize(
    ("runtime", "reason"),
    [
        (FakeRuntime([CPU]), "has no CUDAExecutionProvider"),
        (FakeRuntime(loads=False), "could not start CUDAExecutionProvider and took"),
        (FakeRuntime(error="no device"), "could not start CUDAExecutionProvider"),
    ],
)
def test_auto_says_why_it_takes_the_cpu(content, runtime, reason):
    opened = open_session(content, device="auto", threads=1, runtime=runtime)
    assert opened.device == "cpu"
    assert reason in opened.reason


def test_an_unknown_device_is_an_option_error(content):
    with pytest.raises(OptionError, match="expected one of auto, cpu"):
        open_session(content, device="tpu", threads=1)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x07"])
def test_a_file_that_is_no_model_is_an_input_error(content):
    with pytest.raises(InputError, match="cannot be run by ONNX Runtime"):
        open_session(content, device="cpu", threads=1)


@pytest.mark.parametrize("has_fixed_width", [False, True])
def test_the_device_path_gives_what_the_cpu_gives_and_reuses_its_memory(tmp_path, has_fixed_width):
    FakeOrtValue.n_made = 0
    model = write_encoder(tmp_path / "m.onnx", has_fixed_width=has_fixed_width)
    encoder = open_encoder(model, context=Context(device="cuda"), runtime=FakeRuntime())
    rgb = photographs(9)
    np.testing.assert_allclose(embed(rgb, encoder, batch_size=4), embed(rgb, model), rtol=1e-5)
    # The last two photographs are filled up to four: no second plan, no second allocation.
    assert encoder.opened.session.batches == [4, 4, 4, 4, 4]
    assert FakeOrtValue.n_made == 1


def test_a_device_that_fails_in_a_batch_is_an_error_and_not_a_fallback(model):
    encoder = open_encoder(model, context=Context(device="cuda"), runtime=FakeRuntime())

    def fail(binding):
        raise RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory")

    encoder.opened.session.run_with_iobinding = fail
    with pytest.raises(IgwasError, match=r"CUDAExecutionProvider failed on a batch of 2 \(Failed"):
        embed(photographs(1), encoder)


@pytest.mark.parametrize("has_fixed_width", [False, True])
def test_binding_runs_on_the_onnxruntime_that_is_here(tmp_path, monkeypatch, has_fixed_width):
    """The same calls as on a GPU, with the CPU in its place."""
    model = write_encoder(tmp_path / "m.onnx", has_fixed_width=has_fixed_width)
    rgb = photographs(9)
    expected = embed(rgb, model, batch_size=4)
    monkeypatch.setitem(MEMORY, "cpu", "cpu")
    encoder = open_encoder(model)
    assert encoder._binding is not None
    np.testing.assert_array_equal(embed(rgb, encoder, batch_size=4), expected)
    np.testing.assert_array_equal(encoder.run(rgb[:3]), encoder.run(rgb[:3]))


def test_memory_is_pinned_where_cupy_is(monkeypatch):
    asked = []

    def empty_pinned(shape, dtype):
        asked.append((tuple(shape), dtype))
        return np.empty(shape, dtype)

    monkeypatch.setitem(sys.modules, "cupyx", types.SimpleNamespace(empty_pinned=empty_pinned))
    assert host_buffer((2, 3), np.uint8, "cuda").shape == (2, 3)
    assert host_buffer((2, 3), np.uint8, "cpu").shape == (2, 3)
    assert asked == [((2, 3), np.uint8)]
    monkeypatch.setitem(sys.modules, "cupyx", None)
    assert host_buffer((4,), np.float32, "tensorrt").dtype == np.float32


@pytest.fixture
def broken_runtime(tmp_path):
    """A runtime whose provider's library needs another that is not there."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    folder = tmp_path / "onnxruntime" / "capi"
    folder.mkdir(parents=True)
    source = tmp_path / "none.c"
    source.write_text("int nothing(void) { return 0; }\n")

    def build(name, *needs):
        command = ["gcc", "-shared", "-fPIC", source, "-o", folder / name, "-Wl,--no-as-needed"]
        subprocess.run([*command, *(folder / need for need in needs)], check=True)

    build(
        "libcudnn_absent.so.9",
    )
    build("libonnxruntime_providers_shared.so")
    build("libonnxruntime_providers_cuda.so", "libcudnn_absent.so.9")
    (folder / "libcudnn_absent.so.9").unlink()
    runtime = FakeRuntime(loads=False)
    runtime.__file__ = str(folder.parent / "__init__.py")
    return runtime


def test_the_library_that_is_missing_is_named(content, broken_runtime):
    with pytest.raises(
        DeviceUnavailable, match=r"took CPU.*: \S*libcudnn_absent\.so\.9 is missing"
    ):
        open_session(content, device="cuda", threads=1, runtime=broken_runtime)
    assert missing_library(broken_runtime, "tensorrt") == ""
    assert missing_library(types.SimpleNamespace(), "cuda") == ""


def test_two_packages_of_one_module_are_an_error(content, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")
    with pytest.raises(DeviceUnavailable, match="overwrite each other; expected onnxruntime-gpu"):
        open_session(content, device="cuda", threads=1, runtime=FakeRuntime())


@pytest.mark.parametrize(
    ("device", "install"),
    [
        ("cuda", re.escape('pip install ".[gpu]" (in the checkout of igwas-fast)') + "$"),
        ("tensorrt", re.escape('pip install ".[gpu]"') + ".*TensorRT.*docs/embeddings.md"),
        ("openvino", "pip install onnxruntime-openvino$"),
    ],
)
@pytest.mark.parametrize(
    "packages", [["onnxruntime"], ["onnxruntime", "onnxruntime-gpu"], ["onnxruntime-gpu"]]
)
def test_the_repair_removes_every_package_and_brings_the_libraries(
    content, monkeypatch, packages, device, install
):
    monkeypatch.setattr("igwas.embeddings.providers.installed_runtimes", lambda: packages)
    with pytest.raises(DeviceUnavailable) as error:
        open_session(content, device=device, threads=1, runtime=FakeRuntime([CPU]))
    assert re.search(f"pip uninstall {' '.join(packages)}(,| ).*then {install}", str(error.value))


def test_tensorrt_that_does_not_start_says_where_its_libraries_come_from(content):
    with pytest.raises(DeviceUnavailable, match="pip's package tensorrt-cu13 or of NVIDIA's"):
        open_session(
            content, device="tensorrt", threads=1, runtime=FakeRuntime([TENSORRT, CPU], loads=False)
        )


def test_the_threads_of_the_context_reach_the_session(tmp_path):
    runtime = FakeRuntime([CPU])
    model = write_encoder(tmp_path / "m.onnx")
    encoder = open_encoder(model, context=Context(threads=3), runtime=runtime)
    assert runtime.sessions[0].get_session_options().intra_op_num_threads == 1
    assert encoder.n_lanes == 3


@pytest.mark.parametrize(
    ("device", "threads", "expected"),
    [("cpu", 1, (1, 1)), ("cpu", 8, (8, 1)), ("cpu", 9, (8, 2)), ("cpu", 64, (8, 8)),
     ("cuda", 16, (2, 16)), ("openvino", 4, (2, 4))],
)  # fmt: skip
def test_threads_are_split_into_lanes_on_a_cpu(device, threads, expected):
    assert split_threads(device, threads) == expected
