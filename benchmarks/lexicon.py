"""Word crops read with a list of words: accuracy, rejection of words that are not in the list, and speed.

    python benchmarks/lexicon.py
    python benchmarks/lexicon.py --count 300 --words words.txt
    python benchmarks/lexicon.py --fit

All figures are those of crops whose name (`image` in the manifest) has an odd CRC-32: the rule that rejects
(wordsight.recognition.rejection) was fitted on the even ones; --fit prints it anew. Words are compared over a-z and
0-9 with case folded, and so stand in the lists; crops without such a character are left out.

Lists:

  own 50      the list that a picture of svt_words_train has in the manifest
  50          the crop's word and 50 that are drawn from those of all sets
  all         the words of the set
  90,000      the most frequent English words of the package wordfreq (Apache-2.0, its data CC-BY-SA-4.0; install it, or
              give another list with --words), with the words of the sets
  codes       of crops that are half digits or more: their text, and 50 others with one or two characters changed
  neighbours  the same of all other crops: the hardest list, for words are seldom so much alike

From "all" and "90,000" a fifth of the words is taken out, by their CRC-32. Each crop is read twice, with its own word
in the list and with its own word taken out. The columns:

  free        right without a list
  answered    word in the list: answered with a word of the list
  right       word in the list: answered with this word
  strict      the same where the answer must be a word of the list
  forced      word taken out: answered with a word of the list that the free reading is not
  happened    word taken out: the free reading itself is a wrong word of the list

The time is that of the decoding of one crop with 90,000 words, on one core, without the network.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

import numpy as np

import common
from wordsight import registry
from wordsight.data.manifest import Sample
from wordsight.evaluation.protocols import fold
from wordsight.image.load import load
from wordsight.models.runtime import Network
from wordsight.reader import Reader
from wordsight.recognition.ctc import best_path, marks
from wordsight.recognition.guide import Guide, Guides
from wordsight.recognition.rejection import CONTRADICTED
from wordsight.recognition.search import WordSearch
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.stages import StageOptions
from wordsight.types import Floats, Picture
from wordsight.vocabulary import Vocabulary, read_words

T = TypeVar("T")

DATA = Path(__file__).parents[2] / "shared" / "data"
SETS = ("svt_words_train", "iiit5k_train", "icdar2015_words_train")
LARGE = 90_000
FOLDS = 5
TIMED = 600
TOGETHER = 32
CLOSE = 0.5
"""Weight of lists of near neighbours in the fit: of every crop there is one, and users' lists are seldom so bad."""


@dataclass(frozen=True)
class Crop:
    """A crop, its word over a-z and 0-9, and its own list."""

    name: str
    word: str
    picture: Picture
    own: tuple[str, ...]

    def draw(self) -> random.Random:
        """Random numbers that are the same for this crop in every run."""
        return random.Random(crc32(self.name.encode()))


Lists = Callable[[Crop, bool], Vocabulary]
"""The list for a crop, with its word or without it."""


class Replay:
    """A network that keeps what it made of each crop, so that many lists cost one run."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.kept: dict[bytes, Floats] = {}

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """See :class:`wordsight.models.runtime.Network`."""
        names = [row.tobytes() for row in batch]
        if not self.kept.keys() >= set(names):
            tables = self._network.run(batch, lambda outputs: outputs[0].copy())
            self.kept |= dict(zip(names, tables, strict=True))
        return then([np.stack([self.kept[name] for name in names])])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifests", type=Path, nargs="*", help=f"folders of crops (default: {', '.join(SETS)})")
    common.add_selection(parser, count=None)
    parser.add_argument("--words", type=Path, metavar="FILE", help="the large list, one word a line")
    parser.add_argument("--threads", type=int, help="most threads of the network (default: all)")
    parser.add_argument("--fit", action="store_true", help="fit the rule on the other crops, and print it")
    options = parser.parse_args(arguments)
    folders = options.manifests or [DATA / name for name in SETS]
    sets = {folder.resolve().name: open_set(folder, options) for folder in folders}
    words = sorted({crop.word for crops in sets.values() for crop in crops})
    stock = registry.create_recognizer("svtr", StageOptions(threads=options.threads))
    assert isinstance(stock, SvtrRecognizer)
    replay = Replay(stock.network)
    stock = replace(stock, network=replay)
    if options.fit:
        print_fit([one for crops in sets.values() for one in samples(stock, replay, crops, words)])
        return
    large = large_list(options.words, words)
    rows = []
    for name, crops in sets.items():
        rows += rows_of(stock, replay, crops, lists_of(crops, words, large), name)
    timing = time_large(stock, replay, [crop for crops in sets.values() for crop in crops], large)
    record = {"seed": options.seed, "count": options.count, "lists": rows, "timing": timing}
    counts = ", ".join(f"{name} {len(crops)}" for name, crops in sets.items())
    parts = [f"Crops with an odd CRC-32: {counts}. Percentages:", rows_table(rows)]
    parts.append(f"Decoding with {len(large)} words, milliseconds a crop on one core, {timing['crops']} crops:")
    parts.append(common.table(list(timing), [[*timing.values()]]))
    common.write_results(options, "lexicon", record, parts)


def open_set(folder: Path, options: argparse.Namespace) -> list[Crop]:
    """The chosen crops of one half of a manifest, decoded."""
    half = 0 if options.fit else 1
    chosen = [s for s in common.select(folder, options) if fold(s.text or "") and crc32(s.image.encode()) % 2 == half]
    return [Crop(s.image, fold(s.text or ""), load(s.path), own_list(s)) for s in chosen]


def own_list(sample: Sample) -> tuple[str, ...]:
    """The list of a sample's line; empty where it has none."""
    return tuple(filter(None, map(fold, sample.lexicon or ())))


