"""The plan of a run, kept beside its results, so that whoever goes on knows what is left.

All pictures are listed once, in ``_items.parquet``; its row groups are the shards. Each shard becomes one file
``part-NNNNNN.parquet``, which is there whole or not at all. So the files themselves say what is done, and no journal
can say otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from wordsight.bulk.contents import write_atomically
from wordsight.bulk.items import Item, filesystem, list_items
from wordsight.bulk.schema import arrow_schema
from wordsight.errors import ConfigError
from wordsight.fields.extract import TaughtModel
from wordsight.reader import Reader

Maker: TypeAlias = Callable[[], "Reader | TaughtModel"]
"""Makes what reads pictures, in each process anew; it travels there pickled."""

PLAN, ITEMS, SUMMARY = "_plan.json", "_items.parquet", "_summary.json"
PART = re.compile(r"part-(\d{6,})\.parquet")
VERSION = 1


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done.

    Attributes:
        source: Where the pictures are; see :func:`wordsight.bulk.items.list_items`.
        destination: Folder or URL of the Parquet data set that is written.
        make: Makes the reader or taught model.
        settings: Whatever decides how is read, as text: a run goes on only with the same.
        shard: Pictures in a file of results, 1 to 100,000: so many are read again at most by each worker after a kill.
        column: Column with the pictures where the source is Parquet.
        allow_private: Whether ``http`` URLs in lists may lead to addresses that are not public.
    """

    source: str
    destination: str
    make: Maker = field(compare=False)
    settings: str = ""
    shard: int = 256
    column: str = "image"
    allow_private: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.shard <= 100_000:
            raise ConfigError(f"a shard has 1 to 100000 pictures, not {self.shard}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many pictures and shards there are, and which shards are left.

    Attributes:
        items: Pictures.
        shards: Files of results there will be.
        left: Numbers of the shards that are not done.
        done: Pictures in the shards that are.
    """

    items: int
    shards: int
    left: tuple[int, ...]
    done: int


def prepare(job: Job) -> Plan:
    """List the pictures and write the plan, or find the plan of a run that goes on.

    Raises:
        ConfigError: The destination holds something else, or a run with other settings; or there are no pictures.
    """
    files, folder = filesystem(job.destination)
    files.makedirs(folder, exist_ok=True)
    names = {str(path).rstrip("/").rpartition("/")[2] for path in files.ls(folder, detail=False)}
    # Another version may read otherwise.
    wanted = {"version": VERSION, "wordsight": version("wordsight"), "source": job.source}
    wanted |= {"settings": job.settings, "column": job.column}
    if PLAN in names:
        plan = _read_plan(files, f"{folder}/{PLAN}")
        other = [name for name, value in wanted.items() if plan.get(name) != value]
        if other:
            raise ConfigError(
                f"{job.destination} holds a run with another {' and '.join(other)}; go on with the same, or name "
                "another destination"
            )
    elif any(not name.startswith("_") for name in names):
        raise ConfigError(f"{job.destination} is not empty and holds no run; name another destination")
    else:
        items, shards = _write_items(job)
        plan = wanted | {"shard": job.shard, "items": items, "shards": shards}
        write_atomically(job.destination, PLAN, json.dumps(plan, indent=1).encode())
    done = {int(found[1]) for name in names if (found := PART.fullmatch(name))}
    items, size = plan["items"], plan["shard"]
    left = tuple(number for number in range(plan["shards"]) if number not in done)
    return Plan(items, plan["shards"], left, items - sum(min(size, items - number * size) for number in left))


def _read_plan(files: Any, path: str) -> dict[str, Any]:
    try:
        plan = json.loads(files.cat_file(path))
        if all(isinstance(plan[name], int) for name in ("items", "shards", "shard")):
            return dict(plan)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is damaged; name another destination") from error
    raise ConfigError(f"{path} is damaged; name another destination")


def _write_items(job: Job) -> tuple[int, int]:
    """Write the list of all pictures, a shard at a time; how many pictures and shards there are."""
    arrow_schema()  # says what is missing, before anything is listed
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [("image", pa.string()), ("path", pa.string()), ("offset", pa.int64()), ("size", pa.int64())]
    schema = pa.schema(columns)
    files, folder = filesystem(job.destination)
    # Under its own name at once: it counts only when the plan is there, which is written after it.
    with files.open(f"{folder}/{ITEMS}", "wb") as file, pq.ParquetWriter(file, schema) as writer:
        total, shards = 0, 0
        for batch in _batches(list_items(job.source, job.column), job.shard):
            rows = [{name: getattr(item, name) for name, _ in columns} for item in batch]
            writer.write_table(pa.Table.from_pylist(rows, schema), row_group_size=job.shard)
            total, shards = total + len(batch), shards + 1
    if not total:
        raise ConfigError(f"no picture in {job.source}")
    return total, shards


def _batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while batch := list(islice(items, size)):
        yield batch


def items_of(job: Job, shard: int) -> list[Item]:
    """The pictures of a shard."""
    import pyarrow.parquet as pq

    files, folder = filesystem(job.destination)
    with files.open(f"{folder}/{ITEMS}", "rb") as file:
        rows = pq.ParquetFile(file).read_row_group(shard).to_pylist()
    return [Item(**one) for one in rows]


def part_name(shard: int) -> str:
    """Name of a shard's file of results."""
    return f"part-{shard:06}.parquet"


def remove_rests(job: Job) -> None:
    """Delete what processes left that were killed while they wrote."""
    files, folder = filesystem(job.destination)
    if "file" in files.protocol:
        for path in Path(folder).glob("_part-*.parquet.*"):
            path.unlink(missing_ok=True)
