"""What this installation is, what it runs on, and whether its core computes correctly."""

import importlib.metadata
import importlib.util
import os
import platform
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from igwas._version import __version__
from igwas.context import Context
from igwas.embeddings.providers import installed_runtimes
from igwas.extras import install_command
from igwas.nvidia_driver import missing_gpu
from igwas.self_test import Check, run_self_test
from igwas.wording import counted

_PACKAGES = ("numpy", "scipy", "h5py", "hdf5plugin", "pandas", "pyarrow", "pgenlib", "cyvcf2",
             "bgen", "pysam")  # fmt: skip
# Distributions that bring an optional package, and the extras that ask for it.
_OPTIONAL = {
    "torch": (("torch",), "encoder"),
    "tensorboard": (("tensorboard",), "encoder"),
    "onnx": (("onnx",), "encoder or gpu"),
    "onnxscript": (("onnxscript",), "encoder"),
    "onnxruntime": (("onnxruntime-gpu", "onnxruntime"), "encoder or gpu"),
    "pillow": (("pillow",), "encoder or gpu"),
    "scikit-image": (("scikit-image",), "encoder or gpu"),
    "matplotlib": (("matplotlib",), "encoder or report"),
    "jinja2": (("jinja2",), "report"),
    "cupy": (("cupy-cuda13x", "cupy-cuda12x", "cupy"), "gpu"),
}
# Instruction sets a kernel could use, weakest first.
_SIMD_FLAGS = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "bmi2",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "asimd",
)
_GIBIBYTE = 2**30


