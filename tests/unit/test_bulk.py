"""Bulk work: what is listed, what is written, and that a run goes on. Kills and Ray are in tests/integration."""

from __future__ import annotations

import io
import json
import tarfile
from functools import partial

import cv2
import numpy as np
import pytest

pytest.importorskip("fsspec")
pytest.importorskip("pyarrow")

import fsspec
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from wordsight.bulk import SCHEMA, Job, run
from wordsight.bulk.contents import opened, write_atomically
from wordsight.bulk.items import Item, list_items
from wordsight.bulk.plan import items_of, prepare
from wordsight.bulk.schema import arrow_schema
from wordsight.errors import ConfigError, ImageError, ImageTooLarge
from wordsight.image.glyphs import text_mask
from wordsight.image.load import DEFAULT_LIMITS, Limits
from wordsight.reader import Reader

MAKE = partial(Reader, quality="fast", threads=1)


def png(text):
    picture = np.full((64, 200, 3), 245, np.uint8)
    mask = cv2.resize(text_mask(text), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    picture[18 : 18 + mask.shape[0], 14 : 14 + mask.shape[1]] -= (mask * 0.9).astype(np.uint8)[..., None]
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "pictures"
    (made / "b").mkdir(parents=True)
    for number in range(5):
        (made / ("b" if number > 2 else ".") / f"{number}.png").write_bytes(png(f"Nr {number}7"))
    (made / "notes.md").write_text("no picture")
    (made / "b" / "broken.jpg").write_bytes(b"nothing")
    return made


@pytest.fixture
def tar(tmp_path):
    path = tmp_path / "shard-000.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(3):
            for suffix, data in ((".png", png(f"Tar {number}")), (".json", b"{}")):
                member = tarfile.TarInfo(f"{number:06}{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "pictures.parquet"
    cells = [png(f"Row {number}") for number in range(4)]
    table = pa.table(
        {"id": list(range(5)), "picture": pa.array([*({"bytes": cell, "path": None} for cell in cells), None])}
    )
    pq.write_table(table, path, row_group_size=2)
    return path


def names(source, column="image"):
    return [item.image for item in list_items(str(source), column)]


def rows_of(folder):
    return sorted(ds.dataset(folder).to_table().to_pylist(), key=lambda row: row["image"])


def test_folders_patterns_and_lists(folder, tmp_path):
    assert [name.removeprefix(f"{folder}/") for name in names(folder)] == [
        "0.png", "1.png", "2.png", "b/3.png", "b/4.png", "b/broken.jpg",
    ]  # fmt: skip
    assert names(f"{folder}/b/*.png") == [f"{folder}/b/3.png", f"{folder}/b/4.png"]
    assert names(f"{folder}/{{1..2}}.png") == [f"{folder}/1.png", f"{folder}/2.png"]
    listed = tmp_path / "some.txt"
    listed.write_text(f"pictures/0.png\n\n{folder}/1.png\nhttp://127.0.0.1/x.png\n")
    items = list(list_items(str(listed)))
    assert [item.image for item in items] == ["pictures/0.png", f"{folder}/1.png", "http://127.0.0.1/x.png"]
    assert items[0].path == str(tmp_path / "pictures/0.png")


def test_tar_shards_and_parquet(tar, parquet):
    items = list(list_items(str(tar)))
    assert [item.image for item in items] == [f"{tar}/{number:06}.png" for number in range(3)]
    with opened(items[1], "image", DEFAULT_LIMITS, False) as data:
        assert data == png("Tar 1")
    with pytest.raises(ImageTooLarge), opened(items[1], "image", Limits(file_bytes=10), False):
        pass
    rows = list(list_items(str(parquet), "picture"))
    assert [item.image for item in rows] == [f"{parquet}#{row}" for row in range(5)]
    for number in (0, 3):
        with opened(rows[number], "picture", DEFAULT_LIMITS, False) as data:
            assert data == png(f"Row {number}")
    with pytest.raises(ImageError, match="no bytes in the column"), opened(rows[4], "picture", DEFAULT_LIMITS, False):
        pass


def test_other_file_systems(folder):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/in/a.png", png("Mem 1"))
    assert [item.path for item in list_items("memory://in")] == ["memory:///in/a.png"]
    for _ in run(Job("memory://in", "memory://out", MAKE)):
        pass
    with memory.open("/out/part-000000.parquet") as file:
        (row,) = pq.read_table(file).to_pylist()
    assert (row["image"], row["text"], row["error_type"]) == ("memory://in/a.png", "Mem 1", None)


@pytest.mark.parametrize("source", ["none/", "*.none", "x{5..1}.tar", "odd://there"])
def test_sources_that_are_not_there(source, tmp_path):
    with pytest.raises(ConfigError):
        names(f"{tmp_path}/{source}" if "://" not in source else source)


def test_sources_that_are_damaged(tmp_path, parquet):
    (tmp_path / "x.tar").write_bytes(b"nothing of a tar" * 100)
    (tmp_path / "x.parquet").write_bytes(b"nothing")
    (tmp_path / "x.tar.gz").write_bytes(b"")
    for name, message in (("x.tar", "no tar"), ("x.parquet", "no Parquet"), ("x.tar.gz", "compressed as a whole")):
        with pytest.raises(ConfigError, match=message):
            names(tmp_path / name)
    with pytest.raises(ConfigError, match=r"no column 'image' .*picture"):
        names(parquet)
    with pytest.raises(ConfigError, match=r"column .id. .*holds no bytes"):
        names(parquet, "id")


def test_a_picture_behind_a_private_address_is_an_error():
    item = Item("x", "http://127.0.0.1:9/x.png")
    with pytest.raises(ImageError, match="not a public address"), opened(item, "image", DEFAULT_LIMITS, False):
        pass


def test_rows_are_what_the_reader_reads(folder, tmp_path):
    out = tmp_path / "out"
    last = list(run(Job(str(folder), str(out), MAKE, shard=2)))[-1]
    assert (last.total, last.pictures, last.rows, dict(last.errors)) == (6, 6, 6, {"NotAnImage": 1})
    assert ds.dataset(out).schema.equals(arrow_schema()) and arrow_schema().names == [name for name, _ in SCHEMA]
    rows = rows_of(out)
    reader = MAKE()
    for row in rows[:-1]:
        page = reader.read(row["image"])
        assert (row["text"], row["page"], row["width"], row["height"]) == (page.text, 0, 200, 64)
        assert [word["text"] for word in row["words"]] == [word.text for word in page.words]
        assert np.allclose(row["words"][0]["quad"], page.words[0].quad.points.ravel())
    assert rows[0]["text"] == "Nr 07" and rows[-1]["error_type"] == "NotAnImage" and rows[-1]["text"] is None
    assert sorted(path.name for path in out.iterdir())[:3] == ["_items.parquet", "_plan.json", "_summary.json"]
    assert json.loads((out / "_summary.json").read_text())["errors"] == {"NotAnImage": 1}


def test_pages_of_one_file_are_rows(tmp_path):
    from PIL import Image

    pages = [Image.fromarray(np.full((40, 60), shade, np.uint8)) for shade in (200, 250)]
    (tmp_path / "in").mkdir()
    pages[0].save(tmp_path / "in" / "two.tif", save_all=True, append_images=pages[1:])
    list(run(Job(str(tmp_path / "in"), str(tmp_path / "out"), MAKE)))
    assert [row["page"] for row in rows_of(tmp_path / "out")] == [0, 1]


def test_a_run_goes_on_and_does_nothing_twice(folder, tmp_path):
    out = tmp_path / "out"
    job = Job(str(folder), str(out), MAKE, shard=2)
    steps = run(job)
    next(steps)
    next(steps)
    steps.close()  # one of three shards is done
    (out / "_part-000001.parquet.7.8").write_bytes(b"half")
    plan = prepare(job)
    assert (plan.items, plan.shards, plan.left, plan.done) == (6, 3, (1, 2), 2)
    before = (out / "part-000000.parquet").stat().st_mtime_ns
    last = list(run(job))[-1]
    assert (last.before, last.pictures) == (2, 4) and last.remaining == 0
    assert (out / "part-000000.parquet").stat().st_mtime_ns == before
    assert not (out / "_part-000001.parquet.7.8").exists()
    assert [row["image"] for row in rows_of(out)] == sorted(names(folder))
    assert list(run(job))[-1].pictures == 0
    (folder / "new.png").write_bytes(png("new"))  # the list was made once
    assert prepare(job).items == 6


def test_what_a_destination_may_not_hold(folder, tmp_path):
    job = Job(str(folder), str(tmp_path / "out"), MAKE, settings="a")
    prepare(job)
    with pytest.raises(ConfigError, match="another settings"):
        prepare(Job(str(folder), str(tmp_path / "out"), MAKE, settings="b"))
    with pytest.raises(ConfigError, match="is not empty"):
        prepare(Job(str(folder), str(folder), MAKE))
    (tmp_path / "out" / "_plan.json").write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        prepare(job)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="no picture"):
        prepare(Job(str(tmp_path / "empty"), str(tmp_path / "out2"), MAKE))
    with pytest.raises(ConfigError, match="choose engine 'ray'"):
        list(run(job, address="auto"))


def test_shards_hold_every_item_once(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{number}.png\n" for number in range(103)))
    job = Job(str(listed), str(tmp_path / "out"), MAKE, shard=10)
    plan = prepare(job)
    assert (plan.shards, plan.items) == (11, 103)
    assert [item.image for shard in plan.left for item in items_of(job, shard)] == [f"{n}.png" for n in range(103)]


def test_files_are_written_whole(tmp_path):
    write_atomically(str(tmp_path), "x", b"one")
    write_atomically(str(tmp_path), "x", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"two")]
