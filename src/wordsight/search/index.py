"""The index: pages, their words and fields in one SQLite file, found by FTS5.

A query's word is first looked up among the words that occur anywhere (a table with a trigram index, which is small
whatever the number of pages): as it is, as a part of a longer word, and with a letter or two mistaken. Pages are then
found by these words, which takes the same time however badly they were read.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wordsight.config import check_range, check_whole
from wordsight.errors import ConfigError
from wordsight.page import Page
from wordsight.search.hits import Hit, find_marks, snippet
from wordsight.search.words import folded_words, near, query_words, trigrams

VERSION = 1
SCHEMA = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, modified INTEGER NOT NULL,
    day TEXT NOT NULL, digest TEXT NOT NULL, setting TEXT NOT NULL, error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX files_by_digest ON files (digest);
CREATE TABLE pages (
    id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    words BLOB NOT NULL
);
CREATE INDEX pages_by_file ON pages (file);
CREATE TABLE texts (
    id INTEGER PRIMARY KEY, page INTEGER NOT NULL REFERENCES pages (id) ON DELETE CASCADE, label TEXT NOT NULL,
    day TEXT NOT NULL
);
CREATE INDEX texts_by_page ON texts (page);
CREATE VIRTUAL TABLE found USING fts5 (folded, tokenize = "unicode61 remove_diacritics 0");
CREATE TABLE known (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE parts USING fts5 (word, content = 'known', content_rowid = 'id', tokenize = 'trigram');
CREATE TRIGGER learned AFTER INSERT ON known BEGIN
    INSERT INTO parts (rowid, word) VALUES (new.id, new.word);
END;
"""
ALTERNATIVES = 40
"""Most words that one word of a query is looked for as."""
CANDIDATES = 400
"""Most words with trigrams in common that are compared letter by letter."""
RANKED = 1000
"""Most pages that are put in order."""
MOST_WORDS = 32
"""Longest query."""


