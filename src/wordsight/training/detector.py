"""Training the word detectors, of any family, on the PP-OCRv6 network, from manifests of marked pictures."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from wordsight.data.augment import ViewConfig, random_view
from wordsight.data.manifest import Manifest, Sample
from wordsight.errors import ManifestError, ModelError
from wordsight.models.graphs import named_weights, read_graph
from wordsight.models.heads import DetectionNetwork
from wordsight.models.region import RegionNetwork
from wordsight.training.east import LossConfig
from wordsight.training.head import HeadName, head_by_name
from wordsight.training.interrupt import unheard
from wordsight.training.loop import Event, TrainConfig, Trainer
from wordsight.training.measure import Marked, measure, to_input

# Strokes and corners need no new training, and the gradients of these few weights are half of a step's time.
SETTLED = ("stem.", "backbone.stage1.", "neck.refines.2.wide.", "neck.refines.3.wide.")
"""Parts of the published network that stay as they are."""

EXPORTED = "detector."
"""What the exporter puts before the names of weights."""
DETECTOR_FILES = "name the best.safetensors or the detector.onnx of a detector's training"


@dataclass(frozen=True, slots=True)
class Source:
    """A manifest to learn from.

    Attributes:
        samples: Its pictures, all marked.
        weight: Its share of the views, relative to the other sources.
    """

    samples: tuple[Sample, ...]
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.samples or not self.weight > 0:
            raise ManifestError("a source to learn from needs marked pictures and a weight above 0")
        for sample in self.samples:
            if sample.words is None:
                raise ManifestError(f"{sample.image} has no 'words'; mark them, or say that there are none: []")


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """Settings of a detector's training.

    Attributes:
        head: How text is found: EAST "rbox", EAST "quad", "db", "sliding-window", "single-shot" or "region".
        batch: Views per step.
        view: How views are drawn.
        loss: Weights of the losses.
        backbone_rate: Learning rate of the pretrained backbone; 0 leaves it as it is, and a step takes half the time.
        neck_rate: Learning rate of the pretrained neck; 0 as above.
        head_rate: Learning rate of the new head.
        workers: Processes that prepare views; 0: the training process does.
        cache_mb: Memory for decoded pictures per worker.
        check_width: Longest side of validation pictures, pixels.
        start: ``best.safetensors`` or ``detector.onnx`` of an earlier training, of which all is taken over that fits;
            None starts from the published network.
    """

    head: HeadName = "rbox"
    batch: int = 8
    view: ViewConfig = field(default_factory=ViewConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    backbone_rate: float = 4e-4
    neck_rate: float = 1.2e-3
    head_rate: float = 3e-3
    workers: int = 1
    cache_mb: int = 3000
    check_width: int = 896
    start: Path | None = None


def config_for(head: HeadName) -> DetectorConfig:
    """The settings for a head: the families want to see text in other sizes than EAST does."""
    if head == "sliding-window":  # its windows know one size of text, so larger text is brought down to it
        return DetectorConfig(head, view=ViewConfig(scale=(0.3, 1.5), turned=0.05, focus=0.8, fitted=(12.5, 20.5)))
    if head in ("single-shot", "region"):
        return DetectorConfig(head, view=ViewConfig(scale=(0.5, 2.5), turned=0.1))
    return DetectorConfig(head)


def take_weights(model: DetectionNetwork, path: Path) -> None:
    """Copy what a network has in common with a trained detector: backbone and neck, and the head where it is alike.

    Args:
        model: The network of any head.
        path: ``best.safetensors`` or ``detector.onnx`` of a detector's training.

    Raises:
        ModelError: There is no such file, or it has not the parts that the model has.
    """
    known = _weights(path)
    if isinstance(model, RegionNetwork) and "head.out.weight" in known:
        model.proposer.take_east({name: tensor for name, tensor in known.items() if name.startswith("head.")})
    taken = 0
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            in_east = _name_in_east(name)
            found = known.get(name, known.get(in_east))
            if found is not None and found.shape == parameter.shape:
                parameter.copy_(found)
                taken += "backbone." in in_east
    if not taken:
        raise ModelError(f"{path} has no body of a detector; {DETECTOR_FILES}")


def _weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a trained detector, by the names of the network's parameters."""
    if not path.is_file():
        raise ModelError(f"{path} is not there; {DETECTOR_FILES}")
    if path.suffix == ".onnx":
        named = named_weights(read_graph(path))
        return {name.removeprefix(EXPORTED): torch.from_numpy(np.array(array)) for name, array in named.items()}
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except SafetensorError as error:
        raise ModelError(f"{path} cannot be read: {error}; {DETECTOR_FILES}") from error


def _name_in_east(name: str) -> str:
    """What EAST calls a parameter of another family's backbone or neck."""
    name = re.sub(r"^network\.pyramid\.laterals\.", "body.neck.laterals.", name)
    return re.sub(r"^(network\.pyramid\.backbone\.|(?=stem\.))", "body.backbone.", name)


