"""MATLAB files of version 5 (``.mat``): numbers, texts, cells and structures, each read within its own bounds.

Layout: "MAT-File Format", The MathWorks, chapter "Level 5 MAT-File Format". Written here anew because a file from
outside can claim any size: this reader allocates for bytes that are there, never for bytes that are claimed. Files of
version 7.3 are HDF5, see :mod:`wordsight.data.importers.svhn`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wordsight.data.importers.source import at, read_bytes
from wordsight.errors import ManifestError

MAX_FILE = 2 << 30  # bytes; SynthText's, the largest known, has 0.5 GB
MAX_UNPACKED = 4 << 30  # bytes of one variable after decompression
MAX_DEPTH = 16
_HEADER = 128
_INT8, _UINT8, _INT16, _UINT16, _MATRIX, _COMPRESSED, _UTF8, _UTF16 = 1, 2, 3, 4, 14, 15, 16, 17
_NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_CELL, _STRUCT, _CHAR, _FIRST_NUMBER, _LAST_NUMBER = 1, 2, 4, 6, 15

Value = NDArray[Any] | tuple[str, ...] | tuple[Any, ...]
"""An array of numbers; the rows of a character array; the cells, or the structures as dicts, column by column."""


@dataclass(frozen=True, slots=True)
class _Element:
    """A data element: its type and its bytes."""

    kind: int
    data: memoryview


def read_matlab(path: Path, wanted: Container[str]) -> dict[str, Any]:
    """The variables of these names; others are passed over without being unpacked.

    Returns:
        By name: a numpy array in MATLAB's own shape; a tuple of texts for a character array (one a row); a tuple of
        values for a cell array, a tuple of dicts for an array of structures, both column by column.

    Raises:
        ManifestError: The file is of another version, broken, over a limit, or holds another kind of value.
    """
    data = memoryview(read_bytes(path, MAX_FILE))
    with at(path):
        if bytes(data[:8]) == b"\x89HDF\r\n\x1a\n" or b"MATLAB 7.3" in bytes(data[:_HEADER]):
            raise ValueError("this .mat is of version 7.3; save it with MATLAB's option -v7")
        order = {b"IM": "<", b"MI": ">"}.get(bytes(data[126:128]))
        if order is None or len(data) < _HEADER:
            raise ValueError("no .mat of version 5; download it again")
        found = {}
        for element in _elements(data[_HEADER:], order):
            name, body = _variable(element, order, wanted)
            if name is not None:
                found[name] = _value(body, order, 0)
        return found


def texts(value: object, what: str) -> tuple[str, ...]:
    """The rows of a character array; a ValueError where the value is another."""
    if isinstance(value, np.ndarray) and value.size == 0:
        return ()
    if not isinstance(value, tuple) or not all(isinstance(row, str) for row in value):
        raise ValueError(f"{what} is a character array, not a {type(value).__name__}")
    return value


def one_text(value: object, what: str) -> str:
    """A character array of one row; cells around it, as MATLAB users like them, are opened."""
    while isinstance(value, tuple) and len(value) == 1 and not isinstance(value[0], str):
        value = value[0]
    rows = texts(value, what)
    if len(rows) > 1:
        raise ValueError(f"{what} is one text, not {len(rows)}")
    return rows[0] if rows else ""


def array(value: object, what: str) -> NDArray[np.float64]:
    """Finite numbers; a ValueError where the value is another."""
    if not isinstance(value, np.ndarray) or not np.isfinite(value.astype(np.float64)).all():
        raise ValueError(f"{what} is an array of finite numbers")
    return value.astype(np.float64)


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    """The elements that stand one after the other, none of them over the end."""
    position = 0
    while position + 8 <= len(data):
        kind, size = struct.unpack_from(order + "II", data, position)
        if kind >> 16:  # a small element: size and type in one word, up to four bytes in the next
            kind, size = kind & 0xFFFF, kind >> 16
            start, following = position + 4, position + 8
            if size > 4:
                raise ValueError(f"a small element of {size} bytes; the file is broken")
        else:
            start = position + 8
            following = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data):
            raise ValueError("the file ends inside a value; download it again")
        yield _Element(kind, data[start : start + size])
        position = following


def _variable(element: _Element, order: str, wanted: Container[str]) -> tuple[str | None, memoryview]:
    """Name and bytes of a variable; no name where nobody wants it."""
    body = element.data
    if element.kind == _COMPRESSED:
        head = _unpack(body, 4096, whole=False)
        if _name(memoryview(head)[8:], order) not in wanted:
            return None, body
        body = memoryview(_unpack(body, MAX_UNPACKED, whole=True))[8:]
    elif element.kind != _MATRIX:
        return None, body
    name = _name(body, order)
    return (name, body) if name in wanted else (None, body)


def _unpack(data: memoryview, most: int, whole: bool) -> bytes:
    """A decompressed element, or its beginning."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, most)
    except zlib.error as error:
        raise ValueError(f"a compressed value is broken ({error}); download the file again") from error
    if whole and not unpacker.eof:
        raise ValueError(f"a compressed value is cut off, or over {most} bytes when unpacked")
    return unpacked


