"""A picture that ships with wordsight, so that the first command works right after the installation.

The folder is a manifest (``labels.jsonl``, ``images/``). The street was drawn by ``examples/make_street.py`` of the
repository and is under wordsight's own licence.
"""

from __future__ import annotations

from pathlib import Path

from wordsight.errors import ConfigError


def example_path(name: str = "street") -> Path:
    """Where an example picture lies.

    Args:
        name: ``street``, a drawn street with 50-odd words on signs, at several angles.

    Raises:
        ConfigError: There is no example of that name.
    """
    pictures = {path.stem: path for path in sorted((Path(__file__).parent / "images").glob("*.jpg"))}
    if name not in pictures:
        raise ConfigError(f"there is no example {name!r}; choose one of: {', '.join(pictures)}")
    return pictures[name]
