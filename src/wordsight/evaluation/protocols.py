"""The field's protocols, one picture at a time: what was wanted, what was found, what of it is right.

* words with boxes: ICDAR 2015 task 4.1 (detection) and 4.4 (end to end, no lexicon), after the public script of the
  Robust Reading Competition (rrc.cvc.uab.es): IoU above 0.5, one to one, greedy in the order of the truth; a found
  word of which more than half lies in one don't-care region counts neither way;
* page words: the bag of words of a picture, blind to boxes (SROIE 2019 task 2, arXiv 2103.10213);
* word crops: accuracy over a-z and 0-9 with case folded, exact match, character error rate;
* fields: exact match of name and text after white space and case are folded (SROIE 2019 task 3).

A prediction is one parsed line of ``wordsight read --format jsonl`` (or ``recognize``, ``predict``), or of any other
program that writes the same keys. ``{}`` stands for a picture without a prediction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import ManifestError

Prediction = Mapping[str, Any]
"""One parsed line of predictions."""

Shapes = NDArray[np.object_]
"""(N,) shapely geometries."""

Indices = NDArray[np.intp]

DONT_CARE = "###"
"""The transcription that ICDAR sets give to a word that nobody can read."""

_OPTIONAL_AT_ENDS = frozenset("'!?.:,*\"()·[]/")
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Counts:
    """How many were right, how many were found, how many there are; pictures add up (micro average)."""

    hits: int = 0
    detected: int = 0
    wanted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hits + other.hits, self.detected + other.detected, self.wanted + other.wanted)

    @property
    def precision(self) -> float:
        """Share of the found that is right; 0 where nothing was found."""
        return self.hits / max(self.detected, 1)

    @property
    def recall(self) -> float:
        """Share of the wanted that was found right; 0 where nothing is wanted."""
        return self.hits / max(self.wanted, 1)

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall."""
        p, r = self.precision, self.recall
        return 2 * p * r / max(p + r, 1e-9)

    def to_dict(self) -> dict[str, float]:
        """The three shares and the three numbers, under the names that the command prints."""
        shares = {"precision": self.precision, "recall": self.recall, "f": self.f}
        return shares | {"hits": self.hits, "detected": self.detected, "wanted": self.wanted}


def count_boxes(sample: Sample, prediction: Prediction, *, with_text: bool, min_score: float = 0.0) -> Counts:
    """Words found in one picture; ``with_text`` asks for the right text too.

    Args:
        sample: The truth. Words that are ignored, say "###" or (``with_text``) say nothing are don't-care regions.
        prediction: Its ``words`` with ``quad`` and, where asked for, ``text``.
        with_text: End to end instead of detection.
        min_score: Found words whose ``detection_score`` (``with_text``: or ``confidence``) is below it are left out.

    Raises:
        ManifestError: The sample has no words, or a word on either side has no usable quad.
    """
    truth: list[TrueWord] = []
    ignored: list[TrueWord] = []
    for word in true_words(sample):
        dont_care = word.ignore or word.text == DONT_CARE or (with_text and not word.text)
        (ignored if dont_care else truth).append(word)
    keys = ("detection_score", "confidence") if with_text else ("detection_score",)
    words = [word for word in found_words(sample, prediction) if _scored(sample, word, keys, min_score)]
    found = _outlines(sample, [word.get("quad") for word in words])
    kept = np.flatnonzero(~_mostly_inside(found, _outlines(sample, [word.quad for word in ignored])))
    partners = match(_outlines(sample, [word.quad for word in truth]), found[kept])
    hits = sum(
        partner >= 0 and (not with_text or same_word(true.text or "", said_text(sample, words[kept[partner]])))
        for true, partner in zip(truth, partners, strict=True)
    )
    return Counts(hits, len(kept), len(truth))


def count_page_words(sample: Sample, prediction: Prediction) -> Counts:
    """The bag of words of one picture, compared by a-z and 0-9; order and boxes do not matter.

    A found word that lies in an ignored region counts neither way; here "###" alone makes no region.

    Raises:
        ManifestError: The sample has no words, or a quad that is needed is none.
    """
    words = found_words(sample, prediction)
    regions = [word.quad for word in true_words(sample) if word.ignore and word.quad]
    if regions:
        boxed = [i for i, word in enumerate(words) if word.get("quad")]
        found = _outlines(sample, [words[i]["quad"] for i in boxed])
        inside = {boxed[i] for i in np.flatnonzero(_mostly_inside(found, _outlines(sample, regions)))}
        words = [word for i, word in enumerate(words) if i not in inside]
    want = _bag(word.text or "" for word in true_words(sample) if not word.ignore)
    got = _bag(said_text(sample, word) for word in words)
    return Counts((want & got).total(), got.total(), want.total())


def count_fields(sample: Sample, prediction: Prediction) -> dict[str, Counts]:
    """Counts of one document by field name; a field that is wanted or found several times counts as often."""
    said = prediction.get("fields") or {}
    if not isinstance(said, Mapping):
        raise ManifestError(f"{sample.image}: predicted 'fields' is an object of texts by name, not {short(said)}")
    want, got = _field_bag(sample.fields), _field_bag(said)
    counts: dict[str, Counts] = {}
    for bag, one in ((want & got, Counts(hits=1)), (got, Counts(detected=1)), (want, Counts(wanted=1))):
        for name, _ in bag.elements():
            counts[name] = counts.get(name, Counts()) + one
    return counts


