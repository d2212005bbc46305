"""Makes the pictures of the documentation again: ``python docs/make_pictures.py``.

``docs/street.jpg`` is what ``wordsight read example:street --draw DIR`` writes, as a JPEG that is small enough for a
README.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

import wordsight
from wordsight.examples import example_path

WIDTH = 1800
QUALITY = 84


def main() -> None:
    """Write the pictures."""
    page = wordsight.read(example_path())
    drawn = Image.fromarray(page.draw())
    size = (WIDTH, round(drawn.height * WIDTH / drawn.width))
    path = Path(__file__).parent / "street.jpg"
    drawn.resize(size, Image.Resampling.LANCZOS).save(path, quality=QUALITY, optimize=True, progressive=True)
    sys.stdout.write(f"{path.name}: {len(page.words)} words, {path.stat().st_size // 1024} KB\n")


if __name__ == "__main__":
    main()
