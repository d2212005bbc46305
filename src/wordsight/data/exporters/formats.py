"""The layouts that a manifest can be written in, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wordsight.config import check_choice
from wordsight.data.collect import new_folder
from wordsight.data.exporters import coco, icdar, label_studio, voc, yolo
from wordsight.data.exporters.items import Item, items_of, place_picture
from wordsight.data.manifest import Manifest
from wordsight.errors import ManifestError


@dataclass(frozen=True, slots=True)
class Export:
    """A layout.

    Attributes:
        about: Its files, and what it cannot hold.
        pictures: Where a picture goes; ``{part}`` and ``{name}`` are filled in.
        write: Writes all but the pictures into a folder that has them.
        part_of: The folder of a picture's part.
        crops: Whether it can hold pictures that are one text as a whole.
    """

    about: str
    pictures: str
    write: Callable[[Path, Sequence[Item]], None]
    part_of: Callable[[Item], str] = lambda item: ""
    crops: bool = True


EXPORTS = {
    "coco": Export("annotations/PART.json, images/", coco.PICTURES, coco.write),
    "icdar": Export("PART/gt_NAME.txt; whole pixels, no labels", icdar.PICTURES, icdar.write, icdar.part_of),
    "label-studio": Export("tasks.json, config.xml, images/", label_studio.PICTURES, label_studio.write),
    "voc": Export("Annotations/NAME.xml, JPEGImages/", voc.PICTURES, voc.write, crops=False),
    "yolo": Export("boxes, no texts", yolo.PICTURES, yolo.write_boxes, yolo.part_of, crops=False),
    "yolo-obb": Export("quads, no texts", yolo.PICTURES, yolo.write_oriented, yolo.part_of, crops=False),
}
_OTHER_NAMES = {
    "labelstudio": "label-studio",
    "label_studio": "label-studio",
    "icdar2015": "icdar",
    "pascal-voc": "voc",
}


def export_manifest(manifest: Manifest, out: str | Path, format_name: str, *, link: bool = False) -> int:
    """Write a manifest in another layout, whole or not at all.

    Args:
        manifest: Pictures with their truth.
        out: A folder that is not there yet, or an empty one.
        format_name: A name of EXPORTS.
        link: Make symbolic links to the pictures instead of copies.

    Returns:
        How many words could not be written because they have no place.

    Raises:
        ConfigError: There is no such layout.
        ManifestError: There is no picture, a crop has no place in the layout, a line says another size than its picture
            has, or ``out`` is in use.
        ImageError: A picture cannot be read.
    """
    export = EXPORTS[check_choice("format", _OTHER_NAMES.get(format_name, format_name), EXPORTS)]
    if not len(manifest):
        raise ManifestError(f"{manifest.folder}: there is no picture to export")
    items = items_of(manifest)
    crop = next((item for item in items if item.is_crop), None)
    if crop is not None and not export.crops:
        raise ManifestError(f"{crop.sample.path} is a text without boxes, which {format_name} cannot hold; use icdar")
    with new_folder(out) as part:
        for item in items:
            place_picture(item, part / export.pictures.format(part=export.part_of(item), name=item.name), link)
        export.write(part, items)
    return sum(len(item.sample.words or ()) - len(item.words) for item in items)
