"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordsight.config import Engine, Format, Quality

READING = "Reading"
RUNNING = "Running"

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Files, folders (with all below them), patterns, or - for standard input."),
]
DetectorName = Annotated[
    str, typer.Option("--detector", help="What finds text: dbnet (lines) or east (words).", rich_help_panel=READING)
]
RecognizerName = Annotated[str, typer.Option("--recognizer", help="What reads it.", rich_help_panel=READING)]
QualityName = Annotated[
    Quality, typer.Option("--quality", "-q", help="fast, balanced or best.", rich_help_panel=READING)
]
Language = Annotated[
    str, typer.Option("--language", "-l", help="Language of the text, or auto.", rich_help_panel=READING)
]
Allow = Annotated[
    str, typer.Option("--allow", help="Only these characters are read, such as 0123456789.", rich_help_panel=READING)
]
MinConfidence = Annotated[
    float,
    typer.Option("--min-confidence", help="Leave out words below this confidence, 0..1.", rich_help_panel=READING),
]
Padding = Annotated[
    float,
    typer.Option("--padding", help="Margin around a text, in shares of its height.", rich_help_panel=READING),
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
FormatName = Annotated[Format, typer.Option("--format", "-f", help="text, json, jsonl or csv.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")]
