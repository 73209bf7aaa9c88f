"""The one reader of image files: which files count as images, in what order, and what their pixels are."""

import stat
import struct
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
# Left to itself, Pillow goes by the content: what is called .jpg may be PostScript, for which it runs a program.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
SIXTEEN_BITS = ("PNG", "PPM")  # formats whose gray values are at most 16 bits, though Pillow may hold them in 32
Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels; right and bottom lie outside the box."""
# What Pillow raises for files that are empty, truncated, of another kind, or absurdly large.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)


def is_image(path: Path) -> bool:
    """Whether a file's name ends like an image's and isn't hidden."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def images_in(folder: Path) -> list[Path]:
    """The image files that lie directly in a folder, in a person's order (2 before 10).

    Raises:
        ValueError: No such folder.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    return sorted(filter(is_image, folder.iterdir()), key=lambda path: natural_key(path.stem))


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sorting key that compares runs of digits as numbers."""
    key, digits = [], ""
    for character in name + "\0":
        if character.isdigit():
            digits += character
            continue
        if digits:
            key.append((0, int(digits), ""))
            digits = ""
        key.append((1, 0, character))
    return key


def open_rgb(path: Path, enough: int | None = None) -> Image.Image:
    """Decodes an image file, upright and in 8-bit RGB.

    The camera's orientation (EXIF) is applied, opacity is dropped, gray and palette images become RGB, 16-bit gray is
    scaled to 8 bits, and an animation is its first frame. Nothing but the formats of ``SUFFIXES`` is opened, whatever
    the name, and the size is known before memory is taken: Pillow's limit is 179 million pixels.

    Args:
        path: The file.
        enough: A size in pixels that suffices for both sides: JPEGs are then decoded, faster, at a half, a quarter or
            an eighth of their size, but not below this.

    Raises:
        ValueError: The file can't be read as an image, or its values have no known range; the message has the path.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise ValueError("it is no regular file")
        with Image.open(path, formats=FORMATS) as image:
            if enough is not None:
                image.draft("RGB", (enough, enough))
            _check_range(image)
            return _to_rgb(ImageOps.exif_transpose(image))
    except UNREADABLE as error:
        raise ValueError(f"can't read the image {str(path)!r}: {error}") from error


def _check_range(image: Image.Image) -> None:
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers, whose range is unknown")
    if image.mode == "I" and image.format not in SIXTEEN_BITS:
        raise ValueError("its pixels are 32-bit integers, whose range is unknown")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow would clip 16 bits to 8; 65,535 and 255 are both white.
        values = np.asarray(image).astype(np.int64)
        image = Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")  # directly to RGB, Pillow warns that the transparency is lost
    return image.convert("RGB")


def to_tensor(image: Image.Image) -> Tensor:
    """An RGB image as uint8 ``(3, height, width)``."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def read_image(path: Path) -> Tensor:
    """Reads an image file whole, uint8 ``(3, height, width)``.

    Raises:
        ValueError: See ``open_rgb``.
    """
    return to_tensor(open_rgb(path))


def read_center(path: Path, size: int, border: int = 0) -> Tensor:
    """Reads the central square of an image file, its shorter side resized to ``size`` with antialiasing.

    Args:
        path: The file.
        size: Side of the result in pixels.
        border: Pixels that are cut off each side of the file's image first.

    Returns:
        uint8 ``(3, size, size)``.

    Raises:
        ValueError: See ``open_rgb``.
    """
    image = ImageOps.crop(open_rgb(path), border) if border else open_rgb(path, enough=size)
    side = min(image.size)
    left, top = ((extent - side) / 2 for extent in image.size)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
    return to_tensor(image)


def read_square(path: Path, size: int, box: Box | None = None) -> Tensor:
    """Reads a box of an image file, resized to a square with antialiasing whatever its aspect ratio.

    Args:
        path: The file.
        size: Side of the result in pixels.
        box: The box, rounded to whole pixels; parts beyond the image are black. None takes the whole image.

    Returns:
        uint8 ``(3, size, size)``.

    Raises:
        ValueError: See ``open_rgb``.
    """
    image = open_rgb(path)
    if box is not None:
        left, top, right, bottom = (round(edge) for edge in box)
        image = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    return to_tensor(image.resize((size, size), Image.Resampling.BILINEAR))
