"""The reader as a whole, with the real weights."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import wordsight
from wordsight import Failure, Page, Reader
from wordsight.errors import ImageError, NotAnImage
from wordsight.image.load import Limits, load
from wordsight.reader import AHEAD, default_reader
from wordsight.types import Detection, Picture


def same(one: Page, other: Page) -> bool:
    """Whether two pages say the same, whatever they are called and however long they took."""
    sizes = (one.width, one.height, one.scale) == (other.width, other.height, other.scale)
    return sizes and one.words == other.words and one.lines == other.lines


@pytest.fixture(scope="module")
def parts(street: Picture) -> list[Picture]:
    """Eight different views of the street, small enough to be read quickly."""
    tiles = [street[y : y + 300, x : x + 420] for y in (180, 420) for x in (0, 250, 700, 860)]
    return [np.ascontiguousarray(tile) for tile in tiles]


@pytest.fixture(scope="module")
def pages(reader: Reader, parts: Sequence[Picture]) -> list[Page]:
    return [reader.read(part) for part in parts]


@pytest.fixture
def files(tmp_path: Path, parts: Sequence[Picture]) -> list[Path]:
    for number, part in enumerate(parts):
        Image.fromarray(part).save(tmp_path / f"{number}.png")
    return [tmp_path / f"{number}.png" for number in range(len(parts))]


def test_thirty_two_threads_read_what_one_reads(reader: Reader, parts: list[Picture], pages: list[Page]) -> None:
    assert sum(bool(page.words) for page in pages) >= 6
    start = threading.Barrier(32)

    def read(number: int) -> Page:
        start.wait()
        return reader.read(parts[number % len(parts)])

    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(read, range(32)))
    for number, page in enumerate(found):
        assert same(page, pages[number % len(parts)])


def test_one_reader_detects_recognizes_and_reads_at_once(reader: Reader, parts: list[Picture]) -> None:
    calls = [
        lambda: reader.read(parts[0]).words,
        lambda: reader.detect(parts[1]).words,
        lambda: reader.recognize(parts),
    ]
    wanted = [call() for call in calls]
    with ThreadPoolExecutor(9) as pool:
        found = list(pool.map(lambda number: calls[number % 3](), range(18)))
    assert found == [wanted[number % 3] for number in range(18)]


def test_every_kind_of_source_gives_the_same_page(reader: Reader, files: list[Path], parts: list[Picture]) -> None:
    wanted = reader.read(parts[0])
    assert wanted.words
    assert (wanted.image, wanted.page, wanted.width, wanted.height) == ("array", 0, 420, 300)
    data = files[0].read_bytes()
    stream = io.BytesIO(data)
    sources = {
        str(files[0]): str(files[0]),
        files[0].as_posix(): files[0],
        "bytes": data,
        "picture": Image.fromarray(parts[0]),
        "array": np.dstack([parts[0], np.full((300, 420), 255, np.uint8)]),
    }
    for name, source in sources.items():
        page = reader.read(source)
        assert same(page, wanted), name
        assert page.image == name
    assert same(reader.read(stream), wanted)
    assert not stream.closed
    with files[0].open("rb") as file:
        assert reader.read(file).image == str(files[0])


def test_the_source_is_not_changed(reader: Reader, parts: list[Picture]) -> None:
    before = parts[0].copy()
    reader.read(parts[0])
    np.testing.assert_array_equal(parts[0], before)


def test_wordsight_read_keeps_one_reader(files: list[Path], pages: list[Page]) -> None:
    assert same(wordsight.read(files[0]), pages[0])
    assert default_reader() is default_reader()


def test_a_file_with_several_pages(reader: Reader, tmp_path: Path, parts: list[Picture], pages: list[Page]) -> None:
    path = tmp_path / "scan.tiff"
    first, *others = (Image.fromarray(part) for part in parts[:3])
    first.save(path, save_all=True, append_images=others)
    found = list(reader.read_pages(path))
    assert [page.page for page in found] == [0, 1, 2]
    assert all(same(page, wanted) for page, wanted in zip(found, pages, strict=False))
    assert same(reader.read(path), pages[0])
    assert [page.page for page in reader.read_many([path, path]) if isinstance(page, Page)] == [0, 1, 2, 0, 1, 2]


def test_the_good_pages_before_a_bad_one_are_kept(reader: Reader, tmp_path: Path, parts: list[Picture]) -> None:
    path = tmp_path / "scan.tiff"
    small, large = Image.fromarray(parts[0][:60, :80]), Image.fromarray(parts[0])
    small.save(path, save_all=True, append_images=[large])
    limited = Reader(limits=Limits(pixels=10_000))
    page, failure = limited.read_many([path])
    assert isinstance(page, Page)
    assert isinstance(failure, Failure)
    assert type(failure.error).__name__ == "ImageTooLarge"


def test_boxes_only(reader: Reader, parts: list[Picture], pages: list[Page]) -> None:
    page = reader.detect(parts[0])
    assert page.words
    assert {word.text for word in page.words} == {""}
    assert all(word.confidence == word.detection_score > 0 for word in page.words)
    assert page.text.strip() == ""
    assert len(page.words) <= len(pages[0].words) + 5
    (listed,) = reader.read_many([parts[0]], boxes_only=True)
    assert isinstance(listed, Page)
    assert same(listed, page)


def test_crops(reader: Reader, street: Picture) -> None:
    hotel = street[295:330, 975:1070]
    plain, turned = reader.recognize([hotel, np.rot90(hotel, 2)])
    assert plain.text == "HOTEL"
    assert plain.confidence > 0.9
    assert turned.text != "HOTEL" or turned.confidence <= plain.confidence
    assert reader.recognize([]) == []
    with pytest.raises(ImageError):
        reader.recognize([hotel, b"no picture"])


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 20000), (33, 31), (300, 420)])
def test_pictures_without_text(reader: Reader, size: tuple[int, int]) -> None:
    page = reader.read(np.full((*size, 3), 200, np.uint8))
    assert page.words == page.lines == ()
    assert page.text == ""
    assert (page.height, page.width) == size


def test_noise_is_not_read_as_much(reader: Reader) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
    assert len(reader.read(noise).words) < 10


def test_only_allowed_characters(parts: list[Picture]) -> None:
    page = Reader(allow="0123456789.").read(parts[4])
    assert {"5.50", "3.40", "2.90"} <= {word.text for word in page.words}
    assert set("".join(word.text for word in page.words)) <= set("0123456789.")


def test_a_language_narrows_the_letters(parts: list[Picture], pages: list[Page]) -> None:
    letters = "".join(word.text for word in Reader(language="en").read(parts[1]).words)
    assert "OPEN" in letters
    assert any("\u4e00" <= letter <= "\u9fff" for letter in pages[1].text)
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in letters)


def test_the_least_confidence(parts: list[Picture], pages: list[Page]) -> None:
    everything, sure = (Reader(min_confidence=least).read(parts[4]) for least in (0, 0.95))
    assert len(everything.words) >= len(pages[4].words) > len(sure.words) > 0
    assert min(word.confidence for word in sure.words) >= 0.95
    assert Reader(min_confidence=1).read(parts[4]).text == ""


@pytest.mark.parametrize("quality", ["fast", "best"])
def test_qualities(street: Picture, quality: str) -> None:
    page = Reader(quality=quality).read(street)  # type: ignore[arg-type]
    assert {"MORNING", "HOTEL", "OPEN", "482"} <= {word.text for word in page.words}


def test_threads_are_a_bound_not_a_result(street: Picture, street_page: Page) -> None:
    assert same(Reader(threads=1).read(street), street_page)


class Loud:
    """A detector that counts the pictures, takes its time for each, and finds nothing."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.pictures = 0
        self._seconds = seconds
        self._lock = threading.Lock()

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        if scale is None:  # the first look; a picture without text gets others
            with self._lock:
                self.pictures += 1
            time.sleep(self._seconds)
        return Detection(np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32), 1.0)


