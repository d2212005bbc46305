"""Two processes on one machine train as one process does on batches twice as large."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from wordsight.training.distributed import place, share  # noqa: E402
from wordsight.training.loop import TrainConfig, Trainer  # noqa: E402

STEPS = 60


class Curve:
    """Learns y = sin(3 x) with a small network; ``joined`` batches at a time."""

    def __init__(self, joined=1):
        torch.manual_seed(7)
        self.model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
        self.joined = joined

    def groups(self):
        return [{"params": list(self.model.parameters()), "lr": 0.02}]

    def batches(self, start):
        while True:
            seeds = range(start * self.joined, (start + 1) * self.joined)
            x = torch.cat([torch.rand(16, 1, generator=torch.Generator().manual_seed(s)) * 2 - 1 for s in seeds])
            yield x, torch.sin(3 * x)
            start += 1

    def loss(self, model, batch, bf16):
        return {"square": (model(batch[0]) - batch[1]).square().mean()}

    def validate(self, model):
        x, y = next(self.batches(10**5))
        with torch.no_grad():
            return {"score": -float((model(x) - y).abs().mean())}


def curve(task, folder):
    """The loss at every step of a run, and what it ends with."""
    trainer = Trainer(task, TrainConfig(steps=STEPS, warmup=5, bf16=False), folder)
    losses, step = [], trainer._step
    trainer._step = lambda batch: losses.append(step(batch)) or losses[-1]
    list(trainer.events())
    weights = torch.cat([p.detach().reshape(-1) for p in trainer.parameters.values()]).tolist()
    return [loss["square"] for loss in losses], weights


def work():
    """What each of the two processes does."""
    folder = Path(sys.argv[1])
    # Met through a file: a port that was free a moment ago need not be, and a server of addresses that ends with the
    # first process can take the second down with it.
    met = f"file://{folder / 'met'}"
    torch.distributed.init_process_group("gloo", init_method=met, rank=int(sys.argv[2]), world_size=2)
    rank, _ = place()
    losses, weights = curve(Curve(), folder / "run")
    with pytest.raises(Exception, match="only by steps"):
        Trainer(Curve(), TrainConfig(minutes=1), folder)
    (folder / f"{rank}.json").write_text(json.dumps([losses, weights]))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_alone_nothing_changes():
    assert place() == (0, 1)
    assert list(share("abcd")) == list("abcd")


def test_two_processes_have_the_losses_of_one(tmp_path):
    started = [subprocess.Popen([sys.executable, __file__, str(tmp_path), str(rank)]) for rank in range(2)]
    assert [process.wait(180) for process in started] == [0, 0]
    (first, weights), (second, others) = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    alone, expected = curve(Curve(joined=2), tmp_path / "alone")
    assert first == second and weights == others
    assert len(alone) == STEPS and alone[-1] < 0.3 * alone[0]
    assert first == pytest.approx(alone, rel=1e-3, abs=1e-6)
    assert weights == pytest.approx(expected, rel=1e-2, abs=1e-4)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"checkpoint.safetensors", "best.safetensors"}


if __name__ == "__main__":
    work()
