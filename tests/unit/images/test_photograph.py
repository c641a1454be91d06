"""Odd, damaged and hostile files: the right pixels, or the reason why there are none."""

import errno
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from tests.fundus_pictures import fundus_picture, save

from igwas.images import photograph
from igwas.images.photograph import PhotographError, read_photograph

PICTURE = fundus_picture(96, 120, radius=44)


def refused(path):
    """The reason for which the file is refused: one line."""
    with pytest.raises(PhotographError) as stopped:
        read_photograph(path)
    assert "\n" not in str(stopped.value)
    return str(stopped.value)


def write_png(path, width, height, bits, data):
    """An RGB PNG put together by hand: its header may claim anything."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    for name, content in ((b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b"")):
        checksum = zlib.crc32(name + content)
        parts += [struct.pack(">I", len(content)), name, content, struct.pack(">I", checksum)]
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm"])
def test_lossless_formats_keep_every_pixel(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", PICTURE)
    assert (read_photograph(path).rgb == PICTURE).all()


@pytest.mark.parametrize(("suffix", "most"), [("jpg", 6), ("webp", 6), ("jp2", 6)])
def test_lossy_formats_are_near(tmp_path, suffix, most):
    path = save(tmp_path / f"a.{suffix}", PICTURE, quality=95)
    rgb = read_photograph(path).rgb
    assert rgb.shape == PICTURE.shape
    assert np.abs(rgb.astype(int) - PICTURE).mean() < most


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_gives_the_upright_picture(tmp_path, orientation):
    stored = {
        1: PICTURE, 2: PICTURE[:, ::-1], 3: PICTURE[::-1, ::-1], 4: PICTURE[::-1],
        5: PICTURE.transpose(1, 0, 2), 6: np.rot90(PICTURE, 1),
        7: PICTURE[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(PICTURE, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", np.ascontiguousarray(stored), exif=exif)
    assert (read_photograph(path).rgb == PICTURE).all()


def test_broken_exif_data_do_not_cost_the_photograph(tmp_path):
    path = save(tmp_path / "a.png", PICTURE, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert (read_photograph(path).rgb == PICTURE).all()


@pytest.mark.parametrize("side", [30_000, 9_500, 2**31 - 1])
def test_a_header_of_too_many_pixels_is_refused_before_they_are_made(tmp_path, side):
    path = write_png(tmp_path / "a.png", side, side, 8, bytes(1000))
    assert path.stat().st_size < 200
    assert "expected at most 80,000,000" in refused(path)


def test_a_file_of_too_many_bytes_is_not_read(tmp_path):
    path = tmp_path / "a.jpg"
    path.touch()
    os.truncate(path, photograph.MOST_BYTES + 1)  # sparse: takes no room
    assert "expected at most 536,870,912" in refused(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp", "gif", "bmp", "jp2"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_file_cut_short_is_refused(tmp_path, suffix, share):
    path = save(tmp_path / f"a.{suffix}", PICTURE)
    os.truncate(path, int(path.stat().st_size * share))
    reason = refused(path)
    assert "cannot be decoded" in reason or "no picture of a known format" in reason


@pytest.mark.parametrize("seed", range(10))
def test_damaged_bytes_give_a_picture_or_a_reason(tmp_path, seed):
    rng = np.random.default_rng(seed)
    for suffix in ("jpg", "png", "tiff", "webp", "bmp", "jp2", "gif"):
        path = save(tmp_path / f"a.{suffix}", PICTURE)
        content = bytearray(path.read_bytes())
        for at in rng.integers(0, min(len(content), 400), 5):
            content[at] = rng.integers(256)
        path.write_bytes(content)
        try:
            rgb = read_photograph(path).rgb
        except PhotographError:
            continue
        assert rgb.dtype == np.uint8
        assert rgb.shape[2] == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "the file is empty"), (b"FID IID\n1 1\n", "no picture of a known format"),
     (b"\xff\xd8\xff", "no picture of a known format"), (b"%!PS-Adobe-3.0", "no picture"),
     (bytes(5000), "no picture of a known format")],
)  # fmt: skip
def test_what_is_no_picture_is_refused(tmp_path, content, words):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert words in refused(path)


@pytest.mark.parametrize(
    ("mode", "suffix", "words"),
    [("CMYK", "jpg", "its colours are CMYK"), ("L", "jpg", "grey (one channel)"),
     ("LA", "png", "it is grey"), ("1", "png", "black and white"),
     ("I;16", "png", "grey, 16 bits"), ("I;16", "tiff", "grey, 16 bits"),
     ("F", "tiff", "floating point"), ("LAB", "tiff", "its colours are Lab")],
)  # fmt: skip
def test_what_has_no_natural_colours_is_refused(tmp_path, mode, suffix, words):
    if mode == "I;16":
        image = Image.fromarray(PICTURE[:, :, 0].astype(np.uint16) * 257)
    elif mode == "LAB":
        image = Image.frombytes("LAB", (120, 96), PICTURE.tobytes())
    else:
        image = Image.fromarray(PICTURE).convert(mode)
    path = tmp_path / f"a.{suffix}"
    image.save(path)
    assert words in refused(path)


def test_three_equal_channels_are_grey(tmp_path):
    path = save(tmp_path / "a.png", np.repeat(PICTURE[:, :, :1], 3, axis=2))
    assert "three equal channels" in refused(path)


def test_16_bit_colour_keeps_its_high_byte(tmp_path):
    rows = (PICTURE.astype(int) * 256 + 77).astype(">u2")
    data = b"".join(b"\x00" + row.tobytes() for row in rows)
    path = write_png(tmp_path / "a.png", 120, 96, 16, data)
    assert (read_photograph(path).rgb == PICTURE).all()


def test_what_is_transparent_becomes_black(tmp_path):
    rgba = np.dstack([PICTURE, np.full((96, 120), 255, np.uint8)])
    rgba[:, :40, 3] = 0
    rgb = read_photograph(save(tmp_path / "a.png", rgba)).rgb
    assert (rgb[:, 40:] == PICTURE[:, 40:]).all()
    assert not rgb[:, :40].any()


def test_a_palette_is_resolved_and_its_transparent_colour_black(tmp_path):
    image = Image.fromarray(PICTURE).quantize(32)
    expected = np.array(image.convert("RGB"))
    codes = np.asarray(image)
    image.save(tmp_path / "a.png")
    assert (read_photograph(tmp_path / "a.png").rgb == expected).all()
    image.save(tmp_path / "b.png", transparency=int(codes[48, 60]))
    expected[codes == codes[48, 60]] = 0
    assert (read_photograph(tmp_path / "b.png").rgb == expected).all()


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tiff"])
def test_several_pictures_in_a_file_are_refused(tmp_path, suffix):
    frames = [Image.fromarray(np.roll(PICTURE, shift, axis=1)) for shift in (0, 9, 30)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert "it holds 3 pictures; expected one" in refused(path)


def test_of_a_camera_file_with_a_preview_the_photograph_is_taken(tmp_path):
    path = tmp_path / "a.jpg"
    preview = Image.fromarray(np.zeros((64, 64, 3), np.uint8))
    Image.fromarray(PICTURE).save(path, "MPO", save_all=True, append_images=[preview])
    rgb = read_photograph(path).rgb
    assert rgb.shape == PICTURE.shape
    assert np.abs(rgb.astype(int) - PICTURE).mean() < 8


def test_a_picture_too_small_to_use_is_refused(tmp_path):
    path = save(tmp_path / "a.png", PICTURE[:63])
    assert "it has 120 x 63 pixels; expected at least 64" in refused(path)


def test_a_pipe_does_not_hang_and_a_folder_does_not_crash(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    assert "a folder or a device" in refused(tmp_path / "pipe.jpg")
    assert "a folder or a device" in refused(tmp_path / "folder.jpg")


def test_a_loop_of_links_and_an_absent_file_are_reasons(tmp_path):
    (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert os.strerror(errno.ELOOP).lower() in refused(tmp_path / "a.jpg")
    assert "no such file" in refused(tmp_path / "absent.jpg")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_reason(tmp_path):
    path = save(tmp_path / "a.png", PICTURE)
    path.chmod(0)
    assert "permission denied" in refused(path)


def test_the_digest_is_that_of_the_bytes(tmp_path):
    one, two = save(tmp_path / "a.png", PICTURE), save(tmp_path / "b.png", PICTURE)
    assert read_photograph(one).digest == read_photograph(two).digest
    two.write_bytes(two.read_bytes() + b"x")
    assert read_photograph(one).digest != read_photograph(two).digest