class Broken:
    """A detector with a fault."""

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        raise RuntimeError("the detector broke")


BLANK = np.zeros((40, 40, 3), np.uint8)


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("wordsight")]


def test_many_in_order_with_a_bad_one_among_them(reader: Reader, files: list[Path], pages: list[Page]) -> None:
    files[3].write_bytes(b"no picture")
    found = list(reader.read_many(files))
    assert [result.image for result in found] == [str(path) for path in files]
    for number, (result, page) in enumerate(zip(found, pages, strict=True)):
        if number == 3:
            assert isinstance(result, Failure)
            assert isinstance(result.error, NotAnImage)
            assert "3.png" in str(result.error)
        else:
            assert isinstance(result, Page)
            assert same(result, page)
    assert workers() == []


def test_many_of_nothing(reader: Reader) -> None:
    assert list(reader.read_many([])) == []


def test_the_order_holds_when_the_first_is_the_slowest() -> None:
    class Slow(Loud):
        def detect(self, picture: Picture, scale: float | None = None) -> Detection:
            time.sleep(0.2 if picture.shape[1] == 90 else 0)
            return super().detect(picture, scale)

    pictures = [np.zeros((40, width, 3), np.uint8) for width in (90, 50, 60, 70)]
    found = list(Reader(detector=Slow()).read_many(pictures))
    assert [page.width for page in found if isinstance(page, Page)] == [90, 50, 60, 70]


