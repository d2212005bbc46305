"""Makes a TIFF safe to hand to a decoder: every page's directory is checked and reduced to what pixels depend on.

A TIFF is a heap of offsets. Broken or hostile ones point a thousand tags at the same megabytes, chain directories in
circles, or claim a million strips for one row. Here the directories are rewritten in place, without such tags, so a
decoder's work is bounded by the size of the file and of the picture, and its warnings about metadata cannot arise.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from wordsight.errors import EmptyImage, ImageTooLarge, NotAnImage, TruncatedImage
from wordsight.image.header import Header

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # classic and BigTIFF, little and big endian

_MAX_TAGS = 1000  # in one directory; real ones have under a hundred
_MAX_SAMPLES = 6  # of one pixel: what Pillow reads
_MAX_STRIPS = 1 << 18  # strips or tiles of one page
_SPARE_PIXELS = 1 << 22  # that tiles may cover beyond a multiple of the picture's own
_MAX_SKIPPED = 10_000  # directories of reduced copies and masks

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIPS = 254, 256, 257, 258, 259, 262, 273
_ORIENTATION, _SAMPLES, _ROWS, _STRIP_SIZES, _PLANAR = 274, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_SIZES, _JPEG_TABLES = 322, 323, 324, 325, 347
# The tags that pixels depend on, with the most values that each may have.
_KEPT = {
    _WIDTH: 1, _HEIGHT: 1, _BITS: _MAX_SAMPLES, _COMPRESSION: 1, _PHOTOMETRIC: 1, 266: 1, _STRIPS: _MAX_STRIPS,
    _SAMPLES: 1, _ROWS: 1, _STRIP_SIZES: _MAX_STRIPS, _PLANAR: 1, 292: 1, 293: 1, 317: 1, 320: 3 << 16, _TILE_WIDTH: 1,
    _TILE_HEIGHT: 1, _TILES: _MAX_STRIPS, _TILE_SIZES: _MAX_STRIPS, 332: 1, 338: _MAX_SAMPLES, 339: _MAX_SAMPLES,
    _JPEG_TABLES: 1 << 16, 530: 2, 531: 1,
}  # fmt: skip
_READ = _KEPT | {_SUBFILE: 1, _ORIENTATION: 1}  # looked at here, not left to the decoder
_TYPES = {1: "B", 3: "H", 4: "I", 7: "B", 16: "Q"}  # integers by field type; 7 is for JPEG tables
# Raw, CCITT, LZW, JPEG, Deflate, PackBits, LZMA, Zstandard, WebP. Not 6, old-style JPEG, at which libtiff has to guess.
_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946, 34925, 50000, 50001})


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a TIFF stores numbers.

    Attributes:
        order: Byte order, as struct writes it.
        count: Format of the number of tags.
        offset: Format of an offset and of the number of values.
        first: Where the offset of the first directory stands.
    """

    order: str
    count: str
    offset: str
    first: int

    @property
    def entry(self) -> struct.Struct:
        """A tag: number, type, number of values, and the values or their offset."""
        return struct.Struct(f"{self.order}HH{self.offset}{self.offset}")


@dataclass(frozen=True, slots=True)
class _Directory:
    """One page: where its directory starts, the kept entries as stored, and where the values of its tags lie.

    ``places`` maps a tag to the type, number and position of its values. Two directories are equal if a decoder that
    is given them sees the same.
    """

    start: int
    entries: tuple[bytes, ...]
    places: dict[int, tuple[np.dtype[np.generic], int, int]] = field(compare=False)

    def values(self, data: bytes, tag: int) -> list[int]:
        kind, amount, position = self.places.get(tag, (np.dtype(np.uint8), 0, 0))
        return [int(value) for value in np.frombuffer(data, kind, amount, position)]

    def number(self, data: bytes, tag: int, default: int = 0) -> int:
        return (self.values(data, tag) or [default])[0]


def read_tiff(data: bytes, pages: int, last: int) -> tuple[bytes, list[Header]]:
    """Checks a TIFF's directories and rewrites them with only the tags that pixels depend on.

    Reduced copies of a page (as pyramids have) and transparency masks are left out.

    Args:
        data: The whole file; it starts with one of MAGICS.
        pages: The most pages that are accepted.
        last: Pages after this many are cut off, unseen.

    Returns:
        The file with new directories, and one header a page; each header's ``data`` is empty.

    Raises:
        NotAnImage: A directory is broken.
        EmptyImage: A page has no pixels.
        TruncatedImage: The file ends before a directory does.
        ImageTooLarge: There are more than ``pages`` pages.
    """
    order = "<" if data[:2] == b"II" else ">"
    layout = _Layout(order, "Q", "Q", 8) if 43 in data[2:4] else _Layout(order, "H", "I", 4)
    try:
        directories = _directories(data, layout, pages, last)
        headers = [_header(data, directory) for directory in directories]
        tidied = _rewrite(data, layout, directories)
        if _directories(tidied, layout, pages, last) != directories:
            # One directory lies inside of another: rewriting the one has changed what the other says.
            raise NotAnImage("the TIFF's directories overlap; save it again with a picture editor")
    except (struct.error, ValueError) as error:
        raise TruncatedImage("the file ends inside a TIFF directory; copy or download it again") from error
    return tidied, headers


