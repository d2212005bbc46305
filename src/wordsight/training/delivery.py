"""What a detector's training leaves: an ONNX file that runs without torch, and a card that says where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from safetensors import safe_open

from wordsight.data.manifest import Sample
from wordsight.detection.east import BELIEF
from wordsight.errors import ConfigError, ModelError
from wordsight.image.load import load
from wordsight.models.cards import DETECTOR
from wordsight.models.heads import DetectionNetwork
from wordsight.training.checkpoint import read_weights
from wordsight.training.export import EAST, Decoded, Signature, difference, export_onnx, write_card
from wordsight.training.head import Head, HeadName, head_by_name
from wordsight.training.measure import resized_input

PARITY = 0.02
"""Largest difference of a score between torch and the 16-bit file, on a real picture; else 32 bits are kept."""
BEST = "best.safetensors"
RUN = "run.json"
"""What a training was told, beside its checkpoint."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The files of a finished training.

    Attributes:
        weights: The ONNX file.
        card: JSON beside it.
        figures: On the held-out pictures: ``f``, ``precision``, ``recall``, ``threshold``.
        parity: Largest difference of each map between torch and the file.
    """

    weights: Path
    card: Path
    figures: Mapping[str, float]
    parity: Sequence[float]


def start(folder: Path, told: Mapping[str, Any], resume: bool) -> None:
    """Keep what a training is told, or check that a resumed one is told the same.

    Args:
        folder: The training's folder.
        told: Settings that must not change during a training, as plain values.
        resume: Whether a training goes on.

    Raises:
        ConfigError: The folder has a training that is not to be resumed, or one with other settings.
    """
    path = folder / RUN
    if resume and path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in told if before.get(key) != told[key]]
        if changed:
            key = changed[0]
            raise ConfigError(f"{folder} was trained with {key} {before.get(key)!r}, not {told[key]!r}; say the same")
        return
    if not resume and (folder / "checkpoint.safetensors").is_file():
        raise ConfigError(f"{folder} has a training already; go on with --resume, or name another folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(told), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def deliver(folder: Path, head: HeadName, held_out: Sequence[Sample], record: Mapping[str, Any]) -> Delivery:
    """Export a training's best weights as ``detector.onnx`` with a card.

    Args:
        folder: The training's folder.
        head: Its head.
        held_out: Pictures that it was validated on; the first is used to compare the file with the network.
        record: What the card shall say besides: data and their terms, split, command, seed.

    Raises:
        ModelError: There are no weights, because the training never validated.
    """
    chosen = head_by_name(head)
    network = chosen.network()
    read_weights(network, folder / BEST)
    figures = best_figures(folder)
    path = folder / "detector.onnx"
    batch = resized_input(load(held_out[0].path), 640).contiguous().numpy()
    parity: Sequence[float] = ()
    for half in (True, False):
        export_detector(network, chosen, path, half)
        parity = difference(Decoded(network), path, batch)
        if parity[0] <= PARITY:
            break
    judge = {"judge": BELIEF} if head == "rbox" else {}
    stamp(path, DETECTOR, {"head": head, "threshold": figures["threshold"], **judge})
    facts = {
        "name": f"{head} detector, trained {date.today().isoformat()}",
        "input": "x: (N, 3, H, W) float32, H and W multiples of 32, BGR, normalised as ImageNet",
        "outputs": list(chosen.outputs),
        "parameters": sum(p.numel() for p in network.parameters()),
        **record,
        "accuracy": {"protocol": "ICDAR 2015 detection, held-out pictures", **figures},
        "parity": {"precision": "16 bits" if half else "32 bits", "difference": [round(x, 6) for x in parity]},
    }
    return Delivery(path, write_card(path, facts), figures, parity)


def export_detector(network: DetectionNetwork, head: Head, path: Path, half: bool = False) -> None:
    """Write a network with any head as ONNX; its outputs have the head's names.

    Args:
        network: The trained network.
        head: What its maps mean.
        path: File to write; its folder must exist.
        half: Store the weights in 16 bits.
    """
    signature = Signature(EAST.input, head.outputs, EAST.free, head.fixed)
    export_onnx(Decoded(network), torch.zeros(1, 3, 64, 96), path, signature, half)


def stamp(path: Path, key: str, value: Mapping[str, Any]) -> None:
    """Write JSON under a key of an ONNX file's metadata."""
    graph = onnx.load(str(path))
    onnx.helper.set_model_props(graph, {key: json.dumps(dict(value))})
    part = path.with_suffix(".part")
    onnx.save(graph, str(part))
    part.replace(path)


def best_figures(folder: Path) -> Mapping[str, float]:
    """The figures of a training's best validation.

    Raises:
        ModelError: It has none.
    """
    path = folder / "checkpoint.safetensors"
    if not path.is_file():
        raise ModelError(f"{path} is not there; train first")
    with safe_open(path, "pt") as file:
        history = json.loads(file.metadata()["state"])["history"]
    if not history:
        raise ModelError(f"the training in {folder} was never validated; go on with --resume")
    best = history[int(np.argmax([entry["f"] for entry in history]))]
    return {key: round(float(best[key]), 4) for key in ("f", "precision", "recall", "threshold")}
