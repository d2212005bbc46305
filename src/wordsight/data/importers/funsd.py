"""FUNSD: noisy scanned forms, words in entities that are linked from question to answer.

Layout: https://guillaumejaume.github.io/FUNSD/: ``annotations/0000971160.json`` for ``images/0000971160.png``:
``{"form": [{"id", "box", "text", "label", "words": [{"box": [left, top, right, bottom], "text"}], "linking": [[from,
to]]}]}``; labels are question, answer, header and other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wordsight.data.collect import Entry
from wordsight.data.importers.coco import has_keys
from wordsight.data.importers.places import box, numbers
from wordsight.data.importers.source import Source, at, image_of, items, members, read_json, split_of, text
from wordsight.data.manifest import Sample, TrueWord


def read(source: Source) -> Iterator[Entry]:
    """Forms with words, each with its entity's label and number; answers by their question as fields."""
    return source.each(source.named(".json"), lambda name: _form(source, name))


def matches(source: Source) -> bool:
    """Whether a JSON file holds a form."""
    return any(has_keys(source.path(name), "form", "linking") for name in source.named(".json")[:2])


def _form(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    with at(path):
        entities = items(members(read_json(path), "the file")["form"], "'form'")
        stem = PurePosixPath(name).stem
        picture = source.of_stem(stem) or f"{PurePosixPath(name).parent.parent / 'images' / stem}.png"
    words: list[TrueWord] = []
    for index, entity in enumerate(entities):
        with at(path, f"form[{index}]"):
            words += _words(members(entity, "an entity"), index)
    with at(path, "linking"):
        fields = _fields(entities)
    split = split_of(name)
    yield Entry(
        Sample(image=image_of(picture), path=source.path(picture), words=tuple(words), fields=fields, split=split)
    )


def _words(entity: dict[str, Any], index: int) -> Iterator[TrueWord]:
    label = text(entity["label"], "'label'")
    for word in items(entity["words"], "'words'"):
        said = text(members(word, "a word")["text"], "'text'")
        left, top, right, bottom = numbers(items(word["box"], "'box'"))
        if said.strip():  # the set has places without a word
            yield TrueWord(
                quad=box(left, top, right, bottom), text=said, label=label, extra={"entity": entity.get("id", index)}
            )


def _fields(entities: list[dict[str, Any]]) -> dict[str, str | tuple[str, ...]]:
    by_id = {entity.get("id", index): entity for index, entity in enumerate(entities)}
    answers: defaultdict[str, list[str]] = defaultdict(list)
    for entity in entities:
        for link in items(entity.get("linking") or [], "'linking'"):
            first, second = items(link, "a link")
            question, answer = by_id.get(first), by_id.get(second)
            if (
                question is entity
                and answer is not None
                and (question["label"], answer["label"]) == ("question", "answer")
            ):
                said = text(answer["text"], "'text'").strip()
                if said:
                    answers[text(question["text"], "'text'").strip()].append(said)
    return {question: said[0] if len(said) == 1 else tuple(said) for question, said in answers.items()}
