"""The index and its search: look-alikes, mistakes, filters, folders that change, a run that is broken off."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wordsight.errors import ConfigError, NotAnImage
from wordsight.page import Page
from wordsight.search import SearchIndex, fold, query_words
from wordsight.search.files import update
from wordsight.search.index import FileState, Sheet
from wordsight.search.words import distance, near
from wordsight.types import Line, Quad, Word

DAY = 86_400 * 10**9


def page(lines: Sequence[str], path: str = "a.png", number: int = 0, sure: float = 0.9) -> Page:
    words: list[Word] = []
    rows = []
    for row, line in enumerate(lines):
        first = len(words)
        for text in line.split():
            left = 10.0 + 100 * (len(words) - first)
            words.append(Word(Quad.from_box(left, 30.0 * row, left + 90, 30.0 * row + 20), text, sure, 1.0, row))
        numbers = tuple(range(first, len(words)))
        rows.append(Line(words[first].quad, line, sure, numbers))
    return Page(path, number, 640, 480, 1.0, tuple(words), tuple(rows), {})


def state(day: int = 20_000, digest: str = "0") -> FileState:
    return FileState(10, day * DAY + DAY // 2, digest, "")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    with SearchIndex.open(tmp_path / "search.db") as made:
        yield made


def add(index: SearchIndex, name: str, *lines: str, day: int = 20_000, sure: float = 0.9) -> None:
    index.add(name, state(day, name), [Sheet(page(lines, name, sure=sure), {})])


def images(index: SearchIndex, text: str, **filters: object) -> list[str]:
    return [hit.image for hit in index.search(text, **filters)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Modern", "M0DEM"), ("Illinois", "1lIin0ls"), ("Ärger", "arger"), ("w", "vv"), ("S|de", "side"), ("8OB", "bo8")],
)
def test_look_alikes_are_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_query_words() -> None:
    assert query_words('total "grand sum" INV-2041') == [["total"], ["grand", "sum"], ["lnv", "2o4l"]]
    assert query_words('"" --') == []


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_is_symmetric_and_bounded(one: str, other: str) -> None:
    far = distance(one, other, 10)
    assert far == distance(other, one, 10)
    assert abs(len(one) - len(other)) <= far <= max(len(one), len(other))
    assert (far == 0) == (one == other)
    assert distance(one, other, 1) == min(far, 2)


def test_near_words_come_by_distance() -> None:
    assert near("lnvolce", ["lnvolces", "lnvolce", "office", "lnvoce"]) == ["lnvolce", "lnvoce", "lnvolces"]


def test_all_words_must_occur(index: SearchIndex) -> None:
    add(index, "/a.png", "Invoice 2041", "Total 9.00")
    add(index, "/b.png", "Invoice 2042")
    assert images(index, "invoice total") == ["/a.png"]
    assert sorted(images(index, "INVOICE")) == ["/a.png", "/b.png"]
    assert images(index, "invoice missing") == []


def test_quotes_keep_words_together(index: SearchIndex) -> None:
    add(index, "/a.png", "sum total")
    add(index, "/b.png", "total of the sum")
    assert [hit.image for hit in index.search('"sum total"') if hit.exact] == ["/a.png"]


@pytest.mark.parametrize("query", ["m0dern", "MODEM", "odern", "modxern", "moderm"])
def test_mistakes_are_forgiven(index: SearchIndex, query: str) -> None:
    add(index, "/a.png", "a Modern house in the woods")
    add(index, "/b.png", "nothing of the kind")
    assert images(index, query) == ["/a.png"]


def test_exact_words_come_first(index: SearchIndex) -> None:
    add(index, "/near.png", "invoices invoices invoices")
    add(index, "/exact.png", "one invoice among many other words of a long line")
    hits = index.search("invoice")
    assert [(hit.image, hit.exact) for hit in hits] == [("/exact.png", True), ("/near.png", False)]


def test_a_hit_shows_words_and_places(index: SearchIndex) -> None:
    add(index, "/a.png", "first line", "the Total is 9.00")
    (hit,) = index.search("total")
    assert hit.snippet == "the [Total] is 9.00"
    assert [(mark.text, mark.quad) for mark in hit.marks] == [("Total", Quad.from_box(110, 30, 200, 50))]
    assert hit.to_dict()["words"][0]["quad"] == [[110.0, 30.0], [200.0, 30.0], [200.0, 50.0], [110.0, 50.0]]


def test_filters(index: SearchIndex) -> None:
    add(index, "/old.png", "Total", day=10_000, sure=0.95)
    add(index, "/new.png", "Total", day=20_000, sure=0.5)
    day = datetime.fromtimestamp(20_000 * 86_400, UTC).date()
    assert images(index, "total", since=day) == ["/new.png"]
    assert images(index, "total", until=date(2000, 1, 1)) == ["/old.png"]
    assert images(index, "total", min_confidence=0.9) == ["/old.png"]
    assert len(index.search("total", limit=1)) == 1


def test_labels(index: SearchIndex) -> None:
    fields = {"total": ["9.00"], "company": ["Nine Ltd"]}
    index.add("/a.png", state(digest="a"), [Sheet(page(["Nine Ltd", "paid 9.00"]), fields)])
    index.add("/b.png", state(digest="b"), [Sheet(page(["paid 9.00"]), {})])
    assert images(index, "9.00", label="total") == ["/a.png"]
    assert images(index, "nine", label="total") == []
    assert sorted(images(index, "9.00")) == ["/a.png", "/b.png"]


def test_pages_of_one_file(index: SearchIndex) -> None:
    sheets = [Sheet(page(["alpha"]), {}), Sheet(page(["beta"], number=1), {})]
    assert index.add("/a.pdf", state(), sheets) == 2
    assert [(hit.image, hit.page) for hit in index.search("beta")] == [("/a.pdf", 1)]
    index.remove("/a.pdf")
    assert (len(index), images(index, "beta")) == (0, [])


@pytest.mark.parametrize("query", ["", "  ", '"', "a " * 33])
def test_queries_without_sense_are_refused(index: SearchIndex, query: str) -> None:
    with pytest.raises(ConfigError, match="cannot be looked for"):
        index.search(query)


@given(query=st.text(max_size=20))
def test_no_query_breaks_the_search(query: str) -> None:
    with SearchIndex.open(":memory:") as index:
        add(index, "/a.png", 'quick "brown" fox AND NOT (jumps)')
        try:
            index.search(query)
        except ConfigError:
            assert not query_words(query)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but a text that is long enough to be one" * 50)
    with pytest.raises(ConfigError, match="cannot be used as an index"):
        SearchIndex.open(tmp_path / "text.db")
    with pytest.raises(ConfigError, match="there is no index"):
        SearchIndex.open(tmp_path / "missing.db", make=False)


class Reads:
    """Reads files: the text of a page is the file's content."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, path: str) -> Iterator[Sheet]:
        self.paths.append(Path(path).name)
        text = Path(path).read_text(encoding="utf-8")
        if text == "broken":
            raise NotAnImage(f"{path}: no picture")
        yield Sheet(page([text], path), {})


