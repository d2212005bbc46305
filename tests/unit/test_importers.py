"""Every layout: recognised by its files, read as its makers mean it, refused with file and line where it is broken."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_sets import IAM, KAIST, SETS, SVT, VOC, gnt_sample, picture, put, svhn
from PIL import Image

from wordsight.data.catalog import DATASETS, dataset_of
from wordsight.data.check import check_manifest
from wordsight.data.importers.formats import FORMATS, format_of, import_dataset, recognise
from wordsight.data.importers.source import Source
from wordsight.data.manifest import Manifest, Sample
from wordsight.errors import ConfigError, ManifestError

Box = tuple[int, int, int, int]


def box(left: int, top: int, right: int, bottom: int) -> list[list[int]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def told(sample: Sample) -> dict[str, Any]:
    """What a sample says, with whole pixels and without its size."""
    record: dict[str, Any] = {"image": sample.image.removeprefix("images/")}
    if sample.words is not None:
        record["words"] = [
            (word.text, word.label, word.ignore, [[round(x), round(y)] for x, y in word.quad or ()])
            for word in sample.words
        ]
    for key in ("text", "split", "level", "group"):
        if getattr(sample, key) is not None:
            record[key] = getattr(sample, key)
    if sample.fields:
        record["fields"] = dict(sample.fields)
    return record


EXPECTED: dict[str, list[dict[str, Any]]] = {
    "icdar2015": [
        {
            "image": "ch4_training_images/img_1.jpg",
            "split": "train",
            "words": [
                ("Genaxis, Theatre", None, False, [[10, 20], [60, 22], [59, 40], [9, 38]]),
                ("###", None, True, box(100, 20, 150, 40)),
            ],
        }
    ],
    "icdar2013": [
        {
            "image": "Test/img_1.jpg",
            "split": "test",
            "words": [
                ("Tiredness", None, False, box(38, 43, 92, 75)),
                ('say "hi"', None, False, box(27, 76, 50, 90)),
            ],
        },
        {"image": "Train/100.jpg", "split": "train", "words": [("Footpath", None, False, box(15, 12, 41, 28))]},
    ],
    "icdar-words": [
        {"image": "train/word_1.png", "text": "Genaxis Theatre", "split": "train"},
        {"image": "train/word_2.png", "text": 'a "b", c', "split": "train"},
    ],
    "coco": [
        {
            "image": "train/a.jpg",
            "split": "train",
            "words": [
                ("9.00", "total", False, box(10, 20, 60, 35)),
                ("2026", "date", False, [[10, 55], [48, 50], [50, 65], [12, 70]]),
                (None, "date", True, box(0, 0, 9, 9)),
            ],
        },
        {"image": "train/b.jpg", "split": "train", "words": []},
    ],
    "coco-text": [
        {
            "image": "train2014/COCO_train2014_000000000009.jpg",
            "split": "train",
            "words": [("the", None, False, box(10, 20, 60, 30)), (None, None, True, box(80, 20, 100, 30))],
        }
    ],
    "textocr": [
        {
            "image": "train_images/0a.jpg",
            "split": "train",
            "words": [("EPITAPH", None, False, box(1, 2, 31, 12)), (None, None, True, box(50, 2, 80, 12))],
        }
    ],
    "voc": [
        {
            "image": "JPEGImages/a.jpg",
            "split": "val",
            "words": [
                ("MH 15 & 1", "number_plate", False, box(10, 20, 110, 50)),
                (None, "logo", True, box(120, 20, 150, 50)),
            ],
        }
    ],
    "yolo": [
        {
            "image": "train/images/train.jpg",
            "split": "train",
            "words": [
                (None, "plate", False, box(80, 30, 120, 70)),
                (None, "logo", False, box(20, 20, 60, 40)),
            ],
        },
        {"image": "valid/images/valid.jpg", "split": "val", "words": []},
    ],
    "crops-by-name": [
        {"image": "5nm6d.jpg", "text": "5nm6d"},
        {"image": "f85y3.jpg", "text": "f85y3"},
        {"image": "wc2bd.jpg", "text": "wc2bd"},
    ],
    "crops-with-text": [
        {"image": "train/line0.png", "text": "Straße 5", "split": "train"},
        {"image": "train/line1.png", "text": "日本", "split": "train"},
    ],
    "devanagari": [
        {"image": "Test/digit_9/13.png", "text": "९", "split": "test"},
        {"image": "Train/character_1_ka/11.png", "text": "क", "split": "train"},
        {"image": "Train/character_36_gya/12.png", "text": "ज्ञ", "split": "train"},
    ],
    "label-studio": [
        {
            "image": "receipt 1.jpg",
            "words": [
                ("9.00", "total", False, [[20, 20], [20, 70], [10, 70], [10, 20]]),
                (None, None, False, box(100, 50, 150, 90)),
            ],
        },
        {"image": "b.jpg"},
    ],
    "nanonets": [
        {
            "image": "1.jpg",
            "words": [("MH 02 CB 4545", "number_plate", False, box(10, 20, 200, 50))],
            "fields": {"number_plate": "MH 02 CB 4545"},
        },
        {"image": "2.jpg", "words": [(None, "number_plate", False, box(10, 20, 90, 50))]},
        {"image": "3.jpg", "words": []},
    ],
    "ppocr": [
        {
            "image": "pics/a.jpg",
            "words": [
                ("HUIDU", None, False, box(10, 20, 60, 40)),
                ("###", None, True, box(80, 20, 90, 40)),
                ("9.00", "total", False, box(10, 60, 40, 80)),
            ],
        }
    ],
    "doctr-detection": [{"image": "a.jpg", "words": [(None, None, False, box(10, 20, 60, 40))]}],
    "doctr-recognition": [{"image": "a.jpg", "text": "I am"}],
    "doctr-words": [{"image": "a.jpg", "words": [("I", None, False, box(20, 20, 40, 40))]}],
    "svhn": [
        {
            "image": "train/1.png",
            "split": "train",
            "level": "word",
            "fields": {"number": "10"},
            "words": [("10", "number", False, box(10, 30, 45, 70))],
        },
        {
            "image": "train/2.png",
            "split": "train",
            "level": "word",
            "fields": {"number": "5"},
            "words": [("5", "number", False, box(10, 30, 25, 70))],
        },
    ],
    "svhn-cropped": [
        {"image": f"test_32x32/00000{i}.png", "text": said, "split": "test"}
        for i, said in ((1, "1"), (2, "0"), (3, "9"))
    ],
    "svt": [
        {
            "image": "svt1/img/14_03.jpg",
            "split": "train",
            "words": [("LIVING", None, False, box(40, 30, 100, 55)), ("ROOM", None, False, box(110, 30, 160, 55))],
        }
    ],
    "iiit5k": [
        {"image": "IIIT5K/train/1009_1.png", "text": "You", "split": "train"},
        {"image": "IIIT5K/train/1009_2.png", "text": "ARE", "split": "train"},
    ],
    "total-text": [
        {
            "image": "Images/Train/img11.jpg",
            "split": "train",
            "words": [("PETRO'S é", None, False, box(20, 20, 100, 50)), (None, None, True, box(120, 30, 150, 50))],
        }
    ],
    "total-text-mat": [
        {
            "image": "Images/Test/img2.jpg",
            "split": "test",
            "words": [("Café", None, False, [[20, 30], [60, 20], [100, 30], [98, 50]])],
        }
    ],
    "msra-td500": [
        {
            "image": "train/IMG_0030.JPG",
            "split": "train",
            "level": "line",
            "words": [
                (None, None, False, box(50, 40, 130, 60)),
                (None, None, True, [[100, 10], [100, 90], [80, 90], [80, 10]]),
            ],
        }
    ],
    "kaist": [{"image": "Korean/DSC02306.JPG", "words": [("서울", None, False, box(10, 20, 70, 50))]}],
    "casia-hwdb": [
        {
            "image": f"HWDB1.1trn_gnt/1001-f/0000{i}.png",
            "text": said,
            "split": "train",
            "group": "HWDB1.1trn_gnt/1001-f",
        }
        for i, said in enumerate("扼A遏")
    ],
    "mjsynth": [
        {"image": "2425/1/115_Lube_45484.jpg", "text": "Lube", "split": "train"},
        {"image": "2425/1/114_Spencerian_73323.jpg", "text": "Spencerian", "split": "val"},
    ],
    "synthtext": [
        {
            "image": "8/ballet_106_0.jpg",
            "words": [
                (said, None, False, box(10 + 5 * i, 20 + 5 * i, 40 + 5 * i, 35 + 5 * i))
                for i, said in enumerate(("Lines:", "I", "lost", "Kevin"))
            ],
        },
        {"image": "8/b_1.jpg", "words": [("one", None, False, box(10, 20, 40, 35))]},
    ],
    "iam": [
        {
            "image": "formsA-D/a01-000u.png",
            "group": "000",
            "words": [
                ("A", None, False, box(10, 20, 20, 32)),
                ('"MOVE', None, False, box(30, 20, 72, 42)),
                ("to", None, True, box(10, 60, 20, 72)),
            ],
        }
    ],
    "iam-lines": [
        {
            "image": "lines/a01/a01-000u/a01-000u-00.png",
            "text": "A MOVE to stop Mr. Gaitskell from",
            "level": "line",
            "group": "a01-000u",
        }
    ],
    "sroie": [
        {
            "image": "0325updated.task1train/X51005255805.jpg",
            "split": "train",
            "level": "line",
            "words": [
                ("TAN WOON YANN, SDN", None, False, box(10, 20, 90, 40)),
                ("CAFé", None, False, box(10, 50, 90, 70)),
            ],
            "fields": {"company": "TAN WOON YANN, SDN", "date": "25/12/2018", "address": "NO.1", "total": "9.00"},
        }
    ],
    "funsd": [
        {
            "image": "training_data/images/0000971160.png",
            "split": "train",
            "words": [
                ("Date:", "question", False, box(10, 20, 40, 30)),
                ("May", "answer", False, box(50, 20, 70, 30)),
                ("5", "answer", False, box(75, 20, 90, 30)),
            ],
            "fields": {"Date:": "May 5"},
        }
    ],
}


@pytest.fixture(params=SETS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A case's name, and the folder of its set."""
    folder = tmp_path / "source"
    folder.mkdir()
    SETS[request.param][1](folder)
    return request.param, folder


