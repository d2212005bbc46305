"""Which pictures a training learns from and which it is measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wordsight.data.manifest import LABELS, Manifest, Sample
from wordsight.errors import ConfigError, ManifestError

NEVER_LEARNT = frozenset(["test"])
"""Splits that are kept for the last figure: neither learnt from nor validated on."""
VALIDATION = ("val", "valid", "validation", "dev")
"""Splits that are held out where nothing else is asked for."""
SHARE = 0.1
"""Share of the pictures that are held out where a manifest has no such split."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Pictures to learn from, one tuple a manifest, and pictures to validate on.

    Attributes:
        learnt: As many tuples as there are manifests.
        held_out: None of these is in ``learnt``.
        rule: How they were parted, for the card.
    """

    learnt: tuple[tuple[Sample, ...], ...]
    held_out: tuple[Sample, ...]
    rule: str


def part(folders: Sequence[Path], held_out: str = "") -> Parts:
    """Part the pictures of some manifests.

    Args:
        folders: Manifests to learn from. Pictures of the split "test" are left out altogether.
        held_out: A manifest folder, the name of a split, or a share such as 0.1; empty takes the validation split
            where there is one, else a tenth.

    Raises:
        ManifestError: A manifest is broken, or nothing is left to learn from or to validate on.
        ConfigError: ``held_out`` is none of these.
    """
    sets = [tuple(s for s in Manifest.open(folder) if s.split not in NEVER_LEARNT) for folder in folders]
    if held_out and (Path(held_out) / LABELS).is_file():
        return _checked(tuple(sets), Manifest.open(held_out).samples, f"held out: {Path(held_out).name}")
    if (share := _share(held_out)) is not None:
        chosen = [draw(samples, share) for samples in sets]
        rule = f"held out: {share:g} of the pictures, by the SHA-256 of their group or name"
    else:
        names = (held_out,) if held_out else VALIDATION
        chosen = [{s.image for s in samples if s.split in names} for samples in sets]
        if not any(chosen):
            if held_out:
                raise ConfigError(f"held out {held_out!r} is neither a manifest folder, nor a split, nor a share")
            return part(folders, str(SHARE))
        rule = f"held out: split {' or '.join(names)}"
    pairs = list(zip(sets, chosen, strict=True))
    learnt = tuple(tuple(s for s in samples if s.image not in out) for samples, out in pairs)
    kept = tuple(s for samples, out in pairs for s in samples if s.image in out)
    return _checked(learnt, kept, rule)


def draw(samples: Sequence[Sample], share: float) -> set[str]:
    """Names of about this share of the samples, at least one where there are two, chosen by a hash.

    The choice depends on a sample's group (or name) alone: it is the same on every machine, in every order, and when
    pictures are added later. Samples of one group are never parted.
    """
    rank = {key: int(hashlib.sha256(key.encode()).hexdigest()[:12], 16) / 16**12 for key in map(_key, samples)}
    chosen = {key for key, place in rank.items() if place < share}
    if not chosen and len(rank) > 1 and share > 0:
        chosen = {min(rank, key=lambda key: rank[key])}
    if len(chosen) == len(rank) > 0:
        chosen.discard(max(rank, key=lambda key: rank[key]))
    return {sample.image for sample in samples if _key(sample) in chosen}


def _key(sample: Sample) -> str:
    return sample.group or sample.image


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    if not 0 < share < 1:
        raise ConfigError(f"the share of held-out pictures lies between 0 and 1, not {text}")
    return share


def _checked(learnt: tuple[tuple[Sample, ...], ...], held_out: tuple[Sample, ...], rule: str) -> Parts:
    marked = tuple(sample for sample in held_out if sample.words is not None or sample.text is not None)
    if not marked:
        raise ManifestError("no marked picture is left to validate on; mark more, or give --held-out another manifest")
    if not all(learnt):
        raise ManifestError("a manifest has no picture to learn from besides those that are held out; mark more")
    return Parts(learnt, marked, rule)