@np.errstate(all="ignore")  # areas of 0, or too large for a float, make no match
def match(truth: Shapes, found: Shapes) -> list[int]:
    """For each true shape the index of the found shape that it is matched with, or -1.

    True shapes choose in their order; each takes the first found one, not yet taken, with an IoU above 0.5.
    """
    partners = [-1] * len(truth)
    f, t, common = _overlaps(found, truth)
    good = common / (shapely.area(found)[f] + shapely.area(truth)[t] - common) > _OVERLAP
    taken: set[int] = set()
    for true, one in sorted(zip(t[good].tolist(), f[good].tolist(), strict=True)):
        if partners[true] < 0 and one not in taken:
            partners[true] = one
            taken.add(one)
    return partners


def same_word(truth: str, said: str) -> bool:
    """Whether a text counts as this true word, end to end.

    Case is folded, and one special character (``'!?.:,*"()·[]/``) of the truth may be missing at its start and one at
    its end. An empty text never counts.
    """
    truth, said = truth.upper(), said.upper()
    forms = {truth}
    if truth[:1] in _OPTIONAL_AT_ENDS:
        forms |= {form[1:] for form in forms}
    if truth[-1:] in _OPTIONAL_AT_ENDS:
        forms |= {form[:-1] for form in forms}
    return bool(said) and said in forms


def fold(text: str) -> str:
    """Only a-z and 0-9, in lower case: what the recognition benchmarks compare."""
    return re.sub(r"[^0-9a-z]", "", text.lower())


def true_words(sample: Sample) -> tuple[TrueWord, ...]:
    """The words of a picture that was marked; a ManifestError where it was not."""
    if sample.words is None:
        raise ManifestError(f"{sample.image} has no 'words'; mark them (an empty list where there are none)")
    return sample.words


def found_words(sample: Sample, prediction: Prediction) -> list[Mapping[str, Any]]:
    """The predicted words; a ManifestError where they are no list of objects."""
    words = prediction.get("words") or []
    if not isinstance(words, list) or not all(isinstance(word, Mapping) for word in words):
        raise ManifestError(f"{sample.image}: predicted 'words' is a list of objects, not {short(words)}")
    return words


def said_text(sample: Sample, prediction: Mapping[str, Any]) -> str:
    """What a predicted word or crop says, empty where nothing; a ManifestError where that is no text."""
    text = prediction.get("text") or ""
    if not isinstance(text, str):
        raise ManifestError(f"{sample.image}: a predicted 'text' is not a text: {short(text)}")
    return text


def _scored(sample: Sample, word: Mapping[str, Any], keys: Sequence[str], least: float) -> bool:
    scores = [word[key] for key in keys if word.get(key) is not None]
    if not all(isinstance(score, (int, float)) for score in scores):
        raise ManifestError(f"{sample.image}: a predicted score is not a number: {short(scores)}")
    return not any(score < least for score in scores)


def _bag(texts: Iterable[str]) -> Counter[str]:
    return Counter(folded for text in texts for part in text.split() if (folded := fold(part)))


def _field_bag(values: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    bag: Counter[tuple[str, str]] = Counter()
    for name, value in values.items():
        listed = value if isinstance(value, (list, tuple)) else [value]
        bag.update((name, " ".join(str(item).split()).casefold()) for item in listed if item not in (None, ""))
    return bag


def _outlines(sample: Sample, quads: Sequence[Any]) -> Shapes:
    """(N,) polygons; the convex hull where corners are crossed, which is the quad that was meant."""
    points = [_corners(sample, quad) for quad in quads]
    if not points:
        return np.empty(0, dtype=object)
    owners = np.repeat(np.arange(len(points)), [len(p) for p in points])
    shapes: Shapes = np.asarray(shapely.polygons(shapely.linearrings(np.concatenate(points), indices=owners)))
    for i in np.flatnonzero(~shapely.is_valid(shapes)):
        shapes[i] = shapely.convex_hull(shapely.multipoints(points[i]))
    return shapes


def _corners(sample: Sample, quad: Any) -> NDArray[np.float64]:
    try:
        points = np.array(quad, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1:] != (2,) or len(points) < 3 or not np.isfinite(points).all():
        raise ManifestError(f"{sample.image}: not a quad of (x, y) corners: {short(quad)}")
    return points


@np.errstate(all="ignore")
def _mostly_inside(found: Shapes, ignored: Shapes) -> NDArray[np.bool_]:
    """(N,) True where more than half of a found shape lies in one ignored shape."""
    inside = np.zeros(len(found), dtype=bool)
    i, _, common = _overlaps(found, ignored)
    area = shapely.area(found)[i]
    inside[i[common / np.where(area == 0, 1e-9, area) > _OVERLAP]] = True
    return inside


def _overlaps(found: Shapes, other: Shapes) -> tuple[Indices, Indices, NDArray[np.float64]]:
    """Pairs that may share more than half of the found shape, as indices (M,) of both, and their common areas (M,).

    No other pair can matter: an IoU above 0.5 needs that much too. Most pairs are told by their bounding boxes alone.
    """
    if not len(found) or not len(other):
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    i, j = shapely.STRtree(other).query(found)
    a, b = shapely.bounds(found)[i], shapely.bounds(other)[j]
    shared = np.prod(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), axis=1)
    near = shared > (_OVERLAP - 1e-6) * shapely.area(found)[i]  # a little less, for rounding
    i, j = i[near], j[near]
    return i, j, shapely.area(shapely.intersection(found[i], other[j]))
