"""Small data sets in the layouts of other programs and of the field, made as their makers do."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Build = Callable[[Path], None]


def picture(path: Path, size: tuple[int, int] = (200, 100), shade: int = 0) -> None:
    """A picture that no other shade equals."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade % 256, 40, 200)).save(path)


def put(path: Path, content: str | bytes | object) -> None:
    """A file: bytes, a text in UTF-8, or JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")


def icdar2015(folder: Path) -> None:
    picture(folder / "ch4_training_images" / "img_1.jpg")
    text = "\ufeff10,20,60,22,59,40,9,38,Genaxis, Theatre\r\n100,20,150,20,150,40,100,40,###\r\n"
    put(folder / "ch4_training_gt" / "gt_img_1.txt", text)


def icdar2013(folder: Path) -> None:
    picture(folder / "Test" / "img_1.jpg")
    picture(folder / "Train" / "100.jpg", shade=1)
    put(folder / "Test" / "gt_img_1.txt", '38, 43, 92, 75, "Tiredness"\r\n27, 76, 50, 90, "say \\"hi\\""\r\n')
    put(folder / "Train" / "100.txt", '15 12 41 28 "Footpath"\n')


def icdar_words(folder: Path) -> None:
    picture(folder / "train" / "word_1.png", (60, 20))
    picture(folder / "train" / "word_2.png", (60, 20), 1)
    put(folder / "train" / "gt.txt", '\ufeffword_1.png, "Genaxis Theatre"\r\nword_2.png, "a \\"b\\", c"\r\n')


def coco(folder: Path) -> None:
    picture(folder / "train" / "a.jpg")
    picture(folder / "train" / "b.jpg", shade=1)
    words = [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 20, 50, 15], "iscrowd": 0, "text": "9.00"},
        {
            "id": 2,
            "image_id": 7,
            "category_id": 4,
            "bbox": [10, 50, 40, 20],
            "segmentation": [[10, 55, 48, 50, 50, 65, 12, 70]],
            "attributes": {"transcription": "2026"},
        },
        {"id": 3, "image_id": 7, "category_id": 4, "bbox": [0, 0, 9, 9], "segmentation": {"counts": "x"}, "iscrowd": 1},
    ]
    images = [
        {"id": 7, "file_name": "a.jpg", "width": 200, "height": 100},
        {"id": 8, "file_name": "b.jpg", "width": 200, "height": 100},
    ]
    categories = [{"id": 3, "name": "total"}, {"id": 4, "name": "date"}]
    put(
        folder / "annotations" / "instances_train.json",
        {"images": images, "annotations": words, "categories": categories},
    )


def coco_text(folder: Path) -> None:
    picture(folder / "train2014" / "COCO_train2014_000000000009.jpg")
    image = {"id": 9, "file_name": "COCO_train2014_000000000009.jpg", "width": 200, "height": 100, "set": "train"}
    words = {
        "45346": {
            "id": 45346,
            "image_id": 9,
            "bbox": [10, 20, 50, 10],
            "mask": [10, 20, 60, 20, 60, 30, 10, 30],
            "utf8_string": "the",
            "legibility": "legible",
            "language": "english",
            "class": "machine printed",
        },
        "45347": {"id": 45347, "image_id": 9, "bbox": [80, 20, 20, 10], "utf8_string": "", "legibility": "illegible"},
    }
    empty = {"id": 10, "file_name": "COCO_train2014_000000000010.jpg", "width": 1, "height": 1, "set": "val"}
    put(
        folder / "cocotext.v2.json",
        {"cats": {}, "anns": words, "imgs": {"9": image, "10": empty}, "imgToAnns": {"9": [45346, 45347], "10": []}},
    )


def textocr(folder: Path) -> None:
    picture(folder / "train_images" / "0a.jpg")
    image = {"id": "0a", "file_name": "train/0a.jpg", "width": 200, "height": 100, "set": "train"}
    words = {
        "0a_1": {
            "id": "0a_1",
            "image_id": "0a",
            "bbox": [1, 2, 30, 10],
            "points": [1, 2, 31, 2, 31, 12, 1, 12],
            "utf8_string": "EPITAPH",
            "area": 300,
        },
        "0a_2": {
            "id": "0a_2",
            "image_id": "0a",
            "bbox": [50, 2, 30, 10],
            "points": [50, 2, 80, 2, 80, 12, 50, 12],
            "utf8_string": ".",
        },
    }
    put(folder / "TextOCR_0.1_train.json", {"imgs": {"0a": image}, "anns": words, "imgToAnns": {"0a": ["0a_1"]}})


VOC = """<annotation>
  <folder>pics</folder><filename>a.jpg</filename><path>C:\\Users\\me\\a.jpg</path>
  <size><width>200</width><height>100</height><depth>3</depth></size>
  <object><name>number_plate</name><difficult>0</difficult>
    <bndbox><xmin>10</xmin><ymin>20</ymin><xmax>110</xmax><ymax>50</ymax></bndbox>
    <ocr_text>MH 15 &amp; 1</ocr_text></object>
  <object><name>logo</name><difficult>1</difficult>
    <bndbox><xmin>120</xmin><ymin>20</ymin><xmax>150</xmax><ymax>50</ymax></bndbox></object>
