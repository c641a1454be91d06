"""Whether NVIDIA's driver is here and sees a GPU: asked before any package is found wanting."""

import ctypes

_LIBRARY = "libcuda.so.1"
_SUCCESS = 0


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
        return "there is no NVIDIA driver"
    status, count = driver.cuInit(0), ctypes.c_int(0)
    if status == _SUCCESS:
        status = driver.cuDeviceGetCount(ctypes.byref(count))
    if status != _SUCCESS:
        return f"the NVIDIA driver finds no GPU it can use (its error {status})"
    return "" if count.value else "the NVIDIA driver finds no GPU"
