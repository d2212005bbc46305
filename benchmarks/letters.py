"""Handwritten letters of Devanagari (DHCD), taught on 50 of each class, read on the other 10.

    python benchmarks/letters.py
    python benchmarks/letters.py --steps 300
    python benchmarks/letters.py --test-only

46 classes: 36 letters, of which three are conjuncts of two, and 10 digits. Of the 60 pictures of each class, in the
order of their names, 45 are learnt from, 5 are validated on, and 10 are read once, at the end. The training starts from
the weights of the package for Hindi, which have seen print only.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import torch

import common
from wordsight.data.crops import Example, examples
from wordsight.data.manifest import Manifest, Sample
from wordsight.evaluation.compare import figures, read_all
from wordsight.models import cards
from wordsight.recognition.trained import load_recognizer
from wordsight.stages import StageOptions
from wordsight.training.crops import RealCrops
from wordsight.training.export_ctc import export_recognizer
from wordsight.training.loop import TrainConfig, Validated
from wordsight.training.recognizer import RecognizerConfig, train_recognizer
from wordsight.vocabulary import Vocabulary

DATA = Path(__file__).parents[2] / "shared" / "data" / "devanagari_chars_train"
LEARNT, VALIDATED = 45, 50
STEPS = 750
RUN = common.RUNS / "letters"
WEIGHTS = RUN / "recognizer.onnx"


def main() -> None:
    """Train, and read what was kept apart."""
    options = _options()
    learn, validate, test = _parts(DATA)
    if not options.test_only:
        _train(learn, validate, options)
    told = StageOptions(language="hi")
    before, after = (load_recognizer(path, told) for path in (options.start, WEIGHTS))
    texts = read_all(after, test)
    rows = [("weights for Hindi (print)", figures(test, read_all(before, test))["right"])]
    listed = after.recognize_with([crop.picture for crop in test], [known_classes(learn)] * len(test))
    taught = f"taught {options.steps} steps on 50 of each class"
    rows += [(taught, figures(test, texts)["right"])]
    rows += [(f"{taught}, with the list of the classes", figures(test, [one.text for one in listed])["right"])]
    wrong = Counter((crop.text, text) for crop, text in zip(test, texts, strict=True) if crop.text != text)
    pairs = [(f"{wanted} read as {found or 'nothing'}", count) for (wanted, found), count in wrong.most_common(12)]
    results = {"test": len(test), "exact": dict(rows), "confusions": pairs, "steps": options.steps}
    parts = [common.table((f"{len(test)} letters, read exactly", "share"), rows)]
    parts += [common.table(("confusion", "times"), pairs)] if pairs else []
    common.write_results(options, "letters", results, parts)


def _options() -> argparse.Namespace:
    made = common.parser(__doc__)
    made.add_argument("--steps", type=int, default=STEPS, help=f"steps of the training (default {STEPS})")
    made.add_argument("--seed", type=int, default=0, help="equal seeds draw equal crops (default 0)")
    made.add_argument("--resume", action="store_true", help="go on from the last training's checkpoint")
    made.add_argument("--test-only", action="store_true", help="read with the last training's result")
    made.add_argument("--start", type=Path, help="an ONNX file to start from instead of the package's weights")
    found = made.parse_args()
    found.start = found.start or cards.locate(cards.recognizer("hi"))
    return found


def _parts(folder: Path) -> tuple[tuple[Example, ...], tuple[Example, ...], tuple[Example, ...]]:
    """Crops to learn from, to validate on, and to test on: the same share of every class."""
    classes: dict[str, list[Sample]] = defaultdict(list)
    for sample in sorted(Manifest.open(folder), key=lambda sample: sample.image):
        classes[sample.text or ""].append(sample)
    cuts = (slice(0, LEARNT), slice(LEARNT, VALIDATED), slice(VALIDATED, None))
    learn, validate, test = (
        tuple(examples(sample for samples in classes.values() for sample in samples[cut])) for cut in cuts
    )
    return learn, validate, test


def known_classes(crops: Sequence[Example]) -> Vocabulary:
    """The list of all classes, one of which every letter is."""
    return Vocabulary(sorted({crop.text or "" for crop in crops}), strict=True)


def _train(learn: tuple[Example, ...], validate: tuple[Example, ...], options: argparse.Namespace) -> None:
    config = RecognizerConfig(
        "svtr",
        options.start,
        "".join(known_classes(learn).words),
        batch=64,
        backbone_rate=5e-4,
        neck_rate=1e-3,
        out_rate=2e-3,
        distil=0.0,
        hint=0.0,
        blends=(),
    )
    # Validated at the end alone: five letters of a class cannot tell states apart that differ by one letter.
    budget = TrainConfig(steps=options.steps, seed=options.seed, ema=0.99, warmup=50, validate_minutes=math.inf)
    torch.set_num_threads(1)
    source = RealCrops(learn, bends=1.0, spoils=0.3, warps=0.8)
    for event in train_recognizer([source], validate, RUN, budget, config, options.resume):
        if isinstance(event, Validated):
            print(f"step {event.step}: {event.figures}", flush=True)
    export_recognizer(RUN, WEIGHTS, {"training_sets": [{"set": "DHCD, 50 of each class", "terms": "CC BY 4.0"}]})


if __name__ == "__main__":
    main()
