"""Draws the example picture, a street with shop signs, and writes it with its truth as a manifest.

    python examples/make_street.py

Nothing in the picture is copied: walls, clouds and leaves come from a seeded generator, letters from free fonts
(``street_scene/canvas.py`` names each with its Debian package). The same seed gives the same picture.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from street_scene import props
from street_scene.camera import GROUND, Camera, Picture
from street_scene.canvas import Canvas, Style
from street_scene.facades import SHADE, WARM, Shop, shopfront, storeys, sunlight, tinted, wall
from street_scene.finish import finish
from street_scene.ground import cast_shadow, contact_shadow, paint_ground, paint_sky

LEFT, RIGHT = -6.0, 4.6
DEST = Path(__file__).parents[1] / "src" / "wordsight" / "examples"
X, Y, Z, TOWARDS = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)

BAKERY = Shop("MORNING BREAD", "slab", (44, 84, 66), (246, 220, 150), 0.37, "Bakery & Café")
BOOKS = Shop("Harbour Books", "script", (38, 66, 108), (250, 246, 232), 0.58, "", "books")
TEA = Shop("金龙茶馆 TEA", "han", (146, 38, 34), (252, 222, 130), 0.5, "", "jars")
PLAIN = [
    Shop("", "sans", paint, (240, 240, 236), goods=goods)
    for paint, goods in (
        ((92, 84, 76), "none"),
        ((70, 96, 104), "jars"),
        ((116, 92, 60), "none"),
        ((80, 60, 66), "none"),
    )
]


def left_house(
    rng: np.random.Generator,
    picture: Picture,
    z: tuple[float, float],
    height: float,
    ppm: float,
    look: tuple[tuple[int, int, int], bool, tuple[int, int, int] | None, Shop],
    shadows: list,
) -> None:
    """One house of the sunny row."""
    colour, brick, shutters, shop = look
    canvas = wall(rng, z[1] - z[0], height, ppm, colour, brick)
    top = shopfront(rng, canvas, shop, 0.28, canvas.width - 0.28)
    storeys(rng, canvas, top - 0.25, max(round(canvas.width / 2.4), 1), shutters)
    if shop is BAKERY:
        canvas.paste(
            props.small_sign("OPEN", 0.52, 0.24, ((180, 44, 36), (250, 246, 236))), canvas.width - 1.24, height - 1.75
        )
        canvas.paste(
            props.small_sign("24", 0.25, 0.2, ((24, 60, 120), (248, 248, 246))), canvas.width - 0.27, height - 2.1
        )
    side = wall(rng, 7, height + 1.4, ppm / 2, tinted(colour, 0.9))
    gable(side, LEFT_SIDE)
    picture.paint(side.painted((0.98, 0.95, 0.9)), (LEFT - 7, GROUND - height - 1.4, z[0]), X, Y)
    picture.paint(canvas.painted(sunlight(canvas, shadows)), (LEFT, GROUND - height, z[0]), Z, Y)


def right_house(
    rng: np.random.Generator,
    picture: Picture,
    z: tuple[float, float],
    height: float,
    ppm: float,
    colour: tuple[int, int, int],
    shop: Shop,
) -> None:
    """One house of the shady row."""
    canvas = wall(rng, z[1] - z[0], height, ppm, colour)
    top = shopfront(rng, canvas, shop, 0.28, canvas.width - 0.28)
    storeys(rng, canvas, top - 0.25, max(round(canvas.width / 2.4), 1), None)
    side = wall(rng, 7, height + 1.4, ppm / 2, tinted(colour, 0.9))
    gable(side, RIGHT_SIDE)
    picture.paint(side.painted((0.86, 0.86, 0.86)), (RIGHT, GROUND - height - 1.4, z[0]), X, Y)
    picture.paint(canvas.painted(SHADE), (RIGHT, GROUND - height, z[1]), TOWARDS, Y)


def paint_rows(rng: np.random.Generator, picture: Picture) -> None:
    """Both rows of houses, from far to near, and the tower at the end of the street."""
    end = wall(rng, 22, 9, 30, (196, 178, 150))
    storeys(rng, end, 6.0, 7, None)
    picture.paint(end.painted(WARM), (-11, GROUND - 9, 62), X, Y)
    tower = wall(rng, 4, 15, 40, (206, 190, 164))
    tower.polygon([(0, 0), (4, 0), (4, 3.2), (2, 0), (0, 3.2)], (0, 0, 0, 0))
    tower.ellipse(1.1, 4.6, 2.9, 6.4, (246, 244, 238))
    tower.line([(2, 5.5), (2, 4.9)], (30, 30, 30), 0.12)
    tower.line([(2, 5.5), (2.5, 5.7)], (30, 30, 30), 0.12)
    for x in (0.9, 2.5):
        tower.rect(x, 8, x + 0.6, 10, (70, 72, 80))
    roof(tower)
    picture.paint(tower.painted(WARM), (-3.0, GROUND - 15, 60), X, Y)
    far = [((40, 60), 8.2, (206, 186, 160)), ((30, 40), 9.4, (186, 140, 112)), ((24.5, 30), 8.4, (222, 206, 178))]
    for z, height, colour in far:
        left_house(rng, picture, z, height, 50, (colour, False, None, PLAIN[int(z[0]) % 3]), [])
    for z, height, colour in (
        ((38, 60), 7.4, (176, 166, 152)),
        ((28, 38), 8.6, (198, 176, 150)),
        ((19.5, 28), 7.2, (170, 178, 176)),
    ):
        right_house(rng, picture, z, height, 50, colour, PLAIN[int(z[0]) % 4])
    left_house(rng, picture, (19, 24.5), 9.6, 70, ((178, 196, 204), False, (236, 234, 226), PLAIN[1]), [])
    right_house(rng, picture, (9.4, 19.5), 8.0, 110, (204, 190, 172), PLAIN[3])
    left_house(rng, picture, (14.6, 19), 8.6, 120, ((230, 190, 112), False, (70, 104, 92), TEA), [])
    left_house(rng, picture, (10.1, 14.6), 10.2, 170, ((172, 96, 70), True, None, BOOKS), [])
    slanting = [(-0.2, 10.2), (-0.2, 5.0), (0.5, 5.6), (0.75, 7.0), (1.25, 8.0), (1.5, 10.2)]
    left_house(rng, picture, (5.95, 10.1), 9.6, 240, ((238, 224, 196), False, (86, 124, 118), BAKERY), [slanting])


LEFT_SIDE, RIGHT_SIDE = [(7.0, 1.4), (3.4, 0.0), (0.0, 1.4)], [(0.0, 1.4), (3.6, 0.0), (7.0, 1.4)]


def gable(side: Canvas, ridge: list[tuple[float, float]]) -> None:
    """Cut the top of a side wall to the slope of the roof and edge it."""
    pixels = np.array(side.image)
    keep = np.zeros(pixels.shape[:2], np.uint8)
    outline = [*ridge, (ridge[-1][0], side.height), (ridge[0][0], side.height)]
    cv2.fillPoly(keep, [(np.array(outline) * side.ppm).astype(np.int32)], 255)
    pixels[..., 3] = keep
    side.image = Image.fromarray(pixels)
    side.line(ridge, (104, 70, 58), 0.16)


def roof(tower: Canvas) -> None:
    """Cut the tower's top to a gable."""
    pixels = np.array(tower.image)
    height, width = round(3.2 * tower.ppm), pixels.shape[1]
    ys, xs = np.mgrid[0:height, 0:width]
    pixels[:height][ys < np.abs(xs - width / 2) / (width / 2) * height] = 0
    inside = pixels[:height, :, 3] > 0
    pixels[:height, :, :3][inside] = (110, 70, 60)
    tower.image = Image.fromarray(pixels)


