"""How to run: threads, device, memory. Passed explicitly; there are no process-wide settings."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsIndex

from igwas.errors import OptionError

# What a device may be called; which of them a function can use, it says where it resolves it.
DEVICES = ("auto", "cpu", "cuda", "tensorrt", "openvino")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, kw_only=True)
class Context:
    """Resources one call may use.

    Parameters
    ----------
    threads : int
        Worker threads; 0 is all cores this process may run on.
    device : str
        `cpu`, `cuda` or `auto`; for encoders also `tensorrt` and `openvino`. For a scan `auto` is
        the CPU until the GPU backend has run on hardware. Work that runs on the CPU only refuses a
        device by name.
    gpus : tuple of int
        Numbers of the GPUs that a scan uses with `cuda`; empty is all. Encoders refuse them.
    max_memory_bytes : int or None
        Upper bound for the buffers that a scan of files or an embedding of files plans; None leaves
        the default plan. Work that plans none refuses a bound.

    Raises
    ------
    OptionError
        If a value is none of these.
    """

    threads: int = 0
    device: str = "cpu"
    gpus: tuple[int, ...] = ()
    max_memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if not _is_whole(self.threads) or self.threads < 0:
            raise OptionError(f"threads is {self.threads!r}; expected 0 (all cores) or more.")
        if self.device not in DEVICES:
            raise OptionError(
                f"--device is {self.device!r}; expected {', '.join(DEVICES[:-1])} or "
                f"{DEVICES[-1]}, in lower case. A GPU's number goes into --gpus."
            )
        gpus: object = self.gpus
        if not isinstance(gpus, Sequence) or not all(_is_whole(gpu) and gpu >= 0 for gpu in gpus):
            raise OptionError(
                f"gpus is {gpus!r}; expected a tuple of GPU numbers. Give for example (0,)."
            )
        # A list would leave the context without a hash.
        object.__setattr__(self, "gpus", tuple(gpus))
        if self.gpus and self.device != "cuda":
            raise OptionError(
                f"--gpus is given but --device is {self.device!r}; expected cuda. "
                "Add --device cuda, or leave --gpus out."
            )
        if len(set(self.gpus)) != len(self.gpus):
            raise OptionError(
                f"--gpus is {','.join(map(str, self.gpus))}; expected each GPU once. Name it once."
            )
        bound = self.max_memory_bytes
        if bound is not None and (not _is_whole(bound) or bound < 1):
            raise OptionError(
                f"max_memory_bytes is {bound!r}; expected None or a whole number of bytes. "
                "Give for example 8 << 30."
            )

    @property
    def n_threads(self) -> int:
        """Threads with 0 resolved to the cores this process may use."""
        return self.threads or len(os.sched_getaffinity(0))


def _is_whole(value: object) -> bool:
    return isinstance(value, SupportsIndex) and not isinstance(value, bool)


def given_context(context: object) -> Context:
    """The context that was given; one of defaults where none is.

    Raises
    ------
    OptionError
        If it is something else, such as the name of a device.

    Examples
    --------
    >>> given_context(None) == Context()
    True
    """
    if context is None:
        return Context()
    if not isinstance(context, Context):
        said = f"igwas.Context(device={context!r})" if isinstance(context, str) else "a Context"
        raise OptionError(f"context is {context!r}; expected an igwas.Context. Give {said}.")
    return context


def cpu_context(context: Context | None, work: str) -> Context:
    """The context of work that runs on the CPU only; one of defaults where none is given.

    Parameters
    ----------
    context : Context or None
    work : str
        What is done, as in "the search for loci".

    Raises
    ------
    OptionError
        If the context asks for another device or bounds the memory: it would be ignored.

    Examples
    --------
    >>> cpu_context(Context(threads=2, device="auto"), "the search for loci").threads
    2
    """
    context = given_context(context)
    if context.device not in ("auto", "cpu"):
        raise OptionError(
            f"Context has device {context.device!r}, but {work} runs on the CPU only; expected "
            "cpu or auto. Leave the device out."
        )
    refuse_memory_bound(context, work)
    return context


def refuse_gpus(context: Context, work: str) -> None:
    """Fail if the context names GPUs that work on one GPU would not heed.

    Raises
    ------
    OptionError
        If it names any.
    """
    if context.gpus:
        raise OptionError(
            f"Context has gpus {context.gpus}, but {work} takes the first GPU it sees (under "
            "torchrun that of its rank); expected none named. Leave gpus out, and say which it "
            "sees with CUDA_VISIBLE_DEVICES."
        )


def refuse_memory_bound(context: Context, work: str) -> None:
    """Fail if the context bounds the memory of work that plans no buffers by it.

    Raises
    ------
    OptionError
        If it does.
    """
    if context.max_memory_bytes is not None:
        raise OptionError(
            f"Context has max_memory_bytes {context.max_memory_bytes:,}, but {work} does not plan "
            "its memory; expected None. Leave it out."
        )


def parse_bytes(text: str) -> int:
    """Read a size such as `8G`, `512M` or `1000000`.

    Raises
    ------
    OptionError
        If the text is not a positive number with an optional unit K, M, G or T.

    Examples
    --------
    >>> parse_bytes("8G")
    8589934592
    """
    stripped = text.strip().upper().removesuffix("B").removesuffix("I")
    unit = stripped[-1:] if stripped[-1:] in _UNITS else ""
    try:
        value = float(stripped.removesuffix(unit))
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise OptionError(f"size is {text!r}; expected a number with K, M, G or T, such as 8G.")
    return int(value * _UNITS[unit])


def parse_gpus(texts: Sequence[str]) -> tuple[int, ...]:
    """Read GPU numbers.

    Raises
    ------
    OptionError
        If one is no whole number.

    Examples
    --------
    >>> parse_gpus(["0", "1"])
    (0, 1)
    """
    for text in texts:
        if not (text.isascii() and text.isdigit()):
            raise OptionError(
                f"--gpus has {text!r}; expected numbers of GPUs. Give for example --gpus 0,1."
            )
    return tuple(int(text) for text in texts)
