"""Predictions of a reader for the samples of a manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wordsight.data.manifest import Manifest, Sample
from wordsight.data.transform import undo_squash
from wordsight.image.load import load
from wordsight.reader import Reader
from wordsight.vocabulary import Vocabulary


def predict(
    reader: Reader,
    samples: Manifest,
    crops: bool = False,
    vocabulary: Callable[[Sample], Vocabulary | None] = lambda sample: None,
) -> Iterator[tuple[Sample, dict[str, Any]]]:
    """Read the pictures of a manifest.

    Args:
        reader: What reads them.
        samples: The pictures.
        crops: Whether each shows one line only, as for the task ``recognition``.
        vocabulary: Tells what each sample may say; None leaves that to the reader.

    Yields:
        The sample, at its original size where the set has it squashed, and the record of ``wordsight read``
        (``wordsight recognize`` for crops).

    Raises:
        ImageError: A picture of the manifest cannot be loaded.
    """
    for sample in samples:
        picture, original = undo_squash(load(sample.path), sample)
        if crops:
            (reading,) = reader.recognize([picture], [vocabulary(sample)])
            record: dict[str, Any] = {"text": reading.text, "confidence": reading.confidence}
        else:
            record = reader.read(picture, vocabulary(sample)).to_dict()
        yield original, {**record, "image": sample.image}
