"""House fronts: a wall with a texture, windows upstairs, a shop downstairs. Metres, y down from the eaves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageFilter

from .canvas import Canvas, Colour, Style
from .texture import Floats, bricks, noise

WARM = (1.10, 1.03, 0.92)
SHADE = (0.56, 0.62, 0.74)


@dataclass(frozen=True)
class Shop:
    """Colours and words of a shop front."""

    name: str
    font: str
    paint: Colour
    lettering: Colour
    size: float = 0.34
    second: str = ""
    goods: str = "bread"


def wall(
    rng: np.random.Generator, width: float, height: float, ppm: float, colour: Colour, brick: bool = False
) -> Canvas:
    """A bare wall: plaster with stains, or bricks."""
    canvas = Canvas(width, height, ppm, (*colour[:3], 255))
    w, h = canvas.image.size
    rough = 1 + 0.05 * noise(rng, h, w, ppm * 1.2, 6) + 0.02 * rng.standard_normal((h, w)).astype(np.float32)
    streaks = cv2.resize(noise(rng, max(h // 14, 8), w, ppm * 0.25, 3), (w, h), interpolation=cv2.INTER_LINEAR)
    rough *= 1 - 0.05 * np.clip(streaks, 0, 1)
    pixels = np.asarray(canvas.image).astype(np.float32)
    if brick:
        tone, mortar = bricks(rng, h, w, (round(0.24 * ppm), round(0.08 * ppm)), max(round(0.012 * ppm), 1))
        pixels[..., :3] *= tone[..., None]
        pixels[..., :3] += (np.float32([186, 176, 164]) - pixels[..., :3]) * (mortar * 0.75)[..., None]
    pixels[..., :3] *= rough[..., None]
    canvas.image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return canvas


def upper_window(
    rng: np.random.Generator, c: Canvas, x: float, y: float, w: float, h: float, shutters: Colour | None
) -> None:
    """A window with reveal, panes that mirror the sky, curtains, a sill with its shadow, and perhaps shutters."""
    c.rect(x - 0.09, y - 0.09, x + w + 0.09, y + h + 0.02, (236, 230, 218))
    c.rect(x, y, x + w, y + h, (38, 48, 60))
    mirror(rng, c, x + 0.05, y + 0.05, w - 0.1, h - 0.1)
    if rng.random() < 0.75:
        drop = h * rng.uniform(0.3, 0.95)
        for outer, top, low in ((0.05, 0.34 * w, 0.18 * w), (w - 0.05, 0.66 * w, 0.82 * w)):
            hem = [(x + outer, y + 0.05), (x + top, y + 0.05), (x + low, y + drop), (x + outer, y + drop)]
            c.polygon(hem, (226, 221, 208, 150))
    for left, top, wide, high in (
        (w / 2 - 0.035, 0, 0.07, h),
        (0, h * 0.34, w, 0.05),
        (0, 0, 0.05, h),
        (w - 0.05, 0, 0.05, h),
        (0, 0, w, 0.05),
        (0, h - 0.05, w, 0.05),
    ):
        c.rect(x + left, y + top, x + left + wide, y + top + high, (240, 236, 226))
    c.shade(x, y, x + w, y + 0.22, 0.55, 0.0)
    c.rect(x - 0.14, y + h, x + w + 0.14, y + h + 0.09, (222, 216, 204))
    c.shade(x - 0.12, y + h + 0.09, x + w + 0.12, y + h + 0.34, 0.38, 0.0)
    if shutters:
        for left in (x - 0.62, x + w + 0.1):
            c.rect(left, y - 0.05, left + 0.52, y + h + 0.03, shutters)
            for slat in np.arange(y + 0.04, y + h - 0.06, 0.075):
                c.rect(left + 0.06, slat, left + 0.46, slat + 0.028, tinted(shutters, 0.72))
            c.shade(left + 0.52, y, left + 0.56, y + h, 0.3, 0.3)


def mirror(rng: np.random.Generator, c: Canvas, x: float, y: float, w: float, h: float) -> None:
    """A pane that mirrors the sky and, lower down, the houses opposite."""
    columns, rows = round(w * c.ppm), round(h * c.ppm)
    t = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    sky = np.float32([150, 182, 214]) * (1 - t) + np.float32([52, 66, 84]) * t
    sky = sky + 34 * np.clip(noise(rng, rows, columns, c.ppm * 0.7, 3) * 1.6, -0.4, 1)[..., None] * (1 - t)
    skyline = 0.62 + 0.06 * np.sign(np.sin(np.linspace(0, 5, columns) + rng.uniform(0, 6)))
    sky = np.where((t[..., 0] > skyline)[..., None], np.float32([62, 70, 82]) * (1.25 - 0.5 * t), sky)
    glass = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(c.ppm * 0.012))
    c.image.paste(glass, (round(x * c.ppm), round(y * c.ppm)))


def storeys(rng: np.random.Generator, c: Canvas, bottom: float, columns: int, shutters: Colour | None) -> None:
    """Rows of windows from ``bottom`` up to the eaves, with a cornice on top."""
    pitch = c.width / columns
    y = bottom - 2.35
    while y > 0.5:
        for column in range(columns):
            upper_window(rng, c, (column + 0.5) * pitch - 0.52, y, 1.04, 1.62, shutters)
        y -= 2.95
    for x in (0.06, c.width - 0.16):
        c.rect(x, 0.3, x + 0.1, c.height, (96, 100, 104))
        c.rect(x + 0.07, 0.3, x + 0.1, c.height, (60, 64, 68))
        c.shade(x + 0.1, 0.3, x + 0.16, c.height, 0.4, 0.4)
    c.rect(0, 0, c.width, 0.28, (214, 206, 192))
    c.rect(0, 0.28, c.width, 0.36, (178, 170, 156))
    c.shade(0, 0.36, c.width, 0.9, 0.4, 0.0)


BOOKS = [(150, 44, 36), (32, 70, 110), (196, 160, 84), (52, 98, 70), (222, 212, 190), (90, 52, 80)]
JARS = [(160, 60, 40), (60, 100, 60), (190, 150, 70), (80, 60, 110)]


def tinted(colour: Colour, tone: float) -> Colour:
    """A colour times a brightness."""
    return (int(colour[0] * tone), int(colour[1] * tone), int(colour[2] * tone))


def pick(rng: np.random.Generator, colours: list[Colour]) -> Colour:
    """One of some colours."""
    return colours[int(rng.integers(len(colours)))]


def book(rng: np.random.Generator, c: Canvas, x: float, shelf: float) -> float:
    """A book's spine on a shelf; returns where the next thing may stand."""
    w, h = rng.uniform(0.035, 0.08), rng.uniform(0.2, 0.33)
    c.rect(x, shelf - h, x + w, shelf, pick(rng, BOOKS))
    c.rect(x + w * 0.2, shelf - h * 0.8, x + w * 0.8, shelf - h * 0.7, (235, 220, 170))
    return x + w + (rng.uniform(0.1, 0.4) if rng.random() < 0.08 else 0.004)


