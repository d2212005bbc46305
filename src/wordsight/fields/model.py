"""A taught model on disk: one ``.wordsight`` file, a zip of networks, tables and a card in JSON.

Nothing in it is ever unpickled or run. A file is believed only when the SHA-256 at its end (in the zip's comment) is
that of all bytes before it; then its members are read one by one, each with its own digest and within bounds.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, get_args

from wordsight.errors import ModelError, WeightsCorrupt, WeightsMissing

FORMAT = 1
"""Version of the file format that this package writes; it reads this one and older ones."""
SUFFIX = ".wordsight"
CARD = "card.json"
Kind = Literal["object", "document", "crop"]
"""How a label is found: a thing in a photo, a text among the words of a page, the whole picture."""

MOST_BYTES = 512 * 2**20
"""Largest file, and largest sum of its unpacked members."""
MOST_MEMBERS = 64
MOST_CARD = 4 * 2**20
MOST_PATTERN = 1000
_PATTERN = re.compile(r"(?:\[[A-Za-z0-9-]+\](?:\{\d{1,2}\})?(?:\[ \.-\]\?)?|\|)*")
"""A pattern has classes of letters and digits, counts, separators and alternatives, and nothing else: others could keep
a reader busy for hours."""
_MEMBER = re.compile(r"[a-z0-9][a-z0-9_]{0,63}\.(?:json|onnx)")
_TAIL = 2 + 64  # the comment's length and the digest in hexadecimal
_OUTSIDE = b"\x0a\x08location"  # protobuf of an ONNX tensor whose values lie in another file


@dataclass(frozen=True, slots=True)
class LabelCard:
    """What a model knows about one label.

    Attributes:
        name: The field's name.
        kind: How it is found.
        many: Whether it may occur several times in a picture; its value is then a list.
        texts: Whether the training data say what it reads.
        forms: Shapes of its values and how often each occurred, such as ``AA99``.
        values: Values that occurred, the most frequent first, where they repeat themselves.
        pattern: Regular expression that most values match; empty: they have no common form.
        allow: The characters that occurred; empty: any.
        letters: Whether only letters and digits count, because the labels set spaces and signs as they like.
        reading: ``whole`` crop at once, or the ``lines`` found in it.
        level: Whether its boxes are level rectangles.
        padding: Margin around the box when it is read, in shares of its height.
        calibration: Weights that turn signals into the probability that a value is right, see ``fields.confidence``.
    """

    name: str
    kind: Kind
    many: bool = False
    texts: bool = True
    forms: Mapping[str, int] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    pattern: str = ""
    allow: str = ""
    letters: bool = False
    reading: Literal["whole", "lines"] = "whole"
    level: bool = False
    padding: float = 0.05
    calibration: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model is.

    Attributes:
        name: Name under which it was taught.
        labels: Its fields.
        created: Time in UTC, ISO 8601.
        version: The wordsight that made it.
        data: Number of pictures, fingerprint of the labelled data, and what else is known about them.
        metrics: Figures of the model and of the stock reader on held-out pictures.
        licence: Licence of the model; what it was made from is Apache-2.0.
        charset: Characters of its own recognizer; empty where it has none.
    """

    name: str
    labels: tuple[LabelCard, ...]
    created: str
    version: str
    data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    licence: str = "the user's own; the parts it was made from: Apache-2.0"
    charset: str = ""

    def label(self, name: str) -> LabelCard:
        """The label of a name, which must exist."""
        return next(label for label in self.labels if label.name == name)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A whole, checked model file in memory.

    Attributes:
        card: What it is.
        members: Bytes of its other members by name.
        digest: SHA-256 of the file, hexadecimal.
    """

    card: ModelCard
    members: Mapping[str, bytes]
    digest: str

    @classmethod
    def read(cls, path: str | Path) -> ModelFile:
        """Read and check a model file.

        Raises:
            WeightsMissing: There is no such file.
            WeightsCorrupt: It is damaged, was changed, or is no model file.
            ModelError: It was made by a newer version, or is over the limits.
        """
        return cls.parse(_content(Path(path)), str(path))

    @classmethod
    def parse(cls, data: bytes, name: str = "the model file") -> ModelFile:
        """Check the bytes of a model file; errors as in :meth:`read`."""
        _check_digest(data, name)
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                members = _members(archive, name)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise WeightsCorrupt(f"{name} is damaged ({error}); export or teach it again") from error
        record = _card_record(members.pop(CARD, b""), name)
        digests = record.get("files")
        known = {member: hashlib.sha256(content).hexdigest() for member, content in members.items()}
        if digests != known:
            raise WeightsCorrupt(f"{name} does not hold the files that its card names; export or teach it again")
        return cls(_card(record, name), members, hashlib.sha256(data).hexdigest())


def write_model(path: str | Path, card: ModelCard, members: Mapping[str, bytes]) -> Path:
    """Write a model file in one step: a reader meets the old file or the new one.

    Args:
        path: Where; the folder must exist.
        card: What it is.
        members: Bytes by name; a name is letters, digits and ``_`` with the ending ``.onnx`` or ``.json``.

    Raises:
        ModelError: A name is not allowed.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        part.write_bytes(pack(card, members))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def pack(card: ModelCard, members: Mapping[str, bytes]) -> bytes:
    """The bytes of a model file; arguments and errors as in :func:`write_model`."""
    bad = [name for name in members if not _MEMBER.fullmatch(name) or name == CARD]
    if bad:
        raise ModelError(f"{bad[0]!r} cannot be the name of a part of a model; use letters, digits and _")
    record = {"format": FORMAT, **asdict(card)}
    record["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {CARD: json.dumps(record, ensure_ascii=False, indent=1).encode(), **members}.items():
            # A fixed date: equal models are equal files.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    body = out.getvalue()[:-2]  # without the length of the comment, which is 0 so far
    return body + (64).to_bytes(2, "little") + hashlib.sha256(body).hexdigest().encode()


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ModelError(f"{path} has {size} bytes; a model file has at most {MOST_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise WeightsMissing(f"{path} cannot be read ({error.strerror}); name a {SUFFIX} file") from error


def _check_digest(data: bytes, name: str) -> None:
    if data[:4] != b"PK\x03\x04" or len(data) < 100:
        raise WeightsCorrupt(f"{name} is no {SUFFIX} file; name one that `wordsight model export` wrote")
    body, length, digest = data[:-_TAIL], data[-_TAIL:-64], data[-64:]
    if length != (64).to_bytes(2, "little") or hashlib.sha256(body).hexdigest().encode() != digest:
        raise WeightsCorrupt(f"{name} is damaged or was changed: its SHA-256 is another; copy or export it again")


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, bytes]:
    """Bytes of all members, read within the limits whatever the directory of the zip says."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS or len({info.filename for info in infos}) != len(infos):
        raise WeightsCorrupt(f"{name} has too many parts, or two of one name; export or teach it again")
    members: dict[str, bytes] = {}
    room = MOST_BYTES
    for info in infos:
        if not _MEMBER.fullmatch(info.filename):
            raise WeightsCorrupt(f"{name} holds a part named {info.filename[:80]!r}, which no model has; do not use it")
        limit = min(room, MOST_CARD if info.filename == CARD else room)
        with archive.open(info) as member:
            content = member.read(limit + 1)
        if len(content) > limit:
            raise ModelError(f"{name} unpacks to more than {limit} bytes; do not use it")
        if info.filename.endswith(".onnx") and _OUTSIDE in content:
            raise ModelError(f"{name} holds a network that reads other files; do not use it")
        room -= len(content)
        members[info.filename] = content
    return members


def _card_record(content: bytes, name: str) -> dict[str, Any]:
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise WeightsCorrupt(f"{name} has no readable {CARD} ({error}); export or teach it again") from error
    if not isinstance(record, dict) or not isinstance(record.get("format"), int):
        raise WeightsCorrupt(f"{name} has a {CARD} without a format; export or teach it again")
    if record["format"] > FORMAT:
        raise ModelError(
            f"{name} was made by a newer wordsight ({record.get('version')}, format {record['format']}; this one reads "
            f"format {FORMAT}); update with: pip install -U wordsight"
        )
    return record


def _card(record: Mapping[str, Any], name: str) -> ModelCard:
    """The card of a record; keys that this version does not know are left out."""
    try:
        labels = tuple(_label(label) for label in record["labels"])
        texts = {key: str(record[key]) for key in ("name", "created", "version", "licence", "charset")}
        card = ModelCard(labels=labels, data=dict(record["data"]), metrics=dict(record["metrics"]), **texts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsCorrupt(f"{name} has a broken card ({error!r}); export or teach it again") from error
    if not labels:
        raise WeightsCorrupt(f"{name} has no labels; export or teach it again")
    return card


def _label(record: Mapping[str, Any]) -> LabelCard:
    if record["kind"] not in get_args(Kind) or record["reading"] not in ("whole", "lines"):
        raise ValueError(f"label {record['name']!r} is of an unknown kind")
    return LabelCard(
        name=str(record["name"]),
        kind=record["kind"],
        many=bool(record["many"]),
        texts=bool(record["texts"]),
        forms={str(form): int(count) for form, count in record["forms"].items()},
        values=tuple(str(value) for value in record["values"]),
        pattern=_pattern(record.get("pattern", "")),
        allow=str(record["allow"]),
        letters=bool(record["letters"]),
        reading=record["reading"],
        level=bool(record["level"]),
        padding=min(max(float(record["padding"]), 0.0), 1.0),
        calibration=tuple(float(weight) for weight in record["calibration"]),
    )


def _pattern(source: object) -> str:
    """A pattern of a card, such as ``pattern_of`` makes them: character classes and counts, alternatives."""
    if not isinstance(source, str) or len(source) > MOST_PATTERN or not _PATTERN.fullmatch(source):
        raise ValueError("a pattern that no model has")
    return source
