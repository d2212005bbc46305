"""Takes the invisible text of an earlier OCR out of a page of a PDF."""

from __future__ import annotations

from typing import Any

SHOWING = frozenset(["Tj", "TJ", "'", '"'])
INVISIBLE = 3
DEEPEST = 8
"""Forms inside of forms are followed so far."""


def strip_invisible(document: Any, number: int) -> None:
    """Remove text that is not drawn from a page, and from the forms that it uses.

    Args:
        document: An open ``pikepdf.Pdf``; it is changed.
        number: Of the page, from 0.
    """
    sheet = document.pages[number]
    import pikepdf

    sheet.Contents = document.make_stream(pikepdf.unparse_content_stream(_visible(pikepdf.parse_content_stream(sheet))))
    _strip_forms(document, sheet.resources, set(), 0)


def _strip_forms(document: Any, resources: Any, seen: set[tuple[int, int]], depth: int) -> None:
    import pikepdf

    forms = resources.get("/XObject", {}) if resources is not None else {}
    for name in list(forms.keys()):
        form = forms[name]
        if form.get("/Subtype") != "/Form" or form.objgen in seen or depth > DEEPEST:
            continue
        seen.add(form.objgen)
        kept = _visible(pikepdf.parse_content_stream(form))
        form.write(pikepdf.unparse_content_stream(kept))
        _strip_forms(document, form.get("/Resources"), seen, depth + 1)


def _visible(instructions: Any) -> list[Any]:
    """The instructions without those that show text in a mode in which nothing is drawn."""
    mode, saved, kept = 0, [], []
    for instruction in instructions:
        operator = str(instruction.operator)
        if operator == "Tr":
            mode = int(instruction.operands[0])
        elif operator == "q":
            saved.append(mode)
        elif operator == "Q":
            mode = saved.pop() if saved else 0
        if mode != INVISIBLE or operator not in SHOWING:
            kept.append(instruction)
    return kept
