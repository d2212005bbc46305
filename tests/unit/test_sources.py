from __future__ import annotations

import io
import itertools
import sys
from pathlib import Path

import pytest

from wordsight.cli.sources import Sources, expand, natural
from wordsight.errors import ConfigError
from wordsight.examples import example_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("page-10.png", "page-2.PNG", "page-1.jpg", "notes.txt", "b/z.tiff", "b/a.webp", ".hidden"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def names(found: list[str], folder: Path) -> list[str]:
    return [Path(path).relative_to(folder).as_posix() for path in found]


def test_a_folder_in_natural_order_with_all_below_it(folder: Path) -> None:
    wanted = ["b/a.webp", "b/z.tiff", "page-1.jpg", "page-2.PNG", "page-10.png"]
    assert names(expand([str(folder)]), folder) == wanted


def test_a_pattern(folder: Path) -> None:
    assert names(expand([str(folder / "page*")]), folder) == ["page-1.jpg", "page-2.PNG", "page-10.png"]
    assert names(expand([str(folder / "**" / "*.tiff")]), folder) == ["b/z.tiff"]


def test_a_pattern_that_matches_a_folder_takes_what_is_in_it(folder: Path) -> None:
    assert names(expand([str(folder / "b*")]), folder) == ["b/a.webp", "b/z.tiff"]


def test_files_are_taken_as_they_are_named(folder: Path) -> None:
    paths = [str(folder / "notes.txt"), str(folder / "not there.png"), "-", str(folder / "page-10.png"), "-"]
    assert expand(paths) == paths


def test_a_file_whose_name_looks_like_a_pattern(folder: Path) -> None:
    path = folder / "scan[1].png"
    path.write_bytes(b"")
    assert expand([str(path)]) == [str(path)]


def test_the_example_by_its_name() -> None:
    assert expand(["example:street"]) == [str(example_path("street"))]
    with pytest.raises(ConfigError, match="street"):
        expand(["example:beach"])


def test_nothing_found_is_an_error(folder: Path) -> None:
    with pytest.raises(ConfigError, match="nothing matches"):
        expand([str(folder / "*.gif")])
    (folder / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"no picture in .*empty; suffixes looked for: \.bmp"):
        expand([str(folder / "empty")])


def test_a_ring_of_links_is_not_followed(folder: Path) -> None:
    (folder / "b" / "back").symlink_to(folder)
    assert len(expand([str(folder)])) == 5


@pytest.mark.parametrize("letters", ["page-1.png page-01.png page-001.png", "a.png A.png", "x1y2 x01y2 x1y02"])
def test_the_order_never_depends_on_the_file_system(letters: str) -> None:
    found = {tuple(sorted(some, key=natural)) for some in itertools.permutations(letters.split(" "))}
    assert len(found) == 1


def test_natural_order() -> None:
    wanted = ["", "7", "a1", "A2", "a10", "a10b", "b", "page 9/2.png", "page 10/1.png", "é"]
    shuffled = [wanted[i] for i in (5, 2, 9, 0, 7, 4, 1, 8, 3, 6)]
    assert sorted(shuffled, key=natural) == wanted
    assert sorted(["x²", "x٣", "x2"], key=natural)[0] == "x2"


def test_sources_open_standard_input_when_its_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"picture")))
    sources = Sources(["a.png", "-"])
    assert len(sources) == 2
    first, second = sources
    assert first == "a.png"
    data = second if isinstance(second, bytes) else second.read()  # type: ignore[union-attr]
    assert data == b"picture"
