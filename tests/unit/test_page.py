from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wordsight.errors import ImageError, NotAnImage, WordsightError
from wordsight.page import Failure, Page
from wordsight.types import Char, Line, Quad, Word


def word(text: str, left: float, line: int, chars: tuple[Char, ...] = ()) -> Word:
    return Word(Quad.from_box(left, 10 + 30 * line, left + 50, 30 + 30 * line), text, 0.987654, 0.81234, line, chars)


def page(source: object = None, number: int = 0) -> Page:
    char = Char("é", Quad.from_box(10, 10, 20, 30), 0.123456)
    words = (word("é", 10, 0, (char,)), word("b", 70, 0), word("漢字", 10, 1))
    lines = (
        Line(Quad.from_box(10, 10, 120, 30), "é b", 0.9, (0, 1)),
        Line(Quad.from_box(10, 40, 60, 60), "漢字", 0.876543, (2,)),
    )
    return Page("a.png", number, 200, 100, 0.123456, words, lines, {"load": 0.1, "detect": 1.23456}, source)  # type: ignore[arg-type]


def picture(grey: int = 255) -> np.ndarray:
    return np.full((100, 200, 3), grey, np.uint8)


def test_the_text_is_a_line_a_row() -> None:
    assert page().text == "é b\n漢字"
    assert Page("a", 0, 1, 1, 1.0, (), (), {}).text == ""


def test_as_plain_values() -> None:
    box = [[10.0, 10.0], [60.0, 10.0], [60.0, 30.0], [10.0, 30.0]]
    assert page().to_dict() == {
        "schema": 1,
        "image": "a.png",
        "page": 0,
        "width": 200,
        "height": 100,
        "scale": 0.1235,
        "words": [
            {"quad": box, "text": "é", "confidence": 0.9877, "detection_score": 0.8123, "line": 0},
            {
                "quad": [[70.0, 10.0], [120.0, 10.0], [120.0, 30.0], [70.0, 30.0]],
                "text": "b",
                "confidence": 0.9877,
                "detection_score": 0.8123,
                "line": 0,
            },
            {
                "quad": [[10.0, 40.0], [60.0, 40.0], [60.0, 60.0], [10.0, 60.0]],
                "text": "漢字",
                "confidence": 0.9877,
                "detection_score": 0.8123,
                "line": 1,
            },
        ],
        "lines": [
            {
                "quad": [[10.0, 10.0], [120.0, 10.0], [120.0, 30.0], [10.0, 30.0]],
                "text": "é b",
                "confidence": 0.9,
                "words": [0, 1],
            },
            {
                "quad": [[10.0, 40.0], [60.0, 40.0], [60.0, 60.0], [10.0, 60.0]],
                "text": "漢字",
                "confidence": 0.8765,
                "words": [2],
            },
        ],
        "seconds": {"load": 0.1, "detect": 1.2346},
    }


def test_characters_on_demand() -> None:
    first, second, third = page().to_dict(chars=True)["words"]
    quad = [[10.0, 10.0], [20.0, 10.0], [20.0, 30.0], [10.0, 30.0]]
    assert first["chars"] == [{"quad": quad, "text": "é", "probability": 0.1235}]
    assert second["chars"] == third["chars"] == []


def test_json_is_readable_and_complete() -> None:
    text = page().to_json()
    assert "漢字" in text
    assert "\n" not in text
    assert json.loads(text) == page().to_dict()
    assert json.loads(page().to_json(chars=True, indent=2)) == page().to_dict(chars=True)


def test_a_picture_that_is_passed_is_drawn_on_and_not_changed() -> None:
    before = picture()
    drawn = page().draw(before, text=False)
    assert drawn.shape == before.shape
    assert drawn.dtype == np.uint8
    assert (before == 255).all()
    assert (drawn[8:32, 8:62] != 255).any()


def test_texts_stand_beside_the_picture() -> None:
    drawn = page().draw(picture())
    assert drawn.shape == (100, 400, 3)
    np.testing.assert_array_equal(drawn[:, :200], page().draw(picture(), text=False))
    assert (drawn[12:28, 212:258] != drawn[0, 399]).any()


@pytest.mark.parametrize("kind", ["path", "str", "bytes", "array", "PIL"])
def test_a_page_loads_its_picture_again(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(picture(90)).save(path)
    source = {"path": path, "str": str(path), "bytes": path.read_bytes(), "array": picture(90)}
    drawn = page(source.get(kind, Image.fromarray(picture(90)))).draw()
    np.testing.assert_array_equal(drawn, page().draw(picture(90)))


def test_a_page_of_a_file_with_several(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    first, *others = (Image.fromarray(picture(grey)) for grey in (50, 100, 150))
    first.save(path, save_all=True, append_images=others)
    assert page(path, number=1).draw(text=False)[99, 199].tolist() == [100, 100, 100]
    with pytest.raises(WordsightError, match="has no page 3"):
        page(path, number=3).draw()


def test_a_picture_that_is_not_there_any_more(tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        page(tmp_path / "gone.png").draw()
    with pytest.raises(WordsightError, match=r"page\.draw\(picture\)"):
        page().draw()


@pytest.mark.parametrize("width", [200, 3000])
def test_a_notebook_shows_the_picture(width: int) -> None:
    html = page(np.full((100, width, 3), 255, np.uint8))._repr_html_()
    start = html.index("base64,") + len("base64,")
    shown = Image.open(io.BytesIO(base64.b64decode(html[start : html.index('"', start)])))
    assert shown.format == "JPEG"
    assert 200 <= shown.width <= 1200
    drawn = page().draw(np.full((100, width, 3), 255, np.uint8))
    assert shown.width / shown.height == pytest.approx(drawn.shape[1] / drawn.shape[0], rel=0.02)


def test_a_notebook_shows_the_text_where_there_is_no_picture(tmp_path: Path) -> None:
    for source in (None, tmp_path / "gone.png"):
        assert "é b" in page(source)._repr_html_()


def test_a_failure() -> None:
    failure = Failure("b.png", NotAnImage("no picture: 漢"))
    assert failure.to_dict() == {"image": "b.png", "error": {"type": "NotAnImage", "message": "no picture: 漢"}}
    assert json.loads(failure.to_json()) == failure.to_dict()