class Views(Dataset[dict[str, NDArray[Any]]]):
    """Random views with their targets. View k depends on the seed and k alone, so a run can go on anywhere."""

    def __init__(self, sources: Sequence[Source], config: DetectorConfig, seed: int) -> None:
        self.sources = tuple(sources)
        self.shares = np.cumsum([source.weight for source in sources])
        self.config = config
        self.head = head_by_name(config.head)
        self.seed = seed
        self.cache: dict[Path, Marked] = {}
        self.room = config.cache_mb * 2**20

    def __getitem__(self, index: int) -> dict[str, NDArray[Any]]:
        rng = np.random.default_rng((self.seed, index))
        source = self.sources[int(np.searchsorted(self.shares, rng.uniform(0, self.shares[-1]), side="right"))]
        marked = self._open(source.samples[rng.integers(len(source.samples))])
        view, moved = random_view(marked.picture, marked.quads, marked.quads[~marked.ignore], self.config.view, rng)
        return {"view": view, **self.head.targets(moved, marked.ignore, self.config.view.size)}

    def _open(self, sample: Sample) -> Marked:
        """A picture from the cache, or from disk where the cache is full."""
        known = self.cache.get(sample.path)
        if known is None:
            known = Marked.open(sample)
            if known.picture.nbytes <= self.room:
                self.room -= known.picture.nbytes
                self.cache[sample.path] = known
        return known


class Counter(Sampler[list[int]]):
    """Batches of consecutive numbers without end."""

    def __init__(self, start: int, batch: int) -> None:
        self.start = start
        self.batch = batch

    def __iter__(self) -> Iterator[list[int]]:
        step = self.start
        while True:
            yield list(range(step * self.batch, (step + 1) * self.batch))
            step += 1


class DetectorTask:
    """A detector for the training loop."""

    model: DetectionNetwork

    def __init__(
        self, sources: Sequence[Source], held_out: Sequence[Sample], config: DetectorConfig, seed: int = 0
    ) -> None:
        self.head = head_by_name(config.head)
        self.model = self.head.network()
        if config.start is not None:
            take_weights(self.model, config.start)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.config = config
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(self._rate(name) > 0 and not any(part in name for part in SETTLED))
        self.held_out = tuple(held_out)
        self.views = Views(sources, config, seed)

    def groups(self) -> list[dict[str, Any]]:
        """The backbone learns slowly, the neck, which must now carry a word's extent, faster, the head fastest."""
        parts: dict[float, list[torch.nn.Parameter]] = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                parts.setdefault(self._rate(name), []).append(parameter)
        return [{"params": part, "lr": rate} for rate, part in parts.items()]

    def _rate(self, name: str) -> float:
        """The learning rate of a parameter."""
        if "backbone." in name:
            return self.config.backbone_rate
        return self.config.neck_rate if "neck." in name or "laterals." in name else self.config.head_rate

    def batches(self, start: int) -> Iterator[dict[str, Tensor]]:
        """Batches of views from step ``start`` on."""
        loader: DataLoader[Any] = DataLoader(
            self.views,
            batch_sampler=Counter(start, self.config.batch),
            num_workers=self.config.workers,
            prefetch_factor=4 if self.config.workers else None,
            worker_init_fn=_start_worker,
            # A forked worker inherits the locks of OpenCV's and OpenVINO's threads but not the threads, and hangs.
            multiprocessing_context="spawn" if self.config.workers else None,
        )
        with unheard():
            return iter(loader)

    def loss(self, model: torch.nn.Module, batch: dict[str, Tensor], bf16: bool) -> Mapping[str, Tensor]:
        """The head's losses."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            maps = model(to_input(batch["view"]))
        return self.head.losses(self.model, maps, batch, self.config.loss)

    def validate(self, model: torch.nn.Module) -> Mapping[str, float]:
        """Precision, recall and F (ICDAR 2015 protocol) at the best of a few thresholds, F first."""
        return measure(self.model, self.head, self.held_out, self.config.check_width)


def _start_worker(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def train_detector(
    sources: Sequence[Source],
    held_out: Sequence[Sample],
    out: Path,
    train: TrainConfig,
    config: DetectorConfig | None = None,
    resume: bool = False,
) -> Generator[Event]:
    """Train a detector; iterate over the events to make it run. Closing it writes a checkpoint to go on from.

    Args:
        sources: What to learn from; several are mixed by weight.
        held_out: Pictures to validate on; none of them may be in the sources.
        out: Folder for ``best.safetensors`` (what to export) and ``checkpoint.safetensors`` (what to resume from).
        train: Budget, seed, schedule.
        config: Batch, views, losses; default: ``DetectorConfig()``.
        resume: Go on from the checkpoint in ``out``.

    Raises:
        ManifestError: A held-out picture is also learnt from, or a picture has another size than its line says.
        ImageError: A picture cannot be read.
        ModelError: Weights are missing, or the checkpoint is another network's.
    """
    learnt = {sample.path.resolve() for source in sources for sample in source.samples}
    shared = [sample.image for sample in held_out if sample.path.resolve() in learnt]
    if shared:
        raise ManifestError(f"{shared[0]} is both learnt from and held out; take it out of one of them")
    if train.bf16:
        torch.set_num_threads(min(2, torch.get_num_threads()))  # more make a step no faster; fewer may be wanted
    task = DetectorTask(sources, held_out, config or DetectorConfig(), train.seed)
    trainer = Trainer(task, train, out)
    if resume:
        trainer.resume()
    try:
        yield from trainer.events()
    except GeneratorExit:
        trainer.save()
        raise


def open_source(folder: str | Path, weight: float = 1.0) -> Source:
    """All marked pictures of a manifest folder as one source."""
    return Source(tuple(Manifest.open(folder)), weight)
