"""What there is to learn: the labels of a manifest, how each is to be found, and which pictures are held out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from wordsight.config import check_choice
from wordsight.data.manifest import LABELS, Manifest, Points, Sample
from wordsight.errors import ConfigError, ManifestError
from wordsight.evaluation.protocols import DONT_CARE
from wordsight.fields.extract import WHOLE
from wordsight.fields.model import Kind

LEAST: Mapping[Kind, int] = {"document": 3, "object": 5, "crop": 10}
"""So many pictures with a label are needed to learn it."""
PLAIN_LEVELS = (None, "word", "line", "page")
"""Levels that say nothing about what a marked place is."""


@dataclass(frozen=True, slots=True)
class Box:
    """One marked place with a label.

    Attributes:
        label: The label.
        quad: Four corners, pixels of the picture in the folder.
        text: What it says; None where nobody has read it.
        ignore: Finding it or missing it counts neither way.
    """

    label: str
    quad: Points
    text: str | None
    ignore: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled picture.

    Attributes:
        sample: Its line of the manifest.
        boxes: Its marked places that have a label.
        values: Texts by label; a label without texts is there where it is known to be absent.
        group: Pictures of one group are not parted: the manifest's group, else the content of the file.
    """

    sample: Sample
    boxes: tuple[Box, ...]
    values: Mapping[str, tuple[str, ...]]
    group: str

    @property
    def name(self) -> str:
        """The picture's path in the manifest."""
        return self.sample.image


@dataclass(frozen=True, slots=True)
class Label:
    """One thing to learn.

    Attributes:
        name: Its name.
        kind: How it is to be found; None: not decided yet, the pages must be looked at.
        many: Whether a picture may hold several.
        texts: Whether it has texts.
        pictures: In how many pictures it occurs.
    """

    name: str
    kind: Kind | None
    many: bool
    texts: bool
    pictures: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """All that is to be learned.

    Attributes:
        folder: The manifest's.
        labels: What to learn.
        examples: The labelled pictures.
        fingerprint: SHA-256 of labels and pictures, hexadecimal.
        warnings: What was left out, and why.
    """

    folder: Path
    labels: tuple[Label, ...]
    examples: tuple[Example, ...]
    fingerprint: str
    warnings: tuple[str, ...] = field(default=())

    def of_kind(self, kind: Kind) -> tuple[Label, ...]:
        """The labels that are found in one way."""
        return tuple(label for label in self.labels if label.kind == kind)

    def decided(self, kind: Kind) -> Lesson:
        """The same with this kind for all labels that were undecided, without labels that have too few pictures."""
        return _enough(replace(self, labels=tuple(replace(x, kind=x.kind or kind) for x in self.labels)))


