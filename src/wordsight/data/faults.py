"""What can be wrong with a manifest, how bad it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]

KINDS: dict[str, tuple[Severity, str]] = {
    "empty-manifest": ("error", "write a line for each picture"),
    "bad-line": ("error", "mend the line, or delete it"),
    "repeated-line": ("error", "join the lines, one line a picture"),
    "missing-picture": ("error", "copy the picture there, or delete the line"),
    "unreadable-picture": ("error", "copy the picture again, or delete the line"),
    "size-mismatch": ("error", "use the picture that was marked, or mend 'size' and the positions"),
    "quad-outside": ("error", "mark the place again, or delete it"),
    "quad-over-edge": ("warning", "cut it at the picture's edge"),
    "quad-crossed": ("error", "put the corners in the order top left, top right, bottom right, bottom left"),
    "quad-flat": ("error", "mark the place again, or delete it"),
    "quad-mirrored": ("warning", "put the corners in the order top left, top right, bottom right, bottom left"),
    "same-place": ("warning", "delete one of the two"),
    "empty-text": ("error", "write null where nobody has read it, and 'ignore': true where nobody can"),
    "empty-field": ("warning", "leave the field out where it is not in the picture"),
    "text-space": ("warning", "take the white space and control characters out"),
    "not-in-lexicon": ("warning", "add the word to the lexicon, or mend it"),
    "unknown-label": ("error", "use one of the labels, or add it with --label"),
    "label-look-alike": ("warning", "use one spelling, if both mean the same"),
    "rare-label": ("warning", "mark more examples: from one nothing can be learned and tested"),
    "same-picture": ("warning", "keep one of them"),
    "same-picture-other-truth": ("error", "keep the right one of them"),
    "leakage-picture": ("error", "keep one of them: figures on pictures seen in training are worth nothing"),
    "leakage-group": ("error", "put the group into one part: wordsight dataset split --again"),
    "unlisted-picture": ("warning", "add a line for it, or move it away"),
}
"""Severity and advice by the kind of fault. An error makes training or figures wrong; a warning deserves a look."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: Which of KINDS it is.
        line: Line of ``labels.jsonl``, from 1; None where it is no line's fault.
        message: What is wrong, with the names that tell where.
    """

    kind: str
    line: int | None
    message: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return KINDS[self.kind][0]

    @property
    def advice(self) -> str:
        """What to do about it."""
        return KINDS[self.kind][1]

    def to_dict(self, file: str) -> dict[str, Any]:
        """The JSON object of this fault."""
        return {
            "file": file,
            "line": self.line,
            "severity": self.severity,
            "kind": self.kind,
            "message": self.message,
            "advice": self.advice,
        }