def paint_awning(picture: Picture) -> None:
    """A striped awning over the bakery's window, with words on its valance."""
    length, slope = 2.9, (1.15, 0.46)
    reach = float(np.hypot(*slope))
    cloth = Canvas(length, reach, 240, (240, 234, 220, 255))
    valance = Canvas(length, 0.27, 240, (240, 234, 220, 255))
    for i, x in enumerate(np.arange(0, length, 0.29)):
        if i % 2 == 0:
            cloth.rect(x, 0, x + 0.29, reach, (52, 104, 82))
    valance.rect(0, 0, length, 0.27, (52, 104, 82))
    valance.text(
        length / 2, 0.13, "FRESH ROLLS · CAKES · COFFEE", Style(0.165, "sans", (250, 244, 226)), width=length * 0.92
    )
    cloth.shade(0, 0, length, reach * 0.4, 0.3, 0.0)
    down = (slope[0] / reach, slope[1] / reach, 0.0)
    top = -1.12
    picture.paint(cloth.painted((1.12, 1.06, 0.95)), (LEFT + 0.02, top, 6.25), Z, down)
    picture.paint(valance.painted((0.98, 0.96, 0.94)), (LEFT + 0.02 + slope[0], top + slope[1], 6.25), Z, Y)


def paint_frontal(
    picture: Picture, canvas: Canvas, x: float, top: float, z: float, light: tuple[float, float, float] = WARM
) -> None:
    """A thing that faces the camera, its top left corner at (x, top, z)."""
    picture.paint(canvas.painted(light), (x, top, z), X, Y)


