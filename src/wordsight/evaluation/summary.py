"""What a report tells about cases: figures, what changed, the worst, confused characters, whether confidence holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from wordsight.evaluation.calibration import reliability
from wordsight.evaluation.fields import Case, compare_cases, figures, folded

WORST = 12
"""So many pictures are shown."""


def summarize(before: Sequence[Case], after: Sequence[Case]) -> dict[str, Any]:
    """The figures of a report, as plain values.

    Args:
        before: The cases as they were answered before; empty where there is nothing to compare with.
        after: The same cases in the same order, as they are answered now.

    Returns:
        ``before`` and ``after`` (see ``evaluation.fields.figures``), ``change`` (None without a before), ``worst``,
        ``confusions`` and ``reliability``.
    """
    change = compare_cases(before, after) if before else None
    return {
        "before": figures(before),
        "after": figures(after),
        "change": change and {"fixed": change.fixed, "broken": change.broken, "chance": round(change.chance, 4)},
        "worst": [_wrong(case) for case in _worst(after)],
        "confusions": confusions(after),
        "reliability": _reliability(after),
    }


def confusions(cases: Sequence[Case], most: int = 20) -> list[dict[str, Any]]:
    """Characters that are taken for others, in values of equal length, the most frequent first."""
    counted: Counter[tuple[str, str]] = Counter()
    for case in cases:
        if len(case.wanted) != 1 or not case.said:
            continue
        wanted, said = folded(case.wanted[0]), folded(case.said[0].text)
        if len(wanted) == len(said):
            counted.update((a, b) for a, b in zip(wanted, said, strict=True) if a != b)
    rows = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:most]
    return [{"is": a, "said": b, "count": count} for (a, b), count in rows]


def _worst(cases: Sequence[Case]) -> list[Case]:
    """Cases that are wrong, those with the surest wrong values first."""
    wrong = [case for case in cases if not case.right()]
    return sorted(wrong, key=lambda case: -max((said.confidence for said in case.said), default=0.0))[:WORST]


def _wrong(case: Case) -> dict[str, Any]:
    return {
        "image": case.image,
        "label": case.label,
        "wanted": list(case.wanted),
        "said": [said.text for said in case.said],
        "confidence": round(max((said.confidence for said in case.said), default=0.0), 4),
    }


def _reliability(cases: Sequence[Case]) -> list[dict[str, float]]:
    sure = [said.confidence for case in cases for said in case.counted]
    right = [verdict for case in cases for verdict in case.verdicts()]
    if not sure:
        return []
    return [
        {"confidence": round(bin_.confidence, 4), "accuracy": round(bin_.accuracy, 4), "count": bin_.count}
        for bin_ in reliability(sure, right, bins=10)
    ]
