"""Whether NVIDIA's driver is here and sees a GPU: asked before anything is installed or built.

    PYTHONPATH=python python3 -m igwas.nvidia_driver

Needs nothing but Python. Exit status 0 if there is a GPU, 77 if not, with the reason in one line.
"""

import ctypes
import sys

NO_GPU = 77
"""Exit status of what runs on GPUs only."""

_LIBRARY = "libcuda.so.1"
_SUCCESS = 0

NO_DRIVER = "there is no NVIDIA driver"


def missing_gpu(library: str = _LIBRARY) -> str:
    """What is missing of a GPU and its driver, in a few words; empty if both are there.

    Parameters
    ----------
    library : str
        The driver's, found as the loader does; tests give another.

    Examples
    --------
    >>> missing_gpu("libnone.so.1")
    'there is no NVIDIA driver'
    """
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return NO_DRIVER
    status, count = driver.cuInit(0), ctypes.c_int(0)
    if status == _SUCCESS:
        status = driver.cuDeviceGetCount(ctypes.byref(count))
    if status != _SUCCESS:
        return f"the NVIDIA driver finds no GPU it can use (its error {status})"
    return "" if count.value else "the NVIDIA driver finds no GPU"


def main() -> int:
    """Say what is missing, if anything; see the module's own words."""
    missing = missing_gpu()
    if missing:
        print(f"not run on a GPU: {missing}")
    return NO_GPU if missing else 0


if __name__ == "__main__":
    sys.exit(main())
