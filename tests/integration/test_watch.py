"""Whole clips are watched: the real reader on clips whose truth is known."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("scipy")
pytest.importorskip("rapidfuzz")

from wordsight.cli import app
from wordsight.image.glyphs import text_mask
from wordsight.video import Frame, Watcher, watch
from wordsight.video.clips import ClipConfig, make_clip

CONFIG = ClipConfig(seed=1, seconds=2.0, rate=15, size=(960, 540), words=3)


@pytest.fixture(scope="module")
def clip():
    return make_clip(CONFIG)


@pytest.fixture(scope="module")
def path(clip, tmp_path_factory):
    made = tmp_path_factory.mktemp("watch") / "clip.mp4"
    clip.write(made)
    return made


def lettered(*texts):
    picture = np.full((360, 640, 3), 235, np.uint8)
    for row, text in enumerate(texts):
        mask = cv2.resize(text_mask(text), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
        top = 60 + 120 * row
        picture[top : top + mask.shape[0], 80 : 80 + mask.shape[1]] -= (mask * 0.85).astype(np.uint8)[..., None]
    return picture


def test_each_word_is_told_once_with_its_text(clip, path, reader):
    watcher = Watcher(reader)
    looks = list(watch(path, watcher=watcher))
    assert sorted(track.text for track in watcher.done) == sorted(sign.text for sign in clip.signs)
    assert len(looks) == 31 and looks[-1].last and watcher.stats.frames == 30 and watcher.stats.dropped == 0
    kinds = [event.kind for look in looks for event in look.events]
    assert kinds.count("seen") == kinds.count("gone") == 3
    assert watcher.stats.detections <= 8
    # Between the looks of the detector places come from the flow: they must follow the camera.
    where = dict(clip.truth(25))
    assert len(looks[25].tracks) == 3
    for track, quad in looks[25].tracks:
        assert np.abs(quad.points.mean(axis=0) - where[track.text].mean(axis=0)).max() < 8


def test_what_stands_still_is_not_read_again_and_what_changes_is(reader):
    watcher = Watcher(reader)
    events = []
    for number in range(90):
        picture = lettered("Platform 7", "Coffee" if number < 45 else "Lottery")
        events += watcher.step(Frame(number, number / 15, 0.0, picture)).events
    readings = watcher.stats.readings
    events += watcher.finish()
    told = [(event.kind, event.text) for event in events]
    assert told.count(("seen", "Coffee")) == told.count(("seen", "Lottery")) == told.count(("gone", "Coffee")) == 1
    assert sum(kind == "seen" for kind, _ in told) == 3
    assert watcher.stats.detections <= 8 and readings <= 16
    assert len(next(track for track in watcher.done if track.text == "Platform 7").path) <= 12
    coffee, lottery = (next(t for t in watcher.done if t.text == text) for text in ("Coffee", "Lottery"))
    assert coffee.last < 3.0 <= lottery.first <= 3.4 and lottery.last > 5.5


def test_the_command(clip, path, tmp_path):
    cues, drawn = tmp_path / "clip.srt", tmp_path / "drawn.avi"
    done = CliRunner().invoke(
        app, ["watch", str(path), "--format", "jsonl", "--subtitles", str(cues), "--draw", str(drawn)]
    )
    assert done.exit_code == 0, done.output
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["text"] for event in events} == {sign.text for sign in clip.signs}
    assert {"event", "time", "track", "text", "confidence", "quad", "first"} == set(events[0])
    assert "30 frames in" in done.stderr and "0 dropped" in done.stderr
    assert all(sign.text in cues.read_text() for sign in clip.signs)
    copy = cv2.VideoCapture(str(drawn))
    frames = 0
    while copy.read()[0]:
        frames += 1
    assert frames == 30 and copy.get(cv2.CAP_PROP_FPS) == 15


def test_wrong_usage_of_the_command(path, tmp_path):
    for more in (["--subtitles", str(tmp_path / "x.txt")], ["--draw", str(tmp_path / "x.gif")], ["--every", "-1"]):
        assert CliRunner().invoke(app, ["watch", str(path), *more]).exit_code != 0
