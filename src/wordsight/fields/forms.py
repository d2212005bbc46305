"""How the values of a field are formed, learned from its labels, and put to use in reading."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from wordsight.fields.values import form, forms_of, plain

REPEATED = 2
"""A form that so many values have is one that others may have too."""
FORMED = 0.6
"""Share of the values whose forms repeat themselves, from which on the field is believed to have forms."""
FEWEST = 10
"""Of fewer values nothing is concluded."""
FEW = 2
"""Values that are mostly letters are words, unless they have no more forms than this."""
LONGEST = 900
"""Characters of a pattern; rarer forms are left out."""
SEPARATOR = "[ .-]?"
"""What may stand between letters and digits: labels and pictures set it as they like."""
UNSEEN = 0.05
"""How often a form that no value has is thought to have been seen."""


def pattern_of(values: Sequence[str]) -> str:
    """A regular expression that most values match, made of their letters and digits; empty where they have no form.

    ``MH 20 BN 3525`` and its like give ``[A-Z]{2}[ .-]?[0-9]{2}[ .-]?[A-Z]{2}[ .-]?[0-9]{4}``.
    """
    forms = forms_of(values)
    common = [name for name, count in forms.items() if count >= REPEATED]
    total = sum(forms.values())
    numbered = sum(count for name, count in forms.items() if "9" in name)
    letters = {c for value in values for c in value if c.isalpha()}
    if total < FEWEST or sum(forms[name] for name in common) < FORMED * total or any(c > "z" for c in letters):
        return ""
    if numbered < FORMED * total and len(forms) > FEW:
        return ""  # words of different lengths
    upper, lower = any(map(str.isupper, letters)), any(map(str.islower, letters))
    kinds = {"A": f"[{'A-Z' * (upper or not lower)}{'a-z' * lower}]", "9": "[0-9]"}
    pattern = ""
    for name in common:
        runs = ((kinds[kind], len(list(run))) for kind, run in groupby(name))
        made = SEPARATOR.join(f"{kind}{{{count}}}" if count > 1 else kind for kind, count in runs)
        if len(pattern) + len(made) >= LONGEST:
            break
        pattern += f"|{made}" if pattern else made
    return pattern


def even_pattern(values: Sequence[str], allow: str) -> str:
    """A pattern of values that have one length and few characters, such as codes; empty where they have not.

    Args:
        values: Texts without white space.
        allow: Their characters; empty: any.
    """
    lengths = {len(value) for value in values}
    if len(lengths) != 1 or len(values) < FEWEST or not allow.isascii() or not allow.isalnum():
        return ""
    return f"[{allow}]{{{lengths.pop()}}}"


def likelihood(text: str, forms: Mapping[str, int]) -> float:
    """How probable a form is among the values of a field, above 0; of unknown forms by their length.

    Args:
        text: What was read.
        forms: Forms of the training values and how often each occurred; where it is empty, all are alike.
    """
    total = sum(forms.values())
    if not total:
        return 1.0
    letters = plain(text)
    own = forms.get(form(letters), 0)
    if own:
        return own / total
    lengths = Counter[int]()
    for name, count in forms.items():
        lengths[len(name)] += count
    alike = (lengths[len(letters)] + UNSEEN) / total
    return UNSEEN / (total + 1) * math.sqrt(min(alike, 1.0))


def familiar(text: str, forms: Mapping[str, int]) -> float:
    """The same as a signal: from 1 for the only form there is, by 0.5 for each power of ten, down to -1."""
    return max(1 + math.log10(likelihood(text, forms)) / 2, -1.0)
