"""Imports point one way: down this table, never sideways, never in a ring."""

from __future__ import annotations

import pytest
from import_graph import cycles, edges, imported, modules

# A module or package may import what stands in a line above its own; a package may import from itself. So stages that
# stand in one line know nothing of each other, and nothing below knows what is built on it.
LEVELS = (
    ("errors",),
    ("types", "config", "languages", "examples", "fetch"),
    ("geometry", "charset", "vocabulary", "edits"),
    ("stages",),
    ("registry", "image", "models"),
    ("detection", "rectify", "recognition", "layout"),
    ("page", "pipeline"),
    ("textlayer",),
    ("reader",),
    ("outputs", "data", "doctor", "search"),
    ("evaluation", "client", "video"),
    ("fields",),
    ("training", "bulk"),
    ("server",),
    ("cli",),
    ("wordsight", "__main__"),
)
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}
WITH_TORCH = (
    "wordsight.models.graphs",
    "wordsight.models.lcnet",
    "wordsight.models.heads",
    "wordsight.models.recnet",
    "wordsight.models.crnn",
    "wordsight.models.single_shot",
    "wordsight.models.text_single_shot",
    "wordsight.models.sliding_window",
    "wordsight.models.region",
    "wordsight.training.",
)
STARTS_TRAINING = ("wordsight.cli.train", "wordsight.cli.teach", "wordsight.server.train")
TRAINING_ONLY = ("torch", "onnx", "onnxslim", "safetensors")


def part(module: str) -> str:
    """The part of the package that a module belongs to: ``wordsight.layout.lines`` is of ``layout``."""
    return module.split(".")[1] if "." in module else module


def test_every_part_has_a_level() -> None:
    assert {part(name) for name in modules()} == set(LEVEL), "add new parts to LEVELS, as low as they can stand"


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_imports_only_what_is_below_it(name: str) -> None:
    own = part(name)
    wrong = {other for other in edges()[name] if part(other) != own and LEVEL[part(other)] >= LEVEL[own]}
    assert not wrong, f"{name} imports {', '.join(sorted(wrong))}"


def test_no_rings() -> None:
    assert cycles(edges()) == []


def test_a_ring_would_be_found() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"]]


@pytest.mark.parametrize("name", sorted(modules()))
def test_torch_stays_in_training(name: str) -> None:
    trainers = {full.split(".")[0] for full in imported(name)} & set(TRAINING_ONLY)
    assert not trainers or name.startswith(WITH_TORCH), f"{name} imports {', '.join(trainers)}"


@pytest.mark.parametrize("name", sorted(modules()))
def test_reading_does_not_reach_the_networks_of_training(name: str) -> None:
    if name.startswith(("wordsight.training", "wordsight.models", *STARTS_TRAINING)):
        return
    assert not {other for other in edges()[name] if (other + ".").startswith(WITH_TORCH)}


@pytest.mark.parametrize("name", sorted(modules()))
def test_nothing_is_unpickled(name: str) -> None:
    assert {full.split(".")[0] for full in imported(name)}.isdisjoint({"pickle", "marshal", "shelve", "joblib"})


@pytest.mark.parametrize("name", sorted(modules()))
def test_the_code_of_the_weights_package_is_not_imported(name: str) -> None:
    assert "rapidocr" not in {full.split(".")[0] for full in imported(name)}
