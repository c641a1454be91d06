"""Where the encoder runs: what was asked for, or an error that says what is missing.

ONNX Runtime falls back to the CPU without an error, when a session is made and again when a run
fails; its list of available providers names CUDA even where it cannot load. So the session is
asked what it got, and its fallback is turned off.
"""

import ctypes
import importlib
import importlib.metadata
import logging
import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from igwas.errors import DeviceUnavailable, IgwasError, InputError, OptionError
from igwas.extras import install_command
from igwas.nvidia_driver import NO_DRIVER, missing_gpu

_log = logging.getLogger("igwas")

# Device -> what ONNX Runtime calls it, and the package that has it.
PROVIDERS: dict[str, tuple[str, str]] = {
    "cpu": ("CPUExecutionProvider", "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
}
DEVICES = ("auto", *PROVIDERS)
# Devices with memory of their own, and what ONNX Runtime calls it.
MEMORY = {"cuda": "cuda", "tensorrt": "cuda"}

_NEEDED = {
    "cuda": "an NVIDIA GPU with its driver, CUDA and cuDNN of the versions this onnxruntime names",
    "tensorrt": "an NVIDIA GPU with its driver, CUDA, cuDNN and TensorRT's libraries (of pip's "
    "package tensorrt-cu13 or of NVIDIA's packages, on LD_LIBRARY_PATH: docs/embeddings.md)",
    "openvino": "the OpenVINO libraries",
}
# What a provider's own library cannot load without: asked for where it does not start.
_LIBRARIES = {
    "cuda": "libonnxruntime_providers_cuda.so",
    "tensorrt": "libonnxruntime_providers_tensorrt.so",
    "openvino": "libonnxruntime_providers_openvino.so",
}
# On a CPU what ONNX Runtime logs as an error it also raises; a provider says some in its log alone.
_ERRORS_ONLY, _FATAL_ONLY = 3, 4
_EXPORT_AGAIN = 'Write it again with "igwas-fast export".'
# Each lane holds a batch with all of the network's intermediate maps.
_MOST_LANES = 8


def split_threads(device: str, threads: int) -> tuple[int, int]:
    """Lanes that each describe a batch of their own, and threads within an operator of a lane.

    On a CPU, lanes of one thread wait for nobody: threads within an operator wait for the slowest
    of them at each operator, and for the one that is reading the next batch (benchmarks/NOTES.md).
    A lane more than one on a device reads while the other's batch is described.

    Parameters
    ----------
    device : str
        Not `auto`.
    threads : int

    Returns
    -------
    (int, int)
    """
    if device != "cpu":
        return 2, threads
    lanes = min(threads, _MOST_LANES)
    return lanes, -(-threads // lanes)


@dataclass(frozen=True)
class OpenSession:
    """A session and what it runs on.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
    runtime : module
        onnxruntime.
    device : str
        `cpu`, `cuda`, `tensorrt` or `openvino`; never `auto`.
    reason : str
        Why this one; empty if it was asked for by name.
    n_lanes : int
        Batches that are worked on at a time; see `split_threads`.
    """

    session: Any
    runtime: Any
    device: str
    reason: str = ""
    n_lanes: int = 1

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of the device."""
        return PROVIDERS[self.device][0]


def onnx_runtime(extra: str = "encoder") -> Any:
    """The module onnxruntime.

    Parameters
    ----------
    extra : str
        Of igwas-fast, that brings it.

    Raises
    ------
    IgwasError
        If it is not installed.
    """
    try:
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise IgwasError(f"needs onnxruntime. Install it with: {install_command(extra)}") from error


def open_session(
    content: bytes,
    *,
    device: str,
    threads: int,
    name: str = "model",
    remedy: str = _EXPORT_AGAIN,
    runtime: Any = None,
) -> OpenSession:
    """Make a session on the device that was asked for.

    Parameters
    ----------
    content : bytes
        The .onnx file.
    device : str
        One of DEVICES; `auto` takes CUDA where it works and else the CPU.
    threads : int
        Threads of all lanes together, on the CPU.
    name : str
        Of the model, for messages.
    remedy : str
        What to do where the file is no model.
    runtime : module, optional
        onnxruntime by default; tests give another.

    Raises
    ------
    DeviceUnavailable
        If a device asked for by name cannot be used, naming what is missing.
    InputError
        If the file is no model that ONNX Runtime can run.
    OptionError
        If there is no such device.
    """
    if device not in DEVICES:
        raise OptionError(
            f"device is {device!r}; expected one of {', '.join(DEVICES)}. Choose one of them."
        )
    # The driver first: without one no package helps.
    if device in MEMORY:
        _require_gpu(device)
    runtime = runtime or onnx_runtime("gpu" if device in MEMORY else "encoder")
    model = _Model(content, name, remedy)
    if device != "auto":
        return _open(runtime, model, device, threads)
    try:
        _require_gpu("cuda")
        opened = _open(runtime, model, "cuda", threads)
        reason = "auto: CUDA works here"
    except DeviceUnavailable as error:
        opened = _open(runtime, model, "cpu", threads)
        reason = f"auto: {re.split(' [(]|;', str(error))[0]}"
    return replace(opened, reason=reason)


@dataclass(frozen=True)
class _Model:
    """The .onnx file, and the words for messages about it."""

    content: bytes
    name: str
    remedy: str


def _open(runtime: Any, model: _Model, device: str, threads: int) -> OpenSession:
    provider = PROVIDERS[device][0]
    _refuse_two_runtimes(device)
    available = runtime.get_available_providers()
    if provider not in available:
        raise DeviceUnavailable(
            f"this onnxruntime {runtime.__version__} has no {provider} (it has "
            f"{', '.join(available)}); expected one that can use {device}. Install it in place of "
            f"this one: pip uninstall {' '.join(installed_runtimes()) or 'onnxruntime'}, then "
            f"{_install(device)}"
        )
    if device in ("cuda", "tensorrt") and hasattr(runtime, "preload_dlls"):
        # CUDA and cuDNN from pip's nvidia packages are found only if they are loaded before.
        runtime.preload_dlls()
    session = _create(runtime, model, device, threads)
    got = list(session.get_providers())
    if not got or got[0] != provider:
        raise DeviceUnavailable(
            f"onnxruntime could not start {provider} and took {', '.join(got) or 'nothing'}"
            f"{_because(runtime, device)}; expected {_NEEDED.get(device, 'it to start')}. Run "
            "nvidia-smi and compare versions, or give --device cpu."
        )
    session.disable_fallback()
    return OpenSession(session, runtime, device, n_lanes=split_threads(device, threads)[0])


def _require_gpu(device: str) -> None:
    missing = missing_gpu()
    if missing:
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        remedy = (
            "Install the driver (nvidia-smi then lists the GPU)"
            if missing == NO_DRIVER
            else f"Look at nvidia-smi and at CUDA_VISIBLE_DEVICES (now {seen!r})"
        )
        raise DeviceUnavailable(
            f"{missing}; expected an NVIDIA GPU with its driver for {device}. {remedy}, or give "
            "--device cpu."
        )


def installed_runtimes() -> list[str]:
    """Installed packages that are the module onnxruntime; two of them overwrite each other."""
    return sorted({package for _, package in PROVIDERS.values() if _is_installed(package)})


def _refuse_two_runtimes(device: str) -> None:
    """Packages that are the same module: whichever was installed last is the one that runs."""
    installed = installed_runtimes()
    if device != "cpu" and len(installed) > 1:
        raise DeviceUnavailable(
            f"{' and '.join(installed)} are installed, which overwrite each other; expected "
            f"{PROVIDERS[device][1]} alone. Run pip uninstall {' '.join(installed)} (all, because "
            f"they share files), then {_install(device)}"
        )


def _install(device: str) -> str:
    """The command that brings a device's package; CUDA and cuDNN come with the extra."""
    if device not in MEMORY:
        return f"pip install {PROVIDERS[device][1]}"
    further = " and TensorRT (docs/embeddings.md)" if device == "tensorrt" else ""
    return install_command("gpu") + further


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _create(runtime: Any, model: _Model, device: str, threads: int) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = split_threads(device, threads)[1]
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY if device == "cpu" else _ERRORS_ONLY
    # Threads that spin while they wait take the core that reads the next batch: with two cores the
    # overlapped rate was a third lower (benchmarks/NOTES.md).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return runtime.InferenceSession(
                model.content, options, providers=_provider_options(device, threads)
            )
    except Exception as error:
        # ONNX Runtime's exceptions share no base class but Exception.
        words = first_line(error)
        if device != "cpu" and not re.search(r"protobuf|INVALID_GRAPH|external data", words, re.I):
            raise DeviceUnavailable(
                f"onnxruntime could not start {PROVIDERS[device][0]} ({words})"
                f"{_because(runtime, device)}; expected {_NEEDED[device]}. Run nvidia-smi and "
                "compare versions, or give --device cpu."
            ) from error
        raise InputError(
            f"{model.name} cannot be run by ONNX Runtime ({words}); expected one whole .onnx file. "
            f"{model.remedy}"
        ) from error


def _because(runtime: Any, device: str) -> str:
    """`: libcudnn.so.9 is missing`, or nothing where all libraries load."""
    missing = missing_library(runtime, device)
    return f": {missing}" if missing else ""


def missing_library(runtime: Any, device: str) -> str:
    """What a provider's library lacks, in the loader's words; empty if it loads, or is not there.

    ONNX Runtime itself says so only in its log.

    Parameters
    ----------
    runtime : module
        onnxruntime.
    device : str
    """
    folder = Path(getattr(runtime, "__file__", "") or "").parent / "capi"
    library = folder / _LIBRARIES.get(device, "")
    if not library.is_file():
        return ""
    try:
        shared = folder / "libonnxruntime_providers_shared.so"
        if shared.is_file():
            ctypes.CDLL(str(shared), mode=ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(library))
    except OSError as error:
        found = re.match(r"(\S+?): cannot open shared object", str(error))
        return f"{found[1]} is missing" if found else str(error)
    return ""


def host_buffer(shape: Sequence[int], dtype: Any, device: str) -> npt.NDArray[Any]:
    """An array of the host to copy from or to; pinned for an NVIDIA device, where CuPy is there.

    Parameters
    ----------
    shape : sequence of int
    dtype : dtype
    device : str
    """
    if device in MEMORY:
        try:
            pinned: npt.NDArray[Any] = importlib.import_module("cupyx").empty_pinned(shape, dtype)
        # CuPy's errors are those of the runtime below it, which share no base class.
        except Exception as error:
            _log.debug("memory is not pinned: %s", first_line(error))
        else:
            return pinned
    return np.empty(shape, dtype)


def _provider_options(device: str, threads: int) -> list[Any]:
    # Only float32 as the CPU computes it: TF32 would change the third digit of a phenotype.
    cuda = (PROVIDERS["cuda"][0], {"device_id": "0", "use_tf32": "0"})
    by_device: dict[str, list[Any]] = {
        "cpu": [PROVIDERS["cpu"][0]],
        "cuda": [cuda],
        # What TensorRT cannot do goes to CUDA, not to the CPU.
        "tensorrt": [(PROVIDERS["tensorrt"][0], {"device_id": "0"}), cuda],
        "openvino": [
            (PROVIDERS["openvino"][0], {"device_type": "CPU", "num_of_threads": str(threads)})
        ],
    }
    return by_device[device]


def first_line(error: BaseException) -> str:
    """First line of an error's words, without ONNX Runtime's code number."""
    words = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : ", "", words).strip().rstrip(".")
