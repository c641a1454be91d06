"""What the commands of a machine with a GPU share: options, a GPU that is there, a result."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from igwas.association import device
from igwas.benchmark.machine import describe_machine
from igwas.doctor import diagnose
from igwas.nvidia_driver import NO_GPU


def gpu_main(
    words: str | None,
    run: Callable[[argparse.Namespace], dict[str, Any]],
    arguments: Sequence[str] | None,
    *,
    minutes: float,
    further: Mapping[str, Mapping[str, Any]],
) -> int:
    """Run a command that needs a GPU, and write its result with the machine and its GPUs.

    Parameters
    ----------
    words : str
        The module's own; their first line is the help.
    run : callable(options) -> dict
        Gives the result; `passed` false in it makes the status 1.
    arguments : sequence of str, optional
        Those of the command line by default.
    minutes : float
        Default of --minutes: nothing begins later.
    further : mapping of option to keywords of argparse

    Returns
    -------
    int
        Exit status: 0, 1, or 77 if there is no GPU.
    """
    parser = argparse.ArgumentParser(description=(words or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("build/gpu"))
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--quick", action="store_true")
    for option, how in further.items():
        parser.add_argument(option, **how)
    chosen = parser.parse_args(arguments)
    is_usable, reason = device.cuda_status()
    if not is_usable:
        print(f"not run on a GPU: {reason}")
        return NO_GPU
    chosen.work.mkdir(parents=True, exist_ok=True)
    result = run(chosen)
    _write(chosen.output, result)
    return 0 if result.get("passed", True) else 1


def _write(path: Path, result: dict[str, Any]) -> None:
    content = {
        "machine": describe_machine(diagnose()),
        "gpus": device.cuda_module().list_gpus(),
        **result,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")
    print(f"written: {path}")
