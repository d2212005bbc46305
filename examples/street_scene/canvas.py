"""Drawing on a flat thing in metres, with every word noted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .camera import PaintedCanvas, Truth

Floats = NDArray[np.float32]
Colour = tuple[int, int, int] | tuple[int, int, int, int]

# Debian package of each: all are OFL-1.1, but Roboto, which is Apache-2.0, and DejaVu (Bitstream Vera licence).
FONTS = {
    "slab": ("RobotoSlab-Bold.otf", "fonts-roboto-slab"),
    "sans": ("Lato-Bold.ttf", "fonts-lato"),
    "sans-regular": ("Lato-Regular.ttf", "fonts-lato"),
    "heavy": ("Lato-Black.ttf", "fonts-lato"),
    "condensed": ("RobotoCondensed-Bold.ttf", "fonts-roboto-unhinted"),
    "poster": ("BebasNeue-Bold.otf", "fonts-bebas-neue"),
    "script": ("lobster.otf", "fonts-lobster"),
    "hand": ("DancingScript-Bold.otf", "fonts-dancingscript"),
    "round": ("Comfortaa-Bold.ttf", "fonts-comfortaa"),
    "garamond": ("EBGaramond12-Bold.otf", "fonts-ebgaramond"),
    "han": ("NotoSerifCJK-Bold.ttc", "fonts-noto-cjk"),
    "plate": ("DejaVuSansCondensed-Bold.ttf", "fonts-dejavu-core"),
}
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")


def font(name: str, pixels: float) -> ImageFont.FreeTypeFont:
    """A font of FONTS at a size in pixels."""
    file, package = FONTS[name]
    for folder in FOLDERS:
        for path in folder.rglob(file):
            return ImageFont.truetype(str(path), max(round(pixels), 1))
    raise SystemExit(f"{file} is missing; on Debian or Ubuntu: apt-get install {package}")


@dataclass(frozen=True)
class Style:
    """Of letters: font size in metres, a name of FONTS, colour, and how far a shadow lies below, in metres."""

    size: float
    font: str
    colour: Colour
    shadow: float = 0.0


class Canvas:
    """A flat thing, drawn in metres from its top left corner, ``ppm`` pixels a metre."""

    def __init__(self, width: float, height: float, ppm: float, colour: Colour = (0, 0, 0, 0)) -> None:
        self.width, self.height, self.ppm = width, height, ppm
        self.image = Image.new("RGBA", (round(width * ppm), round(height * ppm)), colour)
        self.words: list[Truth] = []

    def _px(self, *values: float) -> list[float]:
        return [v * self.ppm for v in values]

    def _draw(self, alpha: int) -> tuple[ImageDraw.ImageDraw, Image.Image | None]:
        """A pen, and for see-through colours the layer to lay over the canvas afterwards."""
        layer = None if alpha == 255 else Image.new("RGBA", self.image.size)
        return ImageDraw.Draw(self.image if layer is None else layer), layer

    def _shape(self, kind: str, points: list[float], colour: Colour, **more: float) -> None:
        rgba = (*colour[:3], colour[3] if len(colour) == 4 else 255)
        pen, layer = self._draw(rgba[3])
        getattr(pen, kind)(points, fill=rgba, **more)
        if layer is not None:
            self.image.alpha_composite(layer)

    def rect(self, left: float, top: float, right: float, bottom: float, colour: Colour, radius: float = 0) -> None:
        """A filled, perhaps rounded, rectangle."""
        if right > left and bottom > top:
            self._shape("rounded_rectangle", self._px(left, top, right, bottom), colour, radius=radius * self.ppm)

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """A filled polygon."""
        self._shape("polygon", self._px(*(v for point in points for v in point)), colour)

    def ellipse(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A filled ellipse in a box."""
        self._shape("ellipse", self._px(left, top, right, bottom), colour)

    def line(self, points: list[tuple[float, float]], colour: Colour, width: float) -> None:
        """A line of a width in metres."""
        flat = self._px(*(v for point in points for v in point))
        self._shape("line", flat, colour, width=max(round(width * self.ppm), 1))

    def shade(self, left: float, top: float, right: float, bottom: float, start: float, end: float) -> None:
        """Darken a box by ``start`` at its top to ``end`` at its bottom (0 none, 1 black)."""
        x0, y0, x1, y1 = (round(v) for v in self._px(left, top, right, bottom))
        pixels = np.array(self.image)
        part = pixels[max(y0, 0) : y1, max(x0, 0) : x1, :3]
        part[:] = part * (1 - np.linspace(start, end, part.shape[0]))[:, None, None]
        self.image = Image.fromarray(pixels)

    def text(
        self, x: float, y: float, text: str, style: Style, width: float | None = None, label: str | None = None
    ) -> None:
        """One line centred at (x, y), reduced where it would be wider than ``width``."""
        face = font(style.font, style.size * self.ppm)
        if width is not None and face.getlength(text) > width * self.ppm:
            face = font(style.font, style.size * self.ppm * width * self.ppm / face.getlength(text))
        start = x * self.ppm - face.getlength(text) / 2
        middle = y * self.ppm
        layer = Image.new("RGBA", self.image.size)
        pen = ImageDraw.Draw(layer)
        if style.shadow:
            offset = style.shadow * self.ppm
            pen.text((start + offset, middle + offset), text, font=face, fill=(0, 0, 0, 140), anchor="lm")
            layer = layer.filter(ImageFilter.GaussianBlur(offset * 0.5))
            pen = ImageDraw.Draw(layer)
        pen.text((start, middle), text, font=face, fill=tuple(style.colour), anchor="lm")
        self.image.alpha_composite(layer)
        self._note(text, start, middle, face, label)

    def _note(self, text: str, start: float, middle: float, face: ImageFont.FreeTypeFont, label: str | None) -> None:
        position = 0
        for word in text.split(" "):
            if word not in ("", "·"):
                at = start + face.getlength(text[:position])
                left, top, right, bottom = face.getbbox(word, anchor="lm")
                margin = 0.06 * (bottom - top)
                box = [at + left - margin, middle + top - margin, at + right + margin, middle + bottom + margin]
                quad = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]], np.float32)
                self.words.append(Truth(word, quad, label))
            position += len(word) + 1

    def turned(self, degrees: float) -> Canvas:
        """This canvas turned clockwise about its middle, on a larger transparent one, words and all."""
        w, h = self.image.size
        turn = cv2.getRotationMatrix2D((w / 2, h / 2), -degrees, 1.0)
        cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
        new_w, new_h = int(h * sin + w * cos) + 2, int(h * cos + w * sin) + 2
        turn[:, 2] += [new_w / 2 - w / 2, new_h / 2 - h / 2]
        result = Canvas(new_w / self.ppm, new_h / self.ppm, self.ppm)
        pixels = np.array(self.image).astype(np.float32)
        pixels[..., :3] *= pixels[..., 3:] / 255
        out = cv2.warpAffine(pixels, turn, result.image.size, flags=cv2.INTER_CUBIC)
        out[..., :3] = out[..., :3] / np.maximum(out[..., 3:] / 255, 1e-3)
        result.image = Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))
        for word in self.words:
            result.words.append(
                Truth(word.text, cv2.transform(word.quad[None], turn)[0].astype(np.float32), word.label)
            )
        return result

    def paste(self, other: Canvas, x: float, y: float) -> None:
        """Lay another canvas of the same scale on this one, its top left corner at (x, y)."""
        left, top = round(x * self.ppm), round(y * self.ppm)
        self.image.alpha_composite(other.image, (left, top))
        for word in other.words:
            self.words.append(Truth(word.text, word.quad + np.float32([left, top]), word.label))

    def painted(self, light: Floats | tuple[float, float, float] = (1.0, 1.0, 1.0)) -> PaintedCanvas:
        """Ready to be projected, each pixel times a light: a colour, or an (h, w, 3) map."""
        rgba = np.asarray(self.image).astype(np.float32) / 255
        rgba[..., :3] *= np.asarray(light, np.float32)
        return PaintedCanvas(rgba, self.ppm, tuple(self.words))
