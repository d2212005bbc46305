"""Parts a manifest into train, val and test, so that what belongs together stays together."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wordsight.data.collect import fingerprint
from wordsight.data.jsonl import read_jsonl, write_jsonl
from wordsight.data.manifest import LABELS, Manifest, Sample
from wordsight.errors import ConfigError, ManifestError

Record = dict[str, Any]


def split_manifest(
    folder: str | Path,
    shares: Mapping[str, float],
    *,
    by: str = "group",
    seed: int = 0,
    exact: bool = False,
    keep: bool = False,
    again: bool = False,
) -> Counter[str]:
    """Write a ``split`` into each line of a manifest; nothing else of a line changes.

    A picture's part follows from a hash of its group (else of its name) and the seed. So it is the same on every
    machine, and pictures that are added later move no other. Pictures with equal files stay in one part too.

    Args:
        folder: The manifest's folder.
        shares: Share of each part, such as ``{"train": 0.8, "test": 0.2}``; in all 1.
        by: Key of the line that tells what belongs together; ``fields.NAME`` is a field's value.
        seed: Another seed gives other parts.
        exact: Give the parts their exact shares of the groups, by the hash's rank. Added pictures may then move others.
        keep: Leave pictures that have a part where they are.
        again: Part pictures anew that have a part.

    Returns:
        How many pictures each part has.

    Raises:
        ConfigError: The shares are not positive or not 1 in all, or both ``keep`` and ``again`` are asked for.
        ManifestError: A line is broken, or has a part already and neither ``keep`` nor ``again`` is asked for.
    """
    _check_shares(shares)
    if keep and again:
        raise ConfigError("--keep and --again contradict each other; choose one")
    path = Path(folder) / LABELS
    samples = Manifest.open(folder).samples  # checks every line
    records = [record for _, record in read_jsonl(path)]
    parted = [sample.split is not None for sample in samples]
    if any(parted) and not (keep or again):
        raise ManifestError(f"{path} has parts already; --keep leaves them, --again parts all pictures anew")
    groups = _groups(samples, by)
    fixed = _fixed(samples, groups) if keep else {}
    chosen = _ranked(groups, shares, seed) if exact else {g: _part(_position(g, seed), shares) for g in set(groups)}
    for record, sample, group in zip(records, samples, groups, strict=True):
        record["split"] = sample.split if keep and sample.split is not None else fixed.get(group, chosen[group])
    write_jsonl(path, records)
    return Counter(record["split"] for record in records)


def _check_shares(shares: Mapping[str, float]) -> None:
    if not shares or any(not 0 < share <= 1 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        said = ", ".join(f"{name}={share:g}" for name, share in shares.items())
        raise ConfigError(f"shares are over 0 and 1 in all, such as train=0.8,test=0.2, not {said or 'none'}")


def _groups(samples: Sequence[Sample], by: str) -> list[str]:
    """What each picture belongs to; pictures with equal files, and all that belongs to them, come to one name."""
    names = [_key(sample, by) or f"image {sample.image}" for sample in samples]
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    owner: dict[str, str] = {}
    for sample, name in zip(samples, names, strict=True):
        if sample.path.is_file():
            other = owner.setdefault(fingerprint(sample.path), name)
            first, second = sorted((root(other), root(name)))
            parent[second] = first
    return [root(name) for name in names]


def _key(sample: Sample, by: str) -> str | None:
    if by.startswith("fields."):
        value = sample.fields.get(by.removeprefix("fields."))
        said = value if isinstance(value, str) or value is None else " ".join(value)
    else:
        found = getattr(sample, by) if by in ("group", "text", "level") else sample.extra.get(by)
        said = None if found is None else str(found)
    return f"{by} {said}" if said else None


def _fixed(samples: Sequence[Sample], groups: Sequence[str]) -> dict[str, str]:
    """The parts of groups of which a picture has one: the others of the group follow it."""
    return {group: sample.split for sample, group in zip(samples, groups, strict=True) if sample.split is not None}


def _position(group: str, seed: int) -> float:
    """A number in 0..1 that only the group and the seed decide."""
    digest = hashlib.sha256(f"{seed}\0{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _part(position: float, shares: Mapping[str, float]) -> str:
    end = 0.0
    for name, share in shares.items():
        end += share
        if position < end:
            return name
    return list(shares)[-1]  # rounding


def _ranked(groups: Sequence[str], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Groups in the order of their hashes, each put where its middle lies among all pictures."""
    sizes = Counter(groups)
    chosen = {}
    before = 0
    for group in sorted(sizes, key=lambda name: (_position(name, seed), name)):
        chosen[group] = _part((before + sizes[group] / 2) / len(groups), shares)
        before += sizes[group]
    return chosen
