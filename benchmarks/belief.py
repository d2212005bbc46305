"""What EAST's votes say about a word: fits the weights of `wordsight.detection.lanms.belief`, and shows what they buy.

    python benchmarks/belief.py ../shared/data/icdar2015_train

Every quad of the pictures with N % 10 == --fit counts as a word where it meets one by more than half of their union; a
logistic regression learns that from the evidence of its votes, at all three qualities together. The threshold of each
quality is the best one for scores of five-fold cross-validation on the same pictures. Quoted are the pictures with
N % 10 == --quote, beside the mean score of the cells, whose threshold was chosen on the same pictures. The calibration
error (ECE, 15 bins) is that of the quoted pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

import common
from wordsight.config import DetectionOptions, Quality
from wordsight.data.manifest import Manifest, Sample
from wordsight.data.transform import undo_squash
from wordsight.detection import east
from wordsight.detection.lanms import Labels, decode, evidence, mean_score
from wordsight.evaluation.calibration import expected_calibration_error
from wordsight.evaluation.protocols import Counts, count_boxes
from wordsight.image.load import load
from wordsight.stages import StageOptions
from wordsight.types import Floats, Picture

QUALITIES: tuple[Quality, ...] = ("fast", "balanced", "best")
FOLDS = 5
BELIEFS = np.arange(0.2, 0.7, 0.02)
MEANS = np.arange(0.8, 0.97, 0.01)


@dataclass
class Found:
    """The quads of one picture.

    Attributes:
        sample: The truth.
        quads: (N, 4, 2).
        evidence: (N, 3), see :func:`wordsight.detection.lanms.evidence`.
        means: (N,) mean score of the cells.
        words: (N,) 1 for a word, 0 for none, -1 where the truth does not care.
    """

    sample: Sample
    quads: Floats
    evidence: Floats
    means: Floats
    words: np.ndarray[Any, np.dtype[np.int64]]


@dataclass
class Witness:
    """A judge that keeps the evidence, and gives every quad its number as score."""

    evidence: Floats = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    means: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    def __call__(self, quads: Floats, weights: Floats, labels: Labels) -> Floats:
        """See :data:`wordsight.detection.lanms.Judge`."""
        self.evidence, self.means = evidence(quads, weights, labels), mean_score(quads, weights, labels)
        return np.arange(len(quads), dtype=np.float32)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="folder with labels.jsonl")
    parser.add_argument("--fit", type=int, default=0, help="rest of N of the pictures to fit and choose on (default 0)")
    parser.add_argument("--quote", type=int, default=5, help="rest of N of those to quote (default 5)")
    parser.add_argument("--threads", type=int, help="of the network")
    options = parser.parse_args(arguments)
    pictures = Manifest.open(options.manifest)
    parts = {name: common.numbered(pictures, f"10:{getattr(options, name)}") for name in ("fit", "quote")}
    found = {
        (name, quality): look(samples, quality, options.threads)
        for name, samples in parts.items()
        for quality in QUALITIES
    }
    model = fit([one for quality in QUALITIES for one in found["fit", quality]])
    rows = [judge(quality, found["fit", quality], found["quote", quality], model) for quality in QUALITIES]
    weights = [*model.coef_[0], model.intercept_[0]]
    results = {"evidence": [float(weight) for weight in weights], "rows": rows}
    text = f"EVIDENCE = ({', '.join(f'{weight:.2f}' for weight in weights)})"
    head = ("quality", "judged by", "threshold", "F, choosing part", "precision", "recall", "F, quoted part", "ECE")
    lines = [[row[key] for key in head] for pair in rows for row in pair]
    common.write_results(options, "belief", results, [text, common.table(head, lines)])


def look(samples: Manifest, quality: Quality, threads: int | None) -> list[Found]:
    """What EAST finds in pictures, with the evidence."""
    detector = east.create(StageOptions(quality=quality, threads=threads, detection=DetectionOptions(min_score=0.0)))
    found = []
    for number, sample in enumerate(samples):
        common.progress(number, len(samples))
        picture, sample = undo_squash(load(sample.path), sample)
        found.append(examine(detector, picture, sample))
    return found


def examine(detector: east.EastDetector, picture: Picture, sample: Sample) -> Found:
    """One picture."""
    witness = Witness()
    found = replace(detector, decoder=partial(decode, judge=witness)).detect(picture)
    kept = found.scores.astype(int)
    words = []
    for quad in found.quads:
        alone = count_boxes(sample, {"words": [{"quad": quad.tolist(), "detection_score": 1.0}]}, with_text=False)
        words.append(alone.hits if alone.detected else -1)
    return Found(sample, found.quads, witness.evidence[kept], witness.means[kept], np.array(words, np.int64))


def fit(found: Sequence[Found]) -> LogisticRegression:
    """The weights of the evidence."""
    words = np.concatenate([one.words for one in found])
    features = np.concatenate([one.evidence for one in found])
    return LogisticRegression(max_iter=1000).fit(features[words >= 0], words[words >= 0])


def beliefs(model: LogisticRegression, one: Found) -> Floats:
    """The probabilities of one picture's quads."""
    return np.asarray(model.predict_proba(one.evidence)[:, 1] if len(one.quads) else one.means)


def judge(
    quality: Quality, chosen: Sequence[Found], quoted: Sequence[Found], model: LogisticRegression
) -> list[dict[str, Any]]:
    """A row for the mean score of the cells, and one for the belief."""
    crossed = [np.zeros(0)] * len(chosen)
    for fold in range(FOLDS):
        other = fit([one for number, one in enumerate(chosen) if number % FOLDS != fold])
        for number in range(fold, len(chosen), FOLDS):
            crossed[number] = beliefs(other, chosen[number])
    ways = (
        ("mean of the cells", MEANS, [one.means for one in chosen], [one.means for one in quoted]),
        ("belief", BELIEFS, crossed, [beliefs(model, one) for one in quoted]),
    )
    words = np.concatenate([one.words for one in quoted])
    rows = []
    for name, tries, seen, unseen in ways:
        threshold = max(tries, key=lambda least: count(chosen, seen, least).f)
        at = count(quoted, unseen, threshold)
        rows.append(
            {
                "quality": quality,
                "judged by": name,
                "threshold": round(float(threshold), 2),
                "F, choosing part": count(chosen, seen, threshold).f,
                "precision": at.precision,
                "recall": at.recall,
                "F, quoted part": at.f,
                "ECE": expected_calibration_error(np.concatenate(unseen)[words >= 0], words[words >= 0]),
            }
        )
    return rows


def count(found: Sequence[Found], scores: Sequence[Floats], least: float) -> Counts:
    """Hits by the ICDAR 2015 protocol with words from a score on."""
    total = Counts()
    for one, values in zip(found, scores, strict=True):
        words = [
            {"quad": quad.tolist(), "detection_score": float(score)}
            for quad, score in zip(one.quads, values, strict=True)
        ]
        total += count_boxes(one.sample, {"words": words}, with_text=False, min_score=least)
    return total


if __name__ == "__main__":
    main()
