"""`wordsight synth ...`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wordsight.cli.manifests import bar
from wordsight.errors import ConfigError

if TYPE_CHECKING:
    from wordsight.data.synth.config import SynthConfig
    from wordsight.data.synth.export import Kind

app = typer.Typer(no_args_is_help=True, help="Make pictures of text, with their truth.")

Out = Annotated[Path, typer.Argument(help="Folder to write: pictures and labels.jsonl.")]
Count = Annotated[int, typer.Option("--count", "-n", min=1, help="How many pictures.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Equal seeds make equal pictures.")]
Fonts = Annotated[
    list[Path] | None, typer.Option("--fonts", metavar="DIR", help="Folder of fonts; the system's by default.")
]
FontPart = Annotated[
    Literal["all", "train", "held-out"],
    typer.Option("--font-part", help="All font families, four of five, or the fifth that train leaves out."),
]
Languages = Annotated[
    list[str] | None, typer.Option("--language", "-l", help="en, latin, ru, el, hi or ko; may be repeated.")
]
TextFile = Annotated[Path | None, typer.Option("--text-file", metavar="FILE", help="Texts to write, one a line.")]
Pattern = Annotated[
    str | None, typer.Option("--pattern", metavar="REGEX", help="Texts of a form, such as '[A-Z]{2} ?[0-9]{4}'.")
]
Chars = Annotated[str, typer.Option("--chars", help="Only texts of these characters.")]
Handwriting = Annotated[bool, typer.Option("--handwriting", help="Handwriting fonts only.")]
Lines = Annotated[float, typer.Option("--lines", help="Share of pictures that show a line of words, 0 to 1.")]
Damage = Annotated[float, typer.Option("--damage", help="Strength of blur, noise and compression, 0 to 2.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; one a processor by default.")]
Sheet = Annotated[Path | None, typer.Option("--sheet", metavar="PNG", help="Also write a contact sheet.")]
Size = Annotated[str, typer.Option("--size", metavar="WxH", help="Size of a scene, pixels.")]

_ON_A_SHEET = {"words": 120, "scenes": 9}


@app.callback()
def synth() -> None:
    """Make pictures of text, with their truth."""


@app.command()
def words(
    out: Out,
    count: Count = 1000,
    seed: Seed = 0,
    fonts: Fonts = None,
    font_part: FontPart = "all",
    language: Languages = None,
    text_file: TextFile = None,
    pattern: Pattern = None,
    chars: Chars = "",
    handwriting: Handwriting = False,
    lines: Lines = 0.0,
    damage: Damage = 1.0,
    workers: Workers = None,
    sheet: Sheet = None,
) -> None:
    """Write pictures of single words, as a detector cuts them out of photographs.

    Example:
        wordsight synth words plates --count 2000 --pattern '[A-Z]{2} [A-Z]{2} [0-9]{3,4}' --sheet plates.png
    """
    from wordsight.data.synth.config import SynthConfig

    config = SynthConfig(
        languages=tuple(language or ("en",)),
        fonts=tuple(fonts or ()),
        font_part=font_part,
        handwriting=1.0 if handwriting else SynthConfig().handwriting,
        text_file=text_file,
        pattern=pattern,
        chars=chars,
        lines=lines,
        damage=damage,
    )
    _write("words", out, count, seed, config, workers, sheet)


@app.command()
def scenes(
    out: Out,
    count: Count = 100,
    seed: Seed = 0,
    fonts: Fonts = None,
    font_part: FontPart = "all",
    language: Languages = None,
    text_file: TextFile = None,
    pattern: Pattern = None,
    chars: Chars = "",
    handwriting: Handwriting = False,
    turned: Annotated[
        float, typer.Option("--turned", help="Share of surfaces that stand at any angle, 0 to 1.")
    ] = 0.08,
    damage: Damage = 1.0,
    size: Size = "768x768",
    workers: Workers = None,
    sheet: Sheet = None,
) -> None:
    """Write scenes: surfaces with words on them, and where each word stands.

    Example:
        wordsight synth scenes street --count 500 --turned 0.3 --sheet street.png
    """
    from wordsight.data.synth.config import SynthConfig

    config = SynthConfig(
        languages=tuple(language or ("en",)),
        fonts=tuple(fonts or ()),
        font_part=font_part,
        handwriting=1.0 if handwriting else SynthConfig().handwriting,
        text_file=text_file,
        pattern=pattern,
        chars=chars,
        turned=turned,
        damage=damage,
        scene_size=_size(size),
    )
    _write("scenes", out, count, seed, config, workers, sheet)


def _write(
    kind: Kind, out: Path, count: int, seed: int, config: SynthConfig, workers: int | None, sheet: Path | None
) -> None:
    from wordsight.data.synth.export import write_synthetic

    with bar("Making") as progress:
        made = write_synthetic(kind, out, count, seed, config, workers, progress)
    typer.echo(f"{len(made)} pictures in {out}")
    if sheet is not None:
        _write_sheet(kind, min(count, _ON_A_SHEET[kind]), seed, config, sheet)
        typer.echo(f"contact sheet in {sheet}")


def _write_sheet(kind: Kind, count: int, seed: int, config: SynthConfig, path: Path) -> None:
    """The first pictures, made once more: that is quicker than to read them, and cannot differ."""
    from PIL import Image

    from wordsight.data.synth import scene, scene_sheet, word, word_sheet

    if kind == "words":
        picture = word_sheet(word(index, seed, config) for index in range(count))
    else:
        picture = scene_sheet(scene(index, seed, config) for index in range(count))
    Image.fromarray(picture).save(path, format="PNG")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ConfigError(f"a size is WIDTHxHEIGHT in pixels, such as 768x512, not {text!r}")
    return int(width), int(height)