@dataclass(frozen=True)
class Diagnosis:
    """Facts about the installation and the machine, and the self-test.

    Attributes
    ----------
    facts : dict of str to dict
        Sections (versions, optional, machine, core), each a dict of names to values.
    checks : list of Check
        The self-test.
    warnings : list of str
        What is installed and will not work as it looks.
    """

    facts: dict[str, dict[str, Any]]
    checks: list[Check]
    warnings: list[str] = field(default_factory=list)

    @property
    def is_healthy(self) -> bool:
        """Whether every check passed."""
        return all(check.is_passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        checks = [asdict(check) for check in self.checks]
        return {
            **self.facts, "warnings": self.warnings, "checks": checks, "is_healthy": self.is_healthy
        }  # fmt: skip

    def describe(self) -> list[str]:
        """Lines for the screen."""
        lines = []
        for section, facts in self.facts.items():
            lines.append(section)
            width = max([14, *map(len, facts)])
            lines += [f"  {name:<{width}} {value}" for name, value in facts.items()]
        lines += [f"warning: {words}" for words in self.warnings]
        lines.append("self-test")
        for check in self.checks:
            lines.append(
                f"  {'ok' if check.is_passed else 'FAILED':<7} {check.name}: {check.detail}"
            )
        lines.append("all checks passed" if self.is_healthy else "the self-test FAILED: see above")
        return lines


def diagnose(*, context: Context | None = None) -> Diagnosis:
    """Gather versions and devices, and test the core; takes about a second.

    Raises
    ------
    OptionError
        If the context bounds the memory; nothing else is raised, what fails is a failed check.
    """
    facts = {
        "versions": _versions(),
        "optional": _optional_versions(),
        "machine": _machine(),
        "core": _core_facts(),
    }
    gpus = _gpus()
    if gpus:
        facts["gpus"] = gpus
    return Diagnosis(facts, run_self_test(context), _warnings())


def _warnings() -> list[str]:
    installed = installed_runtimes()
    if len(installed) < 2:
        return []
    return [
        f"{' and '.join(installed)} are both installed, which are one module and overwrite each "
        f"other; expected one. Run pip uninstall {' '.join(installed)}, then "
        f"{install_command('encoder')} for a CPU or {install_command('gpu')} for a GPU."
    ]


def _versions() -> dict[str, str]:
    found = {"igwas-fast": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        found[name] = _version(name) or f"missing; install it with: pip install {name}"
    try:
        import h5py

        found["hdf5"] = h5py.version.hdf5_version
    except ImportError as error:
        found["hdf5"] = f"cannot be loaded ({error})"
    return found


def _optional_versions() -> dict[str, str]:
    """Versions from the packages' metadata: importing torch alone would take seconds."""
    found = {}
    for name, (distributions, extra) in _OPTIONAL.items():
        versions = {each: version for each in distributions if (version := _version(each))}
        found[name] = ", ".join(
            version if each == name else f"{version} ({each})" for each, version in versions.items()
        )
        found[name] = found[name] or f"not installed (extra: {extra})"
    for name, seen in (("torch", _torch_devices), ("onnxruntime", _onnx_devices)):
        if not found[name].startswith("not installed"):
            found[name] += f"; {seen()}"
    return found


def _torch_devices() -> str:
    """Whether torch sees a GPU; only a build for CUDA beside a GPU is imported to tell."""
    spec = importlib.util.find_spec("torch")
    build = _torch_build(Path(spec.origin).parent / "version.py") if spec and spec.origin else {}
    words = f"build {build.get('__version__', 'unknown')}"
    if not build.get("cuda"):
        return f"{words} is for CPUs only: it sees no CUDA" if build else words
    words += f" for CUDA {build['cuda']}"
    if missing := missing_gpu():
        return f"{words}: it sees no GPU ({missing})"
    try:
        import torch

        n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    # Whatever torch raises where its libraries do not fit the machine.
    except Exception as error:
        return f"{words}: it does not load ({error})"
    return f"{words}: it sees {counted(n_gpus, 'GPU', 'GPUs')}"


def _torch_build(path: Path) -> dict[str, str]:
    """Version and CUDA version of torch's build, from its own file; empty if unreadable."""
    try:
        text = path.read_text()
    except OSError:
        return {}
    return dict(re.findall(r"^(__version__|cuda)\b[^=]*= '([^']+)'", text, re.MULTILINE))


def _onnx_devices() -> str:
    """Providers of the onnxruntime that is imported, whichever package it is of."""
    try:
        import onnxruntime

        return f"providers {', '.join(onnxruntime.get_available_providers())}"
    # Half of one package and half of another fails in its own ways.
    except Exception as error:
        return f"it does not load ({error})"


def _version(distribution: str) -> str:
    """Version of an installed distribution; empty where there is none."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _machine() -> dict[str, Any]:
    model, flags = _cpu()
    facts = {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": model or "unknown",
        "simd": " ".join(flag for flag in _SIMD_FLAGS if flag in flags) or "unknown",
        "cores": Context().n_threads,
    }
    if "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        facts["memory"] = f"{memory / _GIBIBYTE:.1f} GiB"
    return facts


def _cpu(path: Path = Path("/proc/cpuinfo")) -> tuple[str, set[str]]:
    """Model name and feature flags; empty where the system does not say."""
    try:
        text = path.read_text()
    except OSError:
        return "", set()
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    return model[1] if model else "", set(flags[1].split()) if flags else set()


def _core_facts() -> dict[str, str]:
    return {
        "module": _core_module(),
        "instruction set": _instruction_set(),
        "zstd": _zstd(),
        "CUDA backend": _cuda_build(),
        "cuda": _cuda(),
    }


def _instruction_set() -> str:
    try:
        from igwas import _core
    except ImportError:
        return "unknown"
    forced = os.environ.get("IGWAS_SIMD")
    return _core.simd_level() + (f" (IGWAS_SIMD is {forced})" if forced else "")


def _core_module() -> str:
    try:
        from igwas import _core
    except ImportError as error:
        return f"cannot be loaded ({error}); build it with: pip install ."
    return str(_core.__file__)


def _zstd() -> str:
    try:
        from igwas import _codec

        _codec.ensure_zstd()
        return str(_codec._zstd_library())
    except Exception as error:
        return f"not found ({error})"


def _cuda_build() -> str:
    # It is built wherever nvcc is; whether it loads and finds a GPU is the next line's matter.
    is_built = importlib.util.find_spec("igwas._cuda") is not None
    return "built" if is_built else "not built (nvcc was not found, or IGWAS_CUDA is OFF)"


def _cuda() -> str:
    try:
        from igwas.association.device import cuda_status

        return cuda_status()[1]
    # A core that does not load is reported above.
    except ImportError:
        return "unknown"


def _gpus() -> dict[str, str]:
    """Each GPU that can be used: its number, and what it is."""
    try:
        from igwas.association.device import cuda_module, cuda_status

        found = cuda_module().list_gpus() if cuda_status()[0] else []
    except Exception as error:
        return {"": f"cannot be listed ({error})"}
    return {
        str(number): f"{gpu['name']}, compute capability "
        f"{'.'.join(map(str, gpu['compute_capability']))}, "
        f"{gpu['memory_bytes'] / _GIBIBYTE:.1f} GiB"
        for number, gpu in enumerate(found)
    }
