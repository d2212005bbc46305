"""Paragraphs, headings, tables and pairs of pages whose lines are put down by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordsight.layout import bands
from wordsight.layout.paragraphs import paragraphs
from wordsight.outputs.markdown import markdown
from wordsight.page import Page
from wordsight.types import Line, Quad, Word

Placed = tuple[float, float, str]
"""Left and top of a line, and its text; letters are 10 pixels wide, lines 20 high."""


def made(*placed: Placed, high: float = 20) -> Page:
    words: list[Word] = []
    lines: list[Line] = []
    for left, top, text in placed:
        numbers = []
        x = left
        for word in text.split():
            numbers.append(len(words))
            words.append(Word(Quad.from_box(x, top, x + 10 * len(word), top + high), word, 0.9, 0.9, len(lines)))
            x += 10 * (len(word) + 1)
        quad = Quad.from_box(left, top, left + 10 * len(text), top + high)
        lines.append(Line(quad, text, 0.9, tuple(numbers)))
    return Page("made", 0, 1000, 1000, 1.0, tuple(words), tuple(lines), {})


TABLE = made(
    (100, 50, "All that was sold in the third quarter of the year:"),
    (100, 100, "Item"),
    (400, 100, "Count"),
    (600, 100, "Price"),
    (100, 130, "Green apples"),
    (410, 130, "3"),
    (600, 130, "12.50"),
    (100, 160, "Pears"),
    (610, 160, "4.20"),
    (100, 190, "Sum of all"),
    (410, 190, "3"),
    (600, 190, "16.70"),
    (100, 300, "It was a good quarter, said those who had counted it."),
)


def test_a_table_has_rows_columns_and_cells() -> None:
    (table,) = TABLE.tables
    assert table.grid() == [
        ["Item", "Count", "Price"],
        ["Green apples", "3", "12.50"],
        ["Pears", "", "4.20"],
        ["Sum of all", "3", "16.70"],
    ]
    assert table.quad.bounds == (100, 100, 650, 210)
    assert [cell.lines for cell in table.cells[:2]] == [(1,), (2,)]


def test_a_head_over_two_columns_spans_them() -> None:
    page = made(
        (100, 100, "Name"),
        (400, 100, "Size and colour of it"),
        (100, 130, "First"),
        (400, 130, "small"),
        (580, 130, "red"),
        (100, 160, "Second"),
        (400, 160, "large"),
        (580, 160, "blue"),
        (100, 190, "Third"),
        (400, 190, "large"),
        (580, 190, "grey"),
    )
    (table,) = page.tables
    assert (table.rows, table.columns) == (4, 3)
    assert [(cell.column, cell.column_span) for cell in table.cells[:2]] == [(0, 1), (1, 2)]
    assert table.grid()[0] == ["Name", "Size and colour of it", ""]


def test_a_head_beside_its_numbers_is_in_their_column() -> None:
    rows = [((100.0, 130.0 + 30 * i, "row"), (560.0, 130.0 + 30 * i, f"{i}.50")) for i in range(4)]
    page = made((100, 100, "Item"), (400, 100, "Price"), *(cell for row in rows for cell in row))
    (table,) = page.tables
    assert (table.rows, table.columns) == (5, 2)
    assert table.grid()[0] == ["Item", "Price"]


def test_columns_of_running_text_are_no_table() -> None:
    left = [(50.0, 100.0 + 30 * i, "the quiet harbour measured the old") for i in range(8)]
    right = [(500.0, 100.0 + 30 * i, "engine twice and forgot the ferry") for i in range(8)]
    page = made(*left, *right)
    assert page.tables == ()
    assert [(one.column, len(one.lines)) for one in page.paragraphs] == [(0, 8), (1, 8)]


def test_paragraphs_end_where_the_space_is_wider() -> None:
    tops = [100, 125, 150, 188, 213]
    found = made(*((50.0, float(top), "some words of a text") for top in tops)).paragraphs
    assert [one.lines for one in found] == [(0, 1, 2), (3, 4)]
    assert found[0].text == "\n".join(["some words of a text"] * 3)
    assert found[0].quad.bounds == (50, 100, 250, 170)


def test_headings_are_larger() -> None:
    body = made(*((50.0, 200.0 + 25 * i, "some words of a long text") for i in range(4)))
    for high, level in ((20, 0), (29, 2), (40, 1)):
        title = Line(Quad.from_box(50, 100, 250, 100 + high), "A title", 0.9, ())
        found = paragraphs([title, *body.lines])
        assert found[0].level == level
        assert found[-1].level == 0


@pytest.mark.parametrize(
    ("placed", "expected"),
    [
        ([(50, 50, "Total: 9.00")], [("Total", "9.00")]),
        ([(50, 50, "Total"), (300, 50, "9.00")], [("Total", "9.00")]),
        ([(50, 50, "Date:"), (150, 52, "3 May 1985")], [("Date", "3 May 1985")]),
        ([(50, 50, "Address:"), (50, 75, "12 Quay Street")], [("Address", "12 Quay Street")]),
        ([(50, 50, "From: Ada To: Hugo")], [("From", "Ada"), ("To", "Hugo")]),
        ([(50, 50, "Time: 08:58:00")], [("Time", "08:58:00")]),
        ([(50, 50, "Name:"), (800, 50, "too far away")], []),
        ([(50, 50, "plain words"), (400, 50, "more words")], []),
        ([(50, 50, "12.00"), (300, 50, "9.00")], []),
    ],
)
def test_pairs(placed: list[Placed], expected: list[tuple[str, str]]) -> None:
    assert [(pair.key, pair.value) for pair in made(*placed).pairs] == expected


def test_a_long_value_goes_on_below() -> None:
    page = made(
        (50, 50, "Notes:"),
        (150, 50, "a long remark that needs more than one"),
        (150, 75, "line and then ends"),
        (50, 110, "Date:"),
        (150, 110, "today"),
    )
    assert [pair.value for pair in page.pairs] == [
        "a long remark that needs more than one line and then ends",
        "today",
    ]
    assert page.pairs[0].key_quad.bounds == (50, 50, 110, 70)


def test_a_long_value_goes_on_below_its_name() -> None:
    page = made(
        (50, 50, "Notes:"),
        (150, 50, "a long remark that needs more than one"),
        (50, 75, "line, which begins where the name does"),
    )
    assert [pair.value for pair in page.pairs] == [
        "a long remark that needs more than one line, which begins where the name does"
    ]


def test_capitals_are_a_name_and_signs_after_a_colon_belong_to_it() -> None:
    page = made(
        (50, 50, "PROJECT NAME"),
        (250, 50, "Regular Menthol"),
        (50, 90, "PROJECT LEADER"),
        (250, 90, "J. F. Anders"),
        (50, 130, "FIRST HEAD"),
        (250, 130, "SECOND HEAD"),
        (50, 170, "Posted:__"),
        (250, 170, "today"),
    )
    assert [(pair.key, pair.value) for pair in page.pairs] == [
        ("PROJECT NAME", "Regular Menthol"),
        ("PROJECT LEADER", "J. F. Anders"),
        ("Posted", "today"),
    ]


def test_markdown_has_tables_and_each_line_once() -> None:
    text = "".join(markdown([TABLE]))
    assert "| Item | Count | Price |\n| --- | --- | --- |\n| Green apples | 3 | 12.50 |\n" in text
    assert text.count("Pears") == 1
    assert text.index("third quarter") < text.index("Item") < text.index("good quarter")


def test_json_has_the_layout_where_asked_for() -> None:
    record = json.loads(TABLE.to_json(layout=True))
    assert record["tables"][0]["cells"][4]["text"] == "3"
    assert record["tables"][0]["cells"][4]["quad"][0] == [410, 130]
    assert record["paragraphs"][0]["level"] == 0
    assert "tables" not in TABLE.to_dict()


def test_nothing_on_the_page() -> None:
    page = made()
    assert (page.paragraphs, page.tables, page.pairs) == ((), (), ())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-50, 900), st.integers(-50, 900), st.text("ab:1. ", min_size=1).filter(lambda t: t.strip())
        ),
        max_size=25,
    )
)
def test_lines_anywhere_are_borne(placed: list[tuple[int, int, str]]) -> None:
    page = made(*((float(x), float(y), text) for x, y, text in placed))
    assert sorted(i for one in page.paragraphs for i in one.lines) == list(range(len(page.lines)))
    for table in page.tables:
        members = [i for cell in table.cells for i in cell.lines]
        assert len(members) == len(set(members))
        assert all(cell.row < table.rows and cell.column + cell.column_span <= table.columns for cell in table.cells)
    values = [i for pair in page.pairs for i in pair.words]
    assert len(values) == len(set(values))
    json.loads(page.to_json(layout=True))


def test_spaces_that_spans_leave_free() -> None:
    gaps = bands.free([(10, 20), (15, 30), (50, 60)])
    assert gaps == [(-np.inf, 10), (30, 50), (60, np.inf)]
    assert bands.both(gaps, [(35, 70)], 5) == [(35, 50), (60, 70)]
