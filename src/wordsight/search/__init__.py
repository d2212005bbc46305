"""Finding words in everything that was read: an index on disk, tolerant of what recognizers mistake.

::

    from wordsight.search import SearchIndex, index_folder

    with SearchIndex.open("letters.db") as index:
        index_folder(index, "letters")
        for hit in index.search("invoice 2041"):
            print(hit.image, hit.snippet)
"""

from __future__ import annotations

from wordsight.search.files import index_folder
from wordsight.search.hits import Hit
from wordsight.search.index import SearchIndex
from wordsight.search.words import fold, query_words

__all__ = ["Hit", "SearchIndex", "fold", "index_folder", "query_words"]
