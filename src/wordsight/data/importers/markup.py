"""XML of strangers: no entity is expanded, nothing outside the file is opened, depth and size are bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from wordsight.data.importers.places import number
from wordsight.data.importers.source import read_bytes
from wordsight.errors import ManifestError

MAX_DEPTH = 64
MAX_NODES = 5_000_000
_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)[A-Za-z_]*;?")


@dataclass(slots=True)
class Node:
    """An element.

    Attributes:
        tag: Its name.
        attributes: Its attributes by name.
        line: Line of the file in which it begins, from 1.
        children: The elements inside, in order.
        text: The characters directly inside, joined.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str) -> list[Node]:
        """The children of this name."""
        return [child for child in self.children if child.tag == tag]

    def find(self, tag: str) -> Node | None:
        """The first child of this name."""
        return next(iter(self.all(tag)), None)

    def each(self, tag: str) -> Iterator[Node]:
        """All elements of this name at any depth, in the file's order."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.each(tag)

    def said(self, tag: str) -> str:
        """The text of the first child of this name; a ValueError where there is none."""
        child = self.find(tag)
        if child is None:
            raise ValueError(f"<{self.tag}> has no <{tag}>")
        return child.text.strip()

    def attribute(self, name: str) -> str:
        """The value of an attribute; a ValueError where it is missing."""
        if name not in self.attributes:
            raise ValueError(f"<{self.tag}> has no attribute {name!r}")
        return self.attributes[name]

    def numbers(self, *names: str) -> list[float]:
        """The values of attributes as finite numbers."""
        return [number(self.attribute(name), f"{name!r} of <{self.tag}>") for name in names]


def read_xml(path: Path) -> Node:
    """The root element of an XML file.

    A document type may be named, as IAM does; it is not opened. Entities of its own are refused, so none can grow.

    Raises:
        ManifestError: The file is no well-formed XML, declares or uses entities, or is over a limit.
    """
    data = read_bytes(path)
    builder = _Builder(path, data)
    parser = expat.ParserCreate()
    builder.watch(parser)
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", parser.CurrentLineNumber)
        raise ManifestError(f"{path}:{line}: not well-formed XML ({error}); mend it there") from error
    if builder.root is None:
        raise ManifestError(f"{path}: there is no element in it")
    return builder.root


class _Builder:
    """Collects elements as the parser meets them."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.data = data
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.texts: list[list[str]] = []
        self.nodes = 0
        self.parser: expat.XMLParserType

    def watch(self, parser: expat.XMLParserType) -> None:
        self.parser = parser
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = self.doctype
        parser.EntityDeclHandler = self.refuse
        parser.SkippedEntityHandler = self.refuse

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.nodes += 1
        if len(self.stack) >= MAX_DEPTH or self.nodes > MAX_NODES:
            self.fail(f"over {MAX_DEPTH} elements deep, or over {MAX_NODES} elements")
        node = Node(tag, attributes, self.parser.CurrentLineNumber)
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)
        self.texts.append([])

    def end(self, tag: str) -> None:
        self.stack.pop().text = "".join(self.texts.pop())

    def characters(self, data: str) -> None:
        self.texts[-1].append(data)

    def doctype(self, name: str, system: str | None, *rest: Any) -> None:
        """Refuse entities of a type that stands in another file: the parser would drop them without a word."""
        found = _ENTITY.search(self.data) if system is not None else None
        if found:
            line = self.data.count(b"\n", 0, found.start()) + 1
            raise ManifestError(f"{self.path}:{line}: the entity {found[0].decode()!r}; write its characters instead")

    def refuse(self, *declaration: Any) -> None:
        self.fail(f"the entity {declaration[0]!r}; write its characters instead")

    def fail(self, what: str) -> NoReturn:
        raise ManifestError(f"{self.path}:{self.parser.CurrentLineNumber}: {what}")