@dataclass(frozen=True, slots=True)
class FileState:
    """What is known of a file: size in bytes, time of the last change in nanoseconds, SHA-256, how it was read."""

    size: int
    modified: int
    digest: str
    setting: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an index keeps of a page: the page, and the texts of its fields by label."""

    page: Page
    fields: Mapping[str, Sequence[str]]


class SearchIndex:
    """An index on disk. Safe to use from many threads; several processes may search while one adds."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: str | Path, make: bool = True) -> Self:
        """Open an index; it is made if need be.

        Raises:
            ConfigError: The file is no index, or one of a newer version, or there is none and ``make`` is False.
        """
        path = Path(path)
        if not path.exists() and not make:
            raise ConfigError(f"there is no index {path}; make one with: wordsight index FOLDER")
        try:
            connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
                found = VERSION
        except sqlite3.Error as error:
            raise ConfigError(f"{path} cannot be used as an index ({error}); name another file") from error
        if found != VERSION:
            connection.close()
            raise ConfigError(f"{path} is no index of this version of wordsight; name another file, or index anew")
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of pages."""
        with self._lock:
            return int(self._connection.execute("SELECT count(*) FROM pages").fetchone()[0])

    def state(self, path: str) -> FileState | None:
        """What is known of a file; None where it is not in the index."""
        with self._lock:
            row = self._connection.execute(
                "SELECT size, modified, digest, setting, error FROM files WHERE path = ?", (path,)
            ).fetchone()
        return FileState(*row) if row else None

    def paths(self) -> list[str]:
        """All files, those that could not be read among them."""
        with self._lock:
            return [path for (path,) in self._connection.execute("SELECT path FROM files ORDER BY path")]

    def add(self, path: str, state: FileState, sheets: Iterable[Sheet]) -> int:
        """Put a file in, instead of what was known of it, as one transaction; the number of its pages.

        Args:
            path: Its absolute path.
            state: What is known of it.
            sheets: Its pages, possibly none.
        """
        day = date.fromtimestamp(state.modified / 1e9).isoformat()
        pages = [(sheet.page.page, _packed(sheet.page), _texts(sheet)) for sheet in sheets]
        with self._transaction():
            self._forget(path)
            row = (path, state.size, state.modified, day, state.digest, state.setting, state.error)
            insert = (
                "INSERT INTO files (path, size, modified, day, digest, setting, error) VALUES (?, ?, ?, ?, ?, ?, ?)"
            )
            file = self._connection.execute(insert, row).lastrowid
            for number, words, texts in pages:
                self._insert(file, number, day, words, texts)
        return len(pages)

    def touch(self, path: str, state: FileState) -> None:
        """Note that a file was written anew without a change."""
        day = date.fromtimestamp(state.modified / 1e9).isoformat()
        with self._transaction():
            change = "UPDATE files SET size = ?, modified = ?, day = ? WHERE path = ?"
            self._connection.execute(change, (state.size, state.modified, day, path))
            inside = "SELECT pages.id FROM pages JOIN files ON files.id = file WHERE path = ?"
            self._connection.execute(f"UPDATE texts SET day = ? WHERE page IN ({inside})", (day, path))

    def copy(self, path: str, state: FileState) -> bool:
        """Take the pages of another file with the same content, read in the same way; whether there is one."""
        same = "SELECT id FROM files WHERE digest = ? AND setting = ? AND error = '' AND path <> ?"
        day = date.fromtimestamp(state.modified / 1e9).isoformat()
        with self._transaction():
            other = self._connection.execute(same, (state.digest, state.setting, path)).fetchone()
            if other is None:
                return False
            self._forget(path)
            row = (path, state.size, state.modified, day, state.digest, state.setting)
            insert = "INSERT INTO files (path, size, modified, day, digest, setting) VALUES (?, ?, ?, ?, ?, ?)"
            file = self._connection.execute(insert, row).lastrowid
            for page, number, words in self._all("SELECT id, number, words FROM pages WHERE file = ?", other):
                texts = self._all(
                    "SELECT label, folded FROM texts JOIN found ON found.rowid = texts.id WHERE page = ?", (page,)
                )
                self._insert(file, number, day, words, texts)
        return True

    def remove(self, path: str) -> None:
        """Take a file out; nothing happens where it is not in."""
        with self._transaction():
            self._forget(path)

    def search(
        self,
        text: str,
        *,
        limit: int = 20,
        since: date | None = None,
        until: date | None = None,
        label: str = "",
        min_confidence: float = 0.0,
    ) -> list[Hit]:
        """Pages on which all words of a query occur, the best first: those that have them exactly, then by BM25.

        Args:
            text: Words that must all occur on the page, in any order; words in double quotes stand side by side. Case,
                accents and look-alikes (0/O, 1/l/I, 5/S, 8/B, rn/m) make no difference, a part of a word will do, and
                a letter of five, or two of eight, may be wrong.
            limit: Most hits.
            since: First day on which the file was changed.
            until: Last such day.
            label: Look in the values of this field alone.
            min_confidence: The words were read at least so surely, 0..1.

        Raises:
            ConfigError: The query has no word, or more than 32; a number is out of bounds.
        """
        check_whole("limit", limit, 1, 100_000)
        check_range("min_confidence", min_confidence, 0, 1)
        phrases = query_words(text)
        if not phrases or sum(map(len, phrases)) > MOST_WORDS:
            raise ConfigError(f"{text!r} cannot be looked for; give 1 to {MOST_WORDS} words")
        bounds = (since.isoformat() if since else "", until.isoformat() if until else "9999", label)
        hits: list[Hit] = []
        seen: set[int] = set()
        with self._lock:
            for exact, match, wanted in self._matches(phrases):
                for page in self._pages(match, bounds):
                    if page not in seen and len(hits) < limit:
                        seen.add(page)
                        hit = self._hit(page, wanted, exact, label)
                        hits += [hit] if hit.confidence >= min_confidence else []
                if len(hits) == limit:
                    break
        return hits

    def _matches(self, phrases: Sequence[Sequence[str]]) -> Iterator[tuple[bool, str, set[str]]]:
        """FTS5 expressions to try one after the other: the words as they are, then what they may have been read as."""
        words = {word for phrase in phrases for word in phrase}
        yield True, " AND ".join(f'"{" ".join(phrase)}"' for phrase in phrases), words
        wider = {word: self._alternatives(word) for word in words}
        if all(wider.values()):
            joined = [[" OR ".join(f'"{one}"' for one in wider[word]) for word in phrase] for phrase in phrases]
            expression = " AND ".join(f"({part})" for phrase in joined for part in phrase)
            yield False, expression, {one for found in wider.values() for one in found}

    def _alternatives(self, word: str) -> list[str]:
        """Words of the index that hold a word, or are nearly equal to it."""
        if len(word) < 3:
            like = "SELECT word FROM known WHERE word = ? OR word LIKE ? LIMIT ?"
            return [one for (one,) in self._all(like, (word, f"{word}_", ALTERNATIVES))]
        select = "SELECT word FROM parts WHERE parts MATCH ? ORDER BY length(word) LIMIT ?"
        longer = [one for (one,) in self._all(select, (f'"{word}"', ALTERNATIVES))]
        any_part = " OR ".join(f'"{part}"' for part in sorted(trigrams(word)))
        ranked = "SELECT word FROM parts WHERE parts MATCH ? ORDER BY rank LIMIT ?"
        alike = near(word, (one for (one,) in self._all(ranked, (any_part, CANDIDATES))))
        return list(dict.fromkeys([*alike, *longer]))[:ALTERNATIVES]

    def _pages(self, match: str, bounds: tuple[str, str, str]) -> list[int]:
        """Pages on which an expression is found, the best first.

        Of a word that stands on more than ``RANKED`` pages those are ranked that were added last: to rank all of a
        hundred thousand would take longer than anybody waits.
        """
        select = """
            SELECT found.rank, texts.page FROM found JOIN texts ON texts.id = found.rowid
            WHERE found MATCH ? AND texts.day >= ? AND texts.day <= ? AND texts.label = ?
            ORDER BY found.rowid DESC LIMIT ?
        """
        return [page for _, page in sorted(self._all(select, (match, *bounds, RANKED)))]

    def _hit(self, page: int, wanted: set[str], exact: bool, label: str) -> Hit:
        select = "SELECT path, number, words, day FROM pages JOIN files ON files.id = file WHERE pages.id = ?"
        ((path, number, words, day),) = self._all(select, (page,))
        record = json.loads(zlib.decompress(words))
        found = list(find_marks(record, wanted))
        return Hit(path, number, snippet(record, found), tuple(mark for _, mark in found), exact, day, label)

    def _insert(self, file: int | None, number: int, day: str, words: bytes, texts: Iterable[tuple[str, str]]) -> None:
        insert = "INSERT INTO pages (file, number, words) VALUES (?, ?, ?)"
        page = self._connection.execute(insert, (file, number, words)).lastrowid
        for label, folded in texts:
            insert = "INSERT INTO texts (page, label, day) VALUES (?, ?, ?)"
            at = self._connection.execute(insert, (page, label, day)).lastrowid
            self._connection.execute("INSERT INTO found (rowid, folded) VALUES (?, ?)", (at, folded))
            rows = [(word,) for word in dict.fromkeys(folded.split())]
            self._connection.executemany("INSERT OR IGNORE INTO known (word) VALUES (?)", rows)

    def _forget(self, path: str) -> None:
        inside = "SELECT texts.id FROM texts JOIN pages ON pages.id = page JOIN files ON files.id = file WHERE path = ?"
        self._connection.execute(f"DELETE FROM found WHERE rowid IN ({inside})", (path,))
        self._connection.execute("DELETE FROM files WHERE path = ?", (path,))

    def _all(self, select: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return self._connection.execute(select, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _packed(page: Page) -> bytes:
    """The words of a page with places and confidences, as little as a hit needs."""
    words = [
        (
            word.text,
            " ".join(folded_words(word.text)),
            word.line,
            round(word.confidence, 3),
            [round(float(x), 1) for x in word.quad.points.ravel()],
        )
        for word in page.words
    ]
    return zlib.compress(json.dumps({"words": words}, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def _texts(sheet: Sheet) -> list[tuple[str, str]]:
    """The page's folded text, and that of each of its fields, with labels."""
    page = " ".join(folded_words(sheet.page.text))
    return [("", page), *((label, " ".join(folded_words(" ".join(said)))) for label, said in sheet.fields.items())]
