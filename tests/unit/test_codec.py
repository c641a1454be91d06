import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hdf5plugin
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igwas import _codec, _core
from igwas.errors import CorruptFile, DeviceUnavailable, ShapeError

ROWS = np.random.default_rng(20240603).integers(0, 4, (200, 300)).astype(np.uint8)


def test_crc32c_of_the_catalogue_check_value():
    assert _core.crc32c(b"123456789") == 0xE3069283
    assert _core.crc32c(b"") == 0


@pytest.mark.parametrize("view", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, "u2")])
def test_crc32c_takes_any_contiguous_buffer(view):
    assert _core.crc32c(view(ROWS.tobytes())) == _core.crc32c(ROWS)


@given(st.binary(max_size=200), st.integers(0))
def test_crc32c_finds_every_flipped_bit(data, bit):
    if data:
        damaged = bytearray(data)
        damaged[bit // 8 % len(data)] ^= 1 << bit % 8
        assert _core.crc32c(damaged) != _core.crc32c(data)


@given(st.binary(max_size=3000), st.sampled_from([-5, 1, 3, 19]))
def test_zstd_round_trip(data, level):
    assert _core.zstd_decompress(_core.zstd_compress(data, level), len(data)) == data


@pytest.mark.parametrize("function", [_core.crc32c, lambda data: _core.zstd_compress(data, 3)])
def test_gaps_between_elements_are_refused(function):
    with pytest.raises(ShapeError, match="not contiguous"):
        function(ROWS[:, ::2])


def test_zstd_frame_cut_short_is_corrupt():
    frame = _core.zstd_compress(ROWS, 3)
    for size in range(1, len(frame), 97):
        with pytest.raises(CorruptFile, match=f"chunk of {size} bytes is damaged"):
            _core.zstd_decompress(frame[:size], ROWS.nbytes)


def test_zstd_frame_of_another_size_is_corrupt():
    frame = _core.zstd_compress(ROWS, 3)
    with pytest.raises(CorruptFile, match="damaged"):
        _core.zstd_decompress(frame, ROWS.nbytes - 1)
    with pytest.raises(CorruptFile, match=f"holds {ROWS.nbytes} bytes; expected {ROWS.nbytes + 1}"):
        _core.zstd_decompress(frame, ROWS.nbytes + 1)


def test_bytes_that_are_no_frame_are_corrupt():
    with pytest.raises(CorruptFile):
        _core.zstd_decompress(b"not a zstd frame", 16)


@pytest.mark.parametrize("n_threads", [1, 4, 7])
def test_zstd_gives_the_same_from_any_number_of_threads(n_threads):
    frame = _core.zstd_compress(ROWS, 3)
    with ThreadPoolExecutor(n_threads) as pool:
        results = pool.map(lambda _: _core.zstd_decompress(frame, ROWS.nbytes), range(20))
        assert set(results) == {ROWS.tobytes()}


def test_loading_again_changes_nothing():
    _codec.ensure_zstd()
    _core.load_zstd("/nowhere/libzstd.so")
    assert _core.zstd_is_loaded()


def test_missing_library_names_the_cure(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(_core, "zstd_is_loaded", lambda: False)
    monkeypatch.setattr(hdf5plugin, "PLUGIN_PATH", str(tmp_path))
    with pytest.raises(DeviceUnavailable, match="pip install --force-reinstall hdf5plugin"):
        _codec.ensure_zstd()


def test_missing_package_names_the_cure(monkeypatch):
    monkeypatch.setattr(_core, "zstd_is_loaded", lambda: False)
    monkeypatch.setitem(sys.modules, "hdf5plugin", None)
    with pytest.raises(DeviceUnavailable, match="pip install hdf5plugin"):
        _codec.ensure_zstd()
