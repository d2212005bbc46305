"""The training loop with a small real network: resume, budget, early stop, averaged weights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from wordsight.errors import ConfigError, ModelError  # noqa: E402
from wordsight.training.checkpoint import read_weights  # noqa: E402
from wordsight.training.loop import Saved, Stopped, TrainConfig, Trainer, Validated  # noqa: E402


class Line:
    """Learns y = 3 x - 1 with a two-layer network."""

    def __init__(self, scores=()):
        torch.manual_seed(7)
        self.model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
        self.model[0].bias.requires_grad_(False)
        self.scores: Iterator[float] = iter(scores)

    def groups(self):
        return [{"params": [p for p in self.model.parameters() if p.requires_grad], "lr": 0.02}]

    def batches(self, start):
        while True:
            x = torch.rand(16, 1, generator=torch.Generator().manual_seed(start)) * 2 - 1
            yield x, 3 * x - 1
            start += 1

    def loss(self, model, batch, bf16):
        return {"square": (model(batch[0]) - batch[1]).square().mean()}

    def validate(self, model):
        x, y = next(self.batches(10**6))
        with torch.no_grad():
            error = float((model(x) - y).abs().mean())
        return {"score": next(self.scores, -error)}


def run(folder, config, resume=False, scores=()):
    trainer = Trainer(Line(scores), config, folder)
    if resume:
        trainer.resume()
    return trainer, list(trainer.events())


def test_it_learns_and_delivers_the_averaged_weights(tmp_path):
    trainer, events = run(tmp_path, TrainConfig(steps=400, warmup=10, ema=0.95))
    assert isinstance(events[-1], Stopped) and events[-1].reason == "finished" and events[-1].step == 400
    assert trainer.state.best > -0.1
    delivered = Line().model
    read_weights(delivered, tmp_path / "best.safetensors")
    with trainer.using_average():
        for ours, theirs in zip(trainer.task.model.parameters(), delivered.parameters(), strict=True):
            assert torch.equal(ours, theirs)
    pairs = zip(trainer.parameters.values(), trainer.averaged.values(), strict=True)
    assert any(not torch.equal(last, mean) for last, mean in pairs)


def test_a_resumed_run_is_the_same_run(tmp_path):
    whole, _ = run(tmp_path / "whole", TrainConfig(steps=40))
    half = Trainer(Line(), TrainConfig(steps=40), tmp_path / "half")
    events = half.events()
    half.save()
    while half.state.step < 17:
        half._step(next(half.task.batches(half.state.step)))
    half.save()
    events.close()
    resumed, _ = run(tmp_path / "half", TrainConfig(steps=40), resume=True)
    assert resumed.state.step == 40
    for name, value in whole.parameters.items():
        assert torch.equal(value, resumed.parameters[name]), name
        assert torch.equal(whole.averaged[name], resumed.averaged[name]), name


def test_frozen_weights_stay_and_are_delivered(tmp_path):
    trainer, _ = run(tmp_path, TrainConfig(steps=5))
    assert torch.equal(trainer.task.model[0].bias, Line().model[0].bias)
    delivered = Line().model
    nn.init.zeros_(delivered[0].bias)
    read_weights(delivered, tmp_path / "best.safetensors")
    assert torch.equal(delivered[0].bias, Line().model[0].bias)


def test_the_budget_in_minutes_ends_the_run(tmp_path):
    _, events = run(tmp_path, TrainConfig(minutes=0.01))
    assert isinstance(events[-1], Stopped) and 0.6 <= events[-1].seconds < 1.5


def test_no_improvement_stops_early_and_keeps_the_best(tmp_path):
    config = TrainConfig(minutes=5, validate_minutes=1e-6, patience=2)
    trainer, events = run(tmp_path, config, scores=[0.1, 0.5, 0.4, 0.3, 0.9])
    validated = [event for event in events if isinstance(event, Validated)]
    assert [event.best for event in validated] == [True, True, False, False]
    assert events[-1].reason == "no improvement" and isinstance(events[-2], Saved)
    assert trainer.state.best == 0.5 and [row["score"] for row in trainer.state.history] == [0.1, 0.5, 0.4, 0.3]


def test_a_broken_batch_changes_nothing(tmp_path):
    trainer = Trainer(Line(), TrainConfig(steps=5), tmp_path)
    before = {name: p.detach().clone() for name, p in trainer.parameters.items()}
    trainer._step((torch.full((4, 1), float("nan")), torch.zeros(4, 1)))
    assert all(torch.equal(before[name], p) for name, p in trainer.parameters.items())


def test_resuming_what_is_not_there_or_another_network_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="not there"):
        run(tmp_path, TrainConfig(steps=1), resume=True)
    run(tmp_path, TrainConfig(steps=1))
    other = Line()
    other.model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1), nn.Linear(1, 1))
    with pytest.raises(ModelError, match="another network"):
        Trainer(other, TrainConfig(steps=1), tmp_path).resume()
    with pytest.raises(ModelError, match="another network"):
        read_weights(nn.Linear(1, 1), tmp_path / "best.safetensors")


def test_a_checkpoint_with_more_or_broken_parameters_is_an_error(tmp_path):
    whole = Line()
    whole.model[0].bias.requires_grad_(True)
    list(Trainer(whole, TrainConfig(steps=2), tmp_path).events())
    frozen = Trainer(Line(), TrainConfig(steps=3), tmp_path)
    with pytest.raises(ModelError, match="another network"):
        frozen.resume()
    assert frozen.state.step == 0
    frozen.checkpoint.write_bytes(frozen.checkpoint.read_bytes()[:100])
    with pytest.raises(ModelError, match="damaged"):
        frozen.resume()


@pytest.mark.parametrize("bad", [{}, {"minutes": 0.0}, {"steps": 0}, {"steps": 1, "ema": 1.0}])
def test_impossible_settings_are_refused(bad):
    with pytest.raises(ConfigError):
        TrainConfig(**bad)
