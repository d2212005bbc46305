"""Machine-readable zones: the five layouts of ICAO Doc 9303, their check digits, and what their fields say.

ICAO Doc 9303, *Machine Readable Travel Documents*, eighth edition (2021): part 3, sections 4.2 to 4.9 for signs, names,
dates and check digits; part 4 (TD3), part 5 (TD1), part 6 (TD2), part 7 (visas MRV-A and MRV-B).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

FILLER = "<"
DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SYMBOLS = FILLER + DIGITS + LETTERS
VALUES = {FILLER: 0} | {symbol: value for value, symbol in enumerate(DIGITS + LETTERS)}
"""What a symbol counts in a check digit (part 3, section 4.9)."""
WEIGHTS = (7, 3, 1)

MASKS = {
    "A": LETTERS,
    "a": LETTERS + FILLER,
    "*": SYMBOLS,
    "9": DIGITS,
    "o": DIGITS + FILLER,  # the check digit of what may be absent
    "d": DIGITS + FILLER,  # unknown parts of a date are fillers
    "m": "01" + FILLER,
    "t": "0123" + FILLER,
    "s": "MFX" + FILLER,
    "P": "P",
    "V": "V",
    "I": "ACI",
    "n": LETTERS + FILLER,
}
"""Which symbols may stand at a place: the letters of a layout's masks."""
DATE = "ddmdtd"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Places ``start`` to ``end - 1`` of a line, all counted from 0."""

    line: int
    start: int
    end: int

    def of(self, lines: Sequence[str]) -> str:
        """What stands there."""
        return lines[self.line][self.start : self.end]


@dataclass(frozen=True, slots=True)
class Check:
    """A check digit: where it stands, and over which stretches, one after the other, it is computed."""

    name: str
    at: Stretch
    over: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One of the five layouts.

    Attributes:
        name: TD1, TD2, TD3, MRVA or MRVB.
        masks: For each line the kind of symbol at each place, see ``MASKS``.
        fields: Where each field stands.
        checks: Its check digits.
    """

    name: str
    masks: tuple[str, ...]
    fields: Mapping[str, Stretch]
    checks: tuple[Check, ...]

    @property
    def width(self) -> int:
        """Symbols of a line."""
        return len(self.masks[0])


def _check(name: str, at: int, over: Stretch) -> Check:
    return Check(name, Stretch(over.line, at, at + 1), (over,))


def _small() -> Layout:
    """TD1: three lines of 30, as on identity cards."""
    fields = {
        "document_type": Stretch(0, 0, 2),
        "country": Stretch(0, 2, 5),
        "number": Stretch(0, 5, 14),
        "optional": Stretch(0, 15, 30),
        "date_of_birth": Stretch(1, 0, 6),
        "sex": Stretch(1, 7, 8),
        "expiration_date": Stretch(1, 8, 14),
        "nationality": Stretch(1, 15, 18),
        "personal_number": Stretch(1, 18, 29),
        "names": Stretch(2, 0, 30),
    }
    whole = (Stretch(0, 5, 30), Stretch(1, 0, 7), Stretch(1, 8, 15), Stretch(1, 18, 29))
    checks = (
        _check("number", 14, fields["number"]),
        _check("date_of_birth", 6, fields["date_of_birth"]),
        _check("expiration_date", 14, fields["expiration_date"]),
        Check("composite", Stretch(1, 29, 30), whole),
    )
    masks = ("Iaaaa" + "*" * 9 + "o" + "*" * 15, f"{DATE}9s{DATE}9aaa" + "*" * 11 + "9", "A" + "n" * 29)
    return Layout("TD1", masks, fields, checks)


