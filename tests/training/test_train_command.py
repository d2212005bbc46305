"""`wordsight train detector`: what is held out, how it ends, how it goes on, what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from test_detector import draw  # noqa: E402

from wordsight import Reader  # noqa: E402
from wordsight.cli import main  # noqa: E402
from wordsight.cli import train as command  # noqa: E402
from wordsight.data.manifest import Sample, write_manifest  # noqa: E402
from wordsight.errors import ConfigError, ManifestError, MissingExtra, ModelError  # noqa: E402
from wordsight.models import cards  # noqa: E402
from wordsight.training.delivery import best_figures, start  # noqa: E402
from wordsight.training.holdout import draw as choose  # noqa: E402
from wordsight.training.holdout import part  # noqa: E402
from wordsight.training.interrupt import interruptible  # noqa: E402
from wordsight.training.loop import Progress, Stopped  # noqa: E402


def samples(folder, count, **fields):
    return [Sample(f"images/{i}.jpg", folder / f"images/{i}.jpg", (), **fields) for i in range(count)]


def manifest(folder, lines):
    write_manifest(folder, lines)
    return folder


def test_the_share_is_stable_whatever_the_order_and_when_pictures_are_added(tmp_path):
    some = samples(tmp_path, 300)
    chosen = choose(some, 0.2)
    assert 40 <= len(chosen) <= 80
    assert choose(some[::-1], 0.2) == chosen
    assert choose(samples(tmp_path, 400), 0.2) >= chosen
    assert choose(some, 0.1) < chosen


def test_at_least_one_is_held_out_and_at_least_one_is_left(tmp_path):
    for count in (2, 3, 5):
        for share in (0.001, 0.999):
            assert 1 <= len(choose(samples(tmp_path, count), share)) <= count - 1


def test_a_group_is_never_parted(tmp_path):
    grouped = [Sample(f"{i}.jpg", tmp_path / f"{i}.jpg", (), group=f"car {i % 40}") for i in range(200)]
    chosen = choose(grouped, 0.2)
    for number in range(40):
        members = {s.image for s in grouped if s.group == f"car {number}"}
        assert members <= chosen or members.isdisjoint(chosen)


def test_what_is_held_out(tmp_path):
    first = manifest(tmp_path / "first", samples(tmp_path / "first", 30))
    divided = [Sample(f"{i}.jpg", tmp_path / f"{i}.jpg", (), split=("train", "val", "test")[i % 3]) for i in range(30)]
    second = manifest(tmp_path / "second", divided)
    parts = part([first])
    assert [len(parts.learnt[0]) + len(parts.held_out)] == [30]
    parts = part([second])
    assert {s.split for s in parts.held_out} == {"val"}
    assert {s.split for s in parts.learnt[0]} == {"train"}, "the test part is for the last figure"
    assert len(part([second], "0.5").learnt[0]) < 20
    assert {s.split for s in part([first], str(second)).held_out} == {"train", "val", "test"}
    assert len(part([first], str(second)).learnt[0]) == 30
    with pytest.raises(ConfigError, match="neither a manifest folder, nor a split, nor a share"):
        part([first], "vall")
    with pytest.raises(ConfigError, match="between 0 and 1"):
        part([first], "1.5")
    with pytest.raises(ManifestError, match="no marked picture"):
        part([manifest(tmp_path / "one", samples(tmp_path, 1))])


def test_shares_of_manifests():
    assert command.shares("", 3) == [1.0, 1.0, 1.0]
    assert command.shares("3, 0.5", 2) == [3.0, 0.5]
    for text in ("1", "1,2,3", "1,-1", "1,x", "1,nan", "1,inf"):
        with pytest.raises(ConfigError, match="--weights-mix"):
            command.shares(text, 2)


def test_without_torch_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'wordsight\[train\]'"):
        command.check_extra()


def test_a_folder_is_not_trained_into_twice_unasked(tmp_path):
    told = {"manifests": ["a"], "seed": 1}
    start(tmp_path, told, resume=False)
    start(tmp_path, told, resume=False)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"")
    with pytest.raises(ConfigError, match="--resume"):
        start(tmp_path, told, resume=False)
    start(tmp_path, told, resume=True)
    with pytest.raises(ConfigError, match="seed 1, not 2"):
        start(tmp_path, {**told, "seed": 2}, resume=True)
    with pytest.raises(ModelError, match="train first"):
        best_figures(tmp_path / "nowhere")


def test_the_first_interrupt_ends_the_run_between_steps():
    closed = []

    def run():
        try:
            for step in range(1, 100):
                if step == 3:
                    signal.raise_signal(signal.SIGINT)
                yield Progress(step, float(step), 1.0, {})
        finally:
            closed.append(True)

    before = signal.getsignal(signal.SIGINT)
    events = list(interruptible(run()))
    assert [event.step for event in events[:-1]] == [1, 2, 3]
    assert events[-1] == Stopped(3, 3.0, "interrupted")
    assert closed == [True]
    assert signal.getsignal(signal.SIGINT) == before


def test_the_second_interrupt_ends_at_once():
    def run():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        yield Progress(1, 1.0, 1.0, {})

    with pytest.raises(KeyboardInterrupt):
        list(interruptible(run()))


def wordsight(monkeypatch, capsys, *words):
    monkeypatch.setattr(sys, "argv", ["wordsight", *map(str, words)])
    code = 0
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr()


def test_wrong_usage(monkeypatch, capsys, tmp_path):
    code, said = wordsight(monkeypatch, capsys, "train", "detector", tmp_path / "none")
    assert code == 1 and "labels.jsonl is not there" in said.err
    draw(tmp_path / "set", 2)
    code, said = wordsight(
        monkeypatch, capsys, "train", "detector", tmp_path / "set", "--weights-mix", "1,2", "--out", tmp_path / "out"
    )
    assert code == 2 and "one number above 0" in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.training
def test_it_trains_is_interrupted_goes_on_and_leaves_a_detector_with_a_card(monkeypatch, capsys, tmp_path):
    draw(tmp_path / "set", 4)
    out = tmp_path / "out"
    words = ["train", "detector", str(tmp_path / "set"), "--out", str(out), "--held-out", "0.4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "wordsight", *words, "--minutes", "30"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert "pictures to learn from" in process.stderr.readline()
    time.sleep(5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    error = process.communicate(timeout=240)[1]
    assert process.returncode == 130, error
    assert "go on with: wordsight train detector" in error and error.strip().endswith("--resume")
    assert (out / "checkpoint.safetensors").is_file()

    code, said = wordsight(monkeypatch, capsys, *words, "--minutes", "30")
    assert code == 2 and "--resume" in said.err
    code, said = wordsight(monkeypatch, capsys, *words, "--minutes", "0.01", "--resume")
    assert code == 0, said.err
    assert f"--east-model {out / 'detector.onnx'}" in said.out
    card = json.loads((out / "detector.json").read_text())
    assert card["sha256"] == cards.sha256(out / "detector.onnx")
    assert card["training_sets"][0] == {"set": "set", "pictures": 3, "weight": 1.0, "terms": "the user's own"}
    assert card["parity"]["difference"][0] <= 0.02
    assert set(card["accuracy"]) == {"protocol", "f", "precision", "recall", "threshold"}
    about = json.loads(cards.metadata(out / "detector.onnx", cards.DETECTOR) or "")
    assert about == {"head": "rbox", "threshold": card["accuracy"]["threshold"], "judge": "belief"}
    page = Reader(east_model=Path(out / "detector.onnx"), width=256, height=256).detect(
        tmp_path / "set" / "images" / "0.png"
    )
    assert page.width == 256
