from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from wordsight.charset import Charset
from wordsight.data.crops import Example
from wordsight.errors import ConfigError
from wordsight.models.recnet import CtcRecognizer
from wordsight.training.crops import Batches, RealCrops
from wordsight.training.networks import parts_of
from wordsight.training.recognizer import RecognizerTask, share_gradients
from wordsight.training.scripts import Script, as_seen, recognizer_config, sources

PAPER = np.full((48, 128, 3), 255, np.uint8)


def test_what_a_script_is_taught(tmp_path: Path) -> None:
    russian = Script(("rus",)).characters()
    assert {"Я", "ё", "₽", "№", "A", "~"} <= set(russian)
    assert len(set(russian)) == len(russian) == 175
    assert len(Script(("ru", "ko")).characters()) > 2500
    assert {"ं", "़", "९", "।"} <= set(Script(("hi",)).characters())
    words = tmp_path / "words.txt"
    words.write_text("ქართული\nenа\n", encoding="utf-8")
    assert {"ქ", "ი"} <= set(Script(text_file=words).characters())
    with pytest.raises(ConfigError, match="cannot be read"):
        Script(text_file=tmp_path / "none.txt").characters()
    with pytest.raises(ConfigError, match="language 'rx' is unknown"):
        Script(("rx",))
    with pytest.raises(ConfigError, match="name languages to teach"):
        Script()


def test_the_more_letters_the_more_crops() -> None:
    weights = {name: made.weight for name, made in zip("rk", sources(Script(("ru", "ko")), 0), strict=True)}
    assert 1.5 < weights["k"] / weights["r"] < 3


def test_letters_of_two_scripts_are_cyrillic() -> None:
    assert as_seen("AB 12 www.opa.ru сор") == "АВ 12 www.opa.ru сор"
    assert as_seen("B2B") == "В2В"
    assert as_seen("BRA") == "BRA"


def test_syllables_share_their_letters() -> None:
    charset = Charset.pp_ocr("가각나a")
    shares = parts_of(charset)
    assert shares is not None
    together = shares @ shares.T
    assert together[1, 2] == 2  # the consonant and the vowel
    assert together[1, 3] == 1  # the vowel
    assert together[4].sum() == together[0].sum() == 0
    assert parts_of(Charset.pp_ocr("abc")) is None
    model = CtcRecognizer(charset, torch.nn.Identity(), torch.nn.Identity(), 2)
    share_gradients(model)
    model.out(torch.tensor([[1.0, 2.0]]))[0, 1].backward()
    assert model.out.weight.grad is not None
    assert model.out.weight.grad[:, 0].tolist() == [0, 3, 2, 1, 0, 0]


def test_a_step_teaches_new_letters() -> None:
    crops = (Example(PAPER, "Щука"), Example(PAPER, "ёж"))
    config = recognizer_config(Script(("ru",)), None)
    task = RecognizerTask([RealCrops(crops)], crops, config)
    assert len(task.model.charset) == len(config.charset) + 2
    losses = task.loss(task.model, next(iter(Batches(task.sources, 2, 0))), bf16=False)
    assert set(losses) == {"text"}
    losses["text"].backward()
    row = task.model.charset.symbols.index("Щ") + 1
    assert task.model.out.weight.grad is not None
    assert task.model.out.weight.grad[row].abs().sum() > 0
    assert task.model.backbone.stem.first.weight.grad is None
