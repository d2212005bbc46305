"""Training a recognizer of words and lines: CTC on crops with texts, and the teacher's opinion on all crops.

Plain fine-tuning makes a good recognizer worse: a few thousand labels say little about the letters that they do not
hold. So the network is kept close to its teacher wherever the labels are silent (distillation), its first layers stand
still, its steps are small, and what is delivered is a mixture of old and new weights, chosen on held-out crops
(Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from wordsight.charset import BLANK, Charset
from wordsight.data.crops import Example
from wordsight.errors import ManifestError
from wordsight.evaluation.compare import figures, read_all
from wordsight.models.recnet import CtcRecognizer, stock_recognizer
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.recognition.trained import MANY, foreign_bar
from wordsight.training.checkpoint import read_weights, write_tensors
from wordsight.training.crops import Batch, Batches, CropSource, RealCrops, loader
from wordsight.training.ctc import ctc_loss, distillation, likeness
from wordsight.training.import_ctc import read_parent
from wordsight.training.loop import Event, Progress, Stopped, TrainConfig, Trainer, Validated, Warned
from wordsight.training.networks import (
    LATIN,
    WEIGHTS,
    Arch,
    beginning,
    copy_weights,
    mixed,
    parts_of,
    write_description,
)
from wordsight.types import Floats

T = TypeVar("T")

MOST_BLANK = 0.985
"""A network that gives the blank in more frames than this says nothing."""
PATIENCE = 300
"""Steps before the rate of blanks is judged."""


@dataclass(frozen=True, slots=True)
class RecognizerConfig:
    """Settings of a recognizer's training.

    Attributes:
        arch: "svtr" (the PP-OCRv6 network), "crnn" (the same backbone, LSTM) or "crnn-vgg" (the paper's own).
        start: Folder of an earlier training, or ONNX file, to start from; None starts from the published recognizer.
        charset: "keep" keeps all characters of the start, "latin" reduces them to ``networks.LATIN``, other
            text lists them. Characters of the labels that are missing are always added.
        batch: Crops per step.
        backbone_rate: Learning rate of the backbone.
        neck_rate: Learning rate of the neck.
        out_rate: Learning rate of the output layer; 0 leaves it as it is unless characters were added.
        frozen: Names of parts that stay as they are.
        head_steps: For so many steps the whole backbone stays as it is.
        text: Weight of the CTC loss.
        distil: Weight of the divergence from the teacher's probabilities.
        hint: Weight of the difference from the teacher's features.
        teacher: Who teaches: the published recognizer ("stock") or the start.
        beside: Prepare batches in a process of their own.
        blends: Shares of the new weights that are tried at the end, where there are old ones of the same shape.
        composed: What is learnt of a character is learnt of all that share a part with it (see ``networks.parts_of``):
            so the 2,350 syllables of Hangul are learnt from a few thousand words.
    """

    arch: Arch = "svtr"
    start: Path | None = None
    charset: str = "keep"
    batch: int = 32
    backbone_rate: float = 3e-5
    neck_rate: float = 1e-4
    out_rate: float = 0.0
    frozen: tuple[str, ...] = ("backbone.stem", "backbone.stage1")
    head_steps: int = 0
    text: float = 1.0
    distil: float = 1.0
    hint: float = 1.0
    teacher: Literal["start", "stock"] = "start"
    beside: bool = True
    blends: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    composed: bool = False


def config_for(arch: Arch, start: Path | None = None, charset: str = "") -> RecognizerConfig:
    """Settings that suit a network and what it starts from.

    Args:
        arch: Which network.
        start: Folder of an earlier training of this network, or None.
        charset: As in ``RecognizerConfig``; empty keeps the start's, and is "latin" for a new CRNN.
    """
    if arch == "svtr" or start is not None:
        return RecognizerConfig(arch, start, charset or "keep")
    if arch == "crnn":
        return RecognizerConfig(arch, None, charset or "latin", neck_rate=1e-3, head_steps=1500, teacher="stock")
    # Nothing of it is pretrained: everything must move, and the teacher's features are of another kind.
    return RecognizerConfig(
        arch, None, charset or "latin", backbone_rate=1e-3, neck_rate=1e-3, out_rate=1e-3, frozen=(), teacher="stock"
    )


@dataclass(frozen=True, slots=True)
class TorchNetwork:
    """A torch recognizer as the reading part of the package runs networks."""

    model: CtcRecognizer

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """See ``wordsight.models.runtime.Network``."""
        self.model.eval()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            features = self.model.features(torch.from_numpy(np.ascontiguousarray(batch)))
        with torch.inference_mode():
            return then([F.softmax(self.model.out(features.float()), -1).numpy()])


def to_input(crops: NDArray[np.uint8]) -> Tensor:
    """Crops (N, 48, W, 3) uint8 RGB to what a network takes: (N, 3, 48, W) float32, BGR, -1..1."""
    x = torch.from_numpy(crops).flip(-1).float()
    return ((x - 127.5) / 127.5).permute(0, 3, 1, 2)  # a view: the memory stays in channels-last order


class RecognizerTask:
    """A CTC recognizer for the training loop."""

    model: CtcRecognizer

    def __init__(
        self, sources: Sequence[CropSource], held_out: Sequence[Example], config: RecognizerConfig, seed: int = 0
    ) -> None:
        labels = [example.text or "" for source in sources if isinstance(source, RealCrops) for example in source.crops]
        kind, self.parent = read_parent(config.arch, config.start)
        torch.manual_seed(seed)
        model = beginning(config.arch, (kind, self.parent), config.charset, labels)
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.old = copy_weights(model) if kind == config.arch else None
        self.new_characters = sorted(set(model.charset.symbols) - set(self.parent.charset.symbols))
        self.config = config
        self.sources = tuple(sources)
        self.held_out = tuple(held_out)
        self.seed = seed
        self.blank_rate = 0.0
        self._freeze()
        if self.config.composed:
            share_gradients(self.model)
        self._choose_classes(labels)
        self._choose_teacher()

    def _freeze(self) -> None:
        for name, part in self.model.named_modules():
            if name in self.config.frozen:
                part.requires_grad_(False)
        if not self.config.out_rate and not self.new_characters and self.config.arch != "crnn-vgg":
            self.model.out.requires_grad_(False)

    def _choose_classes(self, labels: Sequence[str]) -> None:
        """Losses are computed over the characters that occur: 18,000 Chinese ones would cost more than the network."""
        charset = self.model.charset
        wanted = set(LATIN) | {" "} | set("".join(labels)) | set(charset.symbols if len(charset) < MANY else ())
        self.subset = Charset(tuple(symbol for symbol in charset.symbols if symbol in wanted))
        rows = {symbol: index + 1 for index, symbol in enumerate(charset.symbols)}
        self.rows = torch.tensor([BLANK, *(rows[symbol] for symbol in self.subset.symbols)])

    def _choose_teacher(self) -> None:
        teacher = stock_recognizer() if self.config.teacher == "stock" else copy.deepcopy(self.parent)
        self.teacher = teacher.to(memory_format=torch.channels_last).requires_grad_(False).eval()  # type: ignore[call-overload]
        rows = {symbol: index + 1 for index, symbol in enumerate(teacher.charset.symbols)}
        known = [(i + 1, rows[symbol]) for i, symbol in enumerate(self.subset.symbols) if symbol in rows]
        self.own_rows = torch.tensor([BLANK, *(own for own, _ in known)])
        self.teacher_rows = torch.tensor([BLANK, *(row for _, row in known)])
        self.alike = teacher.out.in_features == self.model.out.in_features

    def groups(self) -> list[dict[str, Any]]:
        """The backbone learns slowly, the neck faster."""
        out_rate = self.config.out_rate or self.config.neck_rate
        parts = (
            (self.model.backbone, self.config.backbone_rate),
            (self.model.neck, self.config.neck_rate),
            (self.model.out, out_rate),
        )
        groups = [{"params": [p for p in part.parameters() if p.requires_grad], "lr": rate} for part, rate in parts]
        return [group for group in groups if group["params"]]

    def batches(self, start: int) -> Iterator[Batch]:
        """Batches of crops from step ``start`` on."""
        return loader(Batches(self.sources, self.config.batch, self.seed, start), self.config.beside)

    def loss(self, model: nn.Module, batch: Batch, bf16: bool) -> Mapping[str, Tensor]:
        """CTC, divergence from the teacher, difference from its features."""
        config, spoilt = self.config, to_input(batch.spoilt)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            with torch.set_grad_enabled(batch.step >= config.head_steps):
                frames = self.model.backbone(spoilt)
            features = self.model.neck(frames)
        features = features.float()
        out = self.model.out
        logits = F.linear(features, out.weight[self.rows], out.bias[self.rows])
        self._watch(logits)
        losses = {"text": config.text * ctc_loss(logits, batch.texts, batch.silences, self.subset)}
        if config.distil or config.hint:
            wanted = self._teach(batch, bf16)
            if wanted.shape[1] == features.shape[1]:
                losses |= self._distil(logits, features, wanted)
        return losses

    def _teach(self, batch: Batch, bf16: bool) -> Tensor:
        """The teacher's features of the crops before they were spoilt."""
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            features: Tensor = self.teacher.features(to_input(batch.clean)).float()
        return features

    def _distil(self, logits: Tensor, features: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        out, losses = self.teacher.out, {}
        if self.config.distil:
            known = F.linear(wanted, out.weight[self.teacher_rows], out.bias[self.teacher_rows])
            losses["distil"] = self.config.distil * distillation(logits[..., self.own_rows], known)
        if self.config.hint and self.alike:
            losses["hint"] = self.config.hint * likeness(features, wanted)
        return losses

    def _watch(self, logits: Tensor) -> None:
        rate = float((logits.detach().argmax(-1) == BLANK).float().mean())
        self.blank_rate = 0.98 * self.blank_rate + 0.02 * rate

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Shares of the held-out crops that are read right, read as the package reads."""
        return figures(self.held_out, read_all(self.recognizer(), self.held_out))

    def recognizer(self) -> SvtrRecognizer:
        """The network as it is now, as a recognizer."""
        charset = self.model.charset
        return SvtrRecognizer(TorchNetwork(self.model), charset, foreign=foreign_bar(charset))


def share_gradients(model: CtcRecognizer) -> None:
    """Let the rows of the output layer learn together where their characters share parts."""
    shares = parts_of(model.charset)
    if shares is not None:
        for rows in (model.out.weight, model.out.bias):
            rows.register_hook(lambda gradient: gradient + shares @ (shares.T @ gradient))  # type: ignore[no-untyped-call]


def train_recognizer(
    sources: Sequence[CropSource],
    held_out: Sequence[Example],
    out: Path,
    train: TrainConfig,
    config: RecognizerConfig | None = None,
    resume: bool = False,
) -> Generator[Event]:
    """Train a recognizer; iterate over the events to make it run. Closing it writes a checkpoint to go on from.

    Args:
        sources: What to learn from; several are mixed by weight.
        held_out: Crops with texts to validate on; none of them may be in the sources.
        out: Folder for ``best.safetensors`` and ``network.json`` (what to export) and ``checkpoint.safetensors``.
        train: Budget, seed, schedule.
        config: Network, rates, losses; default: ``RecognizerConfig()``.
        resume: Go on from the checkpoint in ``out``.

    Raises:
        ManifestError: A held-out crop is also learnt from.
        ModelError: Weights are missing, or the checkpoint is another network's.
    """
    learnt = {example.name for source in sources if isinstance(source, RealCrops) for example in source.crops}
    for example in held_out:
        if example.name and example.name in learnt:
            raise ManifestError(f"{example.name} is both learnt from and held out; take it out of one of them")
    task = RecognizerTask(sources, held_out, config or RecognizerConfig(), train.seed)
    trainer = Trainer(task, train, out)
    if resume:
        trainer.resume()
    write_description(out, task.config.arch, task.model.charset)
    try:
        yield from _watched(task, trainer)
    except GeneratorExit:
        trainer.save()
        raise


def _watched(task: RecognizerTask, trainer: Trainer) -> Iterator[Event]:
    """The run's events, a warning where the network falls silent, and the mixing of weights at the end."""
    warned = False
    for event in trainer.events():
        if isinstance(event, Stopped):
            yield from _blend(task, trainer)
        yield event
        if isinstance(event, Progress) and event.step > PATIENCE and task.blank_rate > MOST_BLANK and not warned:
            warned = True
            yield Warned(event.step, f"{task.blank_rate:.1%} of the frames are blank: the network reads almost nothing")


def _blend(task: RecognizerTask, trainer: Trainer) -> Iterator[Event]:
    """Try mixtures of old and new weights on the held-out crops, and keep the best as the result."""
    weights = trainer.folder / WEIGHTS
    if task.old is None or not task.config.blends or not weights.is_file():
        return
    read_weights(task.model, weights)
    new, best = copy_weights(task.model), -1.0
    for share in (0.0, *task.config.blends):
        task.model.load_state_dict(mixed(task.old, new, share))
        figures = task.validate(task.model)
        value = next(iter(figures.values()))
        chosen = share > 0 and value > best
        if chosen:
            best = value
            state = {name: tensor.contiguous() for name, tensor in task.model.state_dict().items()}
            write_tensors(state, weights, {})
        yield Validated(trainer.state.step, trainer.state.seconds, {**figures, "share of new": share}, chosen)
