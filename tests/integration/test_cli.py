"""The command line as a person or a script uses it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import Done, Run
from PIL import Image

from wordsight.types import Picture

KEYS = ["schema", "image", "page", "width", "height", "scale", "words", "lines", "seconds"]
WORD_KEYS = ["quad", "text", "confidence", "detection_score", "line"]


def wordsight(*arguments: object, stdin: bytes = b"", shell: str = "", **environment: str) -> Done:
    """Runs `wordsight` in a process of its own; ``shell`` is what its output is piped into."""
    command: list[str] = [sys.executable, "-m", "wordsight", *map(str, arguments)]
    if shell:
        # Should it hang, it is ended here: subprocess would end the shell only.
        command = ["bash", "-c", f'timeout 100 "$@" | {shell}', "bash", *command]
    done = subprocess.run(
        command, input=stdin, capture_output=True, timeout=120, check=False, env={**os.environ, **environment}
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))


@pytest.fixture(scope="module")
def sign(street: Picture) -> Picture:
    """A part of the example: MORNING BREAD on a shop's front."""
    return np.ascontiguousarray(street[190:330, 30:345])


@pytest.fixture
def folder(tmp_path: Path, sign: Picture, street: Picture) -> Path:
    """Three pictures, of which the second is none."""
    inside = tmp_path / "in"
    inside.mkdir()
    Image.fromarray(sign).save(inside / "page-1.png")
    (inside / "page-2.jpg").write_bytes(b"this is no picture")
    Image.fromarray(street[520:680, 265:380]).save(inside / "page-10.png")
    return inside


@pytest.fixture
def one(folder: Path) -> Path:
    return folder / "page-1.png"


def test_text(run: Run, one: Path) -> None:
    done = run("read", one)
    assert (done.code, done.out, done.err) == (0, "MORNING BREAD\n", "")


def test_jsonl(run: Run, one: Path) -> None:
    done = run("read", one, "--format", "jsonl")
    (page,) = done.records
    assert done.code == 0
    assert list(page) == KEYS
    assert (page["schema"], page["image"], page["page"]) == (1, str(one), 0)
    assert (page["width"], page["height"]) == (315, 140)
    assert [list(word) for word in page["words"]] == [WORD_KEYS] * 2
    assert [word["text"] for word in page["words"]] == ["MORNING", "BREAD"]
    assert [line["words"] for line in page["lines"]] == [[0, 1]]
    assert {"load", "detect", "recognize", "layout"} <= set(page["seconds"])


def test_characters(run: Run, one: Path) -> None:
    (page,) = run("read", one, "-f", "jsonl", "--chars").records
    assert ["".join(char["text"] for char in word["chars"]) for word in page["words"]] == ["MORNING", "BREAD"]
    assert all(list(char) == ["quad", "text", "probability"] for word in page["words"] for char in word["chars"])


def test_a_bad_file_among_good_ones(run: Run, folder: Path) -> None:
    done = run("read", folder, "--format", "jsonl")
    first, second, third = done.records
    assert done.code == 1
    assert [Path(record["image"]).name for record in (first, second, third)] == [
        "page-1.png",
        "page-2.jpg",
        "page-10.png",
    ]
    assert list(second) == ["image", "error"]
    assert second["error"]["type"] == "NotAnImage"
    assert "words" in first
    assert "words" in third
    assert done.err.count("page-2.jpg") == 1
    assert len(done.err.splitlines()) == 1


def test_headings_tell_several_pictures_apart(run: Run, folder: Path) -> None:
    done = run("read", folder)
    lines = done.out.splitlines()
    assert done.code == 1
    assert lines[:3] == [f"# {folder / 'page-1.png'}", "MORNING BREAD", f"# {folder / 'page-10.png'}"]
    assert "Tomato soup 5.50" in lines


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv"])
def test_every_format_says_the_same(run: Run, one: Path, form: str) -> None:
    out = run("read", one, "--format", form).out
    if form == "csv":
        words = [row["text"] for row in csv.DictReader(io.StringIO(out))]
    elif form == "text":
        words = out.split()
    else:
        (page,) = json.loads(out) if form == "json" else [json.loads(out)]
        words = [word["text"] for word in page["words"]]
    assert words == ["MORNING", "BREAD"]


def test_json_of_a_failure_is_still_an_array(run: Run, folder: Path) -> None:
    done = run("read", folder / "page-2.jpg", "--format", "json")
    assert done.code == 1
    assert json.loads(done.out)[0]["error"]["type"] == "NotAnImage"


