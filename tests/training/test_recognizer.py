"""Training a recognizer end to end: it learns a handful of crops and new letters, resumes exactly, delivers a file."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from wordsight.data.crops import Example  # noqa: E402
from wordsight.errors import ManifestError, ModelError, WeightsCorrupt, WeightsMissing  # noqa: E402
from wordsight.evaluation.compare import read_all  # noqa: E402
from wordsight.models import cards  # noqa: E402
from wordsight.recognition.trained import load_recognizer  # noqa: E402
from wordsight.stages import StageOptions  # noqa: E402
from wordsight.training.crops import Batches, MadeCrops, RealCrops  # noqa: E402
from wordsight.training.export_ctc import ctc_difference, export_ctc, export_recognizer  # noqa: E402
from wordsight.training.import_ctc import read_parent  # noqa: E402
from wordsight.training.loop import Progress, Stopped, TrainConfig, Validated, Warned  # noqa: E402
from wordsight.training.networks import build, choose_charset, mixed, read_recognizer  # noqa: E402
from wordsight.training.recognizer import RecognizerConfig, RecognizerTask, to_input, train_recognizer  # noqa: E402

# Labels that no recognizer would give by itself: signs of a script that the stock charset lacks stand for letters.
SECRET = str.maketrans("ABEKOT", "ԱԲԵԿՈՏ")
TEXTS = ["BOAT", "TAKE", "BEAT", "KOTO"]
CALM = RecognizerConfig(batch=4, beside=False, frozen=("backbone",), neck_rate=2e-3, out_rate=2e-2, distil=0, hint=0)


def draw(text, label=None, seed=0):
    rng = np.random.default_rng(seed)
    picture = np.full((40, 24 * len(text) + 16, 3), rng.integers(150, 230, 3), np.uint8)
    cv2.putText(picture, text, (6, 31), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (20, 20, 60), 3, cv2.LINE_AA)
    return Example(picture, text if label is None else label, name=f"{text}{seed}")


def made(number):
    example = draw(TEXTS[number % 4], seed=number)
    return example.picture, example.text


@pytest.fixture(scope="module")
def source():
    return RealCrops(tuple(draw(text, text.translate(SECRET)) for text in TEXTS), bends=0.2, spoils=0.2)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, source):
    """Gives a network as it stands before training, and its file; makes each once."""

    @cache
    def make(arch, half):
        model = RecognizerTask([source], [], replace(CALM, arch=arch, charset="ABC")).model
        path = tmp_path_factory.mktemp(arch) / "x.onnx"
        export_ctc(model, path, half)
        return model, path

    return make


def test_it_learns_new_letters_and_delivers_them(tmp_path, source):
    other = [draw(text, text.translate(SECRET), seed=9) for text in TEXTS]
    config = replace(CALM, charset="latin", blends=(0.5, 1.0))
    run = TrainConfig(steps=90, warmup=5, ema=0.9)
    events = list(train_recognizer([source], other, tmp_path / "run", run, config))
    assert isinstance(events[-1], Stopped) and events[-1].step == 90
    shares = [e.figures["share of new"] for e in events if isinstance(e, Validated) and "share of new" in e.figures]
    assert shares == [0.0, 0.5, 1.0]
    arch, model = read_recognizer(tmp_path / "run")
    assert arch == "svtr" and set("ԱԲԵԿՈՏ") <= set(model.charset.symbols)
    wanted = [example.text for example in other]

    for half in (False, True):
        card = export_recognizer(tmp_path / "run", tmp_path / "mine.onnx", {"note": "x"}, half)
        assert '"arch": "svtr"' in card.read_text(encoding="utf-8")
        mine = load_recognizer(tmp_path / "mine.onnx", StageOptions(threads=1, precision="f32"))
        assert mine.charset == model.charset
        assert read_all(mine, other) == wanted


@pytest.mark.parametrize("arch", ["crnn", "crnn-vgg", "svtr"])
def test_an_exported_network_gives_the_same_probabilities(exported, arch):
    model, path = exported(arch, False)
    for shape in ((1, 3, 48, 64), (3, 3, 48, 176)):
        x = np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)
        assert ctc_difference(model, path, x) < 1e-4


@pytest.mark.parametrize("arch", ["crnn", "svtr"])
@pytest.mark.parametrize("half", [False, True])
def test_an_exported_file_can_be_trained_on(exported, arch, half):
    model, path = exported(arch, half)
    kind, read = read_parent(arch, path)
    assert kind == arch and read.charset == model.charset
    for name, tensor in model.state_dict().items():
        relative, absolute = (1e-3, 1e-4) if half else (0.0, 0.0)
        torch.testing.assert_close(read.state_dict()[name], tensor, rtol=relative, atol=absolute, msg=name)


def test_what_cannot_be_a_beginning(exported):
    assert read_parent("crnn", cards.find(cards.PP_OCR_RECOGNIZER))[0] == "svtr"
    with pytest.raises(WeightsCorrupt, match="no charset"):
        read_parent("svtr", cards.find(cards.PP_OCR_DETECTOR))
    with pytest.raises(ModelError, match="holds a crnn"):
        read_parent("svtr", exported("crnn", False)[1])


def test_resuming_changes_nothing(tmp_path, source):
    config = replace(CALM, arch="crnn", charset="latin", hint=1.0, distil=1.0, blends=())
    whole = TrainConfig(steps=6, warmup=1, bf16=False)

    def weights(folder):
        model = read_recognizer(folder)[1]
        return {name: tensor.clone() for name, tensor in model.state_dict().items()}

    list(train_recognizer([source], [draw("A")], tmp_path / "a", whole, config))
    run = train_recognizer([source], [draw("A")], tmp_path / "b", replace(whole, save_minutes=1e-9), config)
    for event in run:
        if type(event).__name__ == "Saved" and event.step == 3:
            run.close()
            break
    events = list(train_recognizer([source], [draw("A")], tmp_path / "b", whole, config, resume=True))
    assert events[-1].step == 6
    one, two = weights(tmp_path / "a"), weights(tmp_path / "b")
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=0, atol=0, msg=name)


def test_batches_depend_on_seed_and_step_alone(source):
    sources = [source, MadeCrops(made, 0.5)]
    first = iter(Batches(sources, 4, 7))
    batches = [next(first) for _ in range(7)]
    again = next(iter(Batches(sources, 4, 7, start=6)))
    assert again.step == batches[6].step == 6 and again.texts == batches[6].texts
    np.testing.assert_array_equal(again.spoilt, batches[6].spoilt)
    assert again.clean.shape == again.spoilt.shape and again.clean.shape[1] == 48 and again.clean.shape[2] % 16 == 0
    assert (again.clean != next(iter(Batches(sources, 4, 8, start=6))).clean[:, :, :1]).any()


def test_the_input_is_bgr_between_minus_one_and_one():
    x = to_input(np.array([[[[255, 0, 51]]]], np.uint8))
    np.testing.assert_allclose(x[0, :, 0, 0], [-0.6, -1, 1], atol=1e-5)


def test_a_network_that_falls_silent_is_reported(tmp_path, monkeypatch, source):
    monkeypatch.setattr("wordsight.training.recognizer.PATIENCE", 0)
    monkeypatch.setattr("wordsight.training.recognizer.MOST_BLANK", -1.0)
    monkeypatch.setattr("wordsight.training.loop.Trainer._remaining", lambda self: 0.0)
    events = []
    run = train_recognizer([source], [draw("A")], tmp_path, TrainConfig(steps=40, bf16=False), replace(CALM, blends=()))
    for event in run:
        events.append(event)
        if isinstance(event, Warned):
            break
    run.close()
    assert "blank" in events[-1].message and isinstance(events[-2], Progress)


def test_held_out_crops_may_not_be_learnt_from(tmp_path, source):
    with pytest.raises(ManifestError, match="both learnt from and held out"):
        next(train_recognizer([source], source.crops[:1], tmp_path, TrainConfig(steps=1), CALM))
    with pytest.raises(ManifestError, match="needs crops"):
        RealCrops(())


def test_broken_folders_are_refused(tmp_path):
    with pytest.raises(ModelError, match="not there or broken"):
        read_recognizer(tmp_path)
    (tmp_path / "network.json").write_text('{"arch": "svtr", "characters": ["a", "a"]}', encoding="utf-8")
    with pytest.raises(ModelError, match="names no network"):
        read_recognizer(tmp_path)
    with pytest.raises(WeightsMissing):
        load_recognizer(tmp_path / "no.onnx", StageOptions())


def test_mixing_weights():
    old, new = {"a": torch.zeros(3)}, {"a": torch.ones(3)}
    assert mixed(old, new, 0.25)["a"].tolist() == [0.25] * 3


def test_charsets():
    old = build("crnn", choose_charset_of("ba c")).charset
    assert choose_charset(old, "keep", ["d a"]).symbols == ("a", "b", "c", "d", " ")
    assert choose_charset(old, "xyx", ["é"]).symbols == ("x", "y", "é", " ")


def choose_charset_of(symbols):
    from wordsight.charset import Charset

    return choose_charset(Charset.pp_ocr(""), symbols, [])