def large_list(path: Path | None, words: Sequence[str]) -> tuple[str, ...]:
    """Ninety thousand words, those of the sets among them."""
    if path is not None:
        frequent = read_words(path)
    else:
        try:
            from wordfreq import top_n_list
        except ImportError:
            raise SystemExit("wordfreq is missing: pip install wordfreq, or give --words FILE") from None
        frequent = tuple(top_n_list("en", 2 * LARGE))
    known = set(words)
    others = [word for word in dict.fromkeys(filter(None, map(fold, frequent))) if word not in known]
    return (*words, *others[: LARGE - len(words)])


def fifth(word: str) -> int:
    """In which fifth of all words a word is."""
    return crc32(word.encode()) % FOLDS


def lists_of(crops: Sequence[Crop], words: Sequence[str], large: Sequence[str]) -> dict[str, Lists]:
    """The kinds of lists for the crops of a set."""

    def given(others: Sequence[str], crop: Crop, inside: bool) -> Vocabulary:
        left = [word for word in others if word != crop.word]
        return Vocabulary((*left, crop.word) if inside else left)

    def without_fifths(every: Sequence[str]) -> Lists:
        made = [Vocabulary([word for word in every if fifth(word) != out]) for out in range(FOLDS)]
        return lambda crop, inside: made[(fifth(crop.word) + inside) % FOLDS]

    kinds: dict[str, Lists] = {}
    if all(crop.own for crop in crops):
        kinds["own 50"] = lambda crop, inside: given(crop.own, crop, inside)
    kinds["50"] = lambda crop, inside: given(crop.draw().sample(words, min(50, len(words))), crop, inside)
    kinds["all"] = without_fifths(sorted({crop.word for crop in crops}))
    kinds["90,000"] = without_fifths(large)
    return kinds | dict.fromkeys(("codes", "neighbours"), lambda crop, inside: given(neighbours(crop), crop, inside))


def is_code(word: str) -> bool:
    """Whether a word is half digits or more."""
    return len(word) >= 3 and 2 * sum(map(str.isdigit, word)) >= len(word)


def of_kind(kind: str, word: str) -> bool:
    """Whether a list of this kind is made for a word."""
    return kind not in ("codes", "neighbours") or (kind == "codes") == is_code(word)


def neighbours(crop: Crop) -> list[str]:
    """Fifty texts that differ from a crop's in one or two characters."""
    draw, found = crop.draw(), []
    for _ in range(50):
        text = list(crop.word)
        for place in draw.sample(range(len(text)), min(draw.choice([1, 1, 2]), len(text))):
            text[place] = draw.choice("0123456789" if text[place].isdigit() else "abcdefghijklmnopqrstuvwxyz")
        found.append("".join(text))
    return found


def rows_of(
    stock: SvtrRecognizer, replay: Replay, crops: Sequence[Crop], kinds: dict[str, Lists], name: str
) -> list[dict[str, Any]]:
    """One row for each kind of list."""
    tallies: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    reader = Reader(recognizer=stock)
    for start in range(0, len(crops), TOGETHER):
        some = crops[start : start + TOGETHER]
        replay.kept.clear()
        free = [fold(reading.text) for reading in reader.recognize([crop.picture for crop in some])]
        for kind, make in kinds.items():
            pairs = [(crop, text) for crop, text in zip(some, free, strict=True) if of_kind(kind, crop.word)]
            pictures = [crop.picture for crop, _ in pairs]
            inside = [make(crop, True) for crop, _ in pairs]
            within = reader.recognize(pictures, inside)
            strict = reader.recognize(pictures, [replace(known, strict=True) for known in inside])
            without = reader.recognize(pictures, [make(crop, False) for crop, _ in pairs])
            for (crop, text), one, must, other in zip(pairs, within, strict, without, strict=True):
                forced = fold(other.text) != text
                tallies[kind].append(
                    (
                        text == crop.word,
                        bool(one.matched),
                        bool(one.matched) and fold(one.text) == crop.word,
                        fold(must.text) == crop.word,
                        bool(other.matched) and forced,
                        bool(other.matched) and not forced,
                    )
                )
        common.progress(start + len(some), len(crops))
    columns = ("free", "answered", "right", "strict", "forced", "happened")
    return [
        {"set": name, "list": kind, "crops": len(tally)}
        | {column: float(share) for column, share in zip(columns, np.mean(tally, axis=0), strict=True)}
        for kind, tally in tallies.items()
    ]