def test_the_source_is_not_read_far_ahead() -> None:
    taken, most = 0, 0

    def source() -> Iterator[Picture]:
        nonlocal taken
        for _ in range(20):
            taken += 1
            yield BLANK

    for given, _ in enumerate(Reader(detector=Loud()).read_many(source()), start=1):
        most = max(most, taken - given)
    assert taken == 20
    assert most <= AHEAD + 1


def test_nothing_happens_before_the_first_is_asked_for() -> None:
    loud = Loud()
    results = Reader(detector=loud).read_many([BLANK] * 5)
    time.sleep(0.05)
    assert loud.pictures == 0
    results.close()  # type: ignore[attr-defined]


def test_several_are_under_way_at_once() -> None:
    class Meeting(Loud):
        """Goes on only when a second thread is looking at a picture as well."""

        def __init__(self) -> None:
            super().__init__()
            self.inside: set[int] = set()
            self.met = threading.Event()

        def detect(self, picture: Picture, scale: float | None = None) -> Detection:
            self.inside.add(threading.get_ident())
            if len(self.inside) > 1:
                self.met.set()
            assert self.met.wait(timeout=30)
            return super().detect(picture, scale)

    assert len(list(Reader(detector=Meeting()).read_many([BLANK] * 6))) == 6


def test_leaving_early_leaves_no_thread_behind() -> None:
    loud = Loud(0.05)
    results = Reader(detector=loud).read_many([BLANK] * 100)
    next(results)
    assert workers()
    results.close()  # type: ignore[attr-defined]
    assert workers() == []
    pictures = loud.pictures
    assert pictures <= 2 * AHEAD + 1
    time.sleep(0.15)
    assert loud.pictures == pictures


def test_a_fault_in_the_source_reaches_the_caller() -> None:
    def source() -> Iterator[Picture]:
        yield BLANK
        raise KeyError("the list of pictures broke")

    with pytest.raises(KeyError, match="list of pictures"):
        list(Reader(detector=Loud()).read_many(source()))
    assert workers() == []


def test_a_fault_in_a_stage_is_not_hidden() -> None:
    reader = Reader(detector=Broken())
    with pytest.raises(RuntimeError, match="the detector broke"):
        reader.read(BLANK)
    with pytest.raises(RuntimeError, match="the detector broke"):
        list(reader.read_many([BLANK] * 5))
    assert workers() == []


@pytest.mark.parametrize(
    "quad",
    [
        [[10, 10]] * 4,
        [[10, 10], [50, 10], [50, 10], [10, 10]],
        [[381, 198], [447, 198], [381, 239], [447, 239]],
        [[-500, -500], [-400, -500], [-400, -460], [-500, -460]],
        [[-1e5, -1e5], [1e5, -1e5], [1e5, 1e5], [-1e5, 1e5]],
        [[381, 198], [447, 198], [400, 210], [381, 239]],
    ],
)
def test_odd_quads_of_a_detector_do_no_harm(street: Picture, quad: list[list[float]]) -> None:
    class Odd:
        def detect(self, picture: Picture, scale: float | None = None) -> Detection:
            return Detection(np.array([quad], np.float32), np.ones(1, np.float32), 1.0)

    reader = Reader(detector=Odd())
    assert len(reader.read(street).words) <= 3
    assert len(reader.detect(street).words) == 1


def test_settings_are_seen_and_cannot_be_changed(reader: Reader) -> None:
    with pytest.raises(AttributeError):
        reader.quality = "best"  # type: ignore[misc]
    assert reader == Reader()
    assert reader != Reader(padding=0.2)
    assert "quality='balanced'" in repr(reader)
    assert hash(reader) == hash(Reader())


def test_limits_hold(files: list[Path]) -> None:
    reader = Reader(limits=Limits(pixels=1000))
    with pytest.raises(wordsight.ImageTooLarge, match="1000"):
        reader.read(files[0])
    with pytest.raises(wordsight.ImageTooLarge):
        reader.read(load(files[0]))


def test_a_page_is_drawn_from_a_picture_that_only_its_reader_would_load(tmp_path: Path, example: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(example.read_bytes()[:60_000])
    page = Reader(limits=Limits(truncated=True)).read(cut)
    assert page.words
    drawn = page.draw(text=False)
    assert drawn.shape == (853, 1280, 3)
    assert cv2.absdiff(drawn, load(cut, Limits(truncated=True))).max() > 50
