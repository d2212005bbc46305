"""How far apart two texts are."""

from __future__ import annotations


def edit_distance(a: str, b: str) -> int:
    """Fewest insertions, deletions and replacements of code points that turn one text into the other.

    Bit-parallel: a whole column of the table is two integers of ``len(a)`` bits (H. Hyyrö, "A bit-vector algorithm for
    computing Levenshtein and Damerau edit distances", 2003, after G. Myers, 1999), so whole pages are no burden.
    """
    if not a:
        return len(b)
    places: dict[str, int] = {}
    for i, character in enumerate(a):
        places[character] = places.get(character, 0) | 1 << i
    ones, last, distance = (1 << len(a)) - 1, 1 << len(a) - 1, len(a)
    up, down = ones, 0  # bit i: the column grows, or falls, by one from row i to row i + 1
    for character in b:
        equal = places.get(character, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        right, left = down | ~(diagonal | up) & ones, diagonal & up
        distance += bool(right & last) - bool(left & last)
        right, left = right << 1 | 1, left << 1
        up, down = (left | ~(diagonal | right)) & ones, right & diagonal & ones
    return distance
