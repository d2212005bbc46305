"""Loads pictures from files, streams, bytes, arrays and PIL images, and trusts none of them.

``load`` and ``load_pages`` may run in any number of threads at once.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wordsight.config import page_numbers
from wordsight.errors import ConfigError, EmptyImage, ImageError, ImageTooLarge, NotAnImage
from wordsight.image import pdf
from wordsight.image.decode import decode_image, decode_page, open_file
from wordsight.image.header import read_header
from wordsight.image.pixels import picture_from_array
from wordsight.image.tiff import MAGICS as TIFF_MAGICS
from wordsight.image.tiff import read_tiff
from wordsight.types import Picture

ImageSource: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | NDArray[np.generic] | Image.Image
"""Anything a picture is loaded from: a path, the bytes of a file, a file open in binary, an array, a PIL image."""

PICTURES = frozenset([".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"])
SUFFIXES = PICTURES | {".pdf"}
"""Endings of the files that are looked for in folders."""
_BLOCK = 1 << 20  # bytes that are read at a time


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may cost at most; whatever is over is refused before it is decoded.

    Attributes:
        pixels: Width times height of one page, 1 to 2**31 - 1.
        file_bytes: Size of a file, 1 to 2**32 - 1 bytes.
        pages: Pages of one file, 1 to 100,000.
        truncated: Load what there is of a file that ends too early (the rest is black or grey) instead of refusing it.

    Raises:
        ConfigError: A limit is out of bounds.
    """

    pixels: int = 100_000_000
    file_bytes: int = 256 * 1024 * 1024
    pages: int = 1000
    truncated: bool = False

    def __post_init__(self) -> None:
        for name, most in (("pixels", 2**31 - 1), ("file_bytes", 2**32 - 1), ("pages", 100_000)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise ConfigError(f"Limits.{name} must be a whole number from 1 to {most}, not {value!r}")
        if not isinstance(self.truncated, bool):
            raise ConfigError(f"Limits.truncated must be True or False, not {self.truncated!r}")


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One page of a file.

    Attributes:
        number: Its number in the file, from 0.
        picture: Its pixels.
        layer: The text that a PDF itself gives for it; None for pictures.
        dpi: Pixels per inch at which a PDF's page was rendered; None for pictures.
    """

    number: int
    picture: Picture
    layer: pdf.TextLayer | None = None
    dpi: float | None = None


def load(source: ImageSource, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """Loads one picture; of a TIFF or PDF its first page, of an animation its first frame.

    Accepted are JPEG, PNG, WebP, TIFF, BMP, GIF and binary PNM (P4, P5, P6), told by their bytes and not by a name.
    Alpha is laid on white; more than 8 bits are scaled to 8; colour profiles are not applied. A file object is read
    from where it stands to its end, and stays open.

    Args:
        source: A path, the bytes of a file, a file open in binary, a PIL image, or an array of (height, width),
            (height, width, 1), (height, width, 3) or (height, width, 4): grey, RGB or RGBA of uint8, uint16, bool, or
            floats from 0 to 1. Arrays and PIL images are not changed; an array that has the form of the result
            already is returned itself.
        limits: What the picture may cost.

    Returns:
        (height, width, 3) uint8, RGB, C-contiguous, turned upright as EXIF says.

    Raises:
        NotAnImage: None of the accepted formats, or broken.
        EmptyImage: No bytes or no pixels.
        TruncatedImage: The file ends too early.
        ImageTooLarge: Over a limit.
        ImageError: The file cannot be opened or read.
    """
    return next(load_sheets(source, limits, last=1)).picture


def load_pages(source: ImageSource, limits: Limits = DEFAULT_LIMITS) -> Iterator[Picture]:
    """Loads all pages of a TIFF or PDF, one at a time, and one picture of everything else.

    Args:
        source: As for ``load``.
        limits: What each page may cost, and how many there may be.

    Yields:
        Pictures as ``load`` returns them.

    Raises:
        ImageError: As ``load``. The number of pages is checked before the first is decoded, all else page by page.
    """
    return (sheet.picture for sheet in load_sheets(source, limits))


def load_sheets(
    source: ImageSource, limits: Limits = DEFAULT_LIMITS, pages: str = "", last: int | None = None
) -> Iterator[Sheet]:
    """Loads some pages of a file, one at a time, with what else is known of them.

    Args:
        source: As for ``load``.
        limits: What each page may cost, and how many there may be.
        pages: Which, such as ``1-3,7``; empty for all. Of a PDF only these count for the limit on pages.
        last: Pages after so many are not looked at.

    Raises:
        ImageError: As ``load_pages``.
        ConfigError: A page is named that the file has not.
    """
    with _named_errors(source):
        if isinstance(source, np.ndarray):
            page_numbers(pages, 1)
            _check_size(source.shape[1] if source.ndim > 1 else 1, source.shape[0] if source.ndim else 1, limits)
            yield Sheet(0, picture_from_array(source))
        elif isinstance(source, Image.Image):
            page_numbers(pages, 1)
            _check_size(*source.size, limits)
            yield Sheet(0, decode_image(source))
        else:
            data = read_bytes(source, limits)
            sheets = _pdf_sheets if pdf.is_pdf(data) else _picture_sheets
            yield from sheets(data, limits, pages, limits.pages + 1 if last is None else last)


def _pdf_sheets(data: bytes, limits: Limits, pages: str, last: int) -> Iterator[Sheet]:
    with pdf.PdfFile(data, limits.pixels) as file:
        wanted = page_numbers(pages, len(file))[:last]
        if len(wanted) > limits.pages:
            raise ImageTooLarge(
                f"the PDF has {len(file)} pages, more than {limits.pages}; name some (pages='1-{limits.pages}', on the "
                "command line --pages), or raise Limits.pages"
            )
        for number in wanted:
            page = file.page(number)
            yield Sheet(number, page.picture, page.layer, page.dpi)


def _picture_sheets(data: bytes, limits: Limits, pages: str, last: int) -> Iterator[Sheet]:
    if data.startswith(TIFF_MAGICS):
        data, headers = read_tiff(data, limits.pages, last)
    else:
        headers = [read_header(data)]
        data = headers[0].data
    file = None
    for number in page_numbers(pages, len(headers)):
        header = headers[number]
        _check_size(header.width, header.height, limits)
        file = file or open_file(headers[0], data, limits.truncated)
        yield Sheet(number, decode_page(file, number, header, limits.truncated))


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise EmptyImage(f"the picture has {width} x {height} pixels; there is nothing to read")
    if width * height > limits.pixels:
        raise ImageTooLarge(
            f"{width} x {height} pixels are over the limit of {limits.pixels}; make the picture smaller, or raise "
            "Limits.pixels if its source can be trusted"
        )


def read_bytes(source: str | os.PathLike[str] | bytes | BinaryIO, limits: Limits) -> bytes:
    """The bytes of a file.

    Raises:
        EmptyImage: There are none.
        ImageTooLarge: There are more than the limit.
        ImageError: The file cannot be opened or read.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        _check_bytes(memoryview(source).nbytes, limits)
        data = bytes(source)
    elif isinstance(source, (str, os.PathLike)):
        data = _read_path(source, limits)
    elif hasattr(source, "read"):
        data = _read_stream(source, limits)
    else:
        accepted = "a path, bytes, a file open in binary, an array or a PIL image"
        raise NotAnImage(f"a {type(source).__name__} is no picture; pass {accepted}")
    if not data:
        raise EmptyImage("there are no bytes; copy or download the file again")
    return data


def _read_path(path: str | os.PathLike[str], limits: Limits) -> bytes:
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ImageError("is a device or a pipe; pass a regular file, or its open file object")
            _check_bytes(status.st_size, limits)
            return _read_stream(file, limits)
    except FileNotFoundError as error:
        advice = "download it first" if "://" in str(path) else "check the path"
        raise ImageError(f"there is no such file; {advice}") from error
    except IsADirectoryError as error:
        raise ImageError("is a folder; pass the pictures in it one by one") from error
    except PermissionError as error:
        raise ImageError("you may not read this file; change its permissions, or pass a file") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot be opened ({error}); check the path") from error


def _open_at_once(path: str, flags: int) -> int:
    """Opens a file without waiting, as the opening of a pipe does for its writer; Windows has no such files."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _read_stream(file: BinaryIO, limits: Limits) -> bytes:
    """All of a stream, in blocks, so that an endless one is left soon after the limit."""
    data = BytesIO()
    try:
        while block := file.read(_BLOCK):
            data.write(block)
            _check_bytes(data.tell(), limits)
    except TypeError as error:
        raise ImageError("the file gives text; open it in binary, with mode 'rb'") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"the file cannot be read ({error}); open it in binary, with mode 'rb'") from error
    return data.getvalue()


def _check_bytes(size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        advice = "make it smaller, or raise Limits.file_bytes if its source can be trusted"
        raise ImageTooLarge(f"the file is over the limit of {limits.file_bytes} bytes; {advice}")


@contextmanager
def _named_errors(source: ImageSource) -> Iterator[None]:
    """Puts the source's name before the message of an error."""
    try:
        yield
    except ImageError as error:
        name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
        if isinstance(name, (str, os.PathLike)):
            raise type(error)(f"{os.fspath(name)}: {error}") from error
        raise