def paint_things(rng: np.random.Generator, picture: Picture) -> None:
    """Everything that stands in the street, from far to near."""
    for x, z, coat in (
        (-4.6, 27, (150, 60, 50)),
        (-3.9, 25, (60, 80, 120)),
        (3.2, 22, (90, 90, 80)),
        (-3.4, 17, (196, 150, 90)),
    ):
        contact_shadow(picture, (x - 0.1, x + 0.7, z - 0.2, z + 0.2), 0.4, 0.15)
        paint_frontal(picture, props.walker(rng, coat), x, GROUND - 1.75, z, (0.95, 0.93, 0.9))
    for x, z in ((3.2, 34), (3.2, 23)):
        paint_frontal(picture, props.tree(rng, 4.2, 5.6, 100), x - 2.1, GROUND - 5.6, z, (0.92, 0.94, 0.9))
    for end in (LEFT, RIGHT):
        wire = Canvas(abs(end + 0.7) - 2.5, 0.9, 60)
        wire.line([(0, 0.02 if end < 0 else 0.5), (wire.width, 0.5 if end < 0 else 0.02)], (60, 60, 60), 0.025)
        paint_frontal(picture, wire, end if end < 0 else end - wire.width, -5.5, 17)
    paint_frontal(picture, props.street_banner(), -3.4, -5.05, 17)
    arm = Canvas(1.0, 0.06, 100, (50, 52, 56))
    paint_frontal(picture, arm, 3.7, -2.95, 18, (0.9, 0.9, 0.9))
    paint_frontal(picture, props.hotel_sign(), 1.95, -3.1, 18, (0.86, 0.88, 0.92))
    hanging = props.round_sign()
    bracket = Canvas(1.35, 0.2, 200)
    bracket.line([(0, 0.06), (1.35, 0.06)], (40, 42, 44), 0.045)
    bracket.line([(0.6, 0.06), (0.6, 0.2)], (40, 42, 44), 0.02)
    bracket.line([(1.1, 0.06), (1.1, 0.2)], (40, 42, 44), 0.02)
    paint_frontal(picture, bracket, LEFT, -3.24, 10.0)
    paint_frontal(picture, hanging, LEFT + 0.22, -3.08, 10.0)


