"""Hostile uploads: broken, truncated, disguised and oversized files, to every route that takes files.

    python benchmarks/uploads.py
    python benchmarks/uploads.py --count 100

Starts `wordsight serve` and sends the same files every time. Wanted: no answer of 500 or above, every refusal in the
one form that errors have, an answer within 30 seconds, and afterwards a service that still reads, with its memory.
"""

from __future__ import annotations

import io
import random
import struct
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
from PIL import Image

from common import parser, table, write_results
from service import Service
from wordsight.examples import example_path

SLOWEST = 30.0
HEADS = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"%PDF-1.7\n",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"RIFF\xff\xff\xff\x7fWEBPVP8 ",
    b"\0\0\0\x1cftypavif",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"8BPS",
    b"PK\3\4",
    b"\x76\x2f\x31\x01",
    b"%!PS-Adobe-3.0 EPSF-3.0\n",
)
NAMES = (
    "a.png",
    "../../etc/passwd",
    "\u202egnp.exe",
    "a" * 5000,
    "con",
    "x.pdf",
    "a\r\nX-Evil: 1.png",
    "",
    "\0",
    "%00.jpg",
)
TYPES = ("image/png", "application/pdf", "text/html", "multipart/mixed", "", "x" * 2000)


def png(width: int, height: int) -> bytes:
    """A small file that says it is a large picture."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    parts = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def whole() -> list[bytes]:
    """Sound files of several formats, to be broken."""
    picture = Image.new("RGB", (120, 60), "white")
    found = [example_path("street").read_bytes()]
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", "PDF"):
        out = io.BytesIO()
        picture.save(out, kind)
        found.append(out.getvalue())
    return found


def hostile(count: int, seed: int = 6) -> Iterator[tuple[str, str, bytes]]:
    """(name, content type, content) of files that are broken in one of many ways, the same ones every time."""
    chance, sound = random.Random(seed), whole()
    for _ in range(count):
        data = chance.choice(sound)
        kind = chance.randrange(8)
        if kind == 0:
            data = chance.choice(HEADS) + chance.randbytes(chance.randrange(4000))
        elif kind == 1:
            data = data[: chance.randrange(len(data))]
        elif kind == 2:
            flipped = bytearray(data)
            for _ in range(chance.randrange(1, 40)):
                flipped[chance.randrange(len(flipped))] = chance.randrange(256)
            data = bytes(flipped)
        elif kind == 3:
            data = png(chance.choice([1, 60_000, 2**31 - 1, 0]), chance.choice([1, 60_000, 2**31 - 1, 0]))
        elif kind == 4:
            data += chance.choice([b"<script>alert(1)</script>", b"\0" * 1_000_000, chance.choice(sound)])
        elif kind == 5:
            data = b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>" * chance.randrange(3)
        elif kind == 6:
            data = data[chance.randrange(len(data)) :] + data[: chance.randrange(len(data))]
        else:
            data = chance.choice(HEADS) + data
        yield chance.choice(NAMES), chance.choice(TYPES), data


def routes(model: str) -> tuple[str, ...]:
    """Where files are taken."""
    return (
        "/api/v1/read",
        "/api/v1/read?async=true",
        "/api/v2/OCR/FullText",
        f"/api/v2/OCR/Model/{model}/UploadFile/",
        f"/api/v1/models/{model}/pictures",
        f"/api/v1/models/{model}/versions",
        f"/api/v1/models/{model}/pictures/import",
    )


def wrong(reply: httpx.Response, seconds: float) -> str:
    """What is wrong with an answer; empty where it is as it should be."""
    if seconds > SLOWEST:
        return "slow"
    if reply.status_code >= 500:
        return f"status {reply.status_code}"
    if reply.status_code >= 400 and set(reply.json()) != {"code", "message", "errors"}:
        return "error without its form"
    return ""


def main() -> None:
    """Run the benchmark."""
    made = parser(__doc__)
    made.add_argument("--count", type=int, default=1000, help="how many files (default 1000)")
    options = made.parse_args()
    statuses: Counter[int] = Counter()
    faults: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder))
        service.start()
        assert service.process is not None
        process = psutil.Process(service.process.pid)
        with service.client() as client:
            model = client.post("/api/v1/models", json={"labels": ["word"]}).raise_for_status().json()["id"]
            paths = routes(model)
            client.post(paths[0], files={"file": ("a.jpg", example_path("street").read_bytes())}).raise_for_status()
            before = process.memory_info().rss / 1e6
            for number, (name, kind, data) in enumerate(hostile(options.count)):
                began = time.monotonic()
                reply = client.post(paths[number % len(paths)], files={"file": (name, data, kind)})
                seconds = time.monotonic() - began
                slowest = max(slowest, seconds)
                statuses[reply.status_code] += 1
                if fault := wrong(reply, seconds):
                    faults[fault] += 1
                    print(fault, paths[number % len(paths)], number, reply.text[:200], flush=True)
            after = process.memory_info().rss / 1e6
            good = client.post(paths[0], files={"file": ("a.jpg", example_path("street").read_bytes())}).is_success
        service.end()
    rows = [["files", options.count, ""], *([f"answered {code}", n, ""] for code, n in sorted(statuses.items()))]
    rows += [["wrong answers", sum(faults.values()), "0"], ["slowest answer, s", slowest, f"<= {SLOWEST:g}"]]
    rows += [["reads afterwards", "yes" if good else "no", "yes"], ["memory before, MB", before, ""]]
    rows += [["memory after, MB", after, ""]]
    results = {"statuses": dict(statuses), "faults": dict(faults), "slowest": slowest, "memory": [before, after]}
    write_results(options, "uploads", results, [table(("what", "measured", "wanted"), rows)])
    raise SystemExit(int(bool(faults) or not good))


if __name__ == "__main__":
    main()
