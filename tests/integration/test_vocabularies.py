"""Lists of words and patterns through the real recognizer, from Python and from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

import wordsight
from wordsight import Vocabulary
from wordsight.cli import app
from wordsight.data.manifest import Manifest, Sample, write_manifest
from wordsight.errors import ConfigError
from wordsight.evaluation.protocols import fold
from wordsight.image.load import load
from wordsight.page import Page
from wordsight.reader import Reader
from wordsight.types import Picture, Reading


def crop(text: str) -> Picture:
    picture = Image.new("RGB", (40 + 24 * len(text), 64), "white")
    ImageDraw.Draw(picture).text((20, 10), text, fill="black", font_size=40)
    return np.asarray(picture)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    for text in ("Bakery", "HOTEL", "4.20"):
        Image.fromarray(crop(text)).save(f"{text}.png")
    Path("words.txt").write_text("HOTEL\nMUSEUM\nBAKERY\n", encoding="utf-8")
    return CliRunner()


def test_a_list_for_each_crop(reader: Reader) -> None:
    crops = [crop("Bakery"), crop("HOTEL"), crop("4.20")]
    lists = [Vocabulary(("BAKERY", "HOTEL")), Vocabulary(("Motel",), strict=True), None]
    bakery, motel, price = reader.recognize(crops, lists)
    assert (bakery.text, bakery.matched, bakery.log_ratio) == ("Bakery", True, 0.0)
    assert (motel.text, motel.matched) == ("Motel", True)
    assert motel.log_ratio is not None
    assert motel.log_ratio < -3
    assert motel.confidence < bakery.confidence
    assert (price.text, price.matched, price.log_ratio) == ("4.20", None, None)


def test_one_vocabulary_for_all_crops_and_what_it_rejects(reader: Reader) -> None:
    plain = reader.recognize([crop("Bakery"), crop("4.20")])
    bakery, price = reader.recognize([crop("Bakery"), crop("4.20")], Vocabulary(pattern=r"\d\.\d\d"))
    assert (price.text, price.matched) == ("4.20", True)
    assert (bakery.text, bakery.matched) == ("Bakery", False)
    assert bakery.spans == plain[0].spans
    assert bakery.confidence == plain[0].confidence


def test_the_reader_may_have_a_vocabulary_and_a_call_another() -> None:
    strict = Reader(vocabulary=Vocabulary(("BAKERY", "MUSEUM"), strict=True))
    assert [one.text for one in strict.recognize([crop("Bakery"), crop("Bakeny")])] == ["Bakery", "BAKERY"]
    assert strict.recognize([crop("HOTEL")], Vocabulary(("HOTEL",)))[0].text == "HOTEL"


def test_a_page(reader: Reader, example: Path, street_page: Page) -> None:
    some = [word.text for word in street_page.words]
    same = reader.read(example, Vocabulary(tuple(word.upper() for word in some if len(word) > 4)))
    assert [word.text for word in same.words] == some, "words of the list are spelt as the picture shows"
    rest = reader.read(example, Vocabulary(("xylophone",)))
    assert [word.text for word in rest.words] == some, "and no other word is forced into it"


class Plain:
    """A recognizer that takes no vocabularies."""

    def recognize(self, crops: list[Picture]) -> list[Reading]:
        return [Reading((), 0.0) for _ in crops]


def test_what_cannot_be_done_is_said_when_the_reader_is_made(reader: Reader) -> None:
    with pytest.raises(ConfigError, match="takes no list of words"):
        Reader(recognizer=Plain(), vocabulary=Vocabulary(("A",)))
    assert Reader(recognizer=Plain(), vocabulary=Vocabulary()).recognize([crop("A")])[0].text == ""
    with pytest.raises(ConfigError, match="look-around"):
        Reader(vocabulary=Vocabulary(pattern="(?=a)"))
    with pytest.raises(ConfigError, match="of the type Vocabulary"):
        Reader(vocabulary=("A",))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="1 vocabularies for 2 crops"):
        reader.recognize([crop("A"), crop("B")], [None])


def test_the_command_recognize(run: CliRunner) -> None:
    done = run.invoke(app, ["recognize", "Bakery.png", "4.20.png", "--lexicon", "words.txt", "--format", "jsonl"])
    assert done.exit_code == 0, done.output
    bakery, price = map(json.loads, done.stdout.splitlines())
    assert (bakery["text"], bakery["matched"], bakery["log_ratio"]) == ("Bakery", True, 0.0)
    assert (price["text"], price["matched"]) == ("4.20", False)
    strict = run.invoke(app, ["recognize", "4.20.png", "--lexicon", "words.txt", "--strict-lexicon"])
    assert strict.stdout.strip().split("\t")[1] in ("HOTEL", "MUSEUM", "BAKERY")
    pattern = run.invoke(app, ["recognize", "HOTEL.png", "--pattern", r"\d+", "--strict-lexicon"])
    assert re.fullmatch(r"HOTEL.png\t\d+\n", pattern.stdout)
    plain = json.loads(run.invoke(app, ["recognize", "HOTEL.png", "--format", "jsonl"]).stdout)
    assert set(plain) == {"image", "text", "confidence"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lexicon", "none.txt"], "none.txt cannot be read"),
        (["--pattern", "[a"], "no regular expression"),
        (["--pattern", r"(a)\1"], "a back-reference"),
        (["--strict-lexicon"], "strict needs a list"),
        (["--lexicon", "words.txt", "--pattern", r"\d+"], "no word of the list is left"),
    ],
)
def test_wrong_options(run: CliRunner, options: list[str], message: str) -> None:
    done = run.invoke(app, ["recognize", "HOTEL.png", *options])
    assert isinstance(done.exception, ConfigError)
    assert message in str(done.exception)


def test_evaluate_with_the_lists_of_the_pictures(run: CliRunner) -> None:
    lists = {"Bakery": ("MUSEUM", "x"), "HOTEL": ("HOTEL",), "4.20": None}
    folder = Path.cwd()
    write_manifest(
        folder, [Sample(f"{text}.png", folder / f"{text}.png", text=text, lexicon=own) for text, own in lists.items()]
    )
    options = ["evaluate", str(folder), "--task", "recognition", "--json"]
    assert json.loads(run.invoke(app, options).stdout)["accuracy"] == 1
    assert json.loads(run.invoke(app, [*options, "--own-lexicons"]).stdout)["accuracy"] == 1
    strict = run.invoke(app, [*options, "--own-lexicons", "--strict-lexicon"])
    assert json.loads(strict.stdout)["accuracy"] == pytest.approx(2 / 3)


def test_street_view_text_with_its_lists(reader: Reader, shared_data: Path) -> None:
    samples = Manifest.open(shared_data / "svt_words_train").choose(100, seed=0)
    crops = [load(sample.path) for sample in samples]
    readings = reader.recognize(crops, [Vocabulary(sample.lexicon or ()) for sample in samples])
    right = [fold(one.text) == fold(sample.text or "") for one, sample in zip(readings, samples, strict=True)]
    assert np.mean(right) >= 0.98


def test_the_public_name() -> None:
    assert wordsight.Vocabulary is Vocabulary
