"""The one training loop. A task brings the network, the batches and the loss; the loop brings everything else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from wordsight.errors import ConfigError, ModelError
from wordsight.training.checkpoint import Swap, laid_out_as, write_tensors
from wordsight.training.distributed import average, average_gradients, place, share

LONGEST_STEP = 10.0
"""A step counts for at most this many seconds, so that a process that was stopped for a while loses no budget."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How long and how to train.

    Attributes:
        minutes: Time to train, without the time in which the process was stopped. None: ``steps`` rules.
        steps: Number of steps; the run ends by whichever of the two comes first.
        seed: Seed of torch and of the task's data.
        ema: Weight of the past in the running mean of the weights, which is what a run delivers.
        warmup: Steps over which the learning rate rises from 0.
        power: The learning rate falls as (1 - progress) ** power.
        clip: Largest norm of a gradient.
        bf16: Compute in bfloat16 where that is safe (autocast).
        save_minutes: Time between checkpoints.
        validate_minutes: Time between validations.
        patience: Validations without a new best after which the run stops early; 0: never.
    """

    minutes: float | None = None
    steps: int | None = None
    seed: int = 0
    ema: float = 0.998
    warmup: int = 100
    power: float = 0.9
    clip: float = 5.0
    bf16: bool = True
    save_minutes: float = 5.0
    validate_minutes: float = 10.0
    patience: int = 0

    def __post_init__(self) -> None:
        if self.minutes is None and self.steps is None:
            raise ConfigError("a training needs an end: give minutes, steps, or both")
        if (self.minutes is not None and self.minutes <= 0) or (self.steps is not None and self.steps <= 0):
            raise ConfigError("minutes and steps are above 0")
        if not 0 <= self.ema < 1:
            raise ConfigError(f"ema lies in 0..1 without 1, not {self.ema}")


class Task(Protocol):
    """What the loop needs to know about a network and its data."""

    @property
    def model(self) -> nn.Module:
        """The network."""

    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups for the optimizer, each with its own ``lr``."""

    def batches(self, start: int) -> Iterator[Any]:
        """Endless batches from step ``start`` on; batch number k is always the same, wherever one starts."""

    def loss(self, model: nn.Module, batch: Any, bf16: bool) -> Mapping[str, Tensor]:
        """Scalars by name whose sum is minimised."""

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        """Figures on held-out data; the first is the one to maximise."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; sent about once a second."""

    step: int
    seconds: float
    remaining: float
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Validated:
    """A validation of the averaged weights; ``best`` where the first figure is the highest so far."""

    step: int
    seconds: float
    figures: Mapping[str, float]
    best: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint was written."""

    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run is over: ``reason`` is "finished" or "no improvement"."""

    step: int
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Warned:
    """The run goes on, but somebody should look at it."""

    step: int
    message: str


Event = Progress | Validated | Saved | Stopped | Warned


@dataclass(slots=True)
class State:
    """All that changes during a run besides tensors."""

    step: int = 0
    seconds: float = 0.0
    best: float = float("-inf")
    stale: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


