"""The worker: one reader, which turns shards into files of results. The same on every engine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import cv2

from wordsight.bulk.contents import opened, write_atomically
from wordsight.bulk.items import Item
from wordsight.bulk.plan import Job, items_of, part_name
from wordsight.bulk.schema import arrow_schema, row
from wordsight.errors import ImageError, WordsightError
from wordsight.fields.extract import Prediction, TaughtModel
from wordsight.page import Page


class Worker:
    """Reads shards one after the other, on its share of the processors."""

    def __init__(self, job: Job, threads: int) -> None:
        cv2.setNumThreads(threads)  # the reader's networks have their own number
        self._job = job
        self._reads = job.make()
        self._limits = self._reads.parts.reader.limits if isinstance(self._reads, TaughtModel) else self._reads.limits

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        """Do a shard: ``{"shard": 7}``.

        Returns:
            shard, pictures, rows, errors (names and how often, as "NotAnImage=2 ..."), seconds, core_seconds.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        shard = int(task["shard"])
        start, cpu = time.perf_counter(), time.process_time()
        items = items_of(self._job, shard)
        rows = [one for item in items for one in self._rows(item)]
        table = pa.Table.from_pylist(rows, arrow_schema())
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        write_atomically(self._job.destination, part_name(shard), sink.getvalue().to_pybytes())
        errors = Counter(one["error_type"] for one in rows if one["error_type"])
        return {
            "shard": shard,
            "pictures": len(items),
            "rows": len(rows),
            "errors": " ".join(f"{name}={count}" for name, count in sorted(errors.items())),
            "seconds": time.perf_counter() - start,
            "core_seconds": time.process_time() - cpu,
        }

    def _rows(self, item: Item) -> Iterator[dict[str, Any]]:
        """The rows of a picture: one for each page, the last an error where it ends in one."""
        start = time.perf_counter()
        try:
            with opened(item, self._job.column, self._limits, self._job.allow_private) as source:
                for result in self._results(source):
                    yield row(item.image, result, time.perf_counter() - start)
                    start = time.perf_counter()
        except WordsightError as error:
            yield row(item.image, error, time.perf_counter() - start)
        except (OSError, MemoryError) as error:
            yield row(item.image, ImageError(f"{item.image}: {error}"), time.perf_counter() - start)

    def _results(self, source: str | bytes) -> Iterator[Page | Prediction]:
        if isinstance(self._reads, TaughtModel):
            return self._reads.predict_pages(source)
        return self._reads.read_pages(source)