def _name(body: memoryview, order: str) -> str:
    parts = iter(_elements(body, order)) if len(body) else iter(())
    for index, part in enumerate(_until_broken(parts)):
        if index == 2:
            return bytes(part.data).decode("latin-1")
    return ""


def _until_broken(parts: Iterator[_Element]) -> Iterator[_Element]:
    """The elements of a beginning: what is cut off after the name does not matter here."""
    try:
        yield from parts
    except ValueError:
        return


def _value(body: memoryview, order: str, depth: int) -> Value:
    """The value of a matrix element."""
    if depth > MAX_DEPTH:
        raise ValueError(f"cells over {MAX_DEPTH} deep")
    if not len(body):
        return np.zeros((0, 0))
    parts = _elements(body, order)
    flags, sizes, _ = _next(parts), _next(parts), _next(parts)
    kind = struct.unpack_from(order + "I", flags.data)[0] & 0xFF
    shape = tuple(int(side) for side in np.frombuffer(sizes.data, order + "i4"))
    if len(shape) < 2 or min(shape) < 0:
        raise ValueError(f"an array of shape {shape}; the file is broken")
    if kind == _CELL:
        return tuple(_value(part.data, order, depth + 1) for part in _matrices(parts, prod(shape)))
    if kind == _STRUCT:
        return _structures(parts, prod(shape), order, depth)
    if kind == _CHAR:
        return _rows(parts, shape, order)
    if _FIRST_NUMBER <= kind <= _LAST_NUMBER:
        return _numbers(_next(parts), shape, order)
    raise ValueError(f"a value of MATLAB class {kind}, which is not read; save numbers, texts, cells or structures")


def _next(parts: Iterator[_Element]) -> _Element:
    """The next element; its absence must not look like the end of somebody else's generator."""
    for part in parts:
        return part
    raise ValueError("an array ends before its parts do; download the file again")


def _matrices(parts: Iterator[_Element], count: int) -> list[_Element]:
    """So many matrix elements; the list grows with what is there, not with the count that is claimed."""
    found = []
    for part in parts:
        if part.kind != _MATRIX:
            raise ValueError("a cell that is no value; the file is broken")
        found.append(part)
    if len(found) != count:
        raise ValueError(f"{len(found)} cells where {count} are announced; download the file again")
    return found


def _structures(parts: Iterator[_Element], count: int, order: str, depth: int) -> tuple[dict[str, Any], ...]:
    (length,) = struct.unpack_from(order + "i", _next(parts).data)
    names = bytes(_next(parts).data)
    if not 0 < length <= 256 or len(names) % length:
        raise ValueError("the names of a structure's fields are broken")
    fields = [names[i : i + length].split(b"\0")[0].decode("latin-1") for i in range(0, len(names), length)]
    if not fields:
        raise ValueError("a structure without fields")
    values = _matrices(parts, count * len(fields))
    return tuple(
        {name: _value(values[i + j].data, order, depth + 1) for j, name in enumerate(fields)}
        for i in range(0, len(values), len(fields))
    )


def _rows(parts: Iterator[_Element], shape: tuple[int, ...], order: str) -> tuple[str, ...]:
    if len(shape) != 2:
        raise ValueError(f"a character array of shape {shape}; only rows of text are read")
    rows, columns = shape
    if not rows or not columns:
        return ("",) * min(rows, 1)
    part = _next(parts)
    codec = {_UTF8: "utf-8", _UTF16: "utf-16", _UINT16: "utf-16", _INT16: "utf-16"}.get(part.kind, "latin-1")
    if codec == "utf-16":
        codec += "-le" if order == "<" else "-be"
    characters = bytes(part.data).decode(codec)
    if rows == 1:
        return (characters,)
    if len(characters) != rows * columns:
        raise ValueError(f"{len(characters)} characters for {rows} rows of {columns}; the file is broken")
    return tuple(characters[row::rows] for row in range(rows))


def _numbers(part: _Element, shape: tuple[int, ...], order: str) -> NDArray[Any]:
    if part.kind not in _NUMBERS:
        raise ValueError(f"numbers of type {part.kind}, which is not known; the file is broken")
    values = np.frombuffer(part.data, order + _NUMBERS[part.kind])
    if len(values) != prod(shape):
        raise ValueError(f"{len(values)} numbers for the shape {shape}; the file is broken")
    return values.reshape(shape, order="F")


def require(found: dict[str, Any], name: str, path: Path) -> Any:
    """A variable; a ManifestError where the file lacks it."""
    if name not in found:
        raise ManifestError(f"{path}: there is no variable {name!r} in it; check which file this is")
    return found[name]
