"""`wordsight watch`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, get_args

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import check_file, target
from wordsight.cli.read import make_reader
from wordsight.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wordsight.video import Event, Source, Stats, Watcher

WATCHING = "Watching"


@dataclass(frozen=True, slots=True)
class Watching:
    """How the video is gone through."""

    every: Annotated[
        float, typer.Option("--every", help="Seconds between looks for new text.", rich_help_panel=WATCHING)
    ] = 0.3
    patience: Annotated[
        float,
        typer.Option("--patience", help="Seconds to wait for a text that is not found.", rich_help_panel=WATCHING),
    ] = 0.8
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0, help="Stop after so much video.", rich_help_panel=WATCHING)
    ] = None
    drop: Annotated[
        bool | None,
        typer.Option(
            "--drop/--no-drop",
            help="Drop frames to keep up with real time; by default for cameras and streams only.",
            rich_help_panel=WATCHING,
        ),
    ] = None
    allow_private: Annotated[
        bool,
        typer.Option(
            "--allow-private", help="Open streams, and addresses that are not public.", rich_help_panel=WATCHING
        ),
    ] = False


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(opt.grouped(watch))


def watch(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A video file, the number of a camera, or a URL.")],
    form: opt.FormatName = "text",
    output: opt.Output = None,
    subtitles: Annotated[
        Path | None, typer.Option("--subtitles", metavar="FILE", help="Write subtitles here: .srt or .vtt.")
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option("--draw", metavar="FILE", help="Write the video with boxes and texts: .mp4, .mov, .avi, .mkv."),
    ] = None,
    *,
    watching: Watching,
    finding: opt.Finding,
    recognizing: opt.Recognizing,
    choosing: opt.Choosing,
    running: opt.Running,
) -> None:
    """Read the text in a video, each text once, with its times.

    Examples:
        wordsight watch ride.mp4

        wordsight watch 0 --format jsonl --seconds 60

        wordsight watch film.mkv --subtitles film.srt --draw checked.mp4

        wordsight watch https://example.com/ride.mp4 --format csv
    """
    from wordsight.video import Watcher, WatchOptions, open_source

    _check(form, subtitles, draw)
    options = WatchOptions(watching.every, watching.patience, choosing.min_confidence)
    with open_source(source, watching.drop, watching.allow_private, running.limits) as video, target(output) as out:
        watcher = Watcher(make_reader(finding, recognizing, choosing, running), options)
        try:
            _follow(watcher, video, out if form == "jsonl" else None, draw, watching.seconds)
        except KeyboardInterrupt:
            _write_events(watcher.finish(), out if form == "jsonl" else None)
        _write_rest(watcher, form, out, subtitles)
    typer.echo(_summary(watcher.stats), err=True)


def _check(form: str, subtitles: Path | None, draw: Path | None) -> None:
    """Refuse what cannot be written before hours of watching.

    Raises:
        ConfigError: A file has another suffix or stands where none can be made.
    """
    from wordsight.config import Format, check_choice
    from wordsight.video.write import ENCODERS, SUBTITLES

    check_choice("format", form, get_args(Format))
    for path, suffixes in ((subtitles, SUBTITLES), (draw, tuple(ENCODERS))):
        if path is not None:
            check_file(path)
            if path.suffix.lower() not in suffixes:
                raise ConfigError(f"{path}: the suffix must be one of {' '.join(suffixes)}")


def _follow(watcher: Watcher, video: Source, events: TextIO | None, draw: Path | None, seconds: float | None) -> None:
    from wordsight.video import watch
    from wordsight.video.write import Annotated as AnnotatedVideo

    with ExitStack() as stack:
        copy = stack.enter_context(AnnotatedVideo(draw, video.rate)) if draw is not None else None
        for look in watch(video, watcher=watcher):
            _write_events(look.events, events)
            if copy is not None and not look.last:
                copy.add(look)
            if seconds is not None and look.frame.time >= seconds:
                _write_events(watcher.finish(), events)
                return


def _write_events(events: Iterable[Event], out: TextIO | None) -> None:
    from wordsight.page import encodable

    if out is not None:
        for event in events:
            out.write(encodable(json.dumps(event.to_dict(), ensure_ascii=False)) + "\n")
            out.flush()  # somebody waits for it


def _write_rest(watcher: Watcher, form: str, out: TextIO, subtitles: Path | None) -> None:
    from wordsight.video.write import subtitles as cues
    from wordsight.video.write import write_table

    # A text that was told of may have become more doubtful with later readings.
    kept = [track for track in watcher.done if track.confidence >= watcher.options.min_confidence]
    tracks = sorted(kept, key=lambda track: (track.first, track.number))
    if form != "jsonl":
        write_table(tracks, form, out)
    if subtitles is not None:
        with target(subtitles) as file:
            file.write(cues(tracks, subtitles.suffix.lower()))


def _summary(stats: Stats) -> str:
    middle, most = (1000 * stats.latency(percentile) for percentile in (50, 95))
    return (
        f"{stats.frames} frames in {stats.seconds:.1f} s ({stats.rate:.1f} a second), {stats.dropped} dropped; "
        f"{stats.detections} looks for text, {stats.readings} readings; "
        f"latency {middle:.0f} ms in the middle, {most:.0f} ms for 95 of 100 frames"
    )