def test_standard_input(run: Run, one: Path) -> None:
    done = run("read", "-", "--format", "jsonl", stdin=one.read_bytes())
    assert done.code == 0
    assert done.records[0]["image"] == "-"
    assert [word["text"] for word in done.records[0]["words"]] == ["MORNING", "BREAD"]


@pytest.mark.parametrize("stdin", [b"", b"no picture"])
def test_standard_input_without_a_picture(run: Run, stdin: bytes) -> None:
    done = run("read", "-", "--format", "jsonl", stdin=stdin)
    assert done.code == 1
    assert done.records[0]["error"]["type"] in ("EmptyImage", "NotAnImage")
    assert done.err


def test_a_picture_that_is_not_there(run: Run, tmp_path: Path) -> None:
    done = run("read", tmp_path / "gone.png")
    assert done.code == 1
    assert done.out == ""
    assert done.err.count("gone.png") == 1


def test_output_to_a_file(run: Run, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("from before", encoding="utf-8")
    done = run("read", folder, "-f", "jsonl", "--output", target)
    assert (done.code, done.out) == (1, "")
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.jsonl"]


@pytest.mark.parametrize("arguments", [["--quality", "worst"], ["--threads", "0"], ["--detector", "dbnt"]])
def test_no_output_file_where_nothing_was_read(run: Run, one: Path, tmp_path: Path, arguments: list[str]) -> None:
    target = tmp_path / "out.txt"
    target.write_text("from before", encoding="utf-8")
    assert run("read", one, "--output", target, *arguments).code == 2
    assert target.read_text(encoding="utf-8") == "from before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.txt"]