</annotation>
"""


def voc(folder: Path) -> None:
    picture(folder / "JPEGImages" / "a.jpg")
    put(folder / "Annotations" / "a.xml", VOC)
    put(folder / "ImageSets" / "Main" / "val.txt", "a\n")


def yolo(folder: Path) -> None:
    for shade, part in enumerate(("train", "valid")):
        picture(folder / part / "images" / f"{part}.jpg", shade=shade)
    put(folder / "train" / "labels" / "train.txt", "0 0.5 0.5 0.2 0.4\n1 0.1 0.2 0.3 0.2 0.3 0.4 0.1 0.4\n")
    put(folder / "data.yaml", "train: ../train/images\nnc: 2\nnames: ['plate', 'logo']\n")


def crops_by_name(folder: Path) -> None:
    for shade, name in enumerate(("wc2bd", "f85y3", "5nm6d")):
        picture(folder / f"{name}.jpg", (80, 30), shade)


def crops_with_text(folder: Path) -> None:
    for shade, said in enumerate(("Straße 5", "日本")):
        picture(folder / "train" / f"line{shade}.png", (80, 30), shade)
        put(folder / "train" / f"line{shade}.gt.txt", said + "\n")


def devanagari(folder: Path) -> None:
    picture(folder / "Train" / "character_1_ka" / "11.png", (32, 32))
    picture(folder / "Train" / "character_36_gya" / "12.png", (32, 32), 1)
    picture(folder / "Test" / "digit_9" / "13.png", (32, 32), 2)


def label_studio(folder: Path) -> None:
    picture(folder / "receipt 1.jpg")
    picture(folder / "b.jpg", shade=1)
    frame = {"original_width": 200, "original_height": 100, "image_rotation": 0, "to_name": "image"}
    box = {"x": 10, "y": 20, "width": 25, "height": 10, "rotation": 90}
    result = [
        {**frame, "id": "q", "type": "rectangle", "value": box},
        {**frame, "id": "q", "type": "labels", "value": {**box, "labels": ["total"]}},
        {**frame, "id": "q", "type": "textarea", "value": {**box, "text": ["9.00"]}},
        {
            **frame,
            "id": "p",
            "type": "polygonlabels",
            "value": {"points": [[50, 50], [75, 50], [75, 80], [60, 90], [50, 80]], "polygonlabels": ["Text"]},
        },
    ]
    old = {"id": 1, "was_cancelled": True, "result": []}
    tasks = [
        {"id": 1, "data": {"ocr": "/data/upload/3/0a1b2c3d-receipt%201.jpg"}, "annotations": [{"result": result}, old]},
        {"id": 2, "data": {"image": "/data/local-files/?d=scans/b.jpg"}, "annotations": []},
    ]
    put(folder / "project-1.json", tasks)


def nanonets(folder: Path) -> None:
    picture(folder / "images" / "1.jpg")
    picture(folder / "images" / "2.jpg", shade=1)
    picture(folder / "images" / "3.jpg", shade=2)
    box = {"xmin": 10, "ymin": 20, "xmax": 210, "ymax": 50}  # reaches over the edge
    first = {"name": "number_plate", "bndbox": box, "ocr_text": "MH 02 CB 4545", "difficult": "0"}
    records = [
        {"filename": "images/1.jpg", "object": [first]},
        {"filename": "2.jpg", "object": {"name": "number_plate", "bndbox": {**box, "xmax": 90}}},
        {"filename": "3.jpg"},
    ]
    put(folder / "annotations.json", records)


def ppocr(folder: Path) -> None:
    picture(folder / "pics" / "a.jpg")
    words = [
        {"transcription": "HUIDU", "points": [[10, 20], [60, 20], [60, 40], [10, 40]], "difficult": False},
        {"transcription": "###", "points": [[80, 20], [90, 20], [90, 40], [80, 40]], "difficult": True},
        {
            "transcription": "9.00",
            "points": [[10, 60], [40, 60], [40, 80], [10, 80]],
            "difficult": False,
            "key_cls": "total",
        },
    ]
    put(folder / "pics" / "Label.txt", "pics/a.jpg\t" + json.dumps(words) + "\n")
    put(folder / "pics" / "fileState.txt", "C:\\pics\\a.jpg\t1\n")
    picture(folder / "pics" / "crop_img" / "a_crop_0.jpg", shade=1)
    put(folder / "pics" / "rec_gt.txt", "crop_img/a_crop_0.jpg\tHUIDU\n")


def doctr_detection(folder: Path) -> None:
    picture(folder / "images" / "a.jpg")
    polygons = [[[10, 20], [60, 20], [60, 40], [10, 40]]]
    put(
        folder / "labels.json",
        {"a.jpg": {"img_dimensions": [100, 200], "img_hash": "0", "polygons": {"words": polygons}}},
    )


def doctr_recognition(folder: Path) -> None:
    picture(folder / "images" / "a.jpg", (60, 20))
    put(folder / "labels.json", {"a.jpg": "I am"})


def doctr_words(folder: Path) -> None:
    picture(folder / "images" / "a.jpg")
    words = [{"value": "I", "geometry": [0.1, 0.2, 0.2, 0.4], "confidence": 1.0}]
    put(folder / "labels.json", {"a.jpg": {"typed_words": words}})


def svhn(folder: Path, digits: tuple[tuple[int, ...], ...] = ((1, 10), (5,))) -> None:
    """``digitStruct.mat`` as MATLAB 7.3 writes it: references to groups, and to numbers where there are several."""
    import h5py

    for index in range(len(digits)):
        picture(folder / "train" / f"{index + 1}.png", shade=index)
    with h5py.File(folder / "train" / "digitStruct.mat", "w") as file:
        references = file.create_group("#refs#")
        names, boxes = [], []
        for index, labels in enumerate(digits):
            code = np.array([[ord(c)] for c in f"{index + 1}.png"], np.uint16)
            names.append([references.create_dataset(f"n{index}", data=code).ref])
            group = references.create_group(f"b{index}")
            columns = {
                "left": [20 * i + 10 for i in range(len(labels))],
                "top": [30] * len(labels),
                "width": [15] * len(labels),
                "height": [40] * len(labels),
                "label": labels,
            }
            for key, values in columns.items():
                if len(values) == 1:
                    group[key] = np.array([[values[0]]], np.float64)
                else:
                    parts = [
                        [references.create_dataset(f"{key}{index}_{i}", data=np.array([[v]], np.float64)).ref]
                        for i, v in enumerate(values)
                    ]
                    group.create_dataset(key, data=np.array(parts, h5py.ref_dtype))
            boxes.append([group.ref])
        struct_ = file.create_group("digitStruct")
        struct_.create_dataset("name", data=np.array(names, h5py.ref_dtype))
        struct_.create_dataset("bbox", data=np.array(boxes, h5py.ref_dtype))


def svhn_cropped(folder: Path) -> None:
    from scipy.io import savemat

    pictures = np.zeros((32, 32, 3, 3), np.uint8)
    pictures[:, :16, 0, 1] = 255
    pictures[..., 2] = 9
    savemat(folder / "test_32x32.mat", {"X": pictures, "y": np.array([[1], [10], [9]], np.uint8)}, do_compression=True)


SVT = """<?xml version="1.0" encoding="utf-8"?>
<tagset><image><imageName>img/14_03.jpg</imageName><address>341 SW 10th Ave</address>
<lex>LIVING,ROOM,THEATERS</lex><Resolution x="200" y="100"/>
<taggedRectangles><taggedRectangle height="25" width="60" x="40" y="30"><tag>LIVING</tag></taggedRectangle>
<taggedRectangle height="25" width="50" x="110" y="30"><tag>ROOM</tag></taggedRectangle></taggedRectangles>
</image></tagset>
"""


def svt(folder: Path) -> None:
    picture(folder / "svt1" / "img" / "14_03.jpg")
    put(folder / "svt1" / "train.xml", SVT)


def iiit5k(folder: Path) -> None:
    from scipy.io import savemat

    rows = []
    for shade, (name, said) in enumerate((("train/1009_1.png", "You"), ("train/1009_2.png", "ARE"))):
        picture(folder / "IIIT5K" / name, (60, 20), shade)
        lexicon = np.array([["You", "ARE", "Rescue"]], object)
        rows.append((name, said, lexicon, lexicon))
    table = np.array([rows], [(n, object) for n in ("ImgName", "GroundTruth", "smallLexi", "mediumLexi")])
    savemat(folder / "IIIT5K" / "traindata.mat", {"traindata": table})


TOTAL_TEXT = (
    "x: [[20 60 100 98 60\n 22]], y: [[30 20 30 50 40 50]], ornt: [u'c'], transcriptions: [u'PETRO\\'S \\u00e9']\n"
    "x: [[120 150 150 120]], y: [[30 30 50 50]], ornt: [u'#'], transcriptions: [u'#']\n"
)


def total_text(folder: Path) -> None:
    picture(folder / "Images" / "Train" / "img11.jpg")
    put(folder / "Groundtruth" / "Train" / "poly_gt_img11.txt", TOTAL_TEXT)


def total_text_mat(folder: Path) -> None:
    from scipy.io import savemat

    picture(folder / "Images" / "Test" / "img2.jpg")
    row: list[Any] = ["x:", np.array([[20, 60, 100, 98]]), "y:", np.array([[30, 20, 30, 50]]), "Café", "c"]
    table = np.empty((1, 6), object)
    table[0] = row
    (folder / "Groundtruth" / "Test").mkdir(parents=True)
    savemat(folder / "Groundtruth" / "Test" / "poly_gt_img2.mat", {"polygt": table})


def msra_td500(folder: Path) -> None:
    picture(folder / "train" / "IMG_0030.JPG")
    put(folder / "train" / "IMG_0030.gt", "0 0 50 40 80 20 0.000000\n1 1 50 40 80 20 1.570796\n")


KAIST = """<?xml version="1.0" encoding="utf-8"?>
<images><image><imageName>DSC02306.JPG</imageName><resolution x="200" y="100"/><illumination>no</illumination>
<words><word x="10" y="20" width="60" height="30">
<character x="10" y="20" width="30" height="30" char="서"/>
<character x="40" y="20" width="30" height="30" char="울"/></word></words></image></images>
"""


def kaist(folder: Path) -> None:
    picture(folder / "Korean" / "DSC02306.JPG")
    picture(folder / "Korean" / "DSC02306.bmp", shade=1)
    put(folder / "Korean" / "DSC02306.xml", KAIST)


def gnt_sample(said: str, width: int, height: int) -> bytes:
    pixels = bytes(255 - (i % 7) for i in range(width * height))
    return struct.pack("<I2sHH", 10 + len(pixels), said.encode("gb18030").ljust(2, b"\0"), width, height) + pixels


def casia_hwdb(folder: Path) -> None:
    put(
        folder / "HWDB1.1trn_gnt" / "1001-f.gnt",
        gnt_sample("扼", 40, 50) + gnt_sample("A", 3, 5) + gnt_sample("遏", 20, 30),
    )


def mjsynth(folder: Path) -> None:
    picture(folder / "2425" / "1" / "115_Lube_45484.jpg", (60, 31))
    picture(folder / "2425" / "1" / "114_Spencerian_73323.jpg", (60, 31), 1)
    put(folder / "annotation_train.txt", "./2425/1/115_Lube_45484.jpg 45484\n")
    put(folder / "annotation_val.txt", "./2425/1/114_Spencerian_73323.jpg 73323\n")
    put(folder / "annotation.txt", "./2425/1/115_Lube_45484.jpg 45484\n./2425/1/114_Spencerian_73323.jpg 73323\n")


def synthtext(folder: Path) -> None:
    from scipy.io import savemat

    names, places, texts = (np.empty((1, 2), object) for _ in range(3))
    for index, (name, rows, count) in enumerate(
        (("8/ballet_106_0.jpg", ["Lines:\nI lost", "Kevin  "], 4), ("8/b_1.jpg", ["one"], 1))
    ):
        picture(folder / name, shade=index)
        one = np.array([[10, 40, 40, 10], [20, 20, 35, 35]], np.float32)
        places[0, index] = np.stack([one + 5 * i for i in range(count)], 2) if count > 1 else one
        names[0, index] = name
        texts[0, index] = np.array(rows)
    savemat(
        folder / "gt.mat", {"imnames": names, "wordBB": places, "txt": texts, "charBB": places}, do_compression=True
    )


IAM = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE form SYSTEM "form-metadata.dtd">
<form id="a01-000u" writer-id="000">
 <machine-printed-part><machine-print-line text="A MOVE"/></machine-printed-part>
 <handwritten-part>
  <line id="a01-000u-00" text="A &amp;quot;MOVE" segmentation="ok">
   <word id="a01-000u-00-00" tag="AT" text="A"><cmp x="10" y="20" width="10" height="12"/></word>
   <word id="a01-000u-00-01" tag="NN" text="&amp;quot;MOVE"><cmp x="30" y="22" width="10" height="20"/>
    <cmp x="42" y="20" width="30" height="15"/></word>
   <word id="a01-000u-00-02" tag="." text="."/>
  </line>
  <line id="a01-000u-01" text="to" segmentation="err">
   <word id="a01-000u-01-00" tag="TO" text="to"><cmp x="10" y="60" width="10" height="12"/></word>
  </line>
 </handwritten-part>
</form>
"""


