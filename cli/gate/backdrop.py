"""Static background of the gate scene: sky, hills, building, lane, posts; drawn once per process."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH_PX = 320
HEIGHT_PX = 160
HORIZON_PX = 34
VANISHING_PX = 130
POST_PX = (296, 138)
"""The barrier's hinge, which the moving arm turns about."""

_TEXTURE_SEED = 20240
_Point = tuple[float, float]


def ground_px(x_m: float, scale: float, camera_m: float = 1.15) -> _Point:
    """Project a ground point, `x_m` right of the vanishing line, where one metre takes `scale` pixels."""
    return VANISHING_PX + scale * x_m, HORIZON_PX + scale * camera_m


def _sky(draw: ImageDraw.ImageDraw) -> None:
    for y in range(HORIZON_PX + 4):
        draw.line((0, y, WIDTH_PX, y), fill=(120 + 2 * y, 160 + y, 205 + y // 2))
    draw.ellipse((-40, 20, 150, 70), fill=(88, 112, 84))
    draw.ellipse((110, 26, 300, 64), fill=(80, 104, 80))


def _strip(draw: ImageDraw.ImageDraw, left_m: float, right_m: float, colour: tuple[int, int, int]) -> None:
    """Fill the ground between two lines that run to the horizon."""
    near, far = 125.0, 4.0
    corners = [
        ground_px(left_m, far),
        ground_px(right_m, far),
        ground_px(right_m, near),
        ground_px(left_m, near),
    ]
    draw.polygon(corners, fill=colour)


def _ground(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, HORIZON_PX + 2, WIDTH_PX, HEIGHT_PX), fill=(104, 118, 84))
    _strip(draw, -2.9, 2.0, (96, 97, 100))
    _strip(draw, -0.86, -0.78, (205, 200, 180))
    _strip(draw, 1.62, 1.68, (190, 188, 180))
    stop = [ground_px(-0.75, 98), ground_px(1.6, 98), ground_px(1.6, 103), ground_px(-0.75, 103)]
    draw.polygon(stop, fill=(214, 212, 204))


def _building(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((206, 4, 319, 74), fill=(158, 132, 112))
    draw.rectangle((202, 0, 319, 7), fill=(92, 72, 66))
    for row in range(2):
        for column in range(5):
            x, y = 213 + 21 * column, 13 + 24 * row
            draw.rectangle((x, y, x + 12, y + 14), fill=(66, 84, 104), outline=(205, 198, 186))
    draw.rectangle((0, 14, 30, 62), fill=(140, 140, 146))
    draw.rectangle((4, 22, 26, 30), fill=(70, 78, 92))


def _gate(draw: ImageDraw.ImageDraw) -> None:
    for x in (66, 186):
        draw.rectangle((x, 12, x + 7, 68), fill=(84, 60, 52))
        draw.rectangle((x - 2, 8, x + 9, 13), fill=(60, 44, 40))
    hinge_x, hinge_y = POST_PX
    draw.rectangle(
        (hinge_x - 8, hinge_y - 22, hinge_x + 10, HEIGHT_PX), fill=(196, 160, 40), outline=(90, 76, 30)
    )


@functools.cache
def backdrop() -> Image.Image:
    """Return the static scene, `WIDTH_PX` x `HEIGHT_PX` RGB; copy it before drawing on it."""
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX))
    draw = ImageDraw.Draw(image)
    for part in (_sky, _ground, _building, _gate):
        part(draw)
    return _textured(image.filter(ImageFilter.GaussianBlur(0.6)))


def _textured(image: Image.Image) -> Image.Image:
    """Add a fixed grain, so that the picture costs a photograph's bytes and not a drawing's."""
    rng = np.random.default_rng(_TEXTURE_SEED)
    fine = rng.normal(0, 5, (HEIGHT_PX, WIDTH_PX, 1))
    coarse = rng.normal(0, 6, (HEIGHT_PX // 4, WIDTH_PX // 4, 1)).repeat(4, axis=0).repeat(4, axis=1)
    strength = np.where(np.arange(HEIGHT_PX) < HORIZON_PX, 0.25, 1.0)[:, None, None]
    pixels = np.asarray(image, np.float64) + strength * (fine + coarse)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
