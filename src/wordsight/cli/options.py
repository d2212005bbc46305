"""Options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from wordsight.config import (
    DETECTOR,
    ENHANCE,
    MAX_PIXELS,
    MIN_CONFIDENCE,
    Engine,
    Format,
    PdfText,
    Quality,
    TesseractOptions,
)

if TYPE_CHECKING:
    from wordsight.image.load import Limits
    from wordsight.vocabulary import Vocabulary

READING = "Reading"
FINDING = "Finding"
RUNNING = "Running"
TESSERACT = "Tesseract"

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Files, folders (with all below them), patterns, or - for standard input."),
]
DetectorName = Annotated[
    str,
    typer.Option(
        "--detector",
        help="What finds text: east, region (words), dbnet (lines), auto (by picture), or none: the recognizer.",
        rich_help_panel=READING,
    ),
]
RecognizerName = Annotated[
    str,
    typer.Option(
        "--recognizer",
        help="What reads it: svtr, crnn, tesseract, or the .onnx file of a trained one.",
        rich_help_panel=READING,
    ),
]
QualityName = Annotated[
    Quality, typer.Option("--quality", "-q", help="fast, balanced or best.", rich_help_panel=READING)
]
Language = Annotated[
    str, typer.Option("--language", "-l", help="Language of the text, or auto.", rich_help_panel=READING)
]
Allow = Annotated[
    str, typer.Option("--allow", help="Only these characters are read, such as 0123456789.", rich_help_panel=READING)
]
Lexicon = Annotated[
    Path | None,
    typer.Option("--lexicon", metavar="FILE", help="Words to expect, one a line.", rich_help_panel=READING),
]
Pattern = Annotated[
    str,
    typer.Option(
        "--pattern", metavar="REGEX", help="Form to expect, such as '[A-Z]{2} ?[0-9]+'.", rich_help_panel=READING
    ),
]
StrictLexicon = Annotated[
    bool,
    typer.Option(
        "--strict-lexicon",
        help="Always answer with a word of the list, or by the pattern, however little it looks like the picture.",
        rich_help_panel=READING,
    ),
]
MinConfidence = Annotated[
    float,
    typer.Option("--min-confidence", help="Leave out words below this confidence, 0..1.", rich_help_panel=READING),
]
Padding = Annotated[
    float | None,
    typer.Option(
        "--padding",
        help="Margin around a text, in shares of its width and height; by default a twentieth of its height.",
        rich_help_panel=READING,
    ),
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width", help="Resize pictures to this width (a multiple of 32) to find text.", rich_help_panel=FINDING
    ),
]
Height = Annotated[int | None, typer.Option("--height", help="The same for the height.", rich_help_panel=FINDING)]
Nms = Annotated[
    float | None,
    typer.Option("--nms", help="Overlap (IoU) above which one of two boxes is left out.", rich_help_panel=FINDING),
]
EastModel = Annotated[
    Path | None,
    typer.Option("--east-model", help="Your own detector: .onnx or a frozen EAST .pb.", rich_help_panel=FINDING),
]
EngineName = Annotated[Engine, typer.Option("--engine", help="auto, openvino or onnxruntime.", rich_help_panel=RUNNING)]
Threads = Annotated[
    int | None, typer.Option("--threads", help="Most processors to use; all by default.", rich_help_panel=RUNNING)
]
MaxPixels = Annotated[
    int,
    typer.Option("--max-pixels", help="Refuse pictures with more pixels.", rich_help_panel=RUNNING),
]
Truncated = Annotated[
    bool,
    typer.Option("--truncated", help="Read what is there of files that end too early.", rich_help_panel=RUNNING),
]
Pages = Annotated[
    str, typer.Option("--pages", help="Only these pages of files with several, such as 1-3,7.", rich_help_panel=READING)
]
PdfTextName = Annotated[
    PdfText,
    typer.Option(
        "--pdf-text", help="Use a PDF's own text: auto (where sound), never, always.", rich_help_panel=READING
    ),
]
Enhance = Annotated[
    str,
    typer.Option(
        "--enhance", help="auto, none, or steps such as sheet,clean (docs/enhance.md).", rich_help_panel=READING
    ),
]
FormatName = Annotated[Format, typer.Option("--format", "-f", help="text, json, jsonl or csv.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")]
Psm = Annotated[
    str | None,
    typer.Option(
        "--psm", help="Page segmentation mode, 0 to 13 or its name, such as single_word.", rich_help_panel=TESSERACT
    ),
]
Oem = Annotated[
    str | None,
    typer.Option("--oem", help="Engine mode, 0 to 3 or its name, such as lstm_only.", rich_help_panel=TESSERACT),
]
Tessdata = Annotated[
    Path | None, typer.Option("--tessdata", help="Folder with .traineddata files.", rich_help_panel=TESSERACT)
]
Timeout = Annotated[
    float,
    typer.Option("--timeout", help="Most seconds for a crop or a whole page; 0: no limit.", rich_help_panel=TESSERACT),
]


@dataclass(frozen=True, slots=True)
class Finding:
    """How text is found."""

    detector: DetectorName = DETECTOR
    width: Width = None
    height: Height = None
    nms: Nms = None
    east_model: EastModel = None


@dataclass(frozen=True, slots=True)
class Recognizing:
    """How it is read."""

    recognizer: RecognizerName = "svtr"
    language: Language = "auto"
    allow: Allow = ""
    lexicon: Lexicon = None
    pattern: Pattern = ""
    strict_lexicon: StrictLexicon = False
    psm: Psm = None
    oem: Oem = None
    tessdata: Tessdata = None
    timeout: Timeout = 0.0

    @property
    def vocabulary(self) -> Vocabulary | None:
        """What texts are expected to be."""
        from wordsight.vocabulary import Vocabulary, read_words

        if self.lexicon is None and not self.pattern and not self.strict_lexicon:
            return None
        words = () if self.lexicon is None else read_words(self.lexicon)
        return Vocabulary(words, self.pattern, strict=self.strict_lexicon)

    @property
    def tesseract(self) -> TesseractOptions:
        """How Tesseract reads."""
        return TesseractOptions(self.psm, self.oem, self.tessdata, self.timeout)


@dataclass(frozen=True, slots=True)
class Choosing:
    """Which pages and words are taken."""

    min_confidence: MinConfidence = MIN_CONFIDENCE
    padding: Padding = None
    pages: Pages = ""
    pdf_text: PdfTextName = "auto"
    enhance: Enhance = ENHANCE


@dataclass(frozen=True, slots=True)
class Running:
    """How it is computed."""

    quality: QualityName = "balanced"
    engine: EngineName = "auto"
    threads: Threads = None
    max_pixels: MaxPixels = MAX_PIXELS
    truncated: Truncated = False

    @property
    def limits(self) -> Limits:
        """Which pictures are refused."""
        from wordsight.image.load import Limits

        return Limits(pixels=self.max_pixels, truncated=self.truncated)


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take options in groups: each parameter of a dataclass type becomes an option for each field.

    Typer reads options from a function's signature, so commands that share twenty options would repeat them all.
    """
    hints = get_type_hints(command, include_extras=True)
    own = [one for name, one in inspect.signature(command).parameters.items() if not is_dataclass(hints[name])]
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    shown = [one.replace(annotation=hints[one.name]) for one in own]
    for kind in groups.values():
        types = get_type_hints(kind, include_extras=True)
        shown += [
            inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=types[one.name])
            for one in fields(kind)
        ]

    @wraps(command)
    def run(**given: Any) -> None:
        made = {name: kind(**{one.name: given.pop(one.name) for one in fields(kind)}) for name, kind in groups.items()}
        command(**given, **made)

    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in shown}
    return run
