"""Pictures with known pixels, and the files that tests of loading make of them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.uint8]

RNG = np.random.default_rng(5)
COLOURS = RNG.integers(0, 256, (30, 40, 3), np.uint8)
GREY = RNG.integers(0, 256, (30, 40), np.uint8)
BITS = RNG.integers(0, 2, (30, 40), np.uint8) * np.uint8(255)
ALPHA = RNG.integers(0, 256, (30, 40), np.uint8)
PALETTE = np.array([[10, 20, 30], [200, 0, 0], [0, 99, 0], [255, 255, 1]], np.uint8)
INDICES = RNG.integers(0, 4, (30, 40), np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.copy().save(file, kind, **options)
    return file.getvalue()


def rgb(grey: Array) -> Array:
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def on_white(colours: Array, alpha: Array) -> NDArray[np.float64]:
    part = alpha[:, :, np.newaxis] / 255
    return colours * part + 255 * (1 - part)


def palette_image() -> Image.Image:
    image = Image.fromarray(INDICES, "P")
    image.putpalette(PALETTE.tobytes())
    return image


def colour_image() -> Image.Image:
    return Image.fromarray(COLOURS)


def with_alpha(image: Image.Image) -> Image.Image:
    image.putalpha(Image.fromarray(ALPHA))
    return image


def smooth_image(width: int = 160, height: int = 96) -> Image.Image:
    """Something that lossy formats keep: a ramp in red and in green."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.dstack([across, down, 255 - across]).astype(np.uint8))


def assert_picture(picture: Array, expected: NDArray[np.generic], tolerance: float = 0) -> None:
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture.shape == expected.shape
    assert np.abs(picture.astype(float) - expected).max() <= tolerance


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(data: bytes, *chunks: bytes) -> bytes:
    """A PNG with more chunks after its header."""
    return data[:33] + b"".join(chunks) + data[33:]


def tiff(tags: dict[int, tuple[int, int, int]], body: bytes = b"", following: int = 0, start: int = 8) -> bytes:
    """A little-endian TIFF with one directory of (type, count, value) and some bytes after it."""
    entries = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(tags.items()))
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", start) + b"\0" * (start - 8) + directory + body


def tiff_tags(width: int, height: int, bits: int = 8, **more: tuple[int, int, int]) -> dict[int, tuple[int, int, int]]:
    """Tags of a grey TIFF of one strip that starts at byte 500."""
    tags = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, bits), 259: (3, 1, 1), 262: (3, 1, 1)}
    tags |= {273: (4, 1, 500), 277: (3, 1, 1), 278: (4, 1, height), 279: (4, 1, width * height * bits // 8)}
    return tags | {int(name.removeprefix("tag")): entry for name, entry in more.items()}


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    return block


def pages_tiff(*images: Image.Image, **options: object) -> bytes:
    return encoded(images[0], "TIFF", save_all=True, append_images=[image.copy() for image in images[1:]], **options)


NOISY = np.clip(np.asarray(smooth_image(320, 200)).astype(int) + RNG.integers(-20, 20, (200, 320, 3)), 0, 255)
NOISY_IMAGE = Image.fromarray(NOISY.astype(np.uint8))
CUT = {
    "jpeg": encoded(NOISY_IMAGE, "JPEG"),
    "jpeg grey": encoded(NOISY_IMAGE.convert("L"), "JPEG"),
    "png": encoded(NOISY_IMAGE, "PNG"),
    "png palette": encoded(NOISY_IMAGE.quantize(64), "PNG"),
    "gif": encoded(NOISY_IMAGE.quantize(64), "GIF", interlace=0),
    "bmp": encoded(NOISY_IMAGE.transpose(Image.Transpose.FLIP_TOP_BOTTOM), "BMP"),
    "pnm": encoded(NOISY_IMAGE, "PPM"),
    "tiff": encoded(NOISY_IMAGE, "TIFF"),
}
