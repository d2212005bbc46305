"""Public data sets of the field: what they are, their licence, where they are had, and which importer reads them.

None of them is downloaded or shipped: their makers give them out, mostly for research, on their own sites.
"""

from __future__ import annotations

from dataclasses import dataclass

from wordsight.config import check_choice


@dataclass(frozen=True, slots=True)
class Dataset:
    """A public data set.

    Attributes:
        name: What the field calls it, in lower case.
        title: Its full name.
        about: What is in it.
        licence: The terms as its makers state them; they and not this line are binding.
        home: Its makers' page, where it is had.
        layout: The files that the importer expects.
        format: Name of the importer.
        paper: Where it was published.
    """

    name: str
    title: str
    about: str
    licence: str
    home: str
    layout: str
    format: str
    paper: str


_RESEARCH = "no licence is stated; given out for research"

DATASETS = (
    Dataset(
        "casia-hwdb", "CASIA Offline Chinese Handwriting Database 1.0 to 1.2",
        "3.9 million handwritten Chinese characters of 1,020 writers, 7,356 classes, grey",
        "free for academic research after a signed agreement; commercial use needs a contract",
        "http://www.nlpr.ia.ac.cn/databases/handwriting/Home.html",
        "folders of .gnt files, such as HWDB1.1trn_gnt/1001-f.gnt", "casia-hwdb",
        "C. Liu and others: CASIA online and offline Chinese handwriting databases, ICDAR 2011",
    ),
    Dataset(
        "coco-text", "COCO-Text", "63,686 photos of COCO 2014, 239,506 words: legible or not, printed or handwritten",
        "annotations CC BY 4.0; the pictures have the terms of Flickr's users", "https://bgshih.github.io/cocotext/",
        "cocotext.v2.json, and train2014/ with the pictures of COCO 2014", "coco-text",
        "A. Veit and others: COCO-Text, 2016, arXiv 1601.07140",
    ),
    Dataset(
        "devanagari", "Devanagari Handwritten Character Dataset (DHCD)",
        "92,000 handwritten characters of 46 classes, 32 x 32 grey, white on black", "CC BY 4.0",
        "https://archive.ics.uci.edu/dataset/389/devanagari+handwritten+character+dataset",
        "Train/character_1_ka/*.png ... Test/digit_9/*.png", "characters",
        "S. Acharya, A. Pant, P. Gyawali: Deep learning based large scale handwritten Devanagari character "
        "recognition, SKIMA 2015",
    ),
    Dataset(
        "funsd", "Form Understanding in Noisy Scanned Documents", "199 scanned forms, 31,485 words, 9,707 entities",
        "for non-commercial, research and educational purposes", "https://guillaumejaume.github.io/FUNSD/",
        "training_data/ and testing_data/, each with annotations/*.json and images/*.png", "funsd",
        "G. Jaume, H. Ekenel, J. Thiran: FUNSD, ICDAR-OST 2019, arXiv 1905.13538",
    ),
    Dataset(
        "iam", "IAM Handwriting Database 3.0",
        "1,539 handwritten English forms of 657 writers, 13,353 lines, 115,320 words",
        "for non-commercial research, after registration",
        "https://fki.tic.heia-fr.ch/databases/iam-handwriting-database",
        "xml/*.xml and forms/*.png for whole forms, else ascii/lines.txt and lines/, or ascii/words.txt and words/",
        "iam",
        "U. Marti, H. Bunke: The IAM-database, IJDAR 5, 2002",
    ),
    Dataset(
        "icdar2013", "ICDAR 2013 Focused Scene Text", "462 photos taken for their text, boxes of words",
        "no licence is stated; after registration, for the competition's site has terms of use",
        "https://rrc.cvc.uab.es/?ch=2",
        'gt_img_1.txt (38, 43, 920, 215, "Tiredness"; training: blanks) and img_1.jpg; crops: gt.txt, see icdar-words',
        "icdar2013", "D. Karatzas and others: ICDAR 2013 robust reading competition, ICDAR 2013",
    ),
    Dataset(
        "icdar2015", "ICDAR 2015 Incidental Scene Text", "1,500 photos from a walk, quads of words, many blurred",
        "no licence is stated with the files; after registration, for the competition's site has terms of use",
        "https://rrc.cvc.uab.es/?ch=4", "gt_img_1.txt (377,117,463,117,465,130,378,130,Genaxis Theatre) and img_1.jpg",
        "icdar2015", "D. Karatzas and others: ICDAR 2015 competition on robust reading, ICDAR 2015",
    ),
    Dataset(
        "iiit5k", "IIIT 5K-word", "5,000 word crops from street scenes and born-digital pictures, lexicons", _RESEARCH,
        "https://cvit.iiit.ac.in/research/projects/cvit-projects/the-iiit-5k-word-dataset",
        "traindata.mat, testdata.mat, train/*.png, test/*.png", "iiit5k",
        "A. Mishra, K. Alahari, C. Jawahar: Scene text recognition using higher order language priors, BMVC 2012",
    ),
    Dataset(
        "kaist", "KAIST Scene Text Database",
        "3,000 photos with Korean and English words and their characters", _RESEARCH,
        "http://www.iapr-tc11.org/mediawiki/index.php/KAIST_Scene_Text_Database",
        "folders of DSC02306.JPG with DSC02306.xml (and a .bmp mask that is not read)", "kaist",
        "S. Lee, M. Cho, K. Jung, J. Kim: Scene text extraction with edge constraint and text collinearity, ICPR 2010",
    ),
    Dataset(
        "mjsynth", "MJSynth, Synth90k", "8.9 million rendered word crops from a lexicon of 90,000 English words",
        "for non-commercial research", "https://www.robots.ox.ac.uk/~vgg/data/text/",
        "annotation_train.txt, annotation_val.txt, annotation_test.txt beside 1/, 2/ ..., or in "
        "mnt/ramdisk/max/90kDICT32px",
        "mjsynth", "M. Jaderberg and others: Synthetic data and artificial neural networks for natural scene text "
        "recognition, 2014, arXiv 1406.2227",
    ),
    Dataset(
        "msra-td500", "MSRA Text Detection 500", "500 photos, lines at any angle as rotated boxes, Chinese and English",
        _RESEARCH,
        "http://www.iapr-tc11.org/mediawiki/index.php/MSRA_Text_Detection_500_Database_(MSRA-TD500)",
        "train/ and test/ with IMG_0030.JPG and IMG_0030.gt", "msra-td500",
        "C. Yao and others: Detecting texts of arbitrary orientations in natural images, CVPR 2012",
    ),
    Dataset(
        "sroie", "SROIE: Scanned Receipts OCR and Information Extraction (ICDAR 2019)",
        "1,000 English receipts, lines with text, four fields",
        "no licence is stated with the files; after registration",
        "https://rrc.cvc.uab.es/?ch=13",
        "X51005255805.jpg and .txt of lines, and in another folder .txt or .json of fields",
        "sroie",
        "Z. Huang and others: ICDAR 2019 competition on scanned receipt OCR and information extraction, ICDAR 2019",
    ),
    Dataset(
        "svhn", "The Street View House Numbers", "250,000 photos of house numbers, 630,000 digits",
        "for non-commercial use only", "http://ufldl.stanford.edu/housenumbers/",
        "train/, test/, extra/, each with digitStruct.mat and 1.png, 2.png ...; or train_32x32.mat", "svhn",
        "Y. Netzer and others: Reading digits in natural images with unsupervised feature learning, NIPS workshop 2011",
    ),
    Dataset(
        "svt", "The Street View Text Dataset", "350 photos of shop fronts, 904 words, lexicons of 50 words", _RESEARCH,
        "http://vision.ucsd.edu/~kai/svt/", "train.xml, test.xml, img/*.jpg", "svt",
        "K. Wang, B. Babenko, S. Belongie: End-to-end scene text recognition, ICCV 2011",
    ),
    Dataset(
        "synthtext", "SynthText in the Wild", "858,750 photos with 7 million words set into them",
        "for non-commercial research and educational purposes", "https://www.robots.ox.ac.uk/~vgg/data/scenetext/",
        "gt.mat beside 1/, 2/ ... 200/", "synthtext",
        "A. Gupta, A. Vedaldi, A. Zisserman: Synthetic data for text localisation in natural images, CVPR 2016",
    ),
    Dataset(
        "total-text", "Total-Text",
        "1,555 photos with horizontal, rotated and curved words as polygons", "BSD-3-Clause",
        "https://github.com/cs-chan/Total-Text-Dataset",
        "Images/Train/img11.jpg and poly_gt_img11.txt (or .mat) in folders Train and Test", "total-text",
        "C. Ch'ng, C. Chan: Total-Text, ICDAR 2017, arXiv 1710.10400",
    ),
)  # fmt: skip


def dataset_of(name: str) -> Dataset:
    """A data set by its name; a ConfigError names the nearest where there is none."""
    known = {dataset.name: dataset for dataset in DATASETS}
    return known[check_choice("data set", name, known)]
