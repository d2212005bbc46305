"""The layouts of foreign data sets by name, and how one is told from its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wordsight.config import check_choice
from wordsight.data.collect import Collected, Entry, collect
from wordsight.data.importers import (
    casia_hwdb,
    characters,
    coco,
    coco_text,
    crops,
    doctr,
    funsd,
    iam,
    icdar,
    iiit5k,
    kaist,
    label_studio,
    mjsynth,
    msra_td500,
    nanonets,
    ppocr,
    sroie,
    svhn,
    svt,
    synthtext,
    total_text,
    voc,
    yolo,
)
from wordsight.data.importers.source import Source
from wordsight.data.manifest import LABELS
from wordsight.errors import ManifestError


@dataclass(frozen=True, slots=True)
class Format:
    """A layout.

    Attributes:
        name: What users call it.
        about: Its files in a few words.
        matches: Whether a data set looks like it; opens few files.
        read: Its pictures with their truth, in a fixed order; raises ManifestError with file and line.
    """

    name: str
    about: str
    matches: Callable[[Source], bool]
    read: Callable[[Source], Iterator[Entry]]


FORMATS = (
    # In the order in which they are tried: those with telling names first, those of any text file last.
    Format("mjsynth", "annotation_train.txt and the like with word crops", mjsynth.matches, mjsynth.read),
    Format("synthtext", "gt.mat with imnames, wordBB and txt", synthtext.matches, synthtext.read),
    Format("svhn", "digitStruct.mat beside pictures, or train_32x32.mat", svhn.matches, svhn.read),
    Format("iiit5k", "traindata.mat and testdata.mat with word crops", iiit5k.matches, iiit5k.read),
    Format("casia-hwdb", ".gnt files of handwritten characters", casia_hwdb.matches, casia_hwdb.read),
    Format("msra-td500", "a .gt file for each picture", msra_td500.matches, msra_td500.read),
    Format("svt", "train.xml and test.xml with tagged rectangles", svt.matches, svt.read),
    Format("kaist", "an XML file with words and characters for each picture", kaist.matches, kaist.read),
    Format("iam", "xml/ and forms/, or ascii/lines.txt and lines/", iam.matches, iam.read),
    Format("voc", "Pascal VOC: an XML file for each picture", voc.matches, voc.read),
    Format("coco-text", "cocotext.v2.json, or TextOCR", coco_text.matches, coco_text.read),
    Format("coco", "COCO: one JSON file with images and annotations", coco.matches, coco.read),
    Format("funsd", "a JSON file with linked entities for each form", funsd.matches, funsd.read),
    Format("label-studio", "Label Studio's JSON export", label_studio.matches, label_studio.read),
    Format("nanonets", "JSON with filename, object, bndbox and ocr_text", nanonets.matches, nanonets.read),
    Format("total-text", "poly_gt_img11.txt or .mat with polygons", total_text.matches, total_text.read),
    Format("ppocr", "PPOCRLabel's Label.txt or rec_gt.txt", ppocr.matches, ppocr.read),
    Format("sroie", "lines as quads, and four fields as JSON, for each receipt", sroie.matches, sroie.read),
    Format("icdar2015", "gt_img_1.txt: eight positions and a text a line", icdar.is_2015, icdar.read_2015),
    Format("icdar2013", 'gt_img_1.txt: four positions and a "text" a line', icdar.is_2013, icdar.read_2013),
    Format("icdar-words", 'gt.txt: a crop and its "text" a line', icdar.is_words, icdar.read_words),
    Format("yolo", "labels/ with shares of the picture's size, class names", yolo.matches, yolo.read),
    Format("doctr", "docTR's labels.json", doctr.matches, doctr.read),
    Format("characters", "a folder for each character, as DHCD has them", characters.matches, characters.read),
    Format("crops", "crops whose name, or text file beside, is the text", crops.matches, crops.read),
)
_OTHER_NAMES = {
    "devanagari": "characters",
    "textocr": "coco-text",
    "labelstudio": "label-studio",
    "label_studio": "label-studio",
    "pascal-voc": "voc",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done.

    Attributes:
        format: The layout that was read.
        pictures: How many pictures the new manifest has.
        left_out: What is not in it, a sentence each.
    """

    format: str
    pictures: int
    left_out: tuple[str, ...] = ()


def import_dataset(
    source: str | Path,
    out: str | Path,
    format_name: str = "",
    *,
    link: bool = False,
    lenient: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Write a foreign data set as a manifest, whole or not at all.

    Args:
        source: Its folder, or its annotation file.
        out: A folder that is not there yet, or an empty one.
        format_name: Its layout; found out where it is empty.
        link: Make symbolic links to the pictures instead of copies.
        lenient: Leave out annotation files with faults, and pictures that are missing or cannot be read.
        progress: Called after each picture with the number of pictures done and of all.

    Raises:
        ConfigError: There is no such layout.
        ManifestError: The layout cannot be found out, a file does not follow it (the message names file and line), a
            picture is missing, or ``out`` is in use.
        ImageError: A picture cannot be read.
        MissingExtra: The layout needs a package that is not installed.
    """
    opened = Source(source, lenient)
    chosen = format_of(format_name) if format_name else recognise(opened)

    def entries() -> Iterable[Entry]:
        opened.faults.clear()
        return chosen.read(opened)

    done: Collected = collect(out, entries, link=link, lenient=lenient, progress=progress)
    return Imported(chosen.name, done.pictures, (*opened.faults, *done.left_out))


def format_of(name: str) -> Format:
    """A layout by its name; a ConfigError names the nearest where there is none."""
    known = {layout.name: layout for layout in FORMATS}
    return known[check_choice("format", _OTHER_NAMES.get(name, name), known)]


def recognise(source: Source) -> Format:
    """The layout that a data set looks like.

    Raises:
        ManifestError: It looks like none, or is a manifest already.
    """
    place = source.folder if source.file is None else source.path(source.file)
    if source.path(LABELS).is_file() and source.file in (None, LABELS):
        raise ManifestError(f"{place} is a manifest already; there is nothing to import")
    for layout in FORMATS:
        if layout.matches(source):
            return layout
    raise ManifestError(
        f"{place} looks like no data set that is known; name its layout with --format "
        f"({', '.join(layout.name for layout in FORMATS)})"
    )
