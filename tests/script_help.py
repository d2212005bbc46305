"""The help of the scripts of benchmarks/, examples/ and docs/, without a process for each."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
from functools import cache
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[1]


@cache
def help_of(script: str) -> str:
    """What a script prints for ``--help``, both streams.

    It runs in this process, where most of what it imports is loaded already; its neighbours are forgotten afterwards.
    """
    path, before, told = ROOT / script, set(sys.modules), io.StringIO()
    with (
        mock.patch.dict(os.environ),
        mock.patch.object(sys, "argv", [str(path), "--help"]),
        mock.patch.object(sys, "path", [str(path.parent), *sys.path]),
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(told),
        contextlib.suppress(SystemExit),
    ):
        runpy.run_path(str(path), run_name="__main__")
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "").parent == path.parent:
            del sys.modules[name]
    return told.getvalue()
