"""Sky, road and pavements: worked out for each pixel from where its ray meets the world."""

from __future__ import annotations

import cv2
import numpy as np

from .camera import GROUND, Camera, Picture
from .texture import Floats, clouds, noise, smoothstep

KERB_LEFT, KERB_RIGHT = -2.5, 2.1


def paint_sky(rng: np.random.Generator, picture: Picture) -> None:
    """A summer sky: deeper blue above, white towards the horizon, clouds lit from the right."""
    camera = picture.camera
    horizon = int((camera.vanishing[1] + 6) * camera.oversample)
    width = picture.pixels.shape[1]
    t = np.linspace(0, 1, horizon, dtype=np.float32)[:, None, None]
    sky = np.float32([0.30, 0.53, 0.83]) * (1 - t) ** 0.8 + np.float32([0.86, 0.90, 0.93]) * (1 - (1 - t) ** 0.8)
    cover, bright = clouds(rng, horizon, width)
    cloud = bright[..., None] * np.float32([1.0, 0.985, 0.97])
    sky = sky + (cloud - sky) * (0.92 * cover * (1 - 0.5 * t[..., 0]))[..., None]
    picture.pixels[:horizon] = sky


def _world(camera: Camera, horizon: int) -> tuple[Floats, Floats]:
    s = camera.oversample
    ys, xs = np.mgrid[horizon : camera.height * s, 0 : camera.width * s].astype(np.float32)
    z = camera.focal * s * GROUND / np.maximum(ys - camera.vanishing[1] * s, 1.0)
    return (xs - camera.vanishing[0] * s) * z / (camera.focal * s), z


def _tiled(texture: Floats, x: Floats, z: Floats, metres: float) -> Floats:
    """Look a square texture up at world places, repeating it every ``metres``."""
    n = texture.shape[0]
    return cv2.remap(texture, (x / metres * n) % (n - 1), (z / metres * n) % (n - 1), cv2.INTER_LINEAR)


def paint_ground(rng: np.random.Generator, picture: Picture, shadow_edge: list[tuple[float, float]]) -> None:
    """Asphalt with patches and a seam, kerb stones, slabs; in shade to the right of ``shadow_edge`` (z, x) pairs."""
    camera = picture.camera
    horizon = int((camera.vanishing[1] + 5) * camera.oversample)
    x, z = _world(camera, horizon)
    grain, blotch = (noise(rng, 1024, 1024, cell, octaves) for cell, octaves in ((4, 2), (300, 5)))
    fade = np.exp(-z / 22)
    asphalt = 0.36 + 0.05 * _tiled(grain, x, z, 2.6) * fade + 0.045 * _tiled(blotch, x, z, 9.0)
    for centre in (-1.05, 0.75):
        asphalt -= 0.02 * np.exp(-(((x - centre) / 0.22) ** 2))
    colour = asphalt[..., None] * np.float32([0.97, 0.99, 1.04])
    seam = np.exp(-(((x - 0.55 - 0.05 * np.sin(z * 1.7)) / 0.02) ** 2)) * (z < 20)
    colour *= (1 - 0.4 * seam)[..., None]
    colour = _pavements(rng, colour, x, z, grain, blotch)
    colour = _markings(colour, x, z, _tiled(blotch, x, z, 1.7))
    edge_x = np.interp(z, *(np.array(shadow_edge, np.float32).T)).astype(np.float32)
    shade = smoothstep(-0.12, 0.12, x - edge_x)[..., None] * 0.93
    lit = colour * np.float32([1.56, 1.46, 1.28])
    dark = colour * np.float32([0.58, 0.65, 0.78])
    colour = lit * (1 - shade) + dark * shade
    near_wall = 1 - 0.4 * np.exp(-np.abs(x + 6.0) / 0.3) - 0.4 * np.exp(-np.abs(x - 4.6) / 0.5)
    colour *= near_wall[..., None]
    haze = (1 - np.exp(-np.maximum(z - 4, 0) / picture.haze_depth))[..., None]
    picture.pixels[horizon:] = colour + (picture.haze - colour) * haze


