"""Random machine-readable zones: written and taken apart again, damaged, and read in drawn lattices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordsight.fields.presets import icao, rules
from wordsight.fields.presets.cells import read_cells
from wordsight.fields.presets.icao import LAYOUTS, SYMBOLS, Layout, compose, parse

NAME = st.lists(st.text(icao.LETTERS, min_size=1, max_size=6), min_size=1, max_size=2).map(" ".join)
CODE = st.text(icao.LETTERS + icao.DIGITS, min_size=1, max_size=7)
DAY = st.dates().map(lambda day: day.strftime("%y%m%d"))
FIRST = {"TD1": "I", "TD2": "I", "TD3": "P", "MRVA": "V", "MRVB": "V"}


@st.composite
def zones(draw: st.DrawFn) -> tuple[Layout, dict[str, str], tuple[str, ...]]:
    layout = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))]
    values = {
        "document_type": FIRST[layout.name],
        "country": draw(st.sampled_from(["D", "UTO", "FRA"])),
        "nationality": draw(st.sampled_from(["D", "UTO", "FRA"])),
        "surname": draw(NAME),
        "names": draw(NAME),
        "number": draw(CODE),
        "personal_number": draw(CODE),
        "date_of_birth": draw(DAY),
        "expiration_date": draw(DAY),
        "sex": draw(st.sampled_from(["M", "F", "X", ""])),
    }
    return layout, values, compose(layout, values)


@given(zones())
def test_what_is_written_is_read_again(made: tuple[Layout, dict[str, str], tuple[str, ...]]) -> None:
    layout, values, lines = made
    zone = parse(lines)
    assert zone.layout == layout.name
    assert zone.valid
    assert {name: zone.fields[name] for name in values} == values


@settings(max_examples=300)
@given(zones(), st.data())
def test_one_wrong_sign_is_noticed(made: tuple[Layout, dict[str, str], tuple[str, ...]], data: st.DataObject) -> None:
    """Wherever a check digit reaches: two signs whose values differ by a multiple of ten look the same to it."""
    layout, _, lines = made
    check = data.draw(st.sampled_from(layout.checks))
    stretch = data.draw(st.sampled_from([*check.over, check.at]))
    place = data.draw(st.integers(stretch.start, stretch.end - 1))
    old = lines[stretch.line][place]
    may = icao.DIGITS if stretch is check.at else SYMBOLS
    others = [sign for sign in may if (icao.VALUES[sign] - icao.VALUES[old]) % 10]
    new = data.draw(st.sampled_from(others))
    damaged = list(lines)
    damaged[stretch.line] = lines[stretch.line][:place] + new + lines[stretch.line][place + 1 :]
    assert not parse(damaged).checks[check.name]


def chances(line: str, doubt: float = 0.0, place: int = 0, other: str = "") -> np.ndarray:
    """(N, symbols) of a line that is read well, except at one place."""
    table = np.full((len(line), len(SYMBOLS)), 1e-6)
    table[np.arange(len(line)), [SYMBOLS.index(sign) for sign in line]] = 1.0
    if other:
        table[place, SYMBOLS.index(line[place])] = doubt
        table[place, SYMBOLS.index(other)] = 1 - doubt
    return table / table.sum(axis=1, keepdims=True)


@settings(max_examples=50, deadline=None)
@given(zones(), st.data())
def test_check_digits_correct_a_wrong_reading(
    made: tuple[Layout, dict[str, str], tuple[str, ...]], data: st.DataObject
) -> None:
    """Where the right sign is among the decoder's alternatives, even improbable, it is found."""
    layout, _, lines = made
    check = data.draw(st.sampled_from(layout.checks))
    stretch = data.draw(st.sampled_from(check.over))
    place = data.draw(st.integers(stretch.start, stretch.end - 1))
    old = lines[stretch.line][place]
    may = icao.MASKS[layout.masks[stretch.line][place]]
    others = [sign for sign in may if (icao.VALUES[sign] - icao.VALUES[old]) % 10]
    if not others:
        return
    other = data.draw(st.sampled_from(others))
    tables = [chances(line) for line in lines]
    tables[stretch.line] = chances(lines[stretch.line], 0.02, place, other)
    said, _, _ = rules.solve(layout, tables)
    assert said == lines


def test_what_no_alternative_explains_stays_as_it_was_read() -> None:
    lines = compose(LAYOUTS["TD3"], {"document_type": "P", "country": "UTO", "surname": "A", "number": "123456789"})
    wrong = "12345678" + "8" + lines[1][9:]
    tables = [chances(lines[0]), np.where(chances(wrong) < 0.5, 1e-12, chances(wrong))]
    said, _, _ = rules.solve(LAYOUTS["TD3"], tables)
    assert said == (lines[0], wrong)
    assert not parse(said).valid


@pytest.mark.parametrize("pace", [3, 4.5, 6])
def test_cells_of_a_drawn_lattice(pace: float) -> None:
    """A line whose peaks stand evenly is read, however long its runs of fillers are."""
    layout = LAYOUTS["TD3"]
    (line, _) = compose(layout, {"document_type": "P", "country": "UTO", "surname": "ERIKSSON", "names": "ANNA"})
    frames = int(pace * (len(line) + 2))
    table = np.full((frames, len(SYMBOLS) + 1), 1e-5)
    table[:, 0] = 1.0
    for place, sign in enumerate(line):
        at = int(pace * (place + 1))
        table[at, 0] = 0.05
        table[at, 1 + SYMBOLS.index(sign)] = 0.9
    table /= table.sum(axis=1, keepdims=True)
    found = read_cells(table, rules.allowed(layout, 0))
    assert found is not None
    assert "".join(SYMBOLS[one] for one in found.chances.argmax(axis=1)) == line
    first, pitch = found.grid
    assert pitch == pytest.approx(pace, rel=0.02)
    assert first == pytest.approx(pace, abs=1.0)
    again = read_cells(table, rules.allowed(layout, 0), found.grid)
    assert again is not None
    assert "".join(SYMBOLS[one] for one in again.chances.argmax(axis=1)) == line


def test_too_few_frames() -> None:
    assert read_cells(np.full((40, len(SYMBOLS) + 1), 0.1), rules.allowed(LAYOUTS["TD3"], 0)) is None
