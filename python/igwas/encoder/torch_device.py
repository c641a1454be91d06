"""Where torch computes: a device that is there, and threads that are put back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from igwas.context import Context
from igwas.errors import DeviceUnavailable, OptionError


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
            "--device is cuda but torch sees no GPU; expected one. Check the driver and that torch "
            "was built for CUDA, or give --device cpu."
        )
    return torch.device("cuda", local_rank)


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
