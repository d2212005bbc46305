"""Makes the pictures of the documentation again: ``python docs/make_pictures.py``.

``docs/street.jpg`` is what ``wordsight read example:street --quality best --draw DIR`` writes, as a JPEG that is small
enough for a README; ``docs/east-score.jpg`` and ``docs/east-angle.jpg`` are what ``--debug-maps DIR`` writes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

import wordsight
from wordsight.examples import example_path
from wordsight.image.maps import draw_maps
from wordsight.types import Picture

WIDTH = 1800
MAPS_WIDTH = 900
QUALITY = 84


def main() -> None:
    """Write the pictures."""
    page = wordsight.Reader(quality="best").read(example_path())
    save(page.draw(), "street", WIDTH)
    picture = page.picture()
    maps = wordsight.Reader(detector="east").maps(picture, page.scale)
    for kind, drawing in draw_maps(picture, maps).items():
        save(drawing, f"east-{kind}", MAPS_WIDTH)


def save(drawing: Picture, name: str, width: int) -> None:
    """Write a drawing as a JPEG of a width."""
    drawn = Image.fromarray(drawing)
    size = (width, round(drawn.height * width / drawn.width))
    path = Path(__file__).parent / f"{name}.jpg"
    drawn.resize(size, Image.Resampling.LANCZOS).save(path, quality=QUALITY, optimize=True, progressive=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KB\n")


if __name__ == "__main__":
    main()
