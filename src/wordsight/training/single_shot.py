"""Training the single-shot detector of taught objects, from a few dozen marked pictures, in minutes."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wordsight.data.augment import ViewConfig
from wordsight.data.manifest import Sample
from wordsight.detection.single_shot import KEY, SIDES, Contract
from wordsight.errors import ConfigError, ManifestError, ModelError
from wordsight.evaluation.average_precision import judged, precisions
from wordsight.models.runtime import compile_network
from wordsight.models.single_shot import STRIDES, SingleShotNetwork, stock_single_shot
from wordsight.training import platt
from wordsight.training.cells import CellLossConfig, Truth, cell_losses
from wordsight.training.checkpoint import read_weights
from wordsight.training.delivery import stamp
from wordsight.training.export import Signature, export_onnx
from wordsight.training.feed import endless
from wordsight.training.loop import Event, TrainConfig, Trainer
from wordsight.training.measure import to_input
from wordsight.training.measure_objects import measured
from wordsight.training.objects import ObjectViewConfig, ObjectViews, Scenery, suitable_side, typical_aspect
from wordsight.types import Floats

ABOUT = "single_shot.json"
"""What a training is told about its network, beside its weights; the export needs it."""
SIGNATURE = Signature("x", tuple(f"stride{stride}" for stride in STRIDES), ((0, "batch"), (2, "height"), (3, "width")))
PARITY = 0.01
"""Largest difference of a score between the network and a file in 16 bits; else 32 bits are kept."""


@dataclass(frozen=True, slots=True)
class SingleShotConfig:
    """Settings of a single-shot training.

    Attributes:
        side: Longer side at which whole pictures are looked at, pixels, a multiple of 32; None chooses it by the size
            of the objects, see :func:`suitable_side`.
        batch: Views per step.
        view: How views are drawn; zooms are those of a picture at its working size.
        mosaic: Share of views that are put together of four.
        by_size: Share of views whose zoom is drawn by the size that an object gets, all sizes alike.
        loss: How cells are chosen, and weights of the losses.
        backbone_rate: Learning rate of the pretrained backbone.
        neck_rate: Learning rate of the pretrained neck.
        head_rate: Learning rate of the new head.
        frozen: So many of the backbone's five parts (stem and four stages) stay as they are.
        workers: Processes that prepare views; 0: the training process does.
    """

    side: int | None = None
    batch: int = 4
    view: ViewConfig = field(
        default_factory=lambda: ViewConfig(size=384, scale=(0.7, 1.6), aspect=0.2, tilt=3.0, turned=0.0, focus=0.8)
    )
    mosaic: float = 0.5
    by_size: float = 0.5
    loss: CellLossConfig = field(default_factory=CellLossConfig)
    backbone_rate: float = 8e-4
    neck_rate: float = 2e-3
    head_rate: float = 3e-3
    frozen: int = 2
    workers: int = 1

    def __post_init__(self) -> None:
        if self.side is not None and (self.side % 32 or not SIDES[0] <= self.side <= SIDES[1]):
            raise ConfigError(f"side is a multiple of 32 in {SIDES[0]}..{SIDES[1]}, not {self.side}")
        if self.view.size % 64:
            raise ConfigError(f"a view's size is a multiple of 64, so that four make one, not {self.view.size}")
        if not 0 <= self.mosaic <= 1 or not 0 <= self.by_size <= 1 or not 0 <= self.frozen <= 5:
            raise ConfigError("mosaic and by_size are shares from 0 to 1, frozen a number of parts from 0 to 5")


class SingleShotTask:
    """The single-shot detector for the training loop."""

    model: SingleShotNetwork

    def __init__(
        self,
        samples: Sequence[Sample],
        held_out: Sequence[Sample],
        scenery: Scenery,
        config: SingleShotConfig,
        seed: int,
    ) -> None:
        self.scenery = scenery
        self.config = config
        self.side = suitable_side(samples, scenery) if config.side is None else config.side
        self.model = stock_single_shot(len(scenery.labels))
        self.model.head.expect(typical_aspect(samples, scenery))
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        # Edges and corners need no new training, and the gradients of these few weights are half of a step's time.
        backbone = self.model.pyramid.backbone
        stages = (backbone.stem, backbone.stage1, backbone.stage2, backbone.stage3, backbone.stage4)
        for stage in stages[: config.frozen]:
            stage.requires_grad_(False)
        self.held_out = tuple(held_out)
        self.views = ObjectViews(
            samples, scenery, ObjectViewConfig(config.view, config.mosaic, config.by_size, self.side), seed
        )

    def groups(self) -> list[dict[str, Any]]:
        """The backbone learns slowly, the neck faster, the new head fastest."""
        parts = (
            (self.model.pyramid.backbone, self.config.backbone_rate),
            (self.model.pyramid.laterals, self.config.neck_rate),
            (self.model.head, self.config.head_rate),
        )
        groups = [{"params": [p for p in part.parameters() if p.requires_grad], "lr": rate} for part, rate in parts]
        return [group for group in groups if group["params"]]

    def batches(self, start: int) -> Iterator[dict[str, Tensor]]:
        """Batches of views from step ``start`` on."""
        return endless(self.views, start, self.config.batch, self.config.workers)

    def loss(self, model: torch.nn.Module, batch: dict[str, Tensor], bf16: bool) -> Mapping[str, Tensor]:
        """See :func:`wordsight.training.cells.cell_losses`."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            maps = model(to_input(batch["view"]))
        return cell_losses(maps, Truth.of(batch["quads"], batch["labels"]), self.config.loss)

    def validate(self, model: torch.nn.Module) -> Mapping[str, float]:
        """Average precision of boxes: ``ap``, the mean over IoUs from 0.5 to 0.95 as in COCO, and ``ap50``.

        A handful of held-out pictures soon gives an ``ap50`` of 1; ``ap`` still tells which network is better.
        The network's scores are calibrated on the same pictures.
        """
        self.model.calibration.copy_(torch.tensor([1.0, 0.0]))
        scenes = measured(self.model, self.held_out, self.scenery, self.side)
        every = [scene for of_label in scenes for scene in of_label]
        self.model.calibration.copy_(torch.tensor(platt.fit(*judged(every))))
        return precisions(scenes)


