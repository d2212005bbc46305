"""Clients that read photographs through the service, all at once: latency, throughput, errors, memory.

    python benchmarks/load.py ../shared/data/icdar2015_train
    python benchmarks/load.py ../shared/data/icdar2015_train --seconds 20 --clients 32

Starts `wordsight serve` with an empty folder. Every client sends a photograph to `POST /api/v1/read`, waits for the
answer and sends the next. The same photographs are read by the library alone (`Reader().read_many`) before and after,
on the same cores. Where others use the cores as well, core-seconds tell more than the clock.
Wanted: no error but 429, p95/p50 of the latency <= 2.5, throughput >= 0.9 of the library's, memory flat (its median in
the last fifth of the time at most 1.05 of that in the second fifth).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from common import add_selection, parser, select, table, write_results
from service import Service
from wordsight.reader import Reader

FLAT = 1.05


@dataclass
class Load:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    core_seconds: float = 0.0
    megabytes: list[float] = field(default_factory=list)


async def client(http: httpx.AsyncClient, photos: itertools.cycle[bytes], until: float, load: Load) -> None:
    """Send a photograph, wait, send the next."""
    while time.monotonic() < until:
        began = time.monotonic()
        reply = await http.post("/api/v1/read", files={"file": ("photo.jpg", next(photos))})
        load.statuses[reply.status_code] += 1
        if reply.is_success:
            load.seconds.append(time.monotonic() - began)
        elif reply.status_code == 429:
            await asyncio.sleep(float(reply.headers["Retry-After"]))


async def drive(service: Service, photos: list[bytes], clients: int, seconds: float, load: Load) -> float:
    """All clients at once; gives answers a second."""
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=service.url, auth=(service.key, ""), timeout=300, limits=limits) as http:
        warm = Load()
        await asyncio.gather(*(client(http, itertools.cycle(photos), time.monotonic() + 1, warm) for _ in range(4)))
        cycle, began = itertools.cycle(photos), time.monotonic()
        worked = worked_seconds(service)
        await asyncio.gather(*(client(http, cycle, began + seconds, load) for _ in range(clients)))
        load.core_seconds = (worked_seconds(service) - worked) / len(load.seconds)
        return len(load.seconds) / (time.monotonic() - began)


def worked_seconds(service: Service) -> float:
    """Processor time of the web process so far."""
    assert service.process is not None
    times = psutil.Process(service.process.pid).cpu_times()
    return float(times.user + times.system)


def alone(reader: Reader, photos: list[bytes], seconds: float) -> tuple[float, float]:
    """Photographs a second of the library without a service, and its core-seconds for each."""
    end, began, count = time.monotonic() + seconds, time.monotonic(), 0
    worked = time.process_time()

    def source() -> itertools.takewhile[bytes]:
        return itertools.takewhile(lambda _: time.monotonic() < end, itertools.cycle(photos))

    for _ in reader.read_many(source()):
        count += 1
    return count / (time.monotonic() - began), (time.process_time() - worked) / count


def watch_memory(pid: int, load: Load, over: threading.Event) -> None:
    """Note the resident memory of a process twice a second."""
    process = psutil.Process(pid)
    while not over.wait(0.5):
        load.megabytes.append(process.memory_info().rss / 1e6)


def flatness(megabytes: list[float]) -> float:
    """The median of the last fifth over that of the second one."""
    fifth = max(1, len(megabytes) // 5)
    return statistics.median(megabytes[-fifth:]) / statistics.median(megabytes[fifth : 2 * fifth])


def main() -> None:
    """Run the benchmark."""
    made = parser(__doc__)
    made.add_argument("folder", type=Path, help="manifest with photographs")
    add_selection(made, 60)
    made.add_argument("--clients", type=int, default=32, help="clients at once (default 32)")
    made.add_argument("--seconds", type=float, default=300, help="how long they send (default 300)")
    options = made.parse_args()
    photos = [sample.path.read_bytes() for sample in select(options.folder, options)]
    reader = Reader()
    list(reader.read_many(photos[:4]))
    before = alone(reader, photos, options.seconds / 4)
    load, over = Load(), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder))
        service.start()
        assert service.process is not None
        memory = threading.Thread(target=watch_memory, args=(service.process.pid, load, over), daemon=True)
        memory.start()
        try:
            rate = asyncio.run(drive(service, photos, options.clients, options.seconds, load))
        finally:
            over.set()
            service.end()
    after = alone(reader, photos, options.seconds / 4)
    report(options, load, rate, [before, after])


def report(options: object, load: Load, rate: float, library: list[tuple[float, float]]) -> None:
    """Print and keep the figures."""
    cuts = statistics.quantiles(load.seconds, n=100)
    rates, cost = [one[0] for one in library], statistics.mean(one[1] for one in library)
    spread, ratio, flat = cuts[94] / cuts[49], rate / statistics.mean(rates), flatness(load.megabytes)
    errors = {status: count for status, count in load.statuses.items() if status not in (200, 429)}
    rows = [
        ("answers", len(load.seconds), ""),
        ("refused with 429", load.statuses[429], ""),
        ("other errors", sum(errors.values()), "0"),
        ("answers a second", rate, ""),
        ("library alone, before / after, pictures a second", f"{rates[0]:.3f} / {rates[1]:.3f}", ""),
        ("throughput over the library's", ratio, ">= 0.9"),
        ("core-seconds a picture: service, library", f"{load.core_seconds:.3f}, {cost:.3f}", ""),
        ("library's core-seconds over the service's", cost / load.core_seconds, ""),
        ("median latency, s", cuts[49], ""),
        ("95th percentile, s", cuts[94], ""),
        ("p95 / p50", spread, "<= 2.5"),
        ("memory, last fifth, MB", statistics.median(load.megabytes[-max(1, len(load.megabytes) // 5) :]), ""),
        ("memory, last fifth over second", flat, f"<= {FLAT}"),
    ]
    results = {"statuses": dict(load.statuses), "rate": rate, "library": library, "spread": spread, "flat": flat}
    results |= {"core_seconds": [load.core_seconds, cost], "ratio": ratio, "cores": os.cpu_count(), "quantiles": cuts}
    write_results(options, "load", results, [table(("what", "measured", "wanted"), rows)])  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
