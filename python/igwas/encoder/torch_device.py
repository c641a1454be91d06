"""Where torch computes: a device that is there, and threads that are put back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from igwas.context import Context
from igwas.errors import DeviceUnavailable, OptionError
from igwas.nvidia_driver import missing_gpu


def choose_device(device: str, local_rank: int = 0) -> torch.device:
    """Resolve `cpu`, `cuda` or `auto`.

    Raises
    ------
    DeviceUnavailable
        If cuda is asked for and there is none; OptionError for another name.
    """
    if device not in ("cpu", "cuda", "auto"):
        raise OptionError(f"--device is {device!r}; expected cpu, cuda or auto.")
    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise DeviceUnavailable(
            f"--device is cuda but torch {torch.__version__} sees no GPU; expected {_lacking()}, "
            "or give --device cpu."
        )
    return torch.device("cuda", local_rank)


def _lacking() -> str:
    """What was expected of torch or of the machine, and what to do."""
    if torch.version.cuda is None:
        return (
            "a build of torch for CUDA, which this one is not. Make an environment with one "
            '(docs/encoder.md, "On GPUs")'
        )
    return (
        f"one that its build for CUDA {torch.version.cuda} can use "
        f"({missing_gpu() or 'the driver sees one'}). Run nvidia-smi and compare versions"
    )


@contextmanager
def torch_resources(context: Context) -> Iterator[None]:
    """Use the context's threads; leave torch's threads and CPU random numbers as they were."""
    before = torch.get_num_threads()
    torch.set_num_threads(context.n_threads)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(before)
