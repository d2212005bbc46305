"""Millions of pictures into a Parquet data set, on this machine or on a Ray cluster; a run that was killed goes on.

::

    from functools import partial
    from wordsight import Reader
    from wordsight.bulk import Job, run

    for progress in run(Job("pictures/", "texts/", partial(Reader, threads=1)), workers=2):
        print(progress.pictures, progress.rate)
"""

from __future__ import annotations

from wordsight.bulk.plan import Job
from wordsight.bulk.run import Progress, run
from wordsight.bulk.schema import SCHEMA

__all__ = ["SCHEMA", "Job", "Progress", "run"]
