"""The parts of watching: tracks, flow, subtitles, sources. Whole clips are in tests/integration/test_watch.py."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import cv2
import numpy as np
import pytest

pytest.importorskip("scipy")
pytest.importorskip("rapidfuzz")

from wordsight.errors import ConfigError, ImageError, ImageTooLarge, NotAnImage
from wordsight.fetch import checked_address, download
from wordsight.image.load import Limits
from wordsight.types import Quad, Reading, Span
from wordsight.video.clips import ClipConfig, make_clip
from wordsight.video.flow import Flow, shrunk
from wordsight.video.source import is_video, open_source, stream_address
from wordsight.video.tracks import SETTLED, Track, assign, similarity, touches_edge
from wordsight.video.write import clock, subtitles, write_table


def box(left, top, width=100, height=20):
    return Quad.from_box(left, top, left + width, top + height).points


def reading(text, confidence=1.0):
    spans = tuple(Span(c, i / len(text), (i + 1) / len(text), confidence) for i, c in enumerate(text))
    return Reading(spans, confidence)


def track(number, text, first, last, left=0.0):
    made = Track(number, first, last, box(left, 10), [(first, Quad(box(left, 10)))])
    made.vote(reading(text, 0.9), at_edge=False)
    return made


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    make_clip(ClipConfig(seconds=0.5, size=(320, 180), words=2)).write(path)
    return path


def test_votes_count_by_confidence_and_what_the_edge_cuts_counts_little():
    one = Track(1, 0.0, 0.0, box(0, 0))
    one.vote(reading("Tickets", 0.9), at_edge=True)
    assert one.readings == 0 and one.confidence == pytest.approx(0.03 * 0.9)
    one.vote(reading("Ticket", 0.6), at_edge=False)
    assert one.text == "Ticket" and not one.settled
    one.vote(reading("Tickets", 0.9), at_edge=False)
    one.vote(reading("Tickets", 0.9), at_edge=False)
    one.vote(reading("Tickets", 0.9), at_edge=False)
    total = 0.6 + 3 * 0.9 + 0.027
    assert one.text == "Tickets" and one.settled and SETTLED <= 2.7
    assert one.confidence == pytest.approx(0.9 * (3 * 0.9 + 0.027) / total)


def test_a_found_quad_keeps_the_way_up_that_was_read():
    one = Track(1, 0.0, 0.0, np.roll(box(0, 0), 2, axis=0))
    one.found(0.3, box(4, 0))
    assert np.array_equal(one.quad, np.roll(box(4, 0), 2, axis=0))
    assert (one.last, one.path[-1][0]) == (0.3, 0.3)


def test_what_stays_does_not_grow_and_what_is_missed_does_not_stay():
    one = track(1, "Exit", 0.0, 0.0)
    for time in (0.3, 0.6, 0.9):
        one.quad = one.quad + 0.2  # what the flow says of noise
        one.stay(time)
    assert [at for at, _ in one.path] == [0.0, 0.9] and one.last == 0.9
    assert np.array_equal(one.quad, box(0.0, 10))
    one.missed = 1
    one.stay(1.2)
    assert one.last == 0.9
    one.found(1.5, box(300, 10))
    one.unfound()
    assert one.last == 0.9 and len(one.path) == 2


def test_assignment_takes_the_best_sum_and_sees_fragments():
    tracks = np.stack([box(0, 0), box(60, 0), box(400, 300)])
    found = np.stack([box(50, 0), box(10, 0), box(430, 305, 30, 10), box(700, 0)])
    pairs, fragments = assign(tracks, found)
    assert sorted(pairs) == [(0, 1), (1, 0)]
    assert fragments.tolist() == [False, False, True, False]
    pairs, fragments = assign(np.zeros((0, 4, 2), np.float32), found)
    assert pairs == [] and fragments.tolist() == [False] * 4


def test_similarity_and_edges():
    assert similarity("Exit", "EXIT") == 1 and similarity("abcd", "wxyz") == 0
    assert similarity("Ticket", "Tickets") == pytest.approx(6 / 7)
    assert touches_edge(np.stack([box(0, 50), box(50, 50), box(220, 50)]), 320, 180).tolist() == [True, False, True]


def test_flow_follows_a_shift_and_a_turn():
    scene = make_clip(ClipConfig(seed=3, size=(640, 360), words=3, noise=0))
    picture, height = scene.scene, scene.scene.shape[0]
    quads = np.stack([sign.quad for sign in scene.signs])
    matrix = np.vstack([cv2.getRotationMatrix2D((300, height / 2), 1.5, 1.02), (0, 0, 1)])
    matrix[:2, 2] += (5, -3)
    later = cv2.warpPerspective(picture, matrix, picture.shape[1::-1])
    flow = Flow()
    grey, scale = shrunk(picture)
    flow.start(grey, quads, scale)
    moved = flow.follow(shrunk(later)[0], quads, scale)
    wanted = cv2.perspectiveTransform(quads, matrix)
    assert moved.followed.all()
    assert np.abs(moved.quads - wanted).max() < 2.5
    assert np.abs(quads - wanted).max() > 8


def test_the_truth_of_a_clip_is_where_the_words_are():
    clip = make_clip(ClipConfig(seed=5, size=(640, 360), words=4, noise=0))
    again = make_clip(ClipConfig(seed=5, size=(640, 360), words=4, noise=0))
    assert np.array_equal(clip.scene, again.scene) and len({sign.text for sign in clip.signs}) == 4
    frame = next(clip.frames())
    for text, quad in clip.truth(0):
        left, top = np.floor(quad.min(axis=0)).astype(int)
        right, bottom = np.ceil(quad.max(axis=0)).astype(int)
        if left > 0 and top > 0 and right < 640 and bottom < 360:
            assert np.ptp(frame[top:bottom, left:right].astype(int)) > 80, text


def test_subtitles_have_one_cue_for_each_stretch():
    tracks = [track(1, "Exit", 0.0, 2.0), track(2, "A<B", 1.0, 3.5, left=200), track(3, "late", 3.5, 3.5)]
    expected = "1\n00:00:00,000 --> 00:00:01,000\nExit\n\n2\n00:00:01,000 --> 00:00:02,000\nExit\nA<B\n"
    assert subtitles(tracks, ".srt").startswith(expected)
    vtt = subtitles(tracks, ".vtt")
    assert vtt.startswith("WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\nExit\n") and "A&lt;B" in vtt
    assert "00:00:03.500 --> 00:00:04.000\nlate" in vtt
    hostile = subtitles([track(1, "a --> b\n\n7", 0, 1)], ".srt")
    assert hostile.count("-->") == 1 and len(hostile.splitlines()) == 3
    with pytest.raises(ConfigError, match="srt or"):
        subtitles(tracks, ".ass")
    assert clock(3725.0416) == "01:02:05.042"


def test_the_table():
    out = io.StringIO()
    write_table([track(1, "Exit", 0.0, 2.0)], "text", out)
    write_table([track(1, "Exit", 0.0, 2.0)], "csv", out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "00:00:00.000\t00:00:02.000\tExit\t0.90"
    assert lines[1] == "track,text,confidence,first,last,first_quad,last_quad" and lines[2].startswith(
        "1,Exit,0.9,0.0,2.0,"
    )
    out = io.StringIO()
    write_table([track(4, "Exit", 0.0, 2.0)], "json", out)
    (record,) = json.loads(out.getvalue())
    assert record["track"] == 4 and record["quads"] == [{"time": 0.0, "quad": Quad(box(0.0, 10)).tolist()}]


def test_frames_come_in_order_with_their_times(clip_file):
    with open_source(clip_file) as source:
        frames = list(source)
    assert [frame.number for frame in frames] == list(range(15)) and source.dropped == 0
    assert frames[0].picture.shape == (180, 320, 3)
    assert np.allclose([frame.time for frame in frames], np.arange(15) / 30, atol=0.002)


def test_late_frames_are_dropped_and_never_queued(clip_file):
    with open_source(clip_file, drop=True) as source:
        taken = []
        for frame in source:
            taken.append(frame.number)
            threading.Event().wait(0.12)
    assert taken == sorted(taken) and 2 <= len(taken) <= 8
    assert source.dropped + len(taken) == source.decoded == 15


@pytest.mark.parametrize(
    ("head", "known"),
    [
        (b"\0\0\0\x18ftypisom", True),
        (b"RIFF\0\0\0\0AVI LIST", True),
        (b"\x1a\x45\xdf\xa3", True),
        (b"G" + b"\0" * 187 + b"G" + b"\0" * 187 + b"G", True),
        (b"GIF89a", False),
        (b"#EXTM3U\n/etc/passwd", False),
        (b"ffconcat version 1.0", False),
        (b"", False),
    ],
)
def test_videos_are_told_by_their_bytes(head, known):
    assert is_video(head) is known


def test_what_is_no_video_is_refused(tmp_path):
    with pytest.raises(ImageError, match="check the path"):
        open_source(tmp_path / "none.mp4")
    list_ = tmp_path / "list.mp4"
    list_.write_text("#EXTM3U\nhttp://127.0.0.1/x.ts\n")
    with pytest.raises(NotAnImage, match="first bytes"):
        open_source(list_)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 500)
    with pytest.raises(NotAnImage, match=r"broken\.mp4"), open_source(broken) as source:
        list(source)


def test_large_frames_are_refused(clip_file):
    with pytest.raises(ImageTooLarge, match="320 x 180"):
        open_source(clip_file, limits=Limits(pixels=1000))


def test_private_addresses_and_streams_are_refused():
    for host in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "localhost"):
        with pytest.raises(ImageError, match="not a public address"):
            checked_address(host, 80, allow_private=False)
    assert checked_address("127.0.0.1", 80, allow_private=True) == "127.0.0.1"
    with pytest.raises(ImageError, match="allow-private"):
        open_source("rtsp://127.0.0.1/camera")
    with pytest.raises(ImageError, match="allow-private"):
        stream_address("https://example.com/live.m3u8", allow_private=False)
    with pytest.raises(ImageError, match="only http"):
        open_source("file:///etc/passwd", allow_private=True)
    with pytest.raises(ImageError, match="only http"):
        open_source("concat://a|b", allow_private=True)


@pytest.fixture
def web(clip_file):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/there":
                self.send_response(302)
                self.send_header("Location", "/clip.mp4")
            else:
                self.send_response(200 if self.path == "/clip.mp4" else 404)
            self.end_headers()
            if self.path == "/clip.mp4":
                self.wfile.write(clip_file.read_bytes())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_url_is_downloaded_after_redirects_and_deleted(web, clip_file):
    with open_source(f"{web}/there", allow_private=True) as source:
        kept = source._temporary
        assert kept is not None and kept.read_bytes() == clip_file.read_bytes()
        assert len(list(source)) == 15
    assert not kept.exists()
    with pytest.raises(ImageError, match="not a public address"):
        open_source(f"{web}/clip.mp4")
    with pytest.raises(ImageError, match="answers 404"):
        download(f"{web}/other", True, 10**6)
    with pytest.raises(ImageTooLarge, match="more than 100 bytes"):
        download(f"{web}/clip.mp4", True, 100)