def _two_lines(name: str, first: str, width: int, personal: int, composite: bool) -> Layout:
    """The layouts of two lines; ``personal`` is where the optional field ends."""
    fields = {
        "document_type": Stretch(0, 0, 2),
        "country": Stretch(0, 2, 5),
        "names": Stretch(0, 5, width),
        "number": Stretch(1, 0, 9),
        "nationality": Stretch(1, 10, 13),
        "date_of_birth": Stretch(1, 13, 19),
        "sex": Stretch(1, 20, 21),
        "expiration_date": Stretch(1, 21, 27),
        "personal_number": Stretch(1, 28, personal),
    }
    checks = [
        _check("number", 9, fields["number"]),
        _check("date_of_birth", 19, fields["date_of_birth"]),
        _check("expiration_date", 27, fields["expiration_date"]),
    ]
    if personal < width - 1:  # TD3 alone
        checks.append(_check("personal_number", personal, fields["personal_number"]))
    if composite:
        whole = (Stretch(1, 0, 10), Stretch(1, 13, 20), Stretch(1, 21, width - 1))
        checks.append(Check("composite", Stretch(1, width - 1, width), whole))
    number = "*" * 9 + ("o" if name == "TD2" else "9")
    tail = "*" * (personal - 28) + "o" * (width - personal - composite) + "9" * composite
    masks = (f"{first}aaaaA" + "n" * (width - 6), f"{number}aaa{DATE}9s{DATE}9{tail}")
    return Layout(name, masks, fields, tuple(checks))


TD1 = _small()
TD2 = _two_lines("TD2", "I", 36, 35, composite=True)
TD3 = _two_lines("TD3", "P", 44, 42, composite=True)
MRVA = _two_lines("MRVA", "V", 44, 44, composite=False)
MRVB = _two_lines("MRVB", "V", 36, 36, composite=False)
LAYOUTS = {layout.name: layout for layout in (TD1, TD2, TD3, MRVA, MRVB)}


@dataclass(frozen=True, slots=True)
class Zone:
    """A machine-readable zone, taken apart.

    Attributes:
        layout: Name of its layout.
        lines: Its lines.
        fields: Raw values without fillers: ``mrz_type``, ``document_type``, ``country``, ``number``, ``nationality``,
            ``date_of_birth`` and ``expiration_date`` (YYMMDD), ``sex``, ``surname``, ``names``, ``personal_number``.
        checks: Whether each check digit is right.
        dates: ``date_of_birth`` and ``expiration_date`` in ISO 8601, as far as they are known.
        optional: What else TD1 has room for.
    """

    layout: str
    lines: tuple[str, ...]
    fields: Mapping[str, str]
    checks: Mapping[str, bool]
    dates: Mapping[str, str]
    optional: str = ""

    @property
    def valid(self) -> bool:
        """Whether all check digits are right."""
        return all(self.checks.values())


def check_digit(text: str) -> str:
    """The check digit of a text: the sum of its values, weighted 7, 3, 1, 7, ..., modulo 10.

    Raises:
        KeyError: The text has another sign than ``SYMBOLS``.
    """
    return str(sum(VALUES[symbol] * WEIGHTS[place % 3] for place, symbol in enumerate(text)) % 10)


def parse(lines: Sequence[str], today: date | None = None) -> Zone:
    """Take a machine-readable zone apart. Its check digits may be wrong; they are looked at, not believed.

    Args:
        lines: Two or three, of one of the five layouts.
        today: What two digits of a year are told by: births lie in the past, expiry within 50 years.

    Raises:
        ValueError: The lines are of none of the layouts.
    """
    layout = layout_of(lines)
    said = {name: stretch.of(lines) for name, stretch in layout.fields.items()}
    number, optional, rest = _number(layout, lines, said)
    surname, _, given = said.pop("names").partition(FILLER * 2)
    tidy = {"names": _spaced(given), "surname": _spaced(surname), "number": number.rstrip(FILLER)}
    raw = {name: text.strip(FILLER) for name, text in said.items()} | tidy
    if rest is not None:
        raw["personal_number" if layout.name == "TD2" else "optional"] = rest.strip(FILLER)
    checks = {check.name: _agrees(check, lines) for check in layout.checks}
    if rest is not None:
        checks["number"] = check_digit(number) == optional
    fields = {"mrz_type": "MRV" if layout.name.startswith("MRV") else layout.name} | raw
    other = fields.pop("optional", "")
    return Zone(layout.name, tuple(lines), fields, checks, _dates(raw, today or date.today()), other)


