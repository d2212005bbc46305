"""What a picture file says about itself, read without decoding a pixel.

A decoder is only given what this module passes on: a size that the caller has checked, and the few parts of the
file that pixels depend on. The rest is where files hurt decoders: Pillow joins a million EXIF segments in quadratic
time, unpacks compressed text, loops over comments byte by byte and warns about broken metadata, and libjpeg follows
a thousand empty scans. All of it stays behind here, under counts that no real camera or editor reaches.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from wordsight.errors import EmptyImage, NotAnImage, TruncatedImage

_MAX_PARTS = 100_000  # segments, chunks or blocks in one file; real pictures have under a thousand
_MAX_TABLES = 256 * 1024  # bytes of JPEG tables; real ones have under 2 KiB, and Pillow parses them in Python
_MAX_SCANS = 32  # of one JPEG; progressive ones have 10 to 20, and each costs a walk over the whole picture
_MAX_RUN_LENGTH = 10_000_000  # pixels, and bytes, of a run-length BMP: Pillow unpacks those in Python


@dataclass(frozen=True, slots=True)
class Header:
    """A picture file before decoding.

    Attributes:
        kind: Name of the format, as Pillow spells it.
        width: Stored width in pixels, before EXIF turns the picture.
        height: Stored height in pixels.
        data: The file without the parts that pixels do not depend on.
        orientation: EXIF orientation, 1 to 8.
        complete: The file has its end. Where it has not, a failing decoder means a truncated file.
        white: The sample value of white where the mode does not tell it, such as 4095 for 12 bits.
        negative: The decoder will take white for black.
    """

    kind: str
    width: int
    height: int
    data: bytes
    orientation: int = 1
    complete: bool = True
    white: int | None = None
    negative: bool = False


def read_header(data: bytes) -> Header:
    """Recognises a picture file by its first bytes and reads its header.

    TIFF, which may hold many pictures, has its own module.

    Args:
        data: The whole file.

    Raises:
        NotAnImage: The format is none of those accepted, or its header contradicts itself.
        EmptyImage: The header says that there are no pixels.
        TruncatedImage: The file ends inside its header.
    """
    try:
        header = _reader(data)(data)
    except (struct.error, IndexError) as error:
        raise TruncatedImage("the file ends inside its header; copy or download it again") from error
    if header.width < 1 or header.height < 1:
        raise EmptyImage(f"the {header.kind} says {header.width} x {header.height} pixels; there is nothing to read")
    return header


def exif_orientation(exif: bytes) -> int:
    """Orientation (1 to 8) from an EXIF block; 1 where it holds none or is broken, for a picture is worth more."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * index)
            if tag == 0x0112:
                return int(value) if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _reader(data: bytes) -> Callable[[bytes], Header]:
    for magic, reader in _READERS.items():
        if data.startswith(magic) and (magic != b"RIFF" or data[8:12] == b"WEBP"):
            return reader
    for pattern, advice in _KNOWN_OTHERS.items():
        if re.match(pattern, data[:64], re.DOTALL | re.IGNORECASE):
            raise NotAnImage(advice)
    raise NotAnImage(f"no picture starts with {data[:8]!r}; accepted are JPEG, PNG, WebP, TIFF, BMP, GIF and PNM")


# JPEG -----------------------------------------------------------------------------------------------------------------

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, by coding
_KEPT_SEGMENTS = _SOF | {0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEE}  # tables, JFIF and Adobe (which tell the colour space)
_EOI, _SOS, _APP1 = 0xD9, 0xDA, 0xE1
# What is no segment: a stuffed 0xFF, TEM, restarts, a second start, fill bytes. One search skips any number of them.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")


def _jpeg(data: bytes) -> Header:
    kept, frame, orientation = [b"\xff\xd8"], b"", 1
    for count, (marker, start, end) in enumerate(_segments(data, 2)):
        if count > _MAX_PARTS:
            raise NotAnImage("the JPEG has more segments than any real one; save it again with a picture editor")
        if marker in (_EOI, _SOS):
            break
        segment = data[start:end]
        if marker in _KEPT_SEGMENTS:
            kept.append(segment)
        if marker in _SOF:
            frame = segment
        elif marker == _APP1 and segment[4:10] == b"Exif\0\0" and orientation == 1:
            orientation = exif_orientation(segment[4:])
    else:
        raise IndexError("no scan")
    if marker == _EOI or not frame:
        raise NotAnImage("the JPEG holds no picture; save it again with a picture editor")
    if sum(map(len, kept)) > _MAX_TABLES:
        raise NotAnImage("the JPEG has more tables than any real one; save it again with a picture editor")
    height, width, components = struct.unpack_from(">HHB", frame, 5)
    # A sequential picture with all its colours in the first scan ends there, whatever follows.
    if frame[1] not in (0xC0, 0xC1) or data[start + 4] != components:
        later = [marker for marker, _, _ in islice(_segments(data, start), _MAX_PARTS)]
        if len(later) == _MAX_PARTS or later.count(_SOS) > _MAX_SCANS:
            raise NotAnImage("the JPEG has more scans than any real one; save it again with a picture editor")
    complete = data.rfind(b"\xff\xd9", start) >= 0
    return Header("JPEG", width, height, b"".join(kept) + data[start:], orientation, complete)