def _pavements(rng: np.random.Generator, colour: Floats, x: Floats, z: Floats, grain: Floats, blotch: Floats) -> Floats:
    tones = rng.normal(1.0, 0.055, (256, 64)).astype(np.float32)
    slab_x, slab_z = np.floor(x / 0.6).astype(int), np.floor(z / 0.6 + 0.5 * (np.floor(x / 0.6) % 2)).astype(int)
    tone = tones[slab_z % 256, slab_x % 64]
    in_x, in_z = (x / 0.6) % 1, (z / 0.6 + 0.5 * (np.floor(x / 0.6) % 2)) % 1
    joint_width = 0.02 + 0.004 * z
    joint = np.clip((np.minimum(in_x, 1 - in_x) < 0.022) * 1.0 + (np.minimum(in_z, 1 - in_z) < 0.022) * 1.0, 0, 1)
    joint = joint * np.clip(0.022 / joint_width, 0, 1)
    slab = 0.53 * tone * (1 + 0.05 * _tiled(grain, x, z, 3.1) * np.exp(-z / 22) + 0.06 * _tiled(blotch, x, z, 6.0))
    slab *= 1 - 0.38 * joint
    stones = slab[..., None] * np.float32([1.03, 1.0, 0.95])
    on = ((x < KERB_LEFT) | (x > KERB_RIGHT))[..., None]
    colour = np.where(on, stones, colour)
    for kerb, sign in ((KERB_LEFT, 1), (KERB_RIGHT, -1)):
        distance = (x - kerb) * sign
        stone = 0.64 - 0.1 * (((z / 1.0) % 1) < 0.025 + 0.003 * z)
        top, face = (distance > -0.16) & (distance <= 0), (distance > 0) & (distance < 0.1)
        colour = np.where(top[..., None], stone[..., None] * np.float32([1.02, 1.0, 0.97]), colour)
        colour = np.where(face[..., None], 0.20 * np.float32([1.0, 1.0, 1.02]), colour)
        gutter = np.exp(-np.maximum(distance - 0.1, 0) / 0.18) * (distance >= 0.1)
        colour = colour * (1 - 0.3 * gutter)[..., None]
    return colour


def _markings(colour: Floats, x: Floats, z: Floats, wear: Floats) -> Floats:
    yellow = (np.abs(x - (KERB_LEFT + 0.38)) < 0.05) | (np.abs(x - (KERB_LEFT + 0.56)) < 0.05)
    paint = (yellow & (wear < 0.75))[..., None] * 0.8
    return colour * (1 - paint) + np.float32([0.60, 0.50, 0.20]) * paint


def contact_shadow(picture: Picture, box: tuple[float, float, float, float], strength: float, soft: float) -> None:
    """Darken the ground under a thing that covers x0, x1, z0, z1, softly over ``soft`` metres."""
    camera = picture.camera
    horizon = int((camera.vanishing[1] + 5) * camera.oversample)
    x, z = _world(camera, horizon)
    x0, x1, z0, z1 = box
    inside = smoothstep(-soft, soft, np.minimum(x - x0, x1 - x)) * smoothstep(-soft, soft, np.minimum(z - z0, z1 - z))
    picture.pixels[horizon:] *= (1 - strength * inside)[..., None]


def cast_shadow(picture: Picture, outline: list[tuple[float, float]], strength: float, soft: float = 3.0) -> None:
    """The shadow of a thing on the ground: an outline of (x, z) places in metres, its edge blurred by pixels."""
    points = picture.camera.project([(x, GROUND, z) for x, z in outline])
    mask = np.zeros(picture.pixels.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), soft) * strength
    picture.pixels *= 1 - mask[..., None] * np.float32([1.0, 0.94, 0.84])
