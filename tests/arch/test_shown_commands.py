"""Command lines in the documentation and in the help are ones that the program and the scripts take."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from script_help import help_of
from wordsight.cli import (
    app,
    bulk,
    convert,
    data,
    datasets,
    enhance,
    manifests,
    model,
    predict,
    read,
    search,
    serve,
    synth,
    teach,
    tools,
    train,
    train_recognizer,
    train_script,
    watch,
)

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^( *)```(?:sh|bash|shell|console)\b.*?\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
PLACEHOLDER = re.compile(r"^[A-Z]{2,}(\.\.\.)?$|^\.\.\.$")
DATASET = [manifests.check, manifests.split, manifests.stats, manifests.merge]
DATASET += [datasets.import_, datasets.export, datasets.info]
COMMANDS = [
    read.read,
    read.detect,
    read.recognize,
    search.index,
    search.search,
    tools.evaluate,
    tools.doctor,
    tools.languages,
    train.detector,
]
COMMANDS += [
    convert.convert,
    enhance.enhance,
    train_recognizer.recognizer,
    train_script.script,
    synth.words,
    synth.scenes,
    data.rotate,
    *DATASET,
]
COMMANDS += [teach.teach, predict.predict, predict.suggest, model.list_models, model.show, model.export]
COMMANDS += [model.import_model, model.activate, model.delete]
COMMANDS += [watch.watch, bulk.bulk]
COMMANDS += [serve.serve, serve.worker, serve.backup, serve.restore]


def shown() -> Iterator[tuple[str, str]]:
    """Where a line of a shell stands, and the line."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in FENCE.finditer(text):
            first = text.count("\n", 0, block.start(2)) + 1
            for number, line in enumerate(block[2].replace("\\\n", " ").splitlines()):
                yield f"{page.name}:{first + number}", line.strip().removeprefix("$ ")
    for command in COMMANDS:
        for line in (command.__doc__ or "").splitlines():
            yield f"help of {command.__name__}", line.strip()


def parts(line: str) -> Iterator[list[str]]:
    """The commands of a line: what stands between pipes, without redirections and comments."""
    words = shlex.split(re.sub(r"[12]?>>?\s*\S+", "", line), comments=True)
    command: list[str] = []
    for word in [*words, "|"]:
        if word not in ("|", "&&", "||", ";"):
            command.append(word)
        elif command:
            yield command
            command = []


def calls(program: str) -> list[object]:
    found = []
    for place, line in shown():
        if program not in line or not line.startswith(("wordsight", "python", "cat", "pip", "find")):
            continue
        for command in parts(line):
            found.append(pytest.param(command, id=f"{place} {' '.join(command)}"[:90]))
    return found


WORDSIGHT = [call for call in calls("wordsight") if call.values[0][0] == "wordsight"]  # type: ignore[attr-defined]
SCRIPTS = [
    call
    for call in calls("python ")
    if call.values[0][0].startswith("python") and len(call.values[0]) > 1 and call.values[0][1].endswith(".py")  # type: ignore[attr-defined]
]


def test_there_are_commands_to_look_at() -> None:
    assert len(WORDSIGHT) > 20
    assert len(SCRIPTS) > 4


@pytest.fixture(scope="module")
def program() -> object:
    return typer.main.get_command(app)


@pytest.mark.parametrize("command", WORDSIGHT)
def test_the_program_takes_it(program: object, command: list[str]) -> None:
    names = [word for word in command[1:] if not PLACEHOLDER.match(word)]
    arguments = command[1:] if names == command[1:] else [*names, "--help"]  # a synopsis: MANIFEST, PATH...
    check(program, "wordsight", arguments)


def check(command: object, name: str, arguments: list[str]) -> None:
    """Parse arguments as the program does, without running anything; raises what the program would complain about."""
    below = getattr(command, "commands", None)
    if "--help" in arguments or not arguments:
        assert below is None or not arguments or arguments[0] == "--help" or arguments[0] in below
        return
    if below is not None:
        assert arguments[0] in below, f"no command {name} {arguments[0]}"
        check(below[arguments[0]], f"{name} {arguments[0]}", arguments[1:])
        return
    command.make_context(name, list(arguments))  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", SCRIPTS)
def test_the_script_takes_it(command: list[str]) -> None:
    script, *arguments = command[1:]
    if not script.startswith(("benchmarks/", "examples/", "docs/")):
        pytest.fail(f"{script} is not in the repository")
    text = help_of(script)
    for argument in arguments:
        if argument.startswith("--"):
            option = argument.split("=")[0]
            assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text), f"{script} has no {option}"
