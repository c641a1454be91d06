"""Statistics files compared array by array, bit by bit."""

import h5py
import numpy as np

# Arrays that say how a file came about, not what was found.
_ABOUT_THE_RUN = ("/progress/",)


def read_arrays(path):
    """Bytes, type and shape of every array of an HDF5 file."""
    arrays = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            values = item.asstr()[:] if h5py.check_string_dtype(item.dtype) else item[:]
            arrays["/" + name] = values

    with h5py.File(path, "r") as file:
        file.visititems(visit)
        count = int(file["/hits/count"][0])
        for name in ("variant", "phenotype", "beta", "se", "log10p"):
            # Rows past the count were never written: what the disk had there means nothing.
            arrays[f"/hits/{name}"] = arrays[f"/hits/{name}"][: max(0, count)]
    return arrays


def assert_same_bits(found, expected, *, but=_ABOUT_THE_RUN):
    """Both files hold the same arrays, NaN included."""
    found, expected = (
        {name: a for name, a in arrays.items() if not name.startswith(but)}
        for arrays in (found, expected)
    )
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].shape == array.shape, name
        if array.dtype == object:
            assert found[name].tolist() == array.tolist(), name
        else:
            assert found[name].tobytes() == array.tobytes(), name


def assert_done_blocks_are_final(partial, expected):
    """In a partial file, every block marked done already holds the numbers of the whole run.

    Returns
    -------
    int
        Blocks done.
    """
    with h5py.File(partial, "r") as file:
        done = file["/progress/done"][:] != 0
        starts = file["/progress/block_start"][:].tolist()
        stops = [*starts[1:], len(file["/variants/position"])]
        for block in np.flatnonzero(done).tolist():
            rows = slice(starts[block], stops[block])
            for name, array in expected.items():
                if _is_per_variant(name):
                    stored = file[name][rows]
                    assert stored.tobytes() == array[rows].tobytes(), (name, block)
        return int(done.sum())


def _is_per_variant(name):
    return name.startswith(("/variant_statistics/", "/omnibus/")) or name in ("/beta", "/se")
