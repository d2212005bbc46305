"""The documentation is true as far as a machine can tell: code runs, links lead somewhere, nothing is left out."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from wordsight import errors
from wordsight.cli import app
from wordsight.examples import example_path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^( *)```python *\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
FENCE = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks() -> Iterator[object]:
    """Python blocks that are not marked ``no-run``."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            code = "".join(row.removeprefix(match[1]) for row in match[2].splitlines(keepends=True))
            yield pytest.param(code, id=f"{page.name}:{line}")


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links, as GitHub does it."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("code", list(blocks()))
def test_python_runs_in_a_folder_with_a_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    shutil.copy(example_path(), tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "block.py", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(("https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_contents() -> None:
    index = ROOT / "docs" / "index.md"
    listed = set(LINK.findall(index.read_text(encoding="utf-8")))
    assert {page.name for page in PAGES if page.parent == index.parent and page != index} <= listed


def commands() -> dict[str, list[str]]:
    """Options by command, as the program itself has them."""
    found: dict[str, list[str]] = {}

    def walk(name: str, command: object) -> None:
        for part, below in getattr(command, "commands", {}).items():
            walk(f"{name} {part}", below)
        if not hasattr(command, "commands"):
            options = [o for p in command.params for o in p.opts + p.secondary_opts if o.startswith("-")]  # type: ignore[attr-defined]
            found[name] = options

    walk("wordsight", typer.main.get_command(app))
    return found


def test_every_command_and_option_is_explained() -> None:
    sections = re.split(r"^## ", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    shared = next(section for section in sections if section.startswith("Options of several commands"))
    found = commands()
    assert {"wordsight read", "wordsight dataset rotate"} <= set(found)
    for name, options in found.items():
        section = next((section for section in sections if section.startswith(name + "\n")), "")
        assert f"```sh\n{name} " in section or f"```sh\n{name}\n" in section, name
        for option in options:
            # A short form is explained where the option itself is.
            place = section if option.startswith("--") else section + shared
            assert re.search(rf"`[^`\n]*{option}(?![\w-])", place), f"{name} {option}"


def test_no_option_is_explained_that_is_not_there() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    known = {option for options in commands().values() for option in options} | {"--help"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= known


def test_every_error_is_explained() -> None:
    classes = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]
    sections = re.split(r"^## ", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    explained = {section.split("\n", 1)[0]: section for section in sections[1:]}
    assert set(explained) == {error.__name__ for error in classes}
    for section in explained.values():
        assert "When: " in section
        assert "What to do: " in section


def test_the_readme_is_short_and_its_numbers_have_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 150
    for script in ("peers", "recognition", "rotation", "memory", "hostile"):
        assert f"python benchmarks/{script}.py" in readme