def _directories(data: bytes, layout: _Layout, pages: int, last: int) -> list[_Directory]:
    """The directories of whole pages, in order."""
    found: list[_Directory] = []
    seen: set[int] = set()
    (start,) = struct.unpack_from(layout.order + layout.offset, data, layout.first)
    while start and start not in seen and len(found) < last:
        if len(found) >= pages or len(seen) > _MAX_SKIPPED + pages:
            raise ImageTooLarge(f"the TIFF has more than {pages} pages; split it, or raise the limit on pages")
        seen.add(start)
        directory, following = _directory(data, layout, start)
        if not found or not directory.number(data, _SUBFILE) & 0b101:
            found.append(directory)
        start = following
    if not found:
        raise NotAnImage("the TIFF holds no picture; save it again with a picture editor")
    return found


def _directory(data: bytes, layout: _Layout, start: int) -> tuple[_Directory, int]:
    """The directory at an offset, and the offset of the next one."""
    if start > len(data):  # BigTIFF's may be too large even for unpack_from
        raise struct.error("a directory beyond the end of the file")
    (count,) = struct.unpack_from(layout.order + layout.count, data, start)
    if count > _MAX_TAGS:
        raise NotAnImage(f"a TIFF directory claims {count} tags; save the picture again with a picture editor")
    position = start + struct.calcsize(layout.count)
    entries: list[bytes] = []
    places: dict[int, tuple[np.dtype[np.generic], int, int]] = {}
    for _ in range(count):
        tag, kind, amount, where = layout.entry.unpack_from(data, position)
        end = position + layout.entry.size
        if tag not in places and 1 <= amount <= _READ.get(tag, 0) and kind in _TYPES:
            dtype = np.dtype(layout.order + _TYPES[kind])
            inline = struct.calcsize(layout.offset)
            if amount * dtype.itemsize <= inline:
                where = end - inline
            if where + amount * dtype.itemsize > len(data):
                raise struct.error("values beyond the end of the file")
            places[tag] = dtype, amount, where
            if tag in _KEPT:
                entries.append(data[position:end])
        position = end
    (following,) = struct.unpack_from(layout.order + layout.offset, data, position)
    return _Directory(start, tuple(entries), places), following


def _header(data: bytes, page: _Directory) -> Header:
    width, height = page.number(data, _WIDTH), page.number(data, _HEIGHT)
    if width < 1 or height < 1:
        raise EmptyImage(f"a TIFF page says {width} x {height} pixels; there is nothing to read")
    compression = page.number(data, _COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        raise NotAnImage(f"TIFF compression {compression} is not read; save the picture as PNG")
    samples = page.number(data, _SAMPLES, 1)
    if samples > _MAX_SAMPLES or not page.places.keys() & {_STRIPS, _TILES}:
        raise NotAnImage("a TIFF page holds no colours, or too many; save the picture again with a picture editor")
    planes = samples if page.number(data, _PLANAR, 1) == 2 else 1
    rows = min(page.number(data, _ROWS, height), height)
    tile = page.number(data, _TILE_WIDTH), page.number(data, _TILE_HEIGHT)
    complete = True
    for offsets, sizes, (across, down) in ((_STRIPS, _STRIP_SIZES, (width, rows)), (_TILES, _TILE_SIZES, tile)):
        if offsets not in page.places:
            continue
        parts = ceil(width / across) * ceil(height / down) * planes if across and down else 0
        if page.places[offsets][1] > parts or parts * across * down > 4 * width * height * planes + _SPARE_PIXELS:
            raise NotAnImage("a TIFF page has more strips than its size needs; save it again with a picture editor")
        ends = zip(page.values(data, offsets), page.values(data, sizes), strict=False)
        complete = complete and all(start + size <= len(data) for start, size in ends)
    orientation = page.number(data, _ORIENTATION, 1)
    bits = page.number(data, _BITS, 1)
    return Header(
        kind="TIFF",
        width=width,
        height=height,
        data=b"",
        orientation=orientation if 1 <= orientation <= 8 else 1,
        complete=complete,
        white=4095 if bits == 12 else None,
        negative=bits > 8 and page.number(data, _PHOTOMETRIC) == 0,  # Pillow inverts up to 8 bits only
    )


def _rewrite(data: bytes, layout: _Layout, directories: Sequence[_Directory]) -> bytes:
    """The file with a chain of only these directories, each with only its kept entries, where it stood before."""
    file = io.BytesIO(data)
    link = layout.first
    for directory in directories:
        file.seek(link)
        file.write(struct.pack(layout.order + layout.offset, directory.start))
        file.seek(directory.start)
        file.write(struct.pack(layout.order + layout.count, len(directory.entries)) + b"".join(directory.entries))
        link = file.tell()
    file.seek(link)
    file.write(struct.pack(layout.order + layout.offset, 0))
    return file.getvalue()