def loaf(rng: np.random.Generator, c: Canvas, x: float, shelf: float) -> float:
    """A loaf with three cuts."""
    w = rng.uniform(0.22, 0.4)
    h = w * rng.uniform(0.4, 0.55)
    tone = rng.uniform(0.8, 1.15)
    c.ellipse(x, shelf - h, x + w, shelf + 0.04, tinted((150, 92, 42), tone))
    c.ellipse(x + w * 0.12, shelf - h * 0.92, x + w * 0.8, shelf - h * 0.25, tinted((204, 146, 78), tone))
    for cut in (x + w * 0.3, x + w * 0.5, x + w * 0.7):
        c.line([(cut, shelf - h * 0.85), (cut + w * 0.08, shelf - h * 0.4)], (240, 208, 150), 0.014)
    return x + w + 0.05


def jar(rng: np.random.Generator, c: Canvas, x: float, shelf: float) -> float:
    """A jar with a pale lid."""
    w = rng.uniform(0.14, 0.2)
    c.rect(x, shelf - 0.28, x + w, shelf, pick(rng, JARS), 0.03)
    c.rect(x + 0.02, shelf - 0.33, x + w - 0.02, shelf - 0.27, (214, 202, 170))
    return x + w + 0.06


def shelves(rng: np.random.Generator, c: Canvas, kind: str) -> None:
    """Boards full of one kind of goods."""
    put = {"books": book, "bread": loaf, "jars": jar}[kind]
    for shelf in np.arange(c.height * 0.42, c.height - 0.1, 0.42):
        x = 0.1
        while x < c.width - 0.2:
            x = put(rng, c, x, shelf)
        c.rect(0, shelf, c.width, shelf + 0.045, (112, 78, 48))
        c.shade(0, shelf + 0.045, c.width, shelf + 0.16, 0.5, 0)


