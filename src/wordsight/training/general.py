"""Did reading in general suffer? A taught recognizer on words that have nothing to do with what it was taught."""

from __future__ import annotations

from collections.abc import Mapping

from wordsight.data.crops import examples
from wordsight.data.manifest import Manifest
from wordsight.evaluation.compare import figures, read_all
from wordsight.examples import example_path
from wordsight.fields.parts import RECOGNIZER, open_recognizer, unpacked
from wordsight.stages import Recognizer, StageOptions


def general(members: Mapping[str, bytes], stock: Recognizer, threads: int | None = None) -> dict[str, float]:
    """Shares of the words of the package's own picture that are read right, by the stock and the taught recognizer.

    Empty where the model has no recognizer of its own: then nothing can have changed.
    """
    if RECOGNIZER not in members:
        return {}
    crops = list(examples(Manifest.open(example_path().parents[1])))
    own = open_recognizer(unpacked(members[RECOGNIZER]), StageOptions(threads=threads))
    before, after = (figures(crops, read_all(reader, crops))["folded"] for reader in (stock, own))
    return {"words": len(crops), "stock": round(before, 4), "taught": round(after, 4)}