def steps(index: SearchIndex, folder: Path, read: Reads, setting: str = "") -> dict[str, str]:
    return {Path(step.path).name: step.what for step in update(index, [folder], read, setting)}


def test_only_what_changed_is_read(index: SearchIndex, tmp_path: Path) -> None:
    folder, read = tmp_path / "letters", Reads()
    folder.mkdir()
    for name in ("a", "b", "broken"):
        (folder / f"{name}.png").write_text("broken" if name == "broken" else f"letter {name}")
    (folder / "notes.txt").write_text("no picture")
    assert steps(index, folder, read) == {"a.png": "read", "b.png": "read", "broken.png": "failed"}
    assert steps(index, folder, read) == dict.fromkeys(["a.png", "b.png", "broken.png"], "unchanged")
    os.utime(folder / "a.png", ns=(0, 5 * DAY))  # touched, not changed
    (folder / "b.png").write_text("another letter")
    (folder / "copy.png").write_text("letter a")
    (folder / "broken.png").unlink()
    assert steps(index, folder, read) == {
        "a.png": "unchanged",
        "b.png": "read",
        "copy.png": "copied",
        "broken.png": "gone",
    }
    assert read.paths == ["a.png", "b.png", "broken.png", "b.png"]
    assert sorted(Path(image).name for image in images(index, "letter")) == ["a.png", "b.png", "copy.png"]
    assert images(index, "letter", until=date(1970, 1, 10)) == [str(folder / "a.png")]
    assert steps(index, folder, read, "another way")["a.png"] == "read"


def test_a_run_that_is_broken_off_goes_on(index: SearchIndex, tmp_path: Path) -> None:
    read = Reads()
    for name in "abcd":
        (tmp_path / f"{name}.png").write_text(f"letter {name}")

    def stops(path: str) -> Iterator[Sheet]:
        if path.endswith("c.png"):
            raise KeyboardInterrupt
        return read(path)

    with pytest.raises(KeyboardInterrupt):
        list(update(index, [tmp_path], stops))
    assert len(index) == 2
    assert steps(index, tmp_path, read) == {
        "a.png": "unchanged",
        "b.png": "unchanged",
        "c.png": "read",
        "d.png": "read",
    }


def test_a_picture_with_the_words_marked(index: SearchIndex, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (640, 480), "white").save(path)
    add(index, str(path), "the Total")
    (hit,) = index.search("total")
    drawn = hit.draw()
    assert drawn.shape == (480, 640, 3)
    assert drawn[10, 150].tolist() == [255, 225, 60]
    assert drawn[100, 300].tolist() == [255, 255, 255]
    assert int((np.abs(drawn.astype(int) - 255).sum(axis=2) > 0).sum()) < 3000


def test_many_threads_search_while_one_adds(index: SearchIndex) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        added = pool.submit(lambda: [add(index, f"/{n}.png", f"page number {n}") for n in range(50)])
        found = list(pool.map(lambda _: len(index.search("page", limit=100)), range(50)))
        added.result()
    assert all(0 <= count <= 50 for count in found)
    assert len(index.search("page", limit=100)) == 50
