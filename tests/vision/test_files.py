"""The one reader: every format, mode and orientation gives the same pixels wherever images are read."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from vision.data import ImageFolder
from vision.files import SUFFIXES, images_in, is_image, read_center, read_image, read_square
from vision.image_sets.sets import Entry, ImageSets
from vision.superimposed.digits import digit_bank
from vision.video.clip import FolderClip
from vision.video.collection import find_clips

SIDE = 16
LOSSY = (".gif", ".jpeg", ".jpg")  # .webp and .tiff are written without loss here
WITH_ORIENTATION = (".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def corners() -> np.ndarray:
    """A square picture whose four quarters differ, so that each of the eight orientations does."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[:8, :8], pixels[:8, 8:], pixels[8:, :8], pixels[8:, 8:] = (250, 20, 30), (10, 200, 40), (5, 60, 220), 128
    return pixels


def write(path: Path, pixels: np.ndarray, orientation: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif} if path.suffix in WITH_ORIENTATION else {}
    if path.suffix == ".webp":
        options["lossless"] = True
    if path.suffix in (".jpeg", ".jpg"):
        options |= {"quality": 100, "subsampling": 0}
    Image.fromarray(pixels).save(path, **options)


def every_use(folder: Path) -> dict[str, Tensor]:
    """The one image of a folder as all who read images see it."""
    (path,) = images_in(folder)
    data = {
        f"folder, memory {gb}": ImageFolder(
            str(folder), SIDE, validation_fraction=0, test_fraction=0, memory_gb=gb
        ).split("train")[0][0]
        for gb in (0.0, 1.0)
    }
    sets = ImageSets([Entry(path, "class", "set")], SIDE)[0][0]
    boxed = read_square(path, SIDE, (0, 0, SIDE, SIDE))
    frame = FolderClip(folder, fps=25)[0]
    (clip,) = find_clips(folder, fps=25).clips
    return {**data, "image sets": sets, "box": boxed, "frame": frame, "found clip": clip[0], "whole": read_image(path)}


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_one_image_for_every_use(tmp_path, suffix, orientation):
    folder = tmp_path / "photos"
    write(folder / f"a{suffix}", corners(), orientation)
    turned = {1: 0, 3: 2, 6: 3}[orientation] if suffix in WITH_ORIENTATION else 0
    expected = torch.from_numpy(np.rot90(corners(), turned).copy()).permute(2, 0, 1).int()
    for use, image in every_use(folder).items():
        assert image.dtype == torch.uint8 and image.shape == (3, SIDE, SIDE), use
        assert (image.int() - expected).abs().max() <= (4 if suffix in LOSSY else 0), use


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "I;16", "I", "1"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    folder = tmp_path / "photos"
    folder.mkdir()
    path = folder / {"CMYK": "a.tif", "I": "a.ppm"}.get(mode, "a.png")
    if mode.startswith("I"):
        values = np.full((SIDE, SIDE), 153 * 257, np.uint16 if mode == "I;16" else np.int32)
        Image.fromarray(values).save(path)
    else:
        Image.new("L", (SIDE, SIDE), 153).convert("RGB").convert(mode).save(path)
    for use, image in every_use(folder).items():
        assert image.shape == (3, SIDE, SIDE) and image.dtype == torch.uint8, use
        if mode != "1":
            assert (image.int() - 153).abs().max() <= 1, use


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16)
    Image.fromarray(np.tile(ramp, (2, 1))).save(tmp_path / "a.png")
    assert torch.equal(read_image(tmp_path / "a.png")[0, 0], torch.arange(256).to(torch.uint8))


@pytest.mark.parametrize(
    "values", [np.full((4, 4), value, dtype) for value in (0, 1, 200, 40_000) for dtype in (np.float32, np.int32)]
)
def test_values_of_unknown_range_are_refused(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=r"a\.tif.*range is unknown"):
        read_image(tmp_path / "a.tif")


def test_a_palette_with_transparency_becomes_rgb_without_a_warning(tmp_path):
    image = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4)).convert("P")
    image.save(tmp_path / "a.png", transparency=bytes(range(16)))
    assert torch.equal(read_image(tmp_path / "a.png")[0], torch.arange(16).to(torch.uint8).view(4, 4))


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    (tmp_path / "broken.png").write_bytes(content)
    for read in (read_image, lambda path: read_center(path, 4), lambda path: read_square(path, 4)):
        with pytest.raises(ValueError, match=r"can't read the image .*broken\.png"):
            read(tmp_path / "broken.png")


def test_only_listed_formats_are_opened(tmp_path, monkeypatch):
    """What is PostScript in truth would have Pillow run a program."""
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("ran a program"))
    Image.fromarray(corners()).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match=r"can't read the image .*a\.jpg"):
        read_image(tmp_path / "a.jpg")


def test_a_pipe_is_no_image(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match=r"a\.jpg.*it is no regular file"):
        read_image(tmp_path / "a.jpg")


def test_a_promise_of_too_many_pixels_takes_no_memory(tmp_path):
    Image.fromarray(corners()).save(tmp_path / "a.png")
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[16:24] = struct.pack(">II", 20_000, 20_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.png.*400000000 pixels"):
        read_image(tmp_path / "a.png")


def test_images_in_a_folder_are_in_a_persons_order_without_hidden_ones(tmp_path):
    for name in ("a10.png", "a9.PNG", "b.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in images_in(tmp_path)] == ["a9.PNG", "a10.png", "b.jpg"]
    assert not is_image(tmp_path / ".hidden.png")
    with pytest.raises(ValueError, match="there is no folder"):
        images_in(tmp_path / "absent")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_digits_come_in_every_format(tmp_path, suffix):
    for split in ("train", "test"):
        for label in range(2):
            write(tmp_path / split / str(label) / f"0{suffix}", np.full((8, 8), 100 + label, np.uint8))
    digits, labels = digit_bank(str(tmp_path), "test")
    assert digits[:, 0, 0].tolist() == [100, 101] and labels.tolist() == [0, 1]


def test_the_center_is_cut_and_the_orientation_applied(tmp_path):
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255
    pixels[:5, 10:20, 0] = 7
    write(tmp_path / "a.png", pixels, orientation=3)  # upside down
    image = read_center(tmp_path / "a.png", 10)
    assert (image[1] == 255).all()
    assert (image[0, 5:] == 7).all() and (image[0, :5] == 255).all()


def test_shrinking_is_antialiased(tmp_path):
    pixels = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for image in (read_center(tmp_path / "a.png", 8), read_square(tmp_path / "a.png", 8)):
        assert (image.int() - 128).abs().max() <= 2
