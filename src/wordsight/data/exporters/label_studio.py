"""Label Studio: ``tasks.json`` to import there, ``images/``, and ``config.xml`` for the project.

Layout: https://labelstud.io/guide/export#Label-Studio-JSON-format-of-annotated-tasks. Rectangles keep their angle,
other quads and polygons become polygons. Pictures are named for local storage (https://labelstud.io/guide/storage):
serve the exported folder as the document root.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from wordsight.data.exporters.items import Item, as_rectangle, label_of, labels_of
from wordsight.data.manifest import Points, TrueWord

PICTURES = "images/{name}"

_CONFIG = """<View>
  <Image name="image" value="$ocr" zoom="true" rotateControl="true"/>
  <RectangleLabels name="rectangle" toName="image">
{labels}
  </RectangleLabels>
  <PolygonLabels name="polygon" toName="image">
{labels}
  </PolygonLabels>
  <TextArea name="transcription" toName="image" perRegion="true" editable="true" required="false"/>
  <Choices name="state" toName="image" perRegion="true"><Choice value="ignore"/></Choices>
</View>
"""


def write(folder: Path, items: Sequence[Item]) -> None:
    """Write the tasks and a labelling configuration that shows them."""
    tasks = [_task(item, number) for number, item in enumerate(items, 1)]
    (folder / "tasks.json").write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    labels = "\n".join(f"    <Label value={quoteattr(label)}/>" for label in labels_of(items) or ["text"])
    (folder / "config.xml").write_text(_CONFIG.format(labels=labels), encoding="utf-8")


def _task(item: Item, number: int) -> dict[str, Any]:
    data = {"ocr": f"/data/local-files/?d=images/{quote(item.name)}"}
    if item.sample.split is not None:
        data["split"] = item.sample.split
    if item.sample.text is not None:
        data["text"] = item.sample.text
    task: dict[str, Any] = {"id": number, "data": data, "annotations": []}
    if item.sample.words is not None:
        regions = [
            region for index, (word, quad) in enumerate(item.words) for region in _regions(word, quad, index, item.size)
        ]
        task["annotations"] = [{"id": number, "result": regions, "was_cancelled": False}]
    return task


def _regions(word: TrueWord, quad: Points, index: int, size: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """The word's place with its label, its text, and whether it counts; one id ties them."""
    shape = {} if word.polygon else _rectangle(quad, size)
    kind = "rectanglelabels" if shape else "polygonlabels"
    common = {
        "id": f"w{index}",
        "to_name": "image",
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
    }
    shape = shape or {"points": [[100 * x / size[0], 100 * y / size[1]] for x, y in word.polygon or quad]}
    meta = {} if word.polygon or kind == "rectanglelabels" else {"meta": {"quad_order": ["text"]}}
    value = {**shape, kind: [label_of(word)]}
    yield {**common, **meta, "from_name": kind.removesuffix("labels"), "type": kind, "value": value}
    if word.text is not None:
        value = {**shape, "text": [word.text]}
        yield {**common, "from_name": "transcription", "type": "textarea", "value": value}
    if word.ignore:
        yield {**common, "from_name": "state", "type": "choices", "value": {**shape, "choices": ["ignore"]}}


def _rectangle(quad: Points, size: tuple[int, int]) -> dict[str, Any]:
    """A rectangle in per cent, with its angle; empty where the quad is none."""
    found = as_rectangle(quad)
    if found is None:
        return {}
    x, y, width, height, degrees = found
    across, down = 100 / size[0], 100 / size[1]
    return {"x": x * across, "y": y * down, "width": width * across, "height": height * down, "rotation": degrees}
