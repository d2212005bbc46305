"""How long does a search take in an index of many pages?

    python benchmarks/search.py --pages 100000

Pages of 120 words are made by the seed: words as frequent as in English, numbers, and in one word of a hundred a letter
that was read wrongly. Each kind of query is asked with --queries different words, drawn likewise; the table has the
milliseconds of the median, the 95th percentile and the slowest, and the median of the processor's time, which other
work on the machine hardly changes. The index is kept in runs/search (or --work); an interrupted run goes on with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from wordfreq import get_frequency_dict

import common
from wordsight.page import Page
from wordsight.search import SearchIndex
from wordsight.search.index import FileState, Sheet
from wordsight.types import Line, Quad, Word

WORDS = 120
A_LINE = 8
WRONG = 0.01
PLACES = [
    Quad.from_box(20 + column * 100, 20 + line * 40, 110 + column * 100, 50 + line * 40)
    for line, column in (divmod(place, A_LINE) for place in range(WORDS))
]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("--pages", type=int, default=100_000, help="pages of the index (default 100000)")
    parser.add_argument("--queries", type=int, default=50, help="queries of each kind (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="makes the pages and draws the queries (default 0)")
    parser.add_argument("--work", type=Path, default=common.RUNS / "search", help="folder for the index")
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    path = options.work / f"{options.pages}-{options.seed}.db"
    words, shares = vocabulary()
    with SearchIndex.open(path) as index:
        if len(index) != options.pages:
            for number in range(len(index), options.pages):
                index.add(f"/pages/{number}.png", state(number), [Sheet(page(number, options.seed, words, shares), {})])
                common.progress(number + 1, options.pages)
        rng = np.random.default_rng((options.seed, 1))
        rows = [[name, *timed(index, ask, options.queries, rng)] for name, ask in kinds(words, shares).items()]
    results = {
        "pages": options.pages,
        "words_a_page": WORDS,
        "bytes": path.stat().st_size,
        "milliseconds": {
            row[0]: dict(zip(("median", "p95", "most", "cpu", "hits"), row[1:], strict=True)) for row in rows
        },
    }
    table = common.table(
        ["query", "median ms", "95 % ms", "most ms", "median processor ms", "mean hits (20 at most)"], rows
    )
    common.write_results(options, options.name or f"search-{options.pages}", results, [table])


def vocabulary(count: int = 50_000) -> tuple[np.ndarray, np.ndarray]:
    """The most frequent English words, and for each the share of all words up to it."""
    found = sorted(get_frequency_dict("en").items(), key=lambda item: -item[1])[:count]
    shares = np.array([share for _, share in found])
    return np.array([word for word, _ in found]), np.cumsum(shares / shares.sum())


def page(number: int, seed: int, words: np.ndarray, shares: np.ndarray) -> Page:
    """One page of words in lines."""
    rng = np.random.default_rng((seed, 0, number))
    texts = [str(word) for word in words[np.searchsorted(shares, rng.random(WORDS) * shares[-1])]]
    for place in np.flatnonzero(rng.random(WORDS) < 0.05):
        texts[place] = str(rng.integers(10**6))
    for place in np.flatnonzero(rng.random(WORDS) < WRONG):
        texts[place] = spoiled(texts[place], rng)
    made = []
    for place, text in enumerate(texts):
        made.append(Word(PLACES[place], text, float(rng.uniform(0.5, 1.0)), 1.0, place // A_LINE))
    lines = []
    for line in range(0, WORDS, A_LINE):
        part = made[line : line + A_LINE]
        numbers = tuple(range(line, line + len(part)))
        lines.append(Line(part[0].quad, " ".join(word.text for word in part), 0.9, numbers))
    return Page(f"/pages/{number}.png", 0, 850, 640, 1.0, tuple(made), tuple(lines), {})


def spoiled(text: str, rng: np.random.Generator) -> str:
    """A text with one letter changed."""
    at = int(rng.integers(len(text)))
    return text[:at] + str(rng.choice(list("abcdefghijklmnopqrstuvwxyz"))) + text[at + 1 :]


def state(number: int) -> FileState:
    """A made-up file of some day of the last years."""
    return FileState(1000, (1_600_000_000 + number * 1000) * 10**9, f"{number:064x}", "")


Ask = Callable[[SearchIndex, np.random.Generator], list[object]]


def kinds(words: np.ndarray, shares: np.ndarray) -> dict[str, Ask]:
    """What is asked, by name."""
    rare = words[5000:]

    def pick(among: np.ndarray, rng: np.random.Generator, least: int = 5) -> str:
        while len(word := str(rng.choice(among))) < least:
            pass
        return word

    def one_page(rng: np.random.Generator) -> list[str]:
        return page(int(rng.integers(1000)), 0, words, shares).text.split()

    def phrase(index: SearchIndex, rng: np.random.Generator) -> list[object]:
        said = one_page(rng)
        return list(index.search(f'"{said[0]} {said[1]}"'))

    def dated(index: SearchIndex, rng: np.random.Generator) -> list[object]:
        return list(index.search(pick(words[:1000], rng), since=date(2021, 1, 1), until=date(2021, 6, 30)))

    return {
        "one of the 10 most frequent words": lambda index, rng: list(index.search(str(rng.choice(words[:10])))),
        "one of the 1000 most frequent words": lambda index, rng: list(index.search(str(rng.choice(words[:1000])))),
        "a rare word": lambda index, rng: list(index.search(pick(rare, rng))),
        "two words": lambda index, rng: list(index.search(f"{pick(words[:2000], rng)} {pick(words[:2000], rng)}")),
        "a phrase": phrase,
        "a rare word with a wrong letter": lambda index, rng: list(index.search(spoiled(pick(rare, rng, 6), rng))),
        "a part of a word": lambda index, rng: list(index.search(pick(rare, rng, 7)[1:6])),
        "a frequent word of half a year": dated,
        "a frequent word read surely": lambda index, rng: list(
            index.search(str(rng.choice(words[:1000])), min_confidence=0.95)
        ),
    }


def timed(index: SearchIndex, ask: Ask, count: int, rng: np.random.Generator) -> Iterator[float]:
    """Milliseconds of the median, the 95th percentile, the slowest, the processor; and the mean number of hits."""
    took, worked, hits = [], [], []
    for _ in range(count):
        start, at_work = time.perf_counter(), time.process_time()
        hits.append(len(ask(index, rng)))
        took.append(1000 * (time.perf_counter() - start))
        worked.append(1000 * (time.process_time() - at_work))
    yield from (float(np.median(took)), float(np.percentile(took, 95)), float(np.max(took)))
    yield from (float(np.median(worked)), float(np.mean(hits)))


if __name__ == "__main__":
    main()