def train_single_shot(
    samples: Sequence[Sample],
    labels: Sequence[str],
    held_out: Sequence[Sample],
    out: Path,
    train: TrainConfig,
    config: SingleShotConfig | None = None,
    resume: bool = False,
) -> Generator[Event]:
    """Train a single-shot detector; iterate over the events to make it run. Closing it writes a checkpoint.

    Args:
        samples: Pictures to learn from, all marked; those without an object show what is none.
        labels: What to find. Places with another label, or with none, are background; but where no place of any
            picture has a label and ``labels`` is a single one, every place has it. Places that are ignored count
            neither way.
        held_out: Pictures to validate on and to calibrate scores; at least one, none of them in ``samples``.
        out: Folder for ``best.safetensors`` (what to export), ``checkpoint.safetensors`` (what to resume from) and
            ``single_shot.json``.
        train: Budget, seed, schedule.
        config: Working size, views, losses, rates; default: ``SingleShotConfig()``.
        resume: Go on from the checkpoint in ``out``.

    Raises:
        ManifestError: There is nothing to learn or to validate on, a held-out picture is also learnt from, or a
            picture has another size than its line says.
        ImageError: A picture cannot be read.
        ModelError: Weights are missing, or the checkpoint is another network's.
    """
    if not held_out:
        raise ManifestError("no picture is held out to validate on; leave some out of those to learn from")
    learnt = {sample.path.resolve() for sample in samples}
    shared = [sample.image for sample in held_out if sample.path.resolve() in learnt]
    if shared:
        raise ManifestError(f"{shared[0]} is both learnt from and held out; take it out of one of them")
    scenery = Scenery.of(labels, samples)
    chosen = config or SingleShotConfig()
    task = SingleShotTask(samples, held_out, scenery, chosen, train.seed)
    _write_contract(out, Contract(scenery.labels, task.side, STRIDES), resume)
    if train.bf16:
        torch.set_num_threads(min(2, torch.get_num_threads()))  # more make a step no faster; fewer may be wanted
    trainer = Trainer(task, train, out)
    if resume:
        trainer.resume()
    try:
        yield from trainer.events()
    except GeneratorExit:
        trainer.save()
        raise


def export_single_shot(folder: Path, onnx: Path) -> None:
    """Write a training's best network as an ONNX file for ``SingleShot.open``.

    Labels, working size and strides stand in the file's metadata. Weights are stored in 16 bits where that changes no
    score by more than 0.01 on a picture of noise.

    Args:
        folder: The training's folder.
        onnx: File to write; its folder must exist.

    Raises:
        ModelError: The training has not got as far as a validation, or its files belong to different trainings.
    """
    contract = read_contract(folder)
    network = SingleShotNetwork(len(contract.labels))
    read_weights(network, folder / "best.safetensors")
    noise = np.random.default_rng(0).normal(0, 1, (1, 3, 256, 320)).astype(np.float32)
    for half in (True, False):
        export_onnx(_Exported(network), torch.zeros(1, 3, 64, 96), onnx, SIGNATURE, half)
        if half and _scores_apart(network, onnx, noise) <= PARITY:
            break
    stamp(onnx, KEY, contract.dump())


def read_contract(folder: Path) -> Contract:
    """What a training's network finds.

    Raises:
        ModelError: The folder has no training, or its record is broken.
    """
    path = folder / ABOUT
    try:
        return Contract.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} does not say what was trained ({error}); train first") from error


def _write_contract(folder: Path, contract: Contract, resume: bool) -> None:
    if resume and read_contract(folder) != contract:
        raise ModelError(f"{folder} was trained for other labels or another size; train into another folder")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT).write_text(json.dumps(contract.dump(), ensure_ascii=False) + "\n", encoding="utf-8")


class _Exported(torch.nn.Module):
    """A network whose forward gives the maps that are exported."""

    def __init__(self, network: SingleShotNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.network.decoded(x)


def _scores_apart(network: SingleShotNetwork, onnx: Path, x: Floats) -> float:
    """Largest difference of a score between a network and its file."""
    classes = network.head.classes
    with torch.inference_mode():
        wanted = [map_[:, :classes].numpy() for map_ in network.eval().decoded(torch.from_numpy(x))]
    compiled = compile_network(onnx, precision="f32", threads=1)
    found = compiled.run(x, lambda outputs: [output[:, :classes].copy() for output in outputs])
    return max(float(np.abs(w - f).max()) for w, f in zip(wanted, found, strict=True))
