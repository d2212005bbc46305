"""Things that stand or hang in the street."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import Canvas, Colour, Style


def curve(points: list[tuple[float, float]], steps: int = 12) -> list[tuple[float, float]]:
    """A closed Catmull-Rom curve through points."""
    p = np.array(points)
    out = []
    for i in range(len(p)):
        a, b, c, d = p[i - 1], p[i], p[(i + 1) % len(p)], p[(i + 2) % len(p)]
        for t in np.linspace(0, 1, steps, endpoint=False):
            out.append(
                tuple(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
            )
    return out


def mirrored(points: list[tuple[float, float]], width: float) -> list[tuple[float, float]]:
    """The left half of an outline, closed by its mirror image."""
    return points + [(width - x, y) for x, y in reversed(points)]


def gradient_fill(canvas: Canvas, outline: list[tuple[float, float]], top: Colour, bottom: Colour) -> None:
    """Fill an outline with a vertical gradient over its own height."""
    mask = Image.new("L", canvas.image.size)
    ImageDraw.Draw(mask).polygon([(x * canvas.ppm, y * canvas.ppm) for x, y in outline], fill=255)
    ys = [y * canvas.ppm for _, y in outline]
    rows = np.clip((np.arange(canvas.image.height) - min(ys)) / max(max(ys) - min(ys), 1), 0, 1)[:, None, None]
    colour = np.float32(top[:3]) * (1 - rows) + np.float32(bottom[:3]) * rows
    fill = np.repeat(colour, canvas.image.width, 1).astype(np.uint8)
    layer = Image.fromarray(fill).convert("RGBA")
    layer.putalpha(mask)
    canvas.image.alpha_composite(layer)


def car(plate: str) -> Canvas:
    """A small hatchback from behind, 1.80 x 1.52 m, in the shade of the houses, with a number plate."""
    w = 1.80
    c = Canvas(w, 1.52, 420)
    for x in (0.1, w - 0.34):
        c.rect(x, 1.12, x + 0.24, 1.5, (20, 20, 22), 0.05)
        c.rect(x + 0.03, 1.3, x + 0.21, 1.5, (34, 34, 36), 0.05)
    c.rect(0.2, 1.1, w - 0.2, 1.32, (16, 16, 18))
    body = mirrored(
        [
            (0.60, 0.03),
            (0.40, 0.06),
            (0.30, 0.16),
            (0.19, 0.46),
            (0.07, 0.58),
            (0.03, 0.74),
            (0.03, 1.0),
            (0.06, 1.24),
            (0.14, 1.33),
            (0.6, 1.36),
        ],
        w,
    )
    gradient_fill(c, curve(body), (196, 70, 52), (88, 24, 24))
    gradient_fill(
        c,
        curve(mirrored([(0.62, 0.035), (0.45, 0.055), (0.38, 0.10), (0.62, 0.09)], w)),
        (232, 150, 128),
        (190, 66, 50),
    )
    glass = curve(mirrored([(0.58, 0.13), (0.42, 0.15), (0.37, 0.22), (0.28, 0.50), (0.34, 0.56), (0.62, 0.57)], w))
    gradient_fill(c, glass, (126, 146, 166), (26, 32, 40))
    for x in (0.56, 1.02):
        c.rect(x, 0.33, x + 0.24, 0.56, (22, 24, 28, 190), 0.06)
    c.line([(0.5, 0.55), (0.88, 0.47)], (14, 14, 16), 0.016)
    c.polygon([(0.46, 0.16), (0.8, 0.14), (0.52, 0.54), (0.34, 0.52)], (214, 226, 240, 46))
    gradient_fill(
        c, curve(mirrored([(0.10, 0.62), (0.5, 0.60), (0.5, 0.645), (0.1, 0.665)], w)), (226, 116, 94), (200, 76, 58)
    )
    for flip in (False, True):
        lamp = [(0.055, 0.66), (0.2, 0.63), (0.32, 0.67), (0.30, 0.80), (0.12, 0.84), (0.05, 0.8)]
        shape = [(w - x, y) for x, y in lamp] if flip else lamp
        gradient_fill(c, curve(shape), (236, 40, 30), (120, 8, 12))
        inner = [(0.10, 0.70), (0.19, 0.68), (0.22, 0.73), (0.12, 0.76)]
        gradient_fill(c, curve([(w - x, y) for x, y in inner] if flip else inner), (255, 170, 150), (246, 70, 52))
    gradient_fill(
        c,
        curve(mirrored([(0.62, 1.10), (0.3, 1.10), (0.06, 1.12), (0.08, 1.25), (0.2, 1.33), (0.62, 1.35)], w)),
        (72, 22, 24),
        (24, 18, 20),
    )
    c.line([(0.1, 1.05), (w - 0.1, 1.05)], (60, 14, 14), 0.014)
    c.line([(0.1, 1.065), (w - 0.1, 1.065)], (220, 110, 90), 0.008)
    c.rect(0.56, 0.79, w - 0.56, 1.0, (54, 16, 16), 0.03)
    c.rect(0.72, 0.735, 1.08, 0.775, (206, 206, 210), 0.015)
    c.rect(1.3, 1.28, 1.42, 1.36, (70, 70, 74), 0.02)
    sheen(c)
    number_plate(c, plate)
    return c


def sheen(c: Canvas) -> None:
    """Rounder: darker at the sides, a soft light from the open sky."""
    pixels = np.asarray(c.image).astype(np.float32)
    xs = np.linspace(-1, 1, pixels.shape[1])[None, :, None]
    pixels[..., :3] *= 1 - 0.45 * np.abs(xs) ** 4
    c.image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def number_plate(c: Canvas, plate: str) -> None:
    """White with a blue edge."""
    c.rect(0.625, 0.82, 1.175, 0.965, (20, 20, 24), 0.015)
    c.rect(0.632, 0.827, 1.168, 0.958, (236, 236, 230), 0.012)
    c.rect(0.632, 0.827, 0.685, 0.958, (30, 60, 140), 0.012)
    c.text(0.928, 0.893, plate, Style(0.125, "plate", (18, 18, 22)), width=0.45, label="plate")


def menu_board() -> Canvas:
    """A chalk board for the pavement, 0.84 x 1.18 m."""
    c = Canvas(0.84, 1.18, 420)
    c.rect(0.0, 0.0, 0.84, 1.12, (120, 80, 46), 0.02)
    c.rect(0.02, 1.1, 0.1, 1.18, (96, 62, 36))
    c.rect(0.74, 1.1, 0.82, 1.18, (96, 62, 36))
    c.rect(0.055, 0.055, 0.785, 1.06, (38, 44, 42))
    c.text(0.42, 0.17, "Today", Style(0.2, "script", (250, 226, 130)))
    c.line([(0.2, 0.285), (0.64, 0.285)], (230, 230, 220), 0.008)
    for i, (dish, price) in enumerate(
        (("Tomato soup", "5.50"), ("Apple pie", "4.20"), ("Flat white", "3.40"), ("Iced tea", "2.90"))
    ):
        y = 0.38 + 0.155 * i
        c.text(0.335, y, dish, Style(0.098, "sans-regular", (240, 240, 232)), width=0.45)
        c.text(0.68, y, price, Style(0.098, "sans", (250, 226, 130)))
    c.text(0.42, 1.0, "open daily 7–18 h", Style(0.075, "sans-regular", (214, 220, 214)))
    return c


def banner(text: str, second: str, paint: Colour) -> Canvas:
    """A tall banner with words that run upwards, 0.86 x 2.9 m."""
    lying = Canvas(2.9, 0.86, 260, paint)
    lying.rect(0.0, 0.06, 2.9, 0.1, (250, 240, 214))
    lying.rect(0.0, 0.76, 2.9, 0.8, (250, 240, 214))
    lying.text(1.45, 0.36, text, Style(0.46, "poster", (252, 246, 226)), width=2.6)
    lying.text(1.45, 0.64, second, Style(0.17, "heavy", (250, 214, 110)), width=2.3)
    folds(lying)
    return lying.turned(-90)


def small_sign(text: str, width: float, height: float, colours: tuple[Colour, Colour]) -> Canvas:
    """A plate on a wall or a door, to be laid on a house of the same scale."""
    c = Canvas(width, height, 240)
    c.rect(0, 0, width, height, colours[0], 0.02)
    c.text(width / 2, height / 2, text, Style(height * 0.74, "sans", colours[1]), width=width * 0.86)
    return c


def folds(c: Canvas) -> None:
    """Waves of light and shade, as in cloth."""
    pixels = np.asarray(c.image).astype(np.float32)
    t = np.linspace(0, 1, pixels.shape[1])
    pixels[..., :3] *= (1 + 0.09 * np.sin(t * 17 + 0.6) + 0.05 * np.sin(t * 41))[None, :, None]
    c.image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def street_banner() -> Canvas:
    """The banner across the street."""
    c = Canvas(5.2, 0.95, 130, (244, 238, 222, 255))
    c.rect(0, 0, 5.2, 0.07, (190, 52, 44))
    c.rect(0, 0.88, 5.2, 0.95, (190, 52, 44))
    c.text(2.6, 0.36, "SUMMER FAIR", Style(0.56, "condensed", (176, 40, 38)), width=4.6)
    c.text(2.6, 0.72, "12–14 JULY", Style(0.26, "sans", (40, 64, 96)))
    folds(c)
    return c.turned(-3)


def name_plate(first: str, degrees: float) -> Canvas:
    """An enamelled street sign that hangs askew."""
    c = Canvas(1.62, 0.40, 320)
    c.rect(0, 0, 1.62, 0.40, (240, 240, 236), 0.04)
    c.rect(0.022, 0.022, 1.598, 0.378, (22, 62, 128), 0.03)
    c.text(0.81, 0.2, first, Style(0.21, "condensed", (246, 246, 242)), width=1.44)
    for x in (0.06, 1.56):
        c.ellipse(x - 0.016, 0.184, x + 0.016, 0.216, (180, 184, 190))
    return c.turned(degrees)


def round_sign() -> Canvas:
    """A hanging sign with a gilt rim."""
    c = Canvas(1.2, 1.2, 320)
    c.ellipse(0.02, 0.02, 1.18, 1.18, (206, 164, 84))
    c.ellipse(0.06, 0.06, 1.14, 1.14, (34, 40, 46))
    c.ellipse(0.1, 0.1, 1.1, 1.1, (244, 236, 216))
    c.text(0.6, 0.44, "Café", Style(0.40, "script", (126, 48, 34)))
    c.text(0.6, 0.76, "LUMIÈRE", Style(0.18, "slab", (44, 48, 52)), width=0.82)
    c.line([(0.32, 0.61), (0.88, 0.61)], (206, 164, 84), 0.012)
    return c


def parking_sign() -> Canvas:
    """A parking sign with small print beneath."""
    c = Canvas(0.56, 0.98, 400)
    c.rect(0, 0, 0.56, 0.56, (244, 244, 242), 0.05)
    c.rect(0.018, 0.018, 0.542, 0.542, (24, 84, 168), 0.04)
    c.text(0.28, 0.29, "P", Style(0.48, "heavy", (248, 248, 248)))
    c.rect(0, 0.6, 0.56, 0.98, (240, 240, 236), 0.03)
    c.text(0.28, 0.69, "Mon–Fri", Style(0.125, "sans", (24, 24, 26)))
    c.text(0.28, 0.81, "9–18 h", Style(0.125, "sans", (24, 24, 26)))
    c.text(0.28, 0.92, "max. 2 h", Style(0.10, "sans", (150, 30, 30)))
    return c


def tree(rng: np.random.Generator, width: float, height: float, ppm: float) -> Canvas:
    """A street tree: a trunk and some thousand leaves, lit from above right."""
    c = Canvas(width, height, ppm)
    middle = width / 2
    c.polygon(
        [(middle - 0.09, height), (middle - 0.05, height * 0.5), (middle + 0.06, height * 0.5), (middle + 0.1, height)],
        (70, 58, 48),
    )
    for dx in (-0.7, -0.3, 0.35, 0.75):
        c.line(
            [(middle, height * 0.6), (middle + dx * 0.6, height * 0.38), (middle + dx, height * 0.2)],
            (66, 54, 44),
            0.05,
        )
    clumps = [
        (middle + rng.normal(0, width * 0.19), height * 0.34 + rng.normal(0, height * 0.12), rng.uniform(0.32, 0.6))
        for _ in range(34)
    ]
    draw = ImageDraw.Draw(c.image)
    for depth in range(4):
        for cx, cy, radius in clumps:
            for _ in range(80):
                angle, distance = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.random())
                x, y = cx + distance * np.cos(angle), cy + distance * np.sin(angle) * 0.8
                lit = np.clip(
                    0.5 + 0.45 * ((x - cx) - (y - cy)) / radius + 0.14 * rng.standard_normal() + 0.1 * (depth - 1.5),
                    0,
                    1,
                )
                colour = tuple(int(a + (b - a) * lit) for a, b in zip((28, 48, 22), (154, 182, 74), strict=True))
                size = rng.uniform(0.025, 0.055)
                px = [(x - size) * ppm, (y - size * 0.6) * ppm, (x + size) * ppm, (y + size * 0.6) * ppm]
                draw.ellipse(px, fill=(*colour, 255))
    return c


def pole(height: float, colour: Colour = (70, 76, 80)) -> Canvas:
    """A round metal pole."""
    c = Canvas(0.09, height, 300, (*colour[:3], 255))
    pixels = np.asarray(c.image).astype(np.float32)
    pixels[..., :3] *= (0.6 + 0.9 * np.exp(-((np.linspace(-1, 1, pixels.shape[1]) - 0.35) ** 2) / 0.18))[None, :, None]
    c.image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return c


def hotel_sign() -> Canvas:
    """A plain lit box that stands out from a wall."""
    c = Canvas(1.8, 0.72, 200, (26, 58, 60))
    c.rect(0.04, 0.04, 1.76, 0.68, (240, 236, 224))
    c.text(0.9, 0.36, "HOTEL", Style(0.54, "sans", (20, 62, 64)), width=1.6)
    return c


def walker(rng: np.random.Generator, coat: Colour) -> Canvas:
    """A distant person, a little blurred, 0.6 x 1.75 m."""
    c = Canvas(0.7, 1.75, 120)
    c.ellipse(0.26, 0.0, 0.46, 0.25, (92, 66, 52))
    c.polygon(curve([(0.2, 0.3), (0.5, 0.3), (0.56, 0.9), (0.48, 1.05), (0.22, 1.05), (0.14, 0.9)]), coat)
    c.polygon([(0.24, 1.0), (0.36, 1.0), (0.32, 1.72), (0.2, 1.72)], (40, 42, 52))
    c.polygon([(0.34, 1.0), (0.47, 1.0), (0.54, 1.7), (0.42, 1.72)], (48, 50, 60))
    c.image = c.image.filter(ImageFilter.GaussianBlur(1.6))
    return c


def plants(rng: np.random.Generator) -> Canvas:
    """A box with flowers for the pavement, 1.1 x 0.8 m."""
    c = Canvas(1.1, 0.85, 240)
    c.rect(0.06, 0.45, 1.04, 0.85, (120, 84, 58), 0.02)
    c.rect(0.1, 0.5, 1.0, 0.52, (92, 62, 42))
    c.shade(0.06, 0.45, 1.04, 0.85, 0.0, 0.35)
    for _ in range(520):
        x, y = rng.normal(0.55, 0.24), 0.36 + rng.normal(0, 0.12)
        if 0.02 < x < 1.08 and 0.04 < y < 0.52:
            s = rng.uniform(0.015, 0.04)
            g = rng.uniform(0.5, 1.2)
            c.ellipse(x - s, y - s, x + s, y + s, (int(74 * g), int(118 * g), int(52 * g)))
    for _ in range(60):
        x, y = rng.normal(0.55, 0.24), 0.3 + rng.normal(0, 0.1)
        if 0.03 < x < 1.07 and 0.04 < y < 0.5:
            colour = [(222, 70, 80), (240, 190, 60), (236, 236, 240)][rng.integers(3)]
            c.ellipse(x - 0.022, y - 0.022, x + 0.022, y + 0.022, colour)
    return c