class Trainer:
    """One run. ``events`` does the work; the caller only consumes.

    In several processes (see :mod:`wordsight.training.distributed`) each takes its share of the batches, all make the
    same steps, and the first one writes the files.

    Raises:
        ConfigError: Of several processes each would end at another step.
    """

    def __init__(self, task: Task, config: TrainConfig, folder: Path) -> None:
        torch.manual_seed(config.seed)
        self.rank, self.processes = place()
        if self.processes > 1 and (config.minutes is not None or config.patience):
            raise ConfigError("several processes end together only by steps; leave out minutes and patience")
        self.task = task
        self.config = config
        self.folder = folder
        self.state = State()
        self.parameters = {name: p for name, p in task.model.named_parameters() if p.requires_grad}
        self.averaged = {name: p.detach().clone() for name, p in self.parameters.items()}
        self.optimizer = torch.optim.AdamW(task.groups(), weight_decay=1e-4)
        self.rates = [float(group["lr"]) for group in self.optimizer.param_groups]

    @property
    def checkpoint(self) -> Path:
        """The file that ``save`` writes and ``resume`` reads."""
        return self.folder / "checkpoint.safetensors"

    def progress(self) -> float:
        """Done share of the budget, 0..1."""
        shares = []
        if self.config.minutes is not None:
            shares.append(self.state.seconds / (60 * self.config.minutes))
        if self.config.steps is not None:
            shares.append(self.state.step / self.config.steps)
        return min(1.0, max(shares))

    def events(self) -> Iterator[Event]:
        """Train until the budget is used up or nothing improves any more."""
        told, saved, validated = 0.0, self.state.seconds, self.state.seconds
        batches = share(self.task.batches(self.state.step * self.processes))
        means: dict[str, float] = {}
        while self.progress() < 1:
            start = time.monotonic()
            losses = self._step(next(batches))
            self.state.seconds += min(time.monotonic() - start, LONGEST_STEP)
            means = {name: 0.98 * means.get(name, value) + 0.02 * value for name, value in losses.items()}
            if self.state.seconds - told >= 1:
                told = self.state.seconds
                yield Progress(self.state.step, told, self._remaining(), dict(means))
            if self.state.seconds - validated >= 60 * self.config.validate_minutes:
                yield self._validate(means)
                validated = self.state.seconds
                if self.config.patience and self.state.stale >= self.config.patience:
                    break
            if self.state.seconds - saved >= 60 * self.config.save_minutes:
                saved = self.state.seconds
                yield self.save()
        finished = self.progress() >= 1
        if finished:
            yield self._validate(means)
        yield self.save()
        yield Stopped(self.state.step, self.state.seconds, "finished" if finished else "no improvement")

    def _remaining(self) -> float:
        """Seconds to the end at the speed so far."""
        done = self.progress()
        return self.state.seconds * (1 - done) / done if done > 0 else float("inf")

    def _step(self, batch: Any) -> dict[str, float]:
        """One step of the optimizer; gives the losses by name."""
        factor = min(1.0, (self.state.step + 1) / (self.config.warmup + 1)) * (1 - self.progress()) ** self.config.power
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.task.model.train()
        losses = self.task.loss(self.task.model, batch, self.config.bf16)
        total = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        average_gradients(self.parameters.values())
        norm = nn.utils.clip_grad_norm_(self.parameters.values(), self.config.clip)
        if torch.isfinite(norm):  # one broken batch must not ruin hours of work
            self.optimizer.step()
        self.state.step += 1
        keep = min(self.config.ema, self.state.step / (self.state.step + 10))
        torch._foreach_lerp_(list(self.averaged.values()), [p.detach() for p in self.parameters.values()], 1 - keep)
        told = {name: value.detach().clone() for name, value in losses.items()}
        average(list(told.values()))
        return {name: float(value) for name, value in told.items()}

    def _validate(self, losses: Mapping[str, float]) -> Validated:
        """Measure the averaged weights, and keep them as ``best.safetensors`` where they are the best so far."""
        with self.using_average():
            figures = dict(self.task.validate(self.task.model))
        value = next(iter(figures.values()))
        best = value > self.state.best
        self.state.stale = 0 if best else self.state.stale + 1
        self.state.best = max(value, self.state.best)
        self.state.history.append(
            {"step": self.state.step, "minutes": round(self.state.seconds / 60, 2), **figures, **losses}
        )
        self.write_weights(self.folder / ("best.safetensors" if best else "last.safetensors"))
        return Validated(self.state.step, self.state.seconds, figures, best)

    def using_average(self) -> Swap:
        """A context in which the network has the averaged weights."""
        return Swap(self.parameters, self.averaged)

    def write_weights(self, path: Path) -> None:
        """Write the averaged weights of the whole network, frozen parts too."""
        if self.rank:
            return
        with self.using_average():
            write_tensors({name: t.contiguous() for name, t in self.task.model.state_dict().items()}, path, {})

    def save(self) -> Saved:
        """Write all that ``resume`` needs into one file, in one step."""
        if self.rank:
            return Saved(self.state.step, self.checkpoint)
        tensors = {f"model.{name}": p.detach().contiguous() for name, p in self.parameters.items()}
        tensors |= {f"average.{name}": t.contiguous() for name, t in self.averaged.items()}
        for name, p in self.parameters.items():
            for key, value in self.optimizer.state.get(p, {}).items():
                tensors[f"optimizer.{key}.{name}"] = value.contiguous()
        write_tensors(tensors, self.checkpoint, {"state": json.dumps(asdict(self.state))})
        return Saved(self.state.step, self.checkpoint)

    def resume(self) -> None:
        """Go on from the checkpoint in the folder, exactly as if the run had never ended.

        The budget may be another one; the learning rate follows the new budget.

        Raises:
            ModelError: There is no checkpoint, or it belongs to another network.
        """
        if not self.checkpoint.is_file():
            raise ModelError(f"{self.checkpoint} is not there; start the training without resuming")
        try:
            with safe_open(self.checkpoint, "pt") as file:
                self._take_over(file)
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{self.checkpoint} is damaged or belongs to another network; train into another folder"
            ) from error

    def _take_over(self, file: Any) -> None:
        """All that a checkpoint holds; any error where it is another network's."""
        state = State(**json.loads(file.metadata()["state"]))
        keys = sorted(file.keys())
        if {name.partition(".")[2] for name in keys if name.startswith("model.")} != set(self.parameters):
            raise ValueError("it has other parameters")
        with torch.no_grad():
            for name, p in self.parameters.items():
                p.copy_(file.get_tensor(f"model.{name}"))
                self.averaged[name].copy_(file.get_tensor(f"average.{name}"))
        for key in keys:
            kind, _, rest = key.partition(".")
            if kind == "optimizer":
                name, _, parameter = rest.partition(".")
                owner = self.parameters[parameter]
                self.optimizer.state[owner][name] = laid_out_as(file.get_tensor(key), owner)
        self.state = state
