"""Runs Pillow's decoders on files whose headers were read and whose sizes were allowed.

Any number of threads may decode at once, with none of Pillow's process-wide settings changed:

* ``Image.MAX_IMAGE_PIXELS``: Pillow's own check of sizes sits in ``Image.open``, which is not called (the bytes have
  told which decoder is the right one); where a TIFF decoder makes its canvas, which is there already; and where a GIF's
  frame is larger than its screen, which ``header`` has enlarged. The WebP decoder alone refuses what is over twice
  MAX_IMAGE_PIXELS whoever calls it; that is reported as ImageTooLarge.
* ``ImageFile.LOAD_TRUNCATED_IMAGES``: a decoder that runs out of bytes has written what it could to its canvas, and
  the canvas is used. Only JPEG decoders hold back the last rows (of a progressive picture, all) until they see an end
  marker; they are given one.
* ``warnings``: Pillow warns of broken metadata, and metadata are not passed on to it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from wordsight.errors import ImageTooLarge, NotAnImage, TruncatedImage
from wordsight.image.header import Header, exif_orientation
from wordsight.image.pixels import picture_from_image
from wordsight.types import Picture

_DECODERS: dict[str, type[ImageFile]] = {
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "PPM": PpmImageFile,
    "TIFF": TiffImageFile,
    "WEBP": WebPImageFile,
}

# What Pillow's decoders raise on broken files, besides MemoryError and DecompressionBombError.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    struct.error,
    zlib.error,
)


def open_file(header: Header, data: bytes, partial: bool) -> ImageFile:
    """Gives a file to the decoder for it, which reads the header and nothing more.

    Args:
        header: What was read of the (first) picture; its size must have been allowed.
        data: The file as ``read_header`` or ``read_tiff`` has left it.
        partial: The file is wanted even if it ends too early.

    Raises:
        NotAnImage, TruncatedImage, ImageTooLarge: As ``decode_page``.
    """
    if partial and header.kind == "JPEG":
        data += b"\xff\xd9"
    with _translated_errors(header):
        return _DECODERS[header.kind](BytesIO(data), "")


def decode_page(file: ImageFile, page: int, header: Header, partial: bool) -> Picture:
    """Decodes one page of a file.

    Args:
        file: As ``open_file`` returns it.
        page: Number of the page, from 0, not less than the one decoded before.
        header: That page's header; its size must have been allowed.
        partial: Where the file ends too early, what there is of the picture is returned; the rest is black or grey.

    Returns:
        (height, width, 3) uint8, RGB, C-contiguous, upright.

    Raises:
        NotAnImage: The decoder gave up.
        TruncatedImage: The file ends too early.
        ImageTooLarge: There is not enough memory.
    """
    with _translated_errors(header):
        if page:
            file.seek(page)
        if file.size != (header.width, header.height):
            raise NotAnImage(
                f"the {header.kind} contradicts itself about its size; save it again with a picture editor"
            )
        if header.kind == "TIFF":
            file.im = Image.new(file.mode, file.size).im
        try:
            file.load()
        except OSError as error:
            if not (partial and _ended_early(header, error)):
                raise
            file.tile = []  # so that nobody tries again
        picture = picture_from_image(file, header.orientation, header.white)
        return np.invert(picture, out=picture) if header.negative else picture


def decode_image(image: Image.Image) -> Picture:
    """The current frame of somebody's PIL image, upright; the image stays as it is.

    Returns:
        (height, width, 3) uint8, RGB, C-contiguous, upright.

    Raises:
        NotAnImage, TruncatedImage, ImageTooLarge: As ``decode_page``.
    """
    with _translated_errors(Header(image.format or "PIL image", *image.size, b"")):
        image.load()  # a TIFF is turned upright by this, and only a PNG that is loaded knows all of its metadata
        exif = image.info.get("exif")
        orientation = exif_orientation(exif) if isinstance(exif, bytes) else image.getexif().get(0x0112, 1)
        return picture_from_image(image, orientation)


@contextmanager
def _translated_errors(header: Header) -> Iterator[None]:
    try:
        yield
    except (MemoryError, Image.DecompressionBombError) as error:
        advice = "use a machine with more memory, or a smaller picture"
        raise ImageTooLarge(f"{header.width} x {header.height} pixels are too many ({error}); {advice}") from error
    except _DECODER_ERRORS as error:
        if _ended_early(header, error):
            advice = "copy or download it again, or load what there is with Limits(truncated=True)"
            raise TruncatedImage(f"the {header.kind} ends before its picture does; {advice}") from error
        raise NotAnImage(f"the {header.kind} is broken ({error}); save it again with a picture editor") from error


def _ended_early(header: Header, error: Exception) -> bool:
    return not header.complete or "truncated" in str(error).lower()
