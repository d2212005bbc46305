r"""Word crops read with a pattern: what it corrects, what it rejects, and how long it takes.

    python benchmarks/pattern.py
    python benchmarks/pattern.py --fit

A crop's pattern is the form of its text: AB-12 becomes [A-Z]{2}\-{1}\d{2}. Each crop is read with its own pattern, and
with that of another crop of the set of equal length up to one character, which its own text does not match. Texts are
compared as they are, with case and signs, so the set must have them: icdar2015_words_train. Columns, in percent:

  free        right without a pattern
  answered    own pattern: answered with a text that matches it
  right       own pattern: answered with the crop's text
  strict      the same where the answer must match
  forced      another pattern: answered with a text that matches it and that the free reading is not
  happened    another pattern: the free reading matches it, wrongly

All figures are those of crops whose name has an odd CRC-32; --fit prints the rule (wordsight.recognition.rejection) as
fitted on the even ones, each of the two kinds of patterns with equal weight.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from zlib import crc32

import numpy as np

import common
from lexicon import DATA, TOGETHER, Replay
from wordsight import registry
from wordsight.data.manifest import Sample
from wordsight.image.load import load
from wordsight.recognition.rejection import CONTRADICTED
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.stages import StageOptions
from wordsight.types import Reading
from wordsight.vocabulary import Vocabulary

SET = "icdar2015_words_train"
COLUMNS = ("free", "answered", "right", "strict", "forced", "happened")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", default=DATA / SET, help=f"folder of crops (default: {SET})")
    common.add_selection(parser, count=None)
    parser.add_argument("--threads", type=int, help="most threads of the network (default: all)")
    parser.add_argument("--fit", action="store_true", help="fit the rule on the other crops, and print it")
    options = parser.parse_args(arguments)
    samples = [one for one in common.select(options.manifest, options) if is_plain(one.text or "")]
    chosen = [one for one in samples if crc32(one.image.encode()) % 2 != options.fit]
    pairs = [(one, other_form(one, samples)) for one in chosen]
    stock = registry.create_recognizer("svtr", StageOptions(threads=options.threads))
    assert isinstance(stock, SvtrRecognizer)
    replay = Replay(stock.network)
    stock = replace(stock, network=replay)
    tally: list[tuple[bool, ...]] = []
    fitted: list[tuple[float, float, bool]] = []
    seconds = 0.0
    for start in range(0, len(pairs), TOGETHER):
        some = pairs[start : start + TOGETHER]
        replay.kept.clear()
        crops = [load(one.path) for one, _ in some]
        free = stock.recognize(crops)
        own = [Vocabulary(pattern=form(one.text or "")) for one, _ in some]
        within = stock.recognize_with(crops, own)
        strict = stock.recognize_with(crops, [replace(one, strict=True) for one in own])
        begin = time.thread_time()
        must = stock.recognize_with(crops, [Vocabulary(pattern=other, strict=True) for _, other in some])
        seconds += time.thread_time() - begin
        without = stock.recognize_with(crops, [Vocabulary(pattern=other) for _, other in some])
        for (one, _), *readings in zip(some, free, within, strict, without, strict=True):
            tally.append(outcome(one.text or "", *readings))
        for (one, _), inside, outside in zip(some, strict, must, strict=True):
            fitted += [
                (share, r.log_ratio, r.text == one.text) for share, r in ((1, inside), (0, outside)) if r.log_ratio
            ]
        common.progress(start + len(some), len(pairs))
    if options.fit:
        print_fit(fitted)
        return
    shares = dict(zip(COLUMNS, np.mean(tally, axis=0).tolist(), strict=True))
    record = {"set": options.manifest.resolve().name, "crops": len(tally)} | shares
    record["milliseconds"] = 1000 * seconds / max(len(tally), 1)
    cells = [f"{100 * shares[name]:.1f}" for name in COLUMNS]
    header = ["set", "crops", *COLUMNS, "ms a crop, pattern compiled anew"]
    row = [record["set"], len(tally), *cells, f"{record['milliseconds']:.1f}"]
    common.write_results(options, "pattern", record, [common.table(header, [row])])


def is_plain(text: str) -> bool:
    """Whether a text is one word of ASCII."""
    return len(text) > 1 and text.isascii() and text.isprintable() and " " not in text


def form(text: str) -> str:
    """The pattern of all texts with the same kinds of characters in the same places."""
    kinds = [
        r"\d" if one.isdigit() else "[A-Z]" if one.isupper() else "[a-z]" if one.islower() else re.escape(one)
        for one in text
    ]
    return "".join(f"{kind}{{{len([*run])}}}" for kind, run in groupby(kinds))


def other_form(one: Sample, samples: Sequence[Sample]) -> str:
    """The form of another text that is about as long, and that this one has not."""
    draw, own = random.Random(crc32(one.image.encode())), one.text or ""
    while True:
        other = draw.choice(samples).text or ""
        if abs(len(other) - len(own)) <= 1 and not re.fullmatch(form(other), own):
            return form(other)


def outcome(truth: str, free: Reading, within: Reading, strict: Reading, without: Reading) -> tuple[bool, ...]:
    """The columns of one crop."""
    found = bool(without.matched)
    forced = without.text != free.text
    right = bool(within.matched) and within.text == truth
    return free.text == truth, bool(within.matched), right, strict.text == truth, found and forced, found and not forced


def print_fit(found: Sequence[tuple[float, float, bool]]) -> None:
    """Fit a logistic regression on the log ratio by Newton's method."""
    own, ratios, right = (np.array(column, float) for column in zip(*found, strict=True))
    weights = np.where(own > 0, 1 / own.sum(), 1 / (1 - own).sum()) * len(own) / 2
    features = np.column_stack([np.maximum(ratios, 4 * CONTRADICTED), np.ones(len(ratios))])
    fitted = np.zeros(2)
    for _ in range(50):
        guess = 1 / (1 + np.exp(-features @ fitted))
        curvature = (features * (weights * guess * (1 - guess))[:, None]).T @ features
        fitted += np.linalg.solve(curvature + 1e-6 * np.eye(2), features.T @ (weights * (right - guess)))
    a, c = fitted
    print(f"RATIO, PATTERN = {a:.3f}, {c:.3f}  # {len(right)} texts, {right.mean():.1%} right")


if __name__ == "__main__":
    main()
