"""Car sprites: random appearance and plate, drawn from the front at twice the size it stops at."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from evosplit.cli.gate.plates import random_plate

SPRITE_SCALE = 200
"""Pixels per metre of a sprite. A car in front of the barrier is shown at about half of it."""
PLATE_M = (1.04, 0.24)
PLATE_HEIGHT_M = 0.42
"""Height of the plate's middle above the ground."""
SPRITE_M = (2.4, 1.7)
"""Width and height of a sprite; the car stands on the middle of its lower edge, with air around it."""

Colour = tuple[int, int, int]
_PAINTS: tuple[Colour, ...] = (
    (178, 34, 38), (30, 62, 120), (226, 226, 224), (38, 40, 44), (128, 132, 138),
    (42, 96, 70), (196, 152, 60), (92, 46, 40), (90, 130, 170), (170, 90, 40),
)  # fmt: skip
_PLATE_INKS: tuple[tuple[Colour, Colour], ...] = (
    ((238, 238, 232), (16, 16, 22)),
    ((236, 200, 60), (18, 16, 14)),
    ((234, 236, 238), (20, 44, 120)),
)


@dataclass(frozen=True)
class CarLook:
    """Everything that makes one car different from another; hashable, so that its sprite is drawn once."""

    plate: str
    paint: Colour
    ink: int
    width_m: float
    height_m: float
    bonnet_m: float
    tilt_deg: float
    lamps_on: bool


def random_look(rng: np.random.Generator) -> CarLook:
    """Draw a car; two draws with the same text are practically impossible."""
    paint = np.asarray(_PAINTS[rng.integers(len(_PAINTS))]) + rng.integers(-14, 15, 3)
    red, green, blue = (int(value) for value in paint.clip(0, 255))
    return CarLook(
        plate=random_plate(rng),
        paint=(red, green, blue),
        ink=int(rng.integers(len(_PLATE_INKS))),
        width_m=float(rng.uniform(1.7, 2.05)),
        height_m=float(rng.uniform(1.15, 1.5)),
        bonnet_m=float(rng.uniform(0.66, 0.8)),
        tilt_deg=float(rng.uniform(-1.5, 1.5)),
        lamps_on=bool(rng.random() < 0.4),
    )


def _xy(x_m: float, height_m: float) -> tuple[float, float]:
    """Sprite pixels of a point: metres right of the car's middle, metres above the ground."""
    return SPRITE_SCALE * (SPRITE_M[0] / 2 + x_m), SPRITE_SCALE * (SPRITE_M[1] - height_m)


def _box(x_m: float, width_m: float, low_m: float, high_m: float) -> tuple[float, float, float, float]:
    return (*_xy(x_m - width_m / 2, high_m), *_xy(x_m + width_m / 2, low_m))


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, int(value * factor)) for value in colour)
    return red, green, blue


def _draw_cabin(draw: ImageDraw.ImageDraw, look: CarLook) -> None:
    for inset, low, high, colour in (
        (0.0, look.bonnet_m, look.height_m, _shade(look.paint, 0.8)),
        (0.07, look.bonnet_m + 0.03, look.height_m - 0.07, (58, 74, 88)),
    ):
        wide, narrow = look.width_m / 2 - 0.08 - inset, look.width_m / 2 - 0.3 - inset
        draw.polygon([_xy(-wide, low), _xy(-narrow, high), _xy(narrow, high), _xy(wide, low)], fill=colour)


def _draw_body(draw: ImageDraw.ImageDraw, look: CarLook) -> None:
    for side in (-1, 1):
        draw.rectangle(_box(side * (look.width_m / 2 - 0.17), 0.24, 0.0, 0.3), fill=(22, 22, 24))
    draw.ellipse(_box(0, look.width_m, -0.04, 0.1), fill=(40, 40, 42))
    draw.rounded_rectangle(_box(0, look.width_m, 0.16, look.bonnet_m + 0.04), radius=22, fill=look.paint)
    draw.rectangle(_box(0, look.width_m - 0.1, 0.17, 0.27), fill=_shade(look.paint, 0.55))
    draw.rounded_rectangle(_box(0, 0.9, 0.57, 0.68), radius=6, fill=(34, 34, 38))
    lamp = (255, 252, 224) if look.lamps_on else (168, 176, 184)
    for side in (-1, 1):
        draw.ellipse(_box(side * (look.width_m / 2 - 0.22), 0.28, 0.55, 0.7), fill=lamp, outline=(60, 60, 64))


@functools.cache
def _glyph(symbol: str, width_px: int) -> Image.Image:
    """Draw one symbol as a mask no wider than its cell: W and M are squeezed, as on a stamped plate."""
    font = ImageFont.load_default(44)
    left, top, right, bottom = font.getbbox(symbol, stroke_width=1)
    mask = Image.new("L", (math.ceil(right - left), math.ceil(bottom - top)))
    ImageDraw.Draw(mask).text((-left, -top), symbol, font=font, fill=255, stroke_width=1)
    return mask.resize((min(mask.width, width_px), mask.height), Image.Resampling.BILINEAR)


def _draw_plate(draw: ImageDraw.ImageDraw, look: CarLook) -> None:
    """Put every symbol in the middle of its own cell."""
    ground, ink = _PLATE_INKS[look.ink]
    width_m, height_m = PLATE_M
    box = _box(0, width_m, PLATE_HEIGHT_M - height_m / 2, PLATE_HEIGHT_M + height_m / 2)
    draw.rounded_rectangle(box, radius=5, fill=ground, outline=ink, width=2)
    cell_m = (width_m - 0.06) / max(len(look.plate), 1)
    for place, symbol in enumerate(look.plate):
        x, y = _xy((place - (len(look.plate) - 1) / 2) * cell_m, PLATE_HEIGHT_M)
        glyph = _glyph(symbol, round(cell_m * SPRITE_SCALE) - 4)
        draw.bitmap((round(x - glyph.width / 2), round(y - glyph.height / 2)), glyph, fill=ink)


@functools.lru_cache(maxsize=16)
def car_sprite(look: CarLook) -> Image.Image:
    """Draw the car: RGBA, `SPRITE_M` metres at `SPRITE_SCALE` pixels each, transparent around the body."""
    size = (round(SPRITE_M[0] * SPRITE_SCALE), round(SPRITE_M[1] * SPRITE_SCALE))
    sprite = Image.new("RGBA", size, (*look.paint, 0))
    draw = ImageDraw.Draw(sprite)
    _draw_cabin(draw, look)
    _draw_body(draw, look)
    _draw_plate(draw, look)
    foot = (SPRITE_M[0] / 2 * SPRITE_SCALE, size[1] - 1)
    return sprite.rotate(look.tilt_deg, Image.Resampling.BICUBIC, center=foot)