def prepare(folder: str | Path, kinds: Mapping[str, str] | None = None) -> Lesson:
    """Look through a manifest.

    Args:
        folder: With ``labels.jsonl``.
        kinds: ``object``, ``document`` or ``crop`` by label, where the choice is not left to the data.

    Raises:
        ManifestError: The folder is no manifest, a line is broken, a picture is missing, or there is too little to
            learn from.
        ConfigError: A label of ``kinds`` does not occur, or a kind is unknown.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ManifestError(f"there is no folder {folder}; name one with pictures and {LABELS}")
    manifest = Manifest.open(folder)
    if not len(manifest):
        raise ManifestError(f"{folder / LABELS} is empty; label some pictures first")
    missing = [sample.image for sample in manifest if not sample.path.is_file()]
    if missing:
        raise ManifestError(
            f"{len(missing)} of {len(manifest)} pictures are not there (first: {folder / missing[0]}); copy them, or "
            f"take their lines out of {LABELS}"
        )
    examples = examples_of(manifest)
    labels = _labels(examples, kinds or {})
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps(example.sample.to_record(), sort_keys=True, ensure_ascii=False).encode())
        digest.update(example.group.encode())
    lesson = Lesson(folder, labels, examples, digest.hexdigest())
    return _enough(lesson)


def examples_of(manifest: Manifest) -> tuple[Example, ...]:
    """The pictures of a manifest, which must be there, with what is labelled in each."""
    only = _only_field(manifest.samples)
    return tuple(_example(sample, only) for sample in manifest)


def _only_field(samples: Sequence[Sample]) -> str | None:
    """The one field whose values the marked places are, where nobody wrote labels to them."""
    words = [word for sample in samples for word in sample.words or () if word.quad is not None]
    if not words or any(word.label for word in words):
        return None
    names = {name for sample in samples for name in sample.fields}
    levels = {sample.level for sample in samples}
    if not names:
        level = levels.pop() if len(levels) == 1 else None
        return level if level not in PLAIN_LEVELS else None
    if len(names) > 1:
        return None
    (name,) = names
    texts = [(s, w.text) for s in samples for w in s.words or () if w.text and not w.ignore and w.text != DONT_CARE]
    inside = sum(text in _listed(sample, name) for sample, text in texts)
    return name if inside >= 0.8 * len(texts) else None


def _listed(sample: Sample, name: str) -> tuple[str, ...]:
    said = sample.fields.get(name, ())
    return (said,) if isinstance(said, str) else tuple(said)


def _example(sample: Sample, only: str | None) -> Example:
    boxes = []
    values: defaultdict[str, list[str]] = defaultdict(list)
    for word in sample.words or ():
        label = word.label or only
        if label is None:
            continue
        silent = word.ignore or word.text in (None, "", DONT_CARE)
        if word.quad is not None:
            boxes.append(Box(label, word.quad, None if silent else word.text, word.ignore or word.text == DONT_CARE))
        if not silent and label not in sample.fields:
            values[label].append(word.text or "")
    for name in sample.fields:
        values[name] += [value for value in _listed(sample, name) if value.strip()]
    if sample.text is not None and not sample.words and not sample.fields:
        values[WHOLE].append(sample.text)
    group = sample.group or hashlib.sha256(sample.path.read_bytes()).hexdigest()
    return Example(sample, tuple(boxes), {name: tuple(said) for name, said in values.items()}, group)


def _labels(examples: Sequence[Example], kinds: Mapping[str, str]) -> tuple[Label, ...]:
    pictures: Counter[str] = Counter()
    boxed: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    many: set[str] = set()
    whole = 0
    for example in examples:
        names = {box.label for box in example.boxes} | {name for name, said in example.values.items() if said}
        pictures.update(names)
        boxed.update({box.label for box in example.boxes})
        texts.update({name for name, said in example.values.items() if said})
        counts = Counter(box.label for box in example.boxes)
        listed = {name for name, said in example.sample.fields.items() if not isinstance(said, str)}
        many |= listed | {name for name, count in counts.items() if count > 1}
        many |= {name for name, said in example.values.items() if len(said) > 1}
        whole += example.sample.text is not None
    if not pictures:
        raise ManifestError(
            "no picture has a label; give words a 'label', pictures 'fields', or crops a 'text' (docs/datasets.md)"
        )
    for name in kinds:
        check_choice("label", name, pictures)
    labels = []
    for name in sorted(pictures):
        kind: Kind | None = None
        if name in kinds:
            chosen = check_choice("kind", kinds[name], ("object", "document", "crop"))
            kind = {"object": "object", "document": "document", "crop": "crop"}[chosen]  # type: ignore[assignment]
        elif name == WHOLE and whole and not boxed[name]:
            kind = "crop"
        elif not boxed[name]:
            kind = "document"
        elif not texts[name]:
            kind = "object"
        if kind == "object" and not boxed[name]:
            raise ConfigError(f"label {name!r} has no boxes, so that it cannot be found as an object; draw some")
        labels.append(Label(name, kind, name in many, bool(texts[name]), pictures[name]))
    return tuple(labels)


def _enough(lesson: Lesson) -> Lesson:
    """The lesson without labels that too few pictures have."""
    kept, warnings = [], list(lesson.warnings)
    for label in lesson.labels:
        least = LEAST[label.kind] if label.kind else min(LEAST["document"], LEAST["object"])
        if label.pictures >= least:
            kept.append(label)
        else:
            some = "1 picture has" if label.pictures == 1 else f"{label.pictures} pictures have"
            warnings.append(f"{some} the label {label.name!r}, which needs at least {least}: it is left out")
    if not kept:
        raise ManifestError(f"there is too little to learn from: {'; '.join(warnings)}. Label more pictures")
    return replace(lesson, labels=tuple(kept), warnings=tuple(dict.fromkeys(warnings)))


@dataclass(frozen=True, slots=True)
class Split:
    """Which pictures are for what; no group is in two parts.

    Attributes:
        learn: To learn from.
        check: To choose between states of a training.
        test: For the report and the guard; never learnt from, nothing is chosen on them.
        told: Whether the manifest or the user said which pictures are the test.
    """

    learn: tuple[Example, ...]
    check: tuple[Example, ...]
    test: tuple[Example, ...]
    told: bool


def divide(lesson: Lesson, test_split: str | None, seed: int = 0) -> Split:
    """Part the pictures.

    Args:
        lesson: What is to be learned.
        test_split: Name of a split, or a share such as 0.2; None takes the split "test" where there is one, else 0.2.
        seed: Draws other pictures.

    Raises:
        ConfigError: No picture has that split, or the share is not between 0 and 1.
        ManifestError: Nothing is left to learn from.
    """
    splits = {example.sample.split for example in lesson.examples}
    share = _share(test_split)
    if test_split is not None and share is None and test_split not in splits:
        known = ", ".join(sorted(filter(None, splits))) or "none"
        raise ConfigError(f"no picture has the split {test_split!r} (splits: {known}); name one of them, or a share")
    told = share is None and (test_split or "test") in splits
    if told:
        named = {example.group for example in lesson.examples if example.sample.split == (test_split or "test")}
        test = tuple(e for e in lesson.examples if e.group in named)
    else:
        test = _draw(lesson.examples, share or 0.2, f"test{seed}")
    tested = {example.name for example in test}
    rest = [e for e in lesson.examples if e.name not in tested]
    named = {e.group for e in rest if e.sample.split in ("val", "valid", "validation", "dev")}
    check = tuple(e for e in rest if e.group in named) or _draw(rest, 0.1, f"check{seed}")
    checked = {example.name for example in check}
    learn = tuple(e for e in rest if e.name not in checked)
    if not learn:
        raise ManifestError("no picture is left to learn from besides those that are held out; label more")
    return Split(learn, check, test, told)


def folds(examples: Sequence[Example], count: int) -> list[tuple[list[Example], list[Example]]]:
    """Parts for cross-validation: what to learn from and what to measure on; groups stay together."""
    groups = sorted({example.group for example in examples}, key=lambda group: _rank(group, "folds"))
    count = min(count, len(groups))
    place = {group: i % count for i, group in enumerate(groups)}
    return [
        ([e for e in examples if place[e.group] != fold], [e for e in examples if place[e.group] == fold])
        for fold in range(count)
    ]


def _draw(examples: Sequence[Example], share: float, salt: str) -> tuple[Example, ...]:
    """About this share of the examples, whole groups, at least one where there are two, chosen by a hash."""
    sizes = Counter(example.group for example in examples)
    if len(sizes) < 2:
        return ()
    wanted, chosen, count = max(1, round(share * len(examples))), set(), 0
    for group in sorted(sizes, key=lambda group: _rank(group, salt))[:-1]:
        if count >= wanted:
            break
        chosen.add(group)
        count += sizes[group]
    return tuple(example for example in examples if example.group in chosen)


def _rank(group: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}/{group}".encode()).hexdigest()


def _share(text: str | None) -> float | None:
    try:
        share = float(text or "")
    except ValueError:
        return None
    if not 0 < share < 1:
        raise ConfigError(f"the share of held-out pictures lies between 0 and 1, not {text}")
    return share
