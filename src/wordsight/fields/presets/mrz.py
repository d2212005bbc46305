"""The machine-readable zone of passports, identity cards and visas, as a ready-made reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wordsight.errors import ConfigError
from wordsight.fields.extract import FieldValue
from wordsight.fields.presets import icao
from wordsight.fields.presets.base import Answer, answer, lines_detector
from wordsight.fields.presets.icao import FILLER, Stretch
from wordsight.fields.presets.zone import Found, ZoneReader
from wordsight.image.load import ImageSource, load_sheets
from wordsight.pipeline import Clock, Pipeline, in_rows
from wordsight.reader import Reader, page_of
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.types import Quad, Word

NAME = "mrz"


@dataclass(frozen=True, slots=True)
class MrzPreset:
    """Reads machine-readable zones; nothing else of a picture is read.

    Attributes:
        reader: Its recognizer, limits and choice of pages are used; lines are found by ``dbnet``, whatever its own
            detector is, since a zone is told by its lines.

    Raises:
        ConfigError: The reader's recognizer is another than ``svtr`` or a trained one.
    """

    reader: Reader
    _zones: ZoneReader = field(init=False, repr=False)

    def __post_init__(self) -> None:
        stages = self.reader.pipeline
        if not isinstance(stages, Pipeline) or not isinstance(stages.recognizer, SvtrRecognizer):
            raise ConfigError("fields 'mrz' are read by recognizer 'svtr' alone; leave the recognizer out")
        object.__setattr__(self, "_zones", ZoneReader(lines_detector(self.reader), stages.recognizer))

    def read_pages(self, source: ImageSource) -> Iterator[Answer]:
        """See :class:`wordsight.fields.presets.base.Preset`; a page without a zone has no fields."""
        for sheet in load_sheets(source, self.reader.limits, self.reader.pages):
            clock = Clock()
            with clock("mrz"):
                found = self._zones.read(sheet.picture)
            read = in_rows([] if found is None else [[word] for word in _words(found)])
            page = page_of(source, sheet, read, clock, self.reader.limits)
            if found is None:
                yield answer(page, (), NAME, {})
                continue
            values = tuple(_values(found, sheet.number))
            zone = found.zone
            empty = [name for name, text in zone.fields.items() if not text]
            checks = {
                "layout": zone.layout,
                "valid": zone.valid,
                "checks": dict(zone.checks),
                "dates": dict(zone.dates),
            }
            yield answer(
                page, values, NAME, {NAME: checks | ({"optional": zone.optional} if zone.optional else {})}, empty
            )


def _values(found: Found, page: int) -> Iterator[FieldValue]:
    """The fields of a zone, with place and probability; the lines last."""
    zone = found.zone
    layout = icao.LAYOUTS[zone.layout]
    for name, text in zone.fields.items():
        if text:
            place = _place(name, layout.fields, zone.lines)
            yield FieldValue(name, text, Quad(found.quad(place)), found.confidence(place), page)
    for number, line in enumerate(zone.lines):
        whole = Stretch(number, 0, len(line))
        yield FieldValue(NAME, line, Quad(found.quads[number]), found.confidence(whole), page)


def _place(name: str, places: Mapping[str, Stretch], lines: Sequence[str]) -> Stretch:
    """Where a field stands; the kind of zone is told by its first two symbols, surname and names share a field."""
    if name not in ("surname", "names"):
        return places["document_type" if name == "mrz_type" else name]
    whole = places["names"]
    surname, _, given = whole.of(lines).rstrip(FILLER).partition(FILLER * 2)
    if name == "surname":
        return Stretch(whole.line, whole.start, whole.start + len(surname))
    start = whole.start + len(surname) + 2
    return Stretch(whole.line, start, start + len(given))


def _words(found: Found) -> Iterator[Word]:
    """The lines of a zone as words."""
    for number, (line, quad) in enumerate(zip(found.zone.lines, found.quads, strict=True)):
        yield Word(Quad(quad), line, found.confidence(Stretch(number, 0, len(line))), 1.0)