def test_no_part_of_a_file_is_left_when_a_run_is_killed_half_way(one: Path, tmp_path: Path) -> None:
    class_that_stops = "import os, sys; sys.argv[1:] = {}; import wordsight.page as page\n"
    code = class_that_stops.format([
        "read", str(one), str(one), "--format", "jsonl", "--output", str(tmp_path / "out.jsonl")
    ]) + (
        "def stop(self, chars=False, indent=None): raise KeyboardInterrupt\n"
        "page.Page.to_json = stop\n"
        "from wordsight.cli import main\nmain()\n"
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, check=False)
    assert done.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_pipe_is_written_and_stays_a_pipe(one: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = wordsight("read", one, "--output", pipe)
        assert done.code == 0, done.err
        assert os.read(reading, 1000) == b"MORNING BREAD\n"
    finally:
        os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(
    "arguments",
    [
        ["read"],
        ["read", "PICTURE", "--format", "xml"],
        ["read", "PICTURE", "--quality", "bst"],
        ["read", "PICTURE", "--detector", "dbnt"],
        ["read", "PICTURE", "--recognizer", "svt"],
        ["read", "PICTURE", "--engine", "tensorrt"],
        ["read", "PICTURE", "--language", "klingon"],
        ["read", "PICTURE", "--min-confidence", "1.5"],
        ["read", "PICTURE", "--min-confidence", "much"],
        ["read", "PICTURE", "--padding", "-1"],
        ["read", "PICTURE", "--threads", "0"],
        ["read", "PICTURE", "--max-pixels", "0"],
        ["read", "PICTURE", "--colour"],
        ["read", "FOLDER/*.bmp"],
        ["read", "EMPTY"],
        ["read", "example:beach"],
        ["read", "PICTURE", "--output", "FOLDER"],
        ["read", "PICTURE", "--output", "FOLDER/none/out.txt"],
        ["read", "PICTURE", "--draw", "PICTURE"],
        ["detect", "PICTURE", "--chars"],
        ["recognize", "PICTURE", "--draw", "FOLDER"],
        ["evaluate"],
        ["evaluate", "FOLDER", "--task", "spelling"],
        ["dataset", "rotate", "FOLDER"],
        ["dataset", "rotate", "FOLDER", "FOLDER/out", "--step", "0"],
        ["dataset", "turn"],
        ["doctor", "PICTURE"],
        ["reed", "PICTURE"],
    ],
)
def test_wrong_usage(run: Run, folder: Path, one: Path, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    places = {"PICTURE": str(one), "EMPTY": str(tmp_path / "empty")}
    filled = [places.get(a, a.replace("FOLDER", str(folder))) for a in arguments]
    done = run(*filled)
    assert done.code == 2
    assert done.out == ""
    assert done.err
    assert "Traceback" not in done.err


def test_detect(run: Run, one: Path) -> None:
    done = run("detect", one)
    (page,) = done.records
    assert done.code == 0
    assert page["words"]
    assert all(word["text"] == "" and word["confidence"] == word["detection_score"] > 0 for word in page["words"])
    rows = list(csv.DictReader(io.StringIO(run("detect", one, "--format", "csv").out)))
    corners = [[float(row[f"{axis}{corner}"]) for axis in "xy"] for row in rows for corner in (1, 2, 3, 4)]
    assert corners == [corner for word in page["words"] for corner in word["quad"]]


def test_recognize(run: Run, tmp_path: Path, street: Picture) -> None:
    Image.fromarray(street[297:328, 975:1070]).save(tmp_path / "1.png")
    (tmp_path / "2.png").write_bytes(b"no picture")
    Image.fromarray(street[440:465, 268:308]).save(tmp_path / "3.png")
    done = run("recognize", tmp_path, "--format", "jsonl")
    assert done.code == 1
    first, second, third = done.records
    assert list(first) == list(third) == ["image", "text", "confidence"]
    assert (first["text"], third["text"]) == ("HOTEL", "OPEN")
    assert min(first["confidence"], third["confidence"]) > 0.9
    assert second["error"]["type"] == "NotAnImage"
    assert run("recognize", tmp_path).out == f"{tmp_path / '1.png'}\tHOTEL\n{tmp_path / '3.png'}\tOPEN\n"
    assert json.loads(run("recognize", tmp_path, "--format", "json").out) == done.records
    rows = list(csv.DictReader(io.StringIO(run("recognize", tmp_path, "-f", "csv").out)))
    assert [row["text"] for row in rows] == ["HOTEL", "OPEN"]
    stdin = (tmp_path / "1.png").read_bytes()
    assert run("recognize", "-", stdin=stdin).out == "-\tHOTEL\n"
    assert run("recognize", tmp_path / "1.png", "--allow", "0123456789", "-f", "jsonl").records[0]["text"].strip(
        "0123456789 "
    ) == ""  # fmt: skip


def test_drawings(run: Run, folder: Path, tmp_path: Path, one: Path) -> None:
    (folder / "b").mkdir()
    Image.open(one).save(folder / "b" / "page-1.png")
    drawn = tmp_path / "drawn" / "here"
    assert run("read", folder, "--draw", drawn).code == 1
    names = sorted(path.name for path in drawn.iterdir())
    assert len(names) == 3
    assert {"page-1.png", "page-10.png"} <= set(names)
    with Image.open(drawn / "page-1.png") as image:
        assert image.height >= 140
        assert image.width >= 315


@pytest.mark.parametrize("command", ["read", "detect"])
def test_drawing_standard_input(run: Run, one: Path, tmp_path: Path, command: str) -> None:
    done = run(command, "-", "--draw", tmp_path / "drawn", "--format", "jsonl", stdin=one.read_bytes())
    assert done.code == 0, done.err
    assert len(done.records) == 1
    assert len(list((tmp_path / "drawn").iterdir())) == 1


def test_drawing_what_is_cut_short(run: Run, example: Path, one: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(example.read_bytes()[:60_000])
    assert run("read", cut).code == 1
    done = run("read", cut, one, "--truncated", "--draw", tmp_path / "drawn", "--format", "jsonl")
    assert done.code == 0, done.err
    assert [len(record["words"]) > 1 for record in done.records] == [True, True]
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["cut.png", "page-1.png"]


def test_pages_of_a_tiff(run: Run, tmp_path: Path, sign: Picture, street: Picture) -> None:
    path = tmp_path / "scan.tiff"
    Image.fromarray(sign).save(path, save_all=True, append_images=[Image.fromarray(street[520:680, 265:380])])
    done = run("read", path, "-f", "jsonl", "--draw", tmp_path / "drawn")
    assert [record["page"] for record in done.records] == [0, 1]
    assert sorted(drawing.name for drawing in (tmp_path / "drawn").iterdir()) == ["scan-2.png", "scan.png"]


def test_limits(run: Run, one: Path) -> None:
    done = run("read", one, "--max-pixels", "1000", "-f", "jsonl")
    assert done.code == 1
    assert done.records[0]["error"]["type"] == "ImageTooLarge"


def test_evaluate(run: Run, example: Path, tmp_path: Path) -> None:
    manifest, rows = example.parents[1], tmp_path / "rows.jsonl"
    done = run("evaluate", manifest, "--task", "page-words", "--json", "--rows", rows)
    assert done.code == 0
    totals = json.loads(done.out)
    assert 0.5 < totals["f"] <= 1
    assert [json.loads(line)["image"] for line in rows.read_text(encoding="utf-8").splitlines()] == [
        "images/street.jpg"
    ]

    predictions = tmp_path / "read.jsonl"
    assert run("read", example, "-f", "jsonl", "-o", predictions).code == 0
    record = json.loads(predictions.read_text(encoding="utf-8"))
    predictions.write_text(json.dumps({**record, "image": "images/street.jpg"}), encoding="utf-8")
    again = run("evaluate", manifest, "--task", "page-words", "--json", "-p", predictions)
    assert json.loads(again.out) == totals
    text = run("evaluate", manifest, "--task", "page-words", "-p", predictions).out
    assert f"f {totals['f']:.4f}" in text


def test_evaluate_without_a_manifest(run: Run, tmp_path: Path) -> None:
    done = run("evaluate", tmp_path)
    assert done.code == 1
    assert "labels.jsonl" in done.err
    done = run("evaluate", tmp_path, "--rows", tmp_path / "none" / "rows.jsonl")
    assert done.code == 2


def test_dataset_rotate(run: Run, example: Path, tmp_path: Path) -> None:
    done = run("dataset", "rotate", example.parents[1], tmp_path / "turned", "--step", "90")
    assert done.code == 0
    assert "4 pictures" in done.out
    sizes = set()
    for line in (tmp_path / "turned" / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        with Image.open(tmp_path / "turned" / record["image"]) as image:
            sizes.add(image.size)
            assert list(image.size) == record["size"]
    assert sizes == {(1280, 853), (853, 1280)}


def test_doctor(run: Run) -> None:
    done = run("doctor")
    assert done.code == 0
    assert "BAD" not in done.out
    assert "PP-OCRv6_rec_small" in done.out
    checks = json.loads(run("doctor", "--json").out)
    assert all(check["ok"] for check in checks)
    assert len(checks) == len(done.out.splitlines())


@pytest.mark.parametrize(
    "command",
    [[], ["read"], ["detect"], ["recognize"], ["evaluate"], ["dataset"], ["dataset", "rotate"], ["doctor"]],
)
def test_help(run: Run, command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.code == 0
    usage = next(line for line in done.out.splitlines() if "Usage:" in line)
    assert " ".join(command) in usage
    assert "--help" in done.out


def test_no_arguments_is_help(run: Run) -> None:
    done = run()
    assert "Usage" in done.out + done.err


def test_as_a_module_and_in_a_pipe(one: Path) -> None:
    done = wordsight("read", one)
    assert (done.code, done.out, done.err) == (0, "MORNING BREAD\n", "")
    whole = wordsight("read", *[one] * 4, "--format", "jsonl", shell="cat")
    assert len(whole.records) == 4
    assert whole.err == ""


def test_the_other_end_of_the_pipe_goes_away(one: Path) -> None:
    done = wordsight("read", *[one] * 8, "--format", "jsonl", shell="head -c 10")
    assert done.out == '{"schema":'
    assert "Traceback" not in done.err
    assert "BrokenPipe" not in done.err


def test_an_empty_standard_input_in_a_pipe() -> None:
    done = wordsight("read", "-")
    assert done.code == 1
    assert "Traceback" not in done.err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_the_terminals_encoding_stops_nothing(street: Picture, tmp_path: Path, encoding: str) -> None:
    Image.fromarray(street[410:500, :420]).save(tmp_path / "cafe.png")
    done = wordsight("read", tmp_path / "cafe.png", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.code == 0, done.err
    assert "Café" in done.out


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: elsewhere file names are Unicode")
@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv"])
def test_a_file_name_that_is_no_unicode(folder: Path, one: Path, tmp_path: Path, form: str) -> None:
    (folder / "page-2.jpg").rename(folder / os.fsdecode(b"page-\xff.jpg"))
    os.link(one, os.fsencode(folder) + b"/a\xfe.png")
    printed = wordsight("read", folder, "-f", form, PYTHONIOENCODING="utf-8:strict")
    written = wordsight("read", folder, "-f", form, "-o", tmp_path / "out", PYTHONIOENCODING="utf-8:strict")
    for done, text in ((printed, printed.out), (written, (tmp_path / "out").read_text(encoding="utf-8"))):
        assert done.code == 1
        assert "Traceback" not in done.err
        assert "page-" in done.err
        assert text.count("MORNING") >= 2
        assert "Tomato" in text
