from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import pytest

from wordsight.errors import ConfigError, NotAnImage
from wordsight.outputs.plain import write
from wordsight.page import Failure, Page
from wordsight.types import Char, Line, Quad, Word


def page(image: str = "a.png", number: int = 0, texts: tuple[str, ...] = ("Hi, you", "é")) -> Page:
    words, lines = [], []
    for row, text in enumerate(texts):
        numbers = []
        for column, part in enumerate(text.split(" ")):
            quad = Quad.from_box(40 * column, 20 * row, 40 * column + 30, 20 * row + 10)
            numbers.append(len(words))
            words.append(Word(quad, part, 0.96789, 0.75, row, (Char(part[0], quad, 0.5),)))
        lines.append(Line(Quad.from_box(0, 20 * row, 70, 20 * row + 10), text, 0.9, tuple(numbers)))
    return Page(image, number, 100, 50, 1.0, tuple(words), tuple(lines), {"load": 0.25})


BAD = Failure("b.png", NotAnImage("no picture"))
EMPTY = Page("c.png", 0, 10, 10, 1.0, (), (), {})


def written(results: list[Page | Failure], form: str, **options: bool) -> str:
    out = io.StringIO()
    write(results, form, out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def test_text() -> None:
    assert written([page()], "text") == "Hi, you\né\n"
    assert written([page(), BAD, EMPTY], "text") == "Hi, you\né\n\n"


def test_text_with_headings() -> None:
    results = [page(), page("a.tiff", 1, ("x",)), BAD]
    assert written(results, "text", headings=True) == "# a.png\nHi, you\né\n# a.tiff, page 2\nx\n"


def test_jsonl() -> None:
    rows = written([page(), BAD, EMPTY], "jsonl").splitlines()
    assert [json.loads(row) for row in rows] == [page().to_dict(), BAD.to_dict(), EMPTY.to_dict()]
    assert rows[1] == '{"image": "b.png", "error": {"type": "NotAnImage", "message": "no picture"}}'


def test_a_record_byte_by_byte() -> None:
    quad = "[[0.0, 0.0], [30.0, 0.0], [30.0, 10.0], [0.0, 10.0]]"
    outline = "[[0.0, 0.0], [70.0, 0.0], [70.0, 10.0], [0.0, 10.0]]"
    assert written([page(texts=("é",))], "jsonl", chars=True) == (
        '{"schema": 1, "image": "a.png", "page": 0, "width": 100, "height": 50, "scale": 1.0, '
        f'"words": [{{"quad": {quad}, "text": "é", "confidence": 0.9679, "detection_score": 0.75, "line": 0, '
        f'"chars": [{{"quad": {quad}, "text": "é", "probability": 0.5}}]}}], '
        f'"lines": [{{"quad": {outline}, "text": "é", "confidence": 0.9, "words": [0]}}], '
        '"seconds": {"load": 0.25}}\n'
    )


@pytest.mark.parametrize("results", [[], [page()], [page(), BAD, EMPTY]])
def test_json_is_one_array(results: list[Page | Failure]) -> None:
    text = written(results, "json")
    assert json.loads(text) == [result.to_dict() for result in results]
    assert text.endswith("]\n")


def test_csv() -> None:
    assert written([page(), BAD, EMPTY], "csv") == (
        "image,page,line,text,confidence,detection_score,x1,y1,x2,y2,x3,y3,x4,y4\n"
        'a.png,0,0,"Hi,",0.9679,0.75,0.0,0.0,30.0,0.0,30.0,10.0,0.0,10.0\n'
        "a.png,0,0,you,0.9679,0.75,40.0,0.0,70.0,0.0,70.0,10.0,40.0,10.0\n"
        "a.png,0,1,é,0.9679,0.75,0.0,20.0,30.0,20.0,30.0,30.0,0.0,30.0\n"
    )


def test_csv_can_be_read_back() -> None:
    odd = ('"quoted"', "a,b", "line\nbreak", "漢")
    rows = list(csv.DictReader(io.StringIO(written([page(texts=odd)], "csv"), newline="")))
    assert [row["text"] for row in rows] == list(odd)


def test_nothing_at_all() -> None:
    assert written([], "text") == ""
    assert written([], "jsonl") == ""
    assert written([], "json") == "[]\n"
    assert len(written([], "csv").splitlines()) == 1


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv"])
def test_each_result_is_written_before_the_next_is_asked_for(form: str) -> None:
    out, seen = io.StringIO(), []

    def results() -> Iterator[Page]:
        for number in range(3):
            seen.append(out.getvalue())
            yield page(f"{number}.png", texts=(f"word{number}",))

    write(results(), form, out)  # type: ignore[arg-type]
    assert "word0" in seen[1]
    assert "word1" in seen[2]
    assert "word1" not in seen[1]


def test_an_unknown_format() -> None:
    with pytest.raises(ConfigError, match="did you mean 'jsonl'"):
        written([], "jsonlines")


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_a_name_that_is_no_unicode(form: str) -> None:
    # A file name on Linux is bytes; those that are not UTF-8 come as lone surrogates, which UTF-8 cannot write.
    failure = Failure("bad\udcfe.png", NotAnImage("bad\udcfe.png: no picture"))
    text = written([page("bad\udcff.png"), failure, page("good.png", texts=("after",))], form)
    data = text.encode("utf-8")
    records = json.loads(data) if form == "json" else [json.loads(row) for row in data.splitlines()]
    assert [record["image"] for record in records] == ["bad\udcff.png", "bad\udcfe.png", "good.png"]