def test_a_set_is_recognised_and_read(case: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = case
    done = import_dataset(folder, tmp_path / "out")
    assert (done.format, done.left_out) == (SETS[name][0], ())
    manifest = Manifest.open(tmp_path / "out")
    assert [told(sample) for sample in manifest] == EXPECTED[name]
    assert all(sample.path.is_file() and sample.size for sample in manifest)
    checked = check_manifest(tmp_path / "out")
    assert checked.count("error") == 0, checked.faults
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_links_lead_to_the_pictures(case: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = case
    import_dataset(folder, tmp_path / "out", SETS[name][0], link=True)
    samples = list(Manifest.open(tmp_path / "out"))
    links = [sample.path.is_symlink() for sample in samples]
    assert all(links) == (name not in ("svhn-cropped", "casia-hwdb"))  # whose pictures are in no file of their own
    assert all(sample.path.is_file() for sample in samples)


def test_what_a_set_knows_beside_words_is_kept(tmp_path: Path) -> None:
    for name in ("svhn", "svt", "kaist", "iam", "funsd", "coco-text", "total-text", "iiit5k"):
        (tmp_path / name).mkdir()
        SETS[name][1](tmp_path / name)
        import_dataset(tmp_path / name, tmp_path / f"{name}-out")
    first = {
        name: Manifest.open(tmp_path / f"{name}-out").samples[0]
        for name in ("svhn", "svt", "kaist", "iam", "funsd", "coco-text", "total-text", "iiit5k")
    }
    assert first["svhn"].extra["digits"][1] == {"text": "0", "quad": box(30, 30, 45, 70)}
    assert first["svt"].lexicon == ("LIVING", "ROOM", "THEATERS")
    assert first["iiit5k"].lexicon == ("You", "ARE", "Rescue")
    words = {name: sample.words or () for name, sample in first.items()}
    assert words["kaist"][0].extra["characters"][1] == {"text": "울", "quad": box(40, 20, 70, 50)}
    assert [word.extra["line"] for word in words["iam"]] == [0, 0, 1]
    assert [word.extra["entity"] for word in words["funsd"]] == [0, 1, 1]
    assert words["coco-text"][0].extra == {"language": "english", "class": "machine printed"}
    assert len(words["total-text"][0].polygon or ()) == 6


def test_pixels_of_containers_are_right(tmp_path: Path) -> None:
    for name in ("svhn-cropped", "casia-hwdb"):
        (tmp_path / name).mkdir()
        SETS[name][1](tmp_path / name)
        import_dataset(tmp_path / name, tmp_path / f"{name}-out")
    digit = np.asarray(Image.open(tmp_path / "svhn-cropped-out" / "images" / "test_32x32" / "000002.png"))
    assert (digit[:, :16, 0] == 255).all()  # rows, then columns, then colours
    assert digit[:, 16:].max() == 0
    assert digit[..., 1:].max() == 0
    path = tmp_path / "casia-hwdb-out" / "images" / "HWDB1.1trn_gnt" / "1001-f" / "00001.png"
    assert np.asarray(Image.open(path))[..., 0].tolist() == [
        [255 - (3 * row + i) % 7 for i in range(3)] for row in range(5)
    ]


def test_an_annotation_file_can_be_named(tmp_path: Path) -> None:
    SETS["label-studio"][1](tmp_path)
    SETS["nanonets"][1](tmp_path)
    done = import_dataset(tmp_path / "annotations.json", tmp_path / "out")
    assert (done.format, done.pictures) == ("nanonets", 3)
    assert import_dataset(tmp_path / "project-1.json", tmp_path / "second").format == "label-studio"


# What is wrong with a set: its case, the file that is broken, what stands in it then, and what the message says.
BROKEN: list[tuple[str, str, str | bytes | object, str]] = [
    (
        "icdar2015",
        "ch4_training_gt/gt_img_1.txt",
        "1,2,3,4,5,6,7,8,a\n1,2,x,4,5,6,7,8,b\n",
        r"gt_img_1.txt:2: .*number",
    ),
    ("icdar2015", "ch4_training_gt/gt_img_1.txt", "1,2,3,4,5,6,7,8,a\n1,2,3\n", r"gt_img_1.txt:2: .*8 positions"),
    ("icdar2015", "ch4_training_gt/gt_img_1.txt", "1,2,3,4,5,6,nan,8,a\n", r"gt_img_1.txt:1: .*finite"),
    ("icdar2015", "ch4_training_gt/gt_img_1.txt", b"1,2,3,4,5,6,7,8,\xff\xfe\n", r"gt_img_1.txt:1: not utf-8"),
    ("icdar2013", "Test/gt_img_1.txt", '38, 43, 92, "T"\n', r"gt_img_1.txt:1: .*4 positions"),
    ("icdar-words", "train/gt.txt", 'word_1.png, "a"\nnothing\n', r"gt.txt:2: .*its \"text\""),
    ("icdar-words", "train/gt.txt", '../../secret.png, "a"\n', r"gt.txt:1: .*no path inside"),
    (
        "coco",
        "annotations/instances_train.json",
        '{"images": [], "annotations": [\n,]',
        r"instances_train.json:2: not JSON",
    ),
    ("coco", "annotations/instances_train.json", '{"images": [], "annotations": [NaN]}', "NaN is not a JSON number"),
    ("coco", "annotations/instances_train.json", {"images": 5, "annotations": []}, "'images' is a list"),
    (
        "coco",
        "annotations/instances_train.json",
        {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 2, "bbox": [0, 0, 1, 1]}]},
        r"annotations\[0\]: image_id 2 is no image",
    ),
    (
        "coco",
        "annotations/instances_train.json",
        {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1, "bbox": [0, 0, 1]}]},
        r"annotations\[0\]: not enough values",
    ),
    (
        "coco",
        "annotations/instances_train.json",
        {"images": [{"id": 1, "file_name": "/etc/passwd"}], "annotations": []},
        r"images\[0\]: '/etc/passwd' is no path inside",
    ),
    (
        "coco",
        "annotations/instances_train.json",
        {"images": [{"id": 1, "file_name": "a.jpg", "width": 300, "height": 100}], "annotations": []},
        "a.jpg is 200x100, its annotations say 300x100",
    ),
    ("coco-text", "cocotext.v2.json", {"imgs": {}, "anns": {"5": {"image_id": 1}}}, r"anns\[5\]: image_id 1"),
    ("voc", "Annotations/a.xml", VOC.replace("</object>", "", 1), r"a.xml:\d+: not well-formed"),
    ("voc", "Annotations/a.xml", VOC.replace("<ymin>20</ymin>", "", 1), r"a.xml:4: <bndbox> has no <ymin>"),
    ("voc", "Annotations/a.xml", VOC.replace("<xmin>10<", "<xmin>ten<"), r"a.xml:4: .*'ten'"),
    (
        "voc",
        "Annotations/a.xml",
        '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><annotation><object><name>&y;</name></object></annotation>',
        r"a.xml:1: the entity 'x'",
    ),
    ("voc", "Annotations/a.xml", "<annotation>" * 100, r"a.xml:1: over 64 elements deep"),
    ("yolo", "train/labels/train.txt", "0 0.5 0.5 0.2\n", r"train.txt:1: .*class and 4 numbers"),
    ("yolo", "train/labels/train.txt", "0 0.5 0.5 0.2 0.4\n7 0.5 0.5 0.2 0.4\n", r"train.txt:2: class 7 has no name"),
    ("yolo", "train/labels/train.txt", "0 50 50 20 40\n", r"train.txt:1: positions are shares"),
    ("yolo", "train/labels/train.txt", "1.5 0.5 0.5 0.2 0.4\n", r"train.txt:1: a class is a whole number"),
    ("yolo", "data.yaml", "names: [a\n", "data.yaml: not YAML"),
    ("yolo", "data.yaml", "names: {1: a}\n", "data.yaml: 'names' is a list"),
    ("yolo", "data.yaml", "names: !!python/object/apply:os.system [ls]\n", "data.yaml: not YAML"),
    ("crops-with-text", "train/line0.gt.txt", "one\ntwo\n", r"line0.gt.txt:1: 2 lines"),
    ("label-studio", "project-1.json", [{"data": {"x": 5}, "annotations": [], "result": 0}], r"\[0\]: 'data' names no"),
    (
        "label-studio",
        "project-1.json",
        [
            {
                "data": {"ocr": "b.jpg"},
                "annotations": [{"result": [{"value": {"x": "a", "y": 1, "width": 1, "height": 1}}]}],
            }
        ],
        r"project-1.json:\[0\]: 'x' is a number",
    ),
    ("nanonets", "annotations.json", [{"filename": "1.jpg", "object": [{"bndbox": {}}]}], r"\[0\]: 'xmin' is missing"),
    ("nanonets", "annotations.json", '{"filename": "1.jpg", "bndbox": \n', "annotations.json:2: not JSON"),
    ("ppocr", "pics/Label.txt", 'pics/a.jpg\t[{"transcription": "a"}]\n', "Label.txt:1: 'points' is missing"),
    ("ppocr", "pics/Label.txt", "pics/a.jpg\t[]\npics/a.jpg\n", "Label.txt:2: .*a tab"),
    ("ppocr", "pics/Label.txt", "pics/a.jpg\t[{]\n", "Label.txt:1: the boxes are no JSON"),
    ("doctr-detection", "labels.json", {"a.jpg": {"polygons": [[[1, 2], [3, 4]]]}}, "labels.json:a.jpg: .*corners"),
    ("doctr-words", "labels.json", {"a.jpg": {"typed_words": [{"value": 5}]}}, "labels.json:a.jpg: 'value' is a text"),
    ("svhn", "train/digitStruct.mat", b"nothing", "digitStruct.mat: no HDF5"),
    ("svhn", "train/digitStruct.mat", b"\x89HDF\r\n\x1a\n" + bytes(400), "digitStruct.mat: the HDF5 is broken"),
    ("svhn-cropped", "test_32x32.mat", b"nothing", "test_32x32.mat: no .mat of version 5"),
    ("svt", "svt1/train.xml", SVT.replace('x="40"', ""), r"train.xml:5: <taggedRectangle> has no|train.xml:2: "),
    ("svt", "svt1/train.xml", SVT.replace("img/14_03.jpg", "../14_03.jpg"), r"train.xml:2: '../14_03.jpg' is no path"),
    ("iiit5k", "IIIT5K/traindata.mat", b"MATLAB 5.0" + bytes(200), "traindata.mat: no .mat of version 5"),
    ("total-text", "Groundtruth/Train/poly_gt_img11.txt", "x: [[1 2 3]], y: [[1 2]]\n", "img11.txt:1: a word has x, y"),
    (
        "total-text",
        "Groundtruth/Train/poly_gt_img11.txt",
        "x: [[1 2 3]], y: [[1 2]], ornt: [u'c'], transcriptions: [u'a']\n",
        "img11.txt:1: 3 x and 2 y",
    ),
    ("msra-td500", "train/IMG_0030.gt", "0 0 50 40 80 20\n", "IMG_0030.gt:1: a line has 7 numbers"),
    ("kaist", "Korean/DSC02306.xml", KAIST.replace('width="60"', 'width="wide"'), r"DSC02306.xml:3: 'width' of <word>"),
    ("kaist", "Korean/DSC02306.xml", KAIST.replace("</words>", ""), r"DSC02306.xml:5: not well-formed"),
    ("casia-hwdb", "HWDB1.1trn_gnt/1001-f.gnt", gnt_sample("扼", 4, 5)[:-1], r"1001-f.gnt:0: a sample of 30 bytes"),
    (
        "casia-hwdb",
        "HWDB1.1trn_gnt/1001-f.gnt",
        gnt_sample("扼", 4, 5) + b"abc",
        r"1001-f.gnt:30: .*inside a sample's head",
    ),
    (
        "casia-hwdb",
        "HWDB1.1trn_gnt/1001-f.gnt",
        struct.pack("<I2sHH", 2**32 - 1, "扼".encode("gb18030"), 65535, 65535),
        r"1001-f.gnt:0: a character of 65535 x 65535",
    ),
    ("casia-hwdb", "HWDB1.1trn_gnt/1001-f.gnt", struct.pack("<I2sHHB", 11, b"\xff\xff", 1, 1, 0), "no character of GB"),
    ("mjsynth", "annotation_val.txt", "./2425/1/114_Spencerian_73323.jpg\n", r"annotation_val.txt:1: .*a number"),
    ("mjsynth", "annotation_val.txt", "./../../etc/1_a_2.jpg 5\n", r"annotation_val.txt:1: .*no path inside"),
    ("mjsynth", "annotation_val.txt", "./2425/1/Spencerian.jpg 5\n", r"annotation_val.txt:1: a picture is named"),
    ("synthtext", "gt.mat", b"nothing", "gt.mat: no .mat of version 5"),
    ("iam", "xml/a01-000u.xml", IAM.replace('x="10" ', "", 1), r"a01-000u.xml:7: <cmp> has no attribute 'x'"),
    ("iam", "xml/a01-000u.xml", IAM.replace("A &amp;quot;MOVE", "&quote;"), r"a01-000u.xml:6: the entity '&quote;'"),
    ("iam-lines", "ascii/lines.txt", "#--- lines.txt\na01-000u-00 maybe 1 2 3 4 5 6 A\n", r"lines.txt:2: .*ok or err"),
    ("sroie", "0325updated.task2train/X51005255805.txt", '{"company": 5}', "'company' is a text"),
    (
        "funsd",
        "training_data/annotations/0000971160.json",
        {"form": [{"linking": []}]},
        r"form\[0\]: 'label' is missing",
    ),
    (
        "funsd",
        "training_data/annotations/0000971160.json",
        {"form": [{"label": "other", "words": [{"text": "a", "box": [1, 2, 3]}], "linking": []}]},
        r"form\[0\]: not enough values",
    ),
]