def _segments(data: bytes, position: int) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each JPEG segment from a position to the end of the picture, or of the file."""
    while (match := _MARKER.search(data, position)) and match.end() + 2 <= len(data):
        start, marker = match.start(), data[match.end() - 1]
        position = match.end() + int.from_bytes(data[match.end() : match.end() + 2], "big")
        yield marker, start, position
        if marker == _EOI:
            return


# PNG ------------------------------------------------------------------------------------------------------------------


def _png(data: bytes) -> Header:
    kept, orientation, position, complete = [data[:8]], 1, 8, False
    length, kind, width, height, depth = struct.unpack_from(">I4sIIB", data, position)
    if kind != b"IHDR" or length != 13:
        raise NotAnImage("the PNG does not start with its header; copy or download it again")
    pixels = False
    for _ in range(_MAX_PARTS):
        if position + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, position)
        chunk = data[position : position + 12 + length]
        # Pillow compares the 16-bit transparent colour with 8-bit pixels, so it could only make wrong ones transparent.
        if kind in (b"IHDR", b"PLTE", b"IDAT", b"IEND") or (kind == b"tRNS" and depth < 16):
            kept.append(chunk)
        if kind == b"eXIf":
            orientation = exif_orientation(chunk[8:-4])
        pixels = pixels or kind == b"IDAT"
        position += len(chunk)
        if kind == b"IEND":
            complete = True
            break
    else:
        raise NotAnImage("the PNG has more chunks than any real one; save it again with a picture editor")
    if not pixels and complete:
        raise NotAnImage("the PNG holds no picture; save it again with a picture editor")
    if not pixels:
        raise IndexError
    return Header("PNG", width, height, b"".join(kept), orientation, complete)


# WebP -----------------------------------------------------------------------------------------------------------------


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise NotAnImage("the WebP holds no picture; save it again with a picture editor")
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    return Header("WEBP", width, height, data, _webp_orientation(data), len(data) >= end)


def _webp_orientation(data: bytes) -> int:
    position = 12
    for _ in range(_MAX_PARTS):
        if position + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, position)
        if kind == b"EXIF":
            return exif_orientation(data[position + 8 : position + 8 + length])
        position += 8 + length + length % 2
    return 1


# GIF, BMP, PNM --------------------------------------------------------------------------------------------------------


def _gif(data: bytes) -> Header:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    palette, control, inside = data[13:position], b"", False
    for _ in range(_MAX_PARTS):
        block = data[position]
        if inside:  # an extension: sub-blocks, each after its length, up to an empty one
            position += 1 + block
            inside = block > 0
        elif block == 0x2C:
            break
        elif block == 0x3B:
            raise NotAnImage("the GIF holds no picture; save it again with a picture editor")
        elif block == 0x21:
            if data[position + 1 : position + 3] == b"\xf9\x04":
                # Keep the transparent colour, but not how the frame is disposed of: only the first frame is read.
                control = b"\x21\xf9\x04" + bytes([data[position + 3] & 1]) + data[position + 4 : position + 8]
            position += 2
            inside = True
        else:
            position += 1
    else:
        raise NotAnImage("the GIF has more blocks than any real one; save it again with a picture editor")
    left, top, across, down = struct.unpack_from("<HHHH", data, position + 1)
    # A frame may reach over the screen: Pillow then enlarges the screen, here that happens before sizes are checked.
    width, height = max(width, left + across), max(height, top + down)
    if max(width, height) > 0xFFFF:
        raise NotAnImage("the GIF's first frame lies outside of its screen; save it again with a picture editor")
    screen = data[:6] + struct.pack("<HH", width, height) + data[10:13]
    return Header("GIF", width, height, screen + palette + control + data[position:])


def _bmp(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 14)
    if size == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        compression = 0
    else:
        width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
    width, height = abs(width), abs(height)
    if compression in (1, 2) and max(width * height, len(data)) > _MAX_RUN_LENGTH:
        raise NotAnImage("a run-length BMP of this size takes too long to unpack; save it as PNG")
    return Header("BMP", width, height, data)


_PNM = re.compile(rb"(P[456])" + rb"(?:\s|#[^\n]*\n)+(\d{1,9})" * 2)
_PNM_WHITE = re.compile(rb"(?:\s|#[^\n]*\n)+(\d{1,5})")


def _pnm(data: bytes) -> Header:
    match = _PNM.match(data, 0, 4096)
    if match is None:
        raise NotAnImage("the PNM header is broken; accepted are P4, P5 and P6; save it again as PNG")
    magic, width, height = match[1], int(match[2]), int(match[3])
    end, white = match.end(), b""
    if magic != b"P4":
        depth = _PNM_WHITE.match(data, end, end + 4096)
        white, end = (depth[1], depth.end()) if depth else (b"", end)
        # Pillow scales other depths pixel by pixel in Python: minutes for a large picture.
        if white != b"255" and (magic, white) != (b"P5", b"65535"):
            raise NotAnImage("a PNM is read with 255 as white (P5 with 65535 too); save it as PNG")
    start = b"%s\n%d %d\n%s" % (magic, width, height, white + b"\n" if white else b"")
    return Header("PPM", width, height, start + data[end + 1 :], white=65535 if white == b"65535" else None)


_READERS: dict[bytes, Callable[[bytes], Header]] = {
    b"\xff\xd8\xff": _jpeg,
    b"\x89PNG\r\n\x1a\n": _png,
    b"RIFF": _webp,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
    b"BM": _bmp,
    b"P4": _pnm,
    b"P5": _pnm,
    b"P6": _pnm,
}

_KNOWN_OTHERS = {
    rb"%PDF-": "this is a PDF, not a picture; turn its pages into pictures first",
    rb"....ftyp(heic|heix|mif1|msf1|hevc)": "this is an HEIC picture; save it as JPEG or PNG first",
    rb"....ftypavi[fs]": "this is an AVIF picture; save it as JPEG or PNG first",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "this is a JPEG 2000 picture; save it as JPEG or PNG first",
    rb"\xff\x0a|\0\0\0\x0cJXL ": "this is a JPEG XL picture; save it as JPEG or PNG first",
    rb"\s*<(\?xml|svg|!doctype|html)": "this is a text (SVG or HTML), not a picture; draw it as PNG first",
}