def rows_table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows, shares in percent."""
    cells = [[f"{100 * value:.1f}" if isinstance(value, float) else value for value in row.values()] for row in rows]
    return common.table(list(rows[0]), cells)


def tables_of(stock: SvtrRecognizer, replay: Replay, crop: Crop) -> list[Floats]:
    """The probabilities of a crop, of each look at it."""
    replay.kept.clear()
    stock.recognize([crop.picture])
    return list(replay.kept.values())


def time_large(stock: SvtrRecognizer, replay: Replay, crops: Sequence[Crop], large: Sequence[str]) -> dict[str, Any]:
    """Milliseconds in which one crop is decoded with a large list."""
    start = time.perf_counter()
    guide = Guides(stock.charset, stock.allowed).guide(Vocabulary(large))
    made = time.perf_counter() - start
    chosen = random.Random(0).sample(crops, min(TIMED, len(crops)))
    seconds = []
    for crop in chosen:
        table = tables_of(stock, replay, crop)[0]
        start = time.thread_time()  # of this core alone, whatever else the machine does
        guide.follow(table, marks(best_path(table, stock.charset.ascii), stock.charset))
        seconds.append(time.thread_time() - start)
    middle, high, most = (1000 * float(np.quantile(seconds, share)) for share in (0.5, 0.95, 1.0))
    return {
        "crops": len(chosen),
        "median": middle,
        "95th percentile": high,
        "most": most,
        "once, to prepare": 1000 * made,
    }


Sample3 = tuple[tuple[float, ...], bool, float]
"""Features of a word that the free reading is not, whether it is right, and its weight."""


def samples(stock: SvtrRecognizer, replay: Replay, crops: Sequence[Crop], words: Sequence[str]) -> Iterator[Sample3]:
    """What the rule is fitted on: the best word of lists with a crop's word and without it."""
    guides = Guides(stock.charset, stock.allowed)
    kinds = lists_of(crops, words, large_list(None, words))
    for number, crop in enumerate(crops, 1):
        for table in tables_of(stock, replay, crop):
            free = [mark.symbol for mark in marks(best_path(table, stock.charset.ascii), stock.charset)]
            for kind, make in kinds.items():
                for inside in (True, False) if of_kind(kind, crop.word) else ():
                    weight = CLOSE if kind in ("codes", "neighbours") else 1.0
                    found = sample(guides.guide(make(crop, inside)), table, free)
                    yield from ((features, text == crop.word, weight) for features, text in found)
        common.progress(number, len(crops))


def sample(guide: Guide, table: Floats, free: Sequence[str]) -> Iterator[tuple[tuple[float, ...], str]]:
    """The features of the best word for a crop, where the free reading is another and does not contradict it."""
    lattice, labels = guide.alphabet.lattice(table, free)
    search = guide.search
    assert isinstance(search, WordSearch)
    known = lattice.likelihood(labels)
    hit = search.trie.search(lattice, known + CONTRADICTED)
    if hit is not None and list(search.labels[hit.word]) != labels:
        yield search.evidence(hit, labels, known).features(len(search.words)), search.words[hit.word]


def print_fit(found: Sequence[Sample3]) -> None:
    """Fit a logistic regression by Newton's method."""
    features, right, each = (np.array(column) for column in zip(*found, strict=True))
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        guess = 1 / (1 + np.exp(-features @ weights))
        curvature = (features * (each * guess * (1 - guess))[:, None]).T @ features
        step = features.T @ (each * (right - guess))
        weights += np.linalg.solve(curvature + 1e-6 * np.eye(len(weights)), step)
    values = ", ".join(f"{weight:.3f}" for weight in weights)
    print(f"SCORE, CHARACTER, SIZE, CHANGE, WORDS = {values}  # {len(right)} words, {right.mean():.1%} right")


if __name__ == "__main__":
    main()