def layout_of(lines: Sequence[str]) -> Layout:
    """The layout that lines are of, by their number, length and signs.

    Raises:
        ValueError: They are of none.
    """
    for layout in LAYOUTS.values():
        fits = [len(line) for line in lines] == [layout.width] * len(layout.masks)
        if fits and lines[0][0] in MASKS[layout.masks[0][0]] and all(set(line) <= VALUES.keys() for line in lines):
            return layout
    raise ValueError(f"no machine-readable zone of ICAO 9303: {list(lines)!r}")


def compose(layout: Layout, values: Mapping[str, str]) -> tuple[str, ...]:
    """The lines of a zone with right check digits, from raw field values; what is missing is filled with ``<``.

    Raises:
        ValueError: A value has a sign that no zone has.
    """
    rows = [[FILLER] * layout.width for _ in layout.masks]
    names = FILLER.join(values.get("surname", "").split()) + FILLER * 2 + FILLER.join(values.get("names", "").split())
    for name, place in layout.fields.items():
        text = names if name == "names" else values.get(name, "").replace(" ", FILLER)
        if not set(text) <= VALUES.keys():
            raise ValueError(f"{name} {text!r} has signs that no machine-readable zone has")
        size = place.end - place.start
        rows[place.line][place.start : place.end] = text[:size].ljust(size, FILLER)
    for check in layout.checks:
        lines = ["".join(row) for row in rows]
        rows[check.at.line][check.at.start] = check_digit("".join(part.of(lines) for part in check.over))
    return tuple("".join(row) for row in rows)


def _agrees(check: Check, lines: Sequence[str]) -> bool:
    text = "".join(part.of(lines) for part in check.over)
    said = check.at.of(lines)
    return said == check_digit(text) or (said == FILLER and not text.strip(FILLER))


def _number(layout: Layout, lines: Sequence[str], said: Mapping[str, str]) -> tuple[str, str, str | None]:
    """The document's number, its check digit, and what is left of the optional field where the number runs into it.

    A number of more than nine signs goes on in the optional field, and a filler stands in place of its check digit,
    which comes last (part 5, section 4.2.2, note j; part 6 likewise).
    """
    check = layout.checks[0].at.of(lines)
    if layout.name not in ("TD1", "TD2") or check != FILLER or not said["number"].strip(FILLER):
        return said["number"], check, None
    more, _, rest = said["optional" if layout.name == "TD1" else "personal_number"].partition(FILLER)
    return said["number"] + more[:-1], more[-1:], rest


def _spaced(text: str) -> str:
    return " ".join(filter(None, text.split(FILLER)))


def _dates(raw: Mapping[str, str], today: date) -> dict[str, str]:
    latest = {"date_of_birth": today.year, "expiration_date": today.year + 50}
    found = {name: _iso(raw[name], year, today) for name, year in latest.items()}
    return {name: text for name, text in found.items() if text}


def _iso(text: str, latest: int, today: date) -> str:
    """A date of the form YYMMDD, the latest that is possible; unknown months and days are left out."""
    parts = re.fullmatch(r"(\d\d)(?:(\d\d)(\d\d)?)?", text)
    if parts is None:
        return ""
    year = latest - (latest - int(parts[1])) % 100
    try:
        whole = date(year, int(parts[2] or 1), int(parts[3] or 1))
        if latest == today.year and whole > today:
            whole = date(year - 100, whole.month, whole.day)
    except ValueError:
        return ""
    return whole.isoformat()[: 4 + 3 * sum(part is not None for part in parts.groups()[1:])]


def places(layout: Layout) -> Iterator[tuple[int, int, str]]:
    """Line, place and mask of each symbol, line by line."""
    for line, masks in enumerate(layout.masks):
        for place, mask in enumerate(masks):
            yield line, place, mask
