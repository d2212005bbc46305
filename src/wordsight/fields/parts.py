"""The networks and tables of a taught model, opened from its file."""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wordsight.charset import Charset
from wordsight.config import cache_folder
from wordsight.detection.single_shot import SingleShot
from wordsight.errors import ModelError
from wordsight.fields.document import Tagger
from wordsight.fields.model import SUFFIX, ModelCard, ModelFile
from wordsight.fields.store import Store
from wordsight.models import cards
from wordsight.models.runtime import compile_network
from wordsight.reader import Reader
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.registry import create_detector, create_recognizer
from wordsight.stages import Detector, Recognizer, StageOptions

DETECTOR, RECOGNIZER, TAGGER = "detector.onnx", "recognizer.onnx", "tagger.json"
"""Members of a model file; each is there only where the model has it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a model runs.

    Attributes:
        reader: Reads whole pages, with the model's own recognizer where it has one.
        lines: Finds lines of text.
        recognizer: Reads them.
        finder: Finds objects; None where no label is one.
        tagger: Finds values on pages; None where no label is of a document.
    """

    reader: Reader
    lines: Detector
    recognizer: Recognizer
    finder: SingleShot | None
    tagger: Tagger | None


def open_parts(source: str | Path, options: StageOptions) -> tuple[ModelCard, Parts]:
    """Card and parts of a model by name or path; errors as in ``TaughtModel.open``."""
    path = model_path(source)
    file = ModelFile.read(path)
    whole = [label for label in file.card.labels if label.kind == "crop"]
    if len(whole) == len(file.card.labels) and whole[0].allow:
        options = replace(options, allow=whole[0].allow)
    return file.card, build_parts(file.members, options)


def model_path(source: str | Path) -> Path:
    """The file that a name in the store or a path means."""
    text = os.fspath(source)
    if isinstance(source, Path) or text.endswith(SUFFIX) or "/" in text or os.sep in text:
        return Path(source)
    return Store.default().find(text).path


def build_parts(members: Mapping[str, bytes], options: StageOptions) -> Parts:
    """Load the members of a model file.

    Raises:
        ModelError: A network cannot be loaded.
    """
    lines = create_detector("dbnet", options)
    own = members.get(RECOGNIZER)
    recognizer = create_recognizer("svtr", options) if own is None else open_recognizer(unpacked(own), options)
    finder = None if DETECTOR not in members else SingleShot.open(unpacked(members[DETECTOR]), options)
    tagger = None if TAGGER not in members else Tagger.parse(members[TAGGER])
    reader = Reader(
        detector=lines,
        recognizer=recognizer,
        quality=options.quality,
        engine=options.engine,
        precision=options.precision,
        threads=options.threads,
        min_confidence=0.0,
    )
    return Parts(reader, lines, recognizer, finder, tagger)


def open_recognizer(path: Path, options: StageOptions) -> SvtrRecognizer:
    """A recognizer from an ONNX file that names its characters."""
    charset = Charset.pp_ocr(cards.characters(path))
    network = compile_network(path, options.engine, options.precision, options.threads)
    return SvtrRecognizer(network, charset, charset.allowed(options.language, options.allow))


def unpacked(content: bytes) -> Path:
    """A file with this content: engines load and cache networks by file. Its name is its digest."""
    digest = hashlib.sha256(content).hexdigest()
    for folder in (cache_folder() / "taught", Path(tempfile.gettempdir()) / f"wordsight-{os.getpid()}"):
        path = folder / f"{digest}.onnx"
        try:
            if path.is_file() and path.read_bytes() == content:
                return path
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = folder / f".{uuid.uuid4().hex}"
            part.write_bytes(content)
            part.replace(path)
        except OSError:
            continue  # a read-only home; the folder for temporary files is tried next
        return path
    raise ModelError("a network cannot be unpacked: neither WORDSIGHT_HOME nor the temporary folder can be written")