@pytest.mark.parametrize(("name", "file", "content", "message"), BROKEN)
def test_a_broken_file_is_named_and_nothing_is_written(
    tmp_path: Path, name: str, file: str, content: str | bytes | object, message: str
) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    SETS[name][1](folder)
    put(folder / file, content)
    with pytest.raises(ManifestError, match=message):
        import_dataset(folder, tmp_path / "out", SETS[name][0])
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_fault_in_one_file_can_be_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    SETS["icdar2013"][1](folder)
    put(folder / "Train" / "100.txt", "broken\n")
    picture(folder / "Test" / "img_2.jpg", shade=5)
    put(folder / "Test" / "gt_img_2.txt", '1, 2, 30, 40, "x"\n')
    put(folder / "Test" / "img_2.jpg", b"\xff\xd8 no picture")
    done = import_dataset(folder, tmp_path / "out", "icdar2013", lenient=True)
    assert done.pictures == 1
    assert len(done.left_out) == 2
    assert "100.txt:1:" in done.left_out[0]
    assert "img_2.jpg" in done.left_out[1]


def test_a_missing_picture_is_told_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    SETS["coco"][1](folder)
    (folder / "train" / "b.jpg").unlink()
    with pytest.raises(ManifestError, match=r"b.jpg is not there; .*--lenient"):
        import_dataset(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    done = import_dataset(folder, tmp_path / "out", lenient=True)
    assert (done.pictures, len(done.left_out)) == (1, 1)


def test_what_is_in_use_is_left_alone(tmp_path: Path) -> None:
    SETS["coco"][1](tmp_path / "source")
    put(tmp_path / "out" / "mine.txt", "mine")
    with pytest.raises(ManifestError, match="is there already"):
        import_dataset(tmp_path / "source", tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert import_dataset(tmp_path / "source", tmp_path / "empty").pictures == 2


def test_what_cannot_be_recognised(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is not there"):
        import_dataset(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ManifestError, match="looks like no data set"):
        import_dataset(tmp_path / "empty", tmp_path / "out")
    put(tmp_path / "manifest" / "labels.jsonl", '{"image": "a.jpg"}\n')
    with pytest.raises(ManifestError, match="is a manifest already"):
        import_dataset(tmp_path / "manifest", tmp_path / "out")
    with pytest.raises(ConfigError, match="did you mean 'coco'"):
        import_dataset(tmp_path / "empty", tmp_path / "out", "cocoo")
    for shade in range(3):  # photos without any truth are not crops named after their text
        picture(tmp_path / "photos" / f"IMG_{shade}.jpg", shade=shade)
    with pytest.raises(ManifestError, match="looks like no data set"):
        recognise(Source(tmp_path / "photos"))


def test_every_named_data_set_has_an_importer_and_says_what_it_is() -> None:
    names = "svhn icdar2013 icdar2015 svt iiit5k coco-text total-text msra-td500 kaist devanagari casia-hwdb mjsynth"
    assert {*names.split(), "synthtext", "iam", "sroie", "funsd"} == {dataset.name for dataset in DATASETS}
    for dataset in DATASETS:
        assert format_of(dataset.format).name == dataset.format
        assert format_of(dataset.name) in FORMATS
        assert dataset.home.startswith(("http://", "https://"))
        assert all((dataset.about, dataset.licence, dataset.layout, dataset.paper))
    with pytest.raises(ConfigError, match="did you mean 'svhn'"):
        dataset_of("svnh")


def test_house_numbers_beyond_all_bounds_are_refused(tmp_path: Path) -> None:
    import h5py

    svhn(tmp_path, ((1, 11),))
    with pytest.raises(ManifestError, match=r"digitStruct\[0\]: 11.0 is no label"):
        import_dataset(tmp_path, tmp_path / "out", "svhn")
    svhn(tmp_path, ((1, 2),))
    with h5py.File(tmp_path / "train" / "digitStruct.mat", "a") as file:
        huge = file["#refs#"].create_dataset("huge", shape=(1 << 40, 1), dtype=np.uint16, chunks=(1024, 1))
        file["digitStruct/name"][0] = [huge.ref]
    with pytest.raises(ManifestError, match=r"digitStruct\[0\]: 1099511627776 numbers where 4096 are the most"):
        import_dataset(tmp_path, tmp_path / "out", "svhn")
    put(tmp_path / "other.bin", b"secret")
    with h5py.File(tmp_path / "train" / "digitStruct.mat", "w") as file:
        file["digitStruct"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/x")
    with pytest.raises(ManifestError, match="this is no digitStruct"):
        import_dataset(tmp_path, tmp_path / "out", "svhn")


def test_a_class_without_names_and_darknet_names(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    put(tmp_path / "a.txt", "1 0.5 0.5 0.5 0.5\n")
    (sample,) = _imported(tmp_path, "yolo")
    assert [word.label for word in sample.words or ()] == ["class 1"]
    put(tmp_path / "obj.names", "plate\nlogo\n")
    (sample,) = _imported(tmp_path, "yolo", "second")
    assert [word.label for word in sample.words or ()] == ["logo"]


def test_counters_after_names_of_crops_are_dropped(tmp_path: Path) -> None:
    for index, said in enumerate(("Haus", "ab_c")):
        picture(tmp_path / "s" / f"{said}_{index}.jpg", shade=index)
    assert sorted(sample.text or "" for sample in _imported(tmp_path / "s", "crops")) == ["Haus", "ab_c"]


def test_json_lines_of_nanonets(tmp_path: Path) -> None:
    picture(tmp_path / "1.jpg")
    picture(tmp_path / "2.jpg", shade=1)
    one = {
        "filename": "C:\\me\\1.jpg",
        "object": [{"name": "a", "bndbox": dict.fromkeys(("xmin", "ymin"), 1) | {"xmax": 9, "ymax": 9}}],
    }
    put(tmp_path / "data.json", json.dumps(one) + "\n" + json.dumps([{"filename": "2.jpg", "object": {}}]) + "\n")
    assert [len(sample.words or ()) for sample in _imported(tmp_path, "nanonets")] == [1, 0]


@pytest.mark.parametrize(("orientation", "quad"), [(6, box(60, 10, 80, 60)), (8, box(20, 140, 40, 190))])
def test_boxes_on_the_stored_picture_turn_upright_with_it(
    tmp_path: Path, orientation: int, quad: list[list[int]]
) -> None:
    """A tool that does not know EXIF says the stored size, and marks there."""
    folder = tmp_path / "source"
    exif = Image.Exif()
    exif[0x0112] = orientation
    (folder / "p").mkdir(parents=True)
    Image.new("RGB", (200, 100)).save(folder / "p" / "a.jpg", exif=exif)
    image = {"id": 1, "file_name": "a.jpg", "width": 200, "height": 100}
    put(folder / "x.json", {"images": [image], "annotations": [{"image_id": 1, "bbox": [10, 20, 50, 20]}]})
    import_dataset(folder, tmp_path / "out", "coco")
    (sample,) = Manifest.open(tmp_path / "out")
    assert sample.size == (100, 200)
    assert [list(map(list, word.quad or ())) for word in sample.words or ()] == [quad]


def _imported(folder: Path, layout: str, out: str = "out") -> list[Sample]:
    target = folder.parent / f"{folder.name}-{out}"
    import_dataset(folder, target, layout)
    return list(Manifest.open(target))