def iam(folder: Path) -> None:
    picture(folder / "formsA-D" / "a01-000u.png")
    put(folder / "xml" / "a01-000u.xml", IAM)


def iam_lines(folder: Path) -> None:
    picture(folder / "lines" / "a01" / "a01-000u" / "a01-000u-00.png", (150, 20))
    lines = "#--- lines.txt ---#\n#\na01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop|Mr.|Gaitskell|from\n"
    put(folder / "ascii" / "lines.txt", lines)


def sroie(folder: Path) -> None:
    picture(folder / "0325updated.task1train" / "X51005255805.jpg")
    boxes = b"10,20,90,20,90,40,10,40,TAN WOON YANN, SDN\r\n" + b"10,50,90,50,90,70,10,70,CAF\xe9\r\n"
    put(folder / "0325updated.task1train" / "X51005255805.txt", boxes)
    put(folder / "0325updated.task1train" / "X51005255805(1).txt", boxes)
    fields = {"company": "TAN WOON YANN, SDN", "date": "25/12/2018", "address": "NO.1", "total": "9.00"}
    put(folder / "0325updated.task2train" / "X51005255805.txt", json.dumps(fields, indent=4))


def funsd(folder: Path) -> None:
    picture(folder / "training_data" / "images" / "0000971160.png")
    entities = [
        {
            "id": 0,
            "text": "Date:",
            "box": [10, 20, 40, 30],
            "label": "question",
            "words": [{"box": [10, 20, 40, 30], "text": "Date:"}, {"box": [41, 20, 42, 30], "text": ""}],
            "linking": [[0, 1]],
        },
        {
            "id": 1,
            "text": "May 5",
            "box": [50, 20, 90, 30],
            "label": "answer",
            "words": [{"box": [50, 20, 70, 30], "text": "May"}, {"box": [75, 20, 90, 30], "text": "5"}],
            "linking": [[0, 1]],
        },
    ]
    put(folder / "training_data" / "annotations" / "0000971160.json", {"form": entities})


