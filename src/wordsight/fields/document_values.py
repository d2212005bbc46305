"""The values of document fields on a page: the tagger's best runs of tokens, and the known values that they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wordsight.fields.candidate import Candidate
from wordsight.fields.confidence import Signals, logit
from wordsight.fields.document import Span, Tagger, outline
from wordsight.fields.model import LabelCard
from wordsight.fields.tokens import Token, join, letters_of, tokens_of
from wordsight.fields.values import correct, plain
from wordsight.page import Page


def document_candidates(tagger: Tagger, page: Page, labels: Sequence[LabelCard]) -> list[Candidate]:
    """Values of the document fields on a page that was read; of a field that occurs once only the best."""
    tokens = tokens_of(page)
    spans, said = tagger.spans(tokens), letters_of(tokens)
    found = []
    for label in labels:
        if label.kind != "document":
            continue
        best = [span for span in spans.get(label.name, []) if label.many and span.score > 0]
        for span in best or spans.get(label.name, [])[:1]:
            found.append(_document_candidate(tokens, span, label, said))
    return found


def _document_candidate(
    tokens: Sequence[Token], span: Span, label: LabelCard, page: tuple[str, list[int]]
) -> Candidate:
    """A run of tokens as a value: as it was read, or as the known value that it is (a part of)."""
    start, end = span.start, span.end
    whole = None if label.many else known_around(page, range(start, end), label.values)
    if whole is not None:
        start, end = whole.start, whole.stop
    run = tokens[start:end]
    said = join(run)
    known = correct(said, label.values)
    sure = [min(max(token.confidence, 1e-4), 1.0) for token in run]
    signals = Signals(
        found=span.score,
        read=2.0 if known else logit(min(sure)),
        margin=0.0 if label.many else span.margin,
        familiar=1.0 if known else span.familiar,
        weakest=span.weakest,
        known=float(known is not None),
        clear=sum(map(math.log, sure)),
    )
    return Candidate(label.name, known or said, outline(run), signals)


def known_around(page: tuple[str, Sequence[int]], found: range, values: Sequence[str]) -> range | None:
    """Where the longest known value stands that shares tokens with a run; None: none does.

    Args:
        page: Letters of the page's tokens and the token of each, see ``tokens.letters_of``.
        found: A run of tokens.
        values: What labels said.
    """
    text, owners = page
    best = None
    for value in values:
        wanted = plain(value)
        at = text.find(wanted)
        while at >= 0:
            run = range(owners[at], owners[at + len(wanted) - 1] + 1)
            shared = run.start < found.stop and found.start < run.stop
            if shared and (best is None or len(run) > len(best)):
                best = run
            at = text.find(wanted, at + 1)
    return best