def paint_near(rng: np.random.Generator, picture: Picture) -> None:
    """The nearest things: lamp post with banner and signs, car, chalk board, flowers."""
    contact_shadow(picture, (2.2, 3.0, 7.4, 8.0), 0.4, 0.2)
    paint_frontal(picture, props.pole(7.6), 2.62, GROUND - 7.6, 7.8, (0.75, 0.8, 0.88))
    paint_frontal(
        picture, props.banner("JAZZ NIGHTS", "AT THE OLD HARBOUR", (112, 40, 88)), 1.72, -4.05, 7.8, (1.0, 0.97, 0.93)
    )
    paint_frontal(picture, props.name_plate("HARBOUR STREET", -27), 1.72, -1.16, 7.7, (1.0, 0.98, 0.95))
    paint_frontal(picture, props.parking_sign(), 2.39, 0.02, 7.7, (0.8, 0.84, 0.9))
    cast_shadow(picture, [(-1.1, 5.7), (0.6, 5.7), (0.6, 9.4), (-1.6, 9.4), (-1.95, 6.6)], 0.5, 7)
    contact_shadow(picture, (-1.15, 0.65, 5.55, 6.4), 0.6, 0.12)
    paint_frontal(picture, props.car("WS 482 K"), -1.15, GROUND - 1.5, 5.6, (0.92, 0.94, 0.97))
    cast_shadow(picture, [(-5.8, 8.6), (-4.8, 8.6), (-5.3, 9.1), (-6.0, 9.1)], 0.45)
    paint_frontal(picture, props.plants(rng), -5.85, GROUND - 0.85, 8.6, (1.05, 1.0, 0.9))
    cast_shadow(picture, [(-4.35, 6.3), (-3.51, 6.3), (-4.3, 7.0), (-5.14, 7.0)], 0.5)
    contact_shadow(picture, (-4.4, -3.5, 6.25, 6.4), 0.4, 0.08)
    paint_frontal(picture, props.menu_board(), -4.35, GROUND - 1.18, 6.3, (1.08, 1.03, 0.93))


def render(seed: int) -> tuple[np.ndarray, Picture]:
    """The finished (853, 1280, 3) uint8 picture, and the canvas that knows the words."""
    rng = np.random.default_rng(seed)
    picture = Picture(Camera())
    paint_sky(rng, picture)
    edge = [
        (0, 0.35),
        (9.4, 0.2),
        (9.5, -0.5),
        (19.4, -0.6),
        (19.6, 0.4),
        (28, 0.4),
        (28.1, -0.7),
        (38, -0.7),
        (38.1, 0.4),
        (70, 0.4),
    ]
    paint_ground(rng, picture, edge)
    paint_rows(rng, picture)
    paint_things(rng, picture)
    paint_awning(picture)
    paint_near(rng, picture)
    camera = picture.camera
    return finish(rng, picture.pixels, (camera.width, camera.height)), picture


def truth(picture: Picture) -> list[dict]:
    """The manifest's words: those inside the picture; what is too small, or no letter or digit, is to be ignored."""
    camera = picture.camera
    words = []
    for word in picture.words:
        inside = (word.quad > 0).all() and (word.quad < [camera.width, camera.height]).all()
        height = min(np.linalg.norm(word.quad[3] - word.quad[0]), np.linalg.norm(word.quad[2] - word.quad[1]))
        if not inside:
            continue
        entry = {"quad": [[round(float(x), 1), round(float(y), 1)] for x, y in word.quad], "text": word.text}
        entry |= {"ignore": True} if height < 6 or not any(c.isalnum() for c in word.text) else {}
        entry |= {"label": word.label} if word.label else {}
        words.append(entry)
    return words


def main() -> None:
    """Draw, save, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=DEST, help="manifest folder (default: the package's examples)")
    parser.add_argument("--seed", type=int, default=6)
    options = parser.parse_args()
    pixels, picture = render(options.seed)
    (options.out / "images").mkdir(parents=True, exist_ok=True)
    path = options.out / "images" / "street.jpg"
    Image.fromarray(pixels).save(path, quality=84, optimize=True, progressive=True)
    words = truth(picture)
    plate = " ".join(word["text"] for word in words if word.get("label") == "plate")
    line = {
        "image": "images/street.jpg",
        "size": [picture.camera.width, picture.camera.height],
        "level": "word",
        "split": "test",
        "words": words,
        "fields": {"plate": plate},
    }
    (options.out / "labels.jsonl").write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size // 1024} KB, {len(words)} words")


if __name__ == "__main__":
    main()
