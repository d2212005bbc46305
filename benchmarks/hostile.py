"""Feeds damaged pictures to the loader (or to the whole reader) and prints what became of them.

Every damaged picture must either load or raise a WordsightError, fast and in bounded memory::

    python benchmarks/hostile.py                   # 2000 pictures through wordsight.image.load.load
    python benchmarks/hostile.py --read --count 300
    python benchmarks/hostile.py --only tiff --seed 7 --keep broken/

The damage is drawn from a seed: the same seed and count give the same pictures. The test
tests/property/test_hostile_images.py runs a part of them.
"""

from __future__ import annotations

import argparse
import io
import random
import struct
import sys
import time
import warnings
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from wordsight.errors import WordsightError

_EXTREMES = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 60000, 2**20, 2**28, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


def samples() -> dict[str, bytes]:
    """Small whole pictures of every accepted format, in many of their variants; the name starts with the format."""
    picture = Image.new("RGB", (160, 96), "white")
    ImageDraw.Draw(picture).text((12, 20), "WORD 42", fill="navy", font_size=32)
    few = picture.quantize(8)
    noise = np.random.default_rng(0).integers(0, 9, (96, 160, 3), np.uint8)
    picture = Image.fromarray(np.maximum(picture, noise) - noise)
    clear = picture.copy()
    clear.putalpha(Image.linear_gradient("L").resize(picture.size).point(lambda value: 128 + value // 2))
    grey, line = picture.convert("L"), picture.convert("1", dither=Image.Dither.NONE)
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description that is longer than four bytes"
    return {
        "jpeg": _file(picture, "JPEG", exif=exif, icc_profile=b"profile" * 100, comment="a comment"),
        "jpeg progressive": _file(picture, "JPEG", progressive=True),
        "jpeg grey": _file(grey, "JPEG", optimize=True),
        "jpeg cmyk": _file(picture.convert("CMYK"), "JPEG", quality=95, subsampling=0),
        "png": _file(picture, "PNG", exif=exif, icc_profile=b"profile" * 100),
        "png alpha": _file(clear, "PNG"),
        "png palette": _file(few, "PNG", transparency=0, bits=4),
        "png bits": _file(line, "PNG", transparency=1),
        "png deep": _file(deep, "PNG"),
        "png animated": _file(picture, "PNG", save_all=True, append_images=[clear.convert("RGB")]),
        "webp": _file(picture, "WEBP", exif=exif),
        "webp lossless": _file(clear, "WEBP", lossless=True),
        "webp animated": _file(picture, "WEBP", save_all=True, append_images=[clear]),
        "gif": _file(few, "GIF", comment="a comment", transparency=0),
        "gif animated": _file(few, "GIF", save_all=True, append_images=[grey, clear], disposal=2),
        "bmp": _file(picture, "BMP"),
        "bmp palette": _file(few, "BMP"),
        "bmp run-length": _run_length_bmp(few),
        "pnm colour": _file(picture, "PPM"),
        "pnm bits": _file(line, "PPM"),
        "tiff": _file(picture, "TIFF", description="a description", exif=exif),
        "tiff bits": _file(line, "TIFF", compression="group4"),
        "tiff jpeg": _file(picture, "TIFF", compression="jpeg"),
        "tiff deep": _file(deep, "TIFF", compression="tiff_lzw"),
        "tiff float": _file(grey.convert("F"), "TIFF"),
        "tiff palette": _file(few, "TIFF", compression="packbits"),
        "tiff lab": _file(picture.convert("YCbCr"), "TIFF"),
        "tiff pages": _file(
            picture, "TIFF", save_all=True, append_images=[grey.copy(), few.copy()], compression="tiff_deflate"
        ),
        "tiff big": _file(clear, "TIFF", big_tiff=True, compression="zstd"),
    }


def damage(data: bytes, rng: random.Random) -> bytes:
    """One to four random damages: flipped bytes, deleted, repeated or inserted pieces, a cut end, extreme numbers."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        # Headers are where decoders decide, so half of the damage is done there.
        at = rng.randrange(min(len(data), 256)) if rng.random() < 0.5 else rng.randrange(len(data))
        size = rng.choice((1, 2, 4, 8, 64, 1024))
        match rng.randrange(7):
            case 0:
                data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
            case 1:
                data = data[:at] + rng.randbytes(size) + data[at + size :]
            case 2:
                data = data[:at] + data[at + size :]
            case 3:
                data = data[:at] + data[at : at + size] * rng.choice((2, 3, 50)) + data[at + size :]
            case 4:
                data = data[:at] + rng.randbytes(size) + data[at:]
            case 5:
                data = data[: max(1, at)]
            case _:
                layout = rng.choice(("B", "<H", ">H", "<I", ">I"))
                number = struct.pack(layout, rng.choice(_EXTREMES) % 256 ** struct.calcsize(layout))
                data = data[:at] + number + data[at + len(number) :]
        data = data or b"\0"
    return _with_checksums(data) if data.startswith(b"\x89PNG") and rng.random() < 0.8 else data


def damaged(seed: int, count: int, only: str = "") -> Iterator[tuple[str, bytes]]:
    """Names and bytes of damaged pictures, in turn of every sample whose name starts with ``only``."""
    whole = [(name, data) for name, data in samples().items() if name.startswith(only)]
    rng = random.Random(seed)
    for index in range(count):
        name, data = whole[index % len(whole)]
        yield name, damage(data, rng)


@dataclass
class Tally:
    """What became of the pictures: outcomes by format, those that broke the promise, and the slowest."""

    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    broken: list[tuple[int, str, bytes]] = field(default_factory=list)
    slowest: tuple[float, int, str] = (0.0, -1, "")

    def add(self, index: int, name: str, data: bytes, call: Callable[[bytes], object]) -> None:
        """Runs one picture and counts its outcome."""
        start = time.perf_counter()
        try:
            call(data)
            outcome = "read"
        except WordsightError as error:
            outcome = type(error).__name__
        except Exception as error:  # noqa: BLE001 (finding out what else is raised is what this is for)
            outcome = "BROKEN"
            self.broken.append((index, f"{name}: {type(error).__name__}: {error}", data))
        self.outcomes[name.split()[0]][outcome] += 1
        self.slowest = max(self.slowest, (time.perf_counter() - start, index, name))


def main() -> int:
    """Runs the command; the exit status is 1 if any picture raised what it should not."""
    parser = argparse.ArgumentParser(description="Feeds damaged pictures to the loader and counts what became of them.")
    parser.add_argument("--count", type=int, default=2000, help="how many pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only samples whose name starts so, such as tiff")
    parser.add_argument("--read", action="store_true", help="call wordsight.read instead of the loader")
    parser.add_argument("--truncated", action="store_true", help="load what there is of files that end too early")
    parser.add_argument("--keep", type=Path, help="folder for the pictures that raised what they should not")
    options = parser.parse_args()
    warnings.simplefilter("error")  # a warning that reaches the user is a failure too
    call = _reader() if options.read else _loader(options.truncated)
    tally = Tally()
    for index, (name, data) in enumerate(damaged(options.seed, options.count, options.only)):
        tally.add(index, name, data, call)
    _print(tally)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for index, _, data in tally.broken:
            (options.keep / f"{options.seed}-{index}").write_bytes(data)
    return 1 if tally.broken else 0


def _loader(truncated: bool) -> Callable[[bytes], object]:
    from wordsight.image.load import Limits, load_pages

    limits = Limits(truncated=truncated)

    def call(data: bytes) -> object:
        return sum(page.nbytes for page in load_pages(data, limits))

    return call


def _reader() -> Callable[[bytes], object]:
    import wordsight

    return wordsight.read


def _print(tally: Tally) -> None:
    seen = {outcome for counter in tally.outcomes.values() for outcome in counter}
    kinds = sorted(seen, key=lambda kind: (kind != "read", kind))
    print(f"{'format':<8}{''.join(f'{kind:>16}' for kind in kinds)}")
    for name, counter in sorted(tally.outcomes.items()):
        print(f"{name:<8}{''.join(f'{counter[kind]:>16}' for kind in kinds)}")
    seconds, index, name = tally.slowest
    print(f"slowest: {1000 * seconds:.0f} ms ({name}, number {index}); peak memory: {_peak_mib()}")
    for index, message, _ in tally.broken:
        print(f"number {index}: {message}")


def _peak_mib() -> str:
    if sys.platform == "win32":
        return "not known"
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20:.0f} MiB"


def _file(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.copy().save(file, kind, **options)  # a copy, because saving leaves its settings on the image
    return file.getvalue()


def _run_length_bmp(image: Image.Image) -> bytes:
    """An RLE8 BMP of a palette image: every row as runs of one pixel pair after another."""
    whole = _file(image, "BMP")
    rows = np.asarray(image)[::-1]
    body = b"".join(b"".join(b"\1" + bytes([int(value)]) for value in row) + b"\0\0" for row in rows) + b"\0\1"
    start = struct.unpack_from("<I", whole, 10)[0]
    return whole[:30] + struct.pack("<II", 1, len(body)) + whole[38:start] + body


def _with_checksums(data: bytes) -> bytes:
    """A PNG with the right checksum in every chunk, without which no decoder looks at what was damaged."""
    parts, position = [data[:8]], 8
    while position + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        body = data[position + 4 : position + 8 + length]
        parts.append(data[position : position + 4] + body)
        if position + 12 + length <= len(data):
            parts.append(struct.pack(">I", zlib.crc32(body)))
        position += 12 + length
    return b"".join(parts)


if __name__ == "__main__":
    sys.exit(main())