SETS: dict[str, tuple[str, Build]] = {
    "icdar2015": ("icdar2015", icdar2015),
    "icdar2013": ("icdar2013", icdar2013),
    "icdar-words": ("icdar-words", icdar_words),
    "coco": ("coco", coco),
    "coco-text": ("coco-text", coco_text),
    "textocr": ("coco-text", textocr),
    "voc": ("voc", voc),
    "yolo": ("yolo", yolo),
    "crops-by-name": ("crops", crops_by_name),
    "crops-with-text": ("crops", crops_with_text),
    "devanagari": ("characters", devanagari),
    "label-studio": ("label-studio", label_studio),
    "nanonets": ("nanonets", nanonets),
    "ppocr": ("ppocr", ppocr),
    "doctr-detection": ("doctr", doctr_detection),
    "doctr-recognition": ("doctr", doctr_recognition),
    "doctr-words": ("doctr", doctr_words),
    "svhn": ("svhn", svhn),
    "svhn-cropped": ("svhn", svhn_cropped),
    "svt": ("svt", svt),
    "iiit5k": ("iiit5k", iiit5k),
    "total-text": ("total-text", total_text),
    "total-text-mat": ("total-text", total_text_mat),
    "msra-td500": ("msra-td500", msra_td500),
    "kaist": ("kaist", kaist),
    "casia-hwdb": ("casia-hwdb", casia_hwdb),
    "mjsynth": ("mjsynth", mjsynth),
    "synthtext": ("synthtext", synthtext),
    "iam": ("iam", iam),
    "iam-lines": ("iam", iam_lines),
    "sroie": ("sroie", sroie),
    "funsd": ("funsd", funsd),
}
"""By name of a case: the layout, and what makes the set in a folder."""