def display(rng: np.random.Generator, width: float, height: float, ppm: float, kind: str) -> Canvas:
    """A lit shop window: warm room, goods, lamps out of focus, and the street mirrored in the glass."""
    c = Canvas(width, height, ppm, (66, 46, 30, 255))
    for i in range(30):
        t = i / 30
        c.rect(0, t * height, width, (t + 1 / 30) * height + 0.01, tinted((140, 100, 62), 1 - 0.66 * t))
    if kind == "none":
        c.shade(0, 0, width, height, 0.35, 0.55)
    else:
        shelves(rng, c, kind)
    c.image = c.image.filter(ImageFilter.GaussianBlur(ppm * 0.008))
    glow = Canvas(width, height, ppm)
    for x in np.linspace(0.2, width - 0.2, max(int(width / 0.55), 2)):
        y = rng.uniform(0.1, 0.26)
        glow.ellipse(x - 0.26, y - 0.2, x + 0.26, y + 0.36, (255, 196, 110, 70))
        glow.ellipse(x - 0.1, y - 0.08, x + 0.1, y + 0.1, (255, 236, 190, 255))
    c.image.alpha_composite(glow.image.filter(ImageFilter.GaussianBlur(ppm * 0.035)))
    mirror = Canvas(width, height, ppm)
    mirror.polygon([(0, 0), (width * 0.5, 0), (width * 0.16, height), (0, height)], (206, 222, 240, 34))
    mirror.polygon(
        [(width * 0.66, 0), (width * 0.8, 0), (width * 0.46, height), (width * 0.32, height)], (206, 222, 240, 40)
    )
    mirror.rect(0, height * 0.82, width, height, (60, 70, 84, 60))
    c.image.alpha_composite(mirror.image.filter(ImageFilter.GaussianBlur(ppm * 0.02)))
    c.shade(0, 0, width, 0.25, 0.6, 0.0)
    return c


def shopfront(rng: np.random.Generator, c: Canvas, shop: Shop, left: float, right: float) -> float:
    """A painted wooden shop front from ``left`` to ``right``; returns the y of its top."""
    ground, top = c.height, c.height - 3.55
    dark = tinted(shop.paint, 0.62)
    light = tinted(tuple(v + 10 for v in shop.paint), 1.25)
    c.rect(left, top, right, ground, shop.paint)
    c.rect(left, top + 0.02, right, top + 0.68, tinted(shop.paint, 0.9))
    door_left = right - 1.25
    panes = [(left + 0.18, door_left - 0.14)]
    for pane_left, pane_right in panes:
        c.rect(pane_left - 0.07, top + 0.86, pane_right + 0.07, ground - 0.52, dark)
        c.paste(
            display(rng, pane_right - pane_left, ground - 0.6 - top - 0.93, c.ppm, shop.goods), pane_left, top + 0.93
        )
        middle = (pane_left + pane_right) / 2
        c.rect(middle - 0.03, top + 0.93, middle + 0.03, ground - 0.6, shop.paint)
        for x in np.linspace(pane_left, pane_right, 4)[:-1]:
            c.rect(x + 0.06, ground - 0.44, x + (pane_right - pane_left) / 3 - 0.06, ground - 0.12, dark)
            c.rect(x + 0.09, ground - 0.41, x + (pane_right - pane_left) / 3 - 0.09, ground - 0.15, shop.paint)
    c.rect(door_left, top + 0.86, right - 0.14, ground - 0.02, dark)
    c.paste(display(rng, 0.7, 1.7, c.ppm, "none"), door_left + 0.2, top + 0.98)
    c.rect(door_left + 0.24, ground - 0.68, door_left + 0.88, ground - 0.14, shop.paint)
    c.ellipse(door_left + 0.1, ground - 1.12, door_left + 0.16, ground - 0.92, (226, 190, 96))
    for x in (left + 0.02, door_left - 0.1, right - 0.12):
        c.rect(x, top + 0.7, x + 0.1, ground, light)
        c.rect(x + 0.07, top + 0.7, x + 0.1, ground, dark)
    c.rect(left - 0.06, top - 0.1, right + 0.06, top + 0.02, light)
    c.shade(left, top + 0.02, right, top + 0.16, 0.35, 0.0)
    c.rect(left, top + 0.68, right, top + 0.74, light)
    c.shade(left, top + 0.74, right, top + 1.0, 0.4, 0.0)
    c.shade(left - 0.05, top - 0.6, right + 0.05, top - 0.1, 0.0, 0.12)
    c.text(
        (left + right) / 2,
        top + 0.35,
        shop.name,
        Style(shop.size, shop.font, shop.lettering, 0.014),
        width=(right - left) * 0.88,
    )
    if shop.second:
        pane_left, pane_right = panes[0]
        c.text(
            pane_left + (pane_right - pane_left) * 0.26,
            ground - 1.5,
            shop.second,
            Style(0.3, "hand", (255, 250, 236)),
            width=(pane_right - pane_left) * 0.46,
        )
    return top


def sunlight(c: Canvas, shadows: list[list[tuple[float, float]]], soft: float = 0.05) -> Floats:
    """(h, w, 3) light: warm sun, cool shade inside the polygons (metres), darker towards the pavement."""
    w, h = c.image.size
    shade = np.zeros((h, w), np.float32)
    for polygon in shadows:
        cv2.fillPoly(shade, [(np.array(polygon) * c.ppm).astype(np.int32)], 1.0)
    shade = cv2.GaussianBlur(shade, (0, 0), max(soft * c.ppm, 0.8))[..., None]
    light = np.float32(WARM) * (1 - shade) + np.float32(SHADE) * shade
    foot = np.clip(1 - (c.height - np.arange(h) / c.ppm) / 0.9, 0, 1) ** 2
    return light * (1 - 0.35 * foot).astype(np.float32)[:, None, None]
