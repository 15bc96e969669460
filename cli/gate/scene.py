"""Scene rendering of one moment: the static background, the cars, the barrier, the light, the noise.

A place on a lane is told by its scale (pixels per metre there), because everything else follows from it. The
plate that counts is the one of a car in the own lane whose scale lies in `ZONE_SCALE` and that is at most
`ZONE_SHIFT_PX` off the lane's middle: the car that stands in front of the barrier.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from evosplit.cli.gate.backdrop import HEIGHT_PX, POST_PX, WIDTH_PX, backdrop, ground_px
from evosplit.cli.gate.car import PLATE_HEIGHT_M, SPRITE_M, SPRITE_SCALE, CarLook, car_sprite

LANE_M = 0.4
OTHER_LANE_M = -1.85
STOP_SCALE = 100.0
ZONE_SCALE = (94.0, 106.0)
ZONE_SHIFT_PX = 12.0
BARRIER_CLOSED_DEG = 0.0
BARRIER_OPEN_DEG = 86.0

_ARM_PX = 262
_NOISE_POOL = 1 << 20
_Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class PlacedCar:
    """A car, the scale at which it is seen, its lane, and how far (pixels) it is off the lane's middle."""

    look: CarLook
    scale: float
    lane_m: float = LANE_M
    shift_px: float = 0.0

    @property
    def at_barrier(self) -> bool:
        """Whether this is the car whose plate counts."""
        in_zone = ZONE_SCALE[0] <= self.scale <= ZONE_SCALE[1] and abs(self.shift_px) <= ZONE_SHIFT_PX
        return self.lane_m == LANE_M and in_zone


@dataclass(frozen=True)
class Light:
    """Gains of red, green and blue, how much brighter the right edge is than the left, the sensor's noise."""

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    slope: float = 0.0
    noise_levels: float = 2.5


@dataclass(frozen=True)
class Scene:
    """One moment: the cars, the barrier's angle, the light."""

    cars: tuple[PlacedCar, ...] = ()
    barrier_deg: float = BARRIER_CLOSED_DEG
    light: Light = Light()

    @property
    def truth(self) -> str:
        """The text to read: the plate at the barrier, or the empty string."""
        return next((car.look.plate for car in self.cars if car.at_barrier), "")


def plate_centre_px(car: PlacedCar) -> tuple[float, float]:
    """Where the middle of the car's plate falls in the frame (tilt neglected)."""
    x, y = ground_px(car.lane_m, car.scale)
    return x + car.shift_px, y - PLATE_HEIGHT_M * car.scale


def render(scene: Scene, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw the scene as `(HEIGHT_PX, WIDTH_PX, 3) uint8` RGB; `rng` gives the noise and nothing else."""
    image = backdrop().copy()
    for car in sorted(scene.cars, key=lambda car: car.scale):
        _paste_car(image, car)
    _draw_arm(image, scene.barrier_deg)
    return _expose(np.asarray(image), scene.light, rng)


def _paste_car(image: Image.Image, car: PlacedCar) -> None:
    """Resample the part of the sprite that falls into the frame; the fraction of a pixel is kept."""
    foot_x, foot_y = ground_px(car.lane_m, car.scale)
    left = foot_x + car.shift_px - SPRITE_M[0] / 2 * car.scale
    top = foot_y - SPRITE_M[1] * car.scale
    sprite = car_sprite(car.look)
    zoom = car.scale / SPRITE_SCALE
    box = _visible(left, top, sprite.width * zoom, sprite.height * zoom)
    if box is None:
        return
    x0, y0, x1, y1 = box
    source = ((x0 - left) / zoom, (y0 - top) / zoom, (x1 - left) / zoom, (y1 - top) / zoom)
    part = sprite.resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR, box=source)
    image.paste(part, (x0, y0), part)


def _visible(left: float, top: float, width: float, height: float) -> _Box | None:
    """Whole pixels of the frame that lie inside the given rectangle, or None."""
    x0, y0 = max(0, math.ceil(left)), max(0, math.ceil(top))
    x1, y1 = min(WIDTH_PX, math.floor(left + width)), min(HEIGHT_PX, math.floor(top + height))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _draw_arm(image: Image.Image, angle_deg: float) -> None:
    """Draw the striped arm from its hinge to the left, turned up by the angle."""
    draw = ImageDraw.Draw(image)
    step_x, step_y = -math.cos(math.radians(angle_deg)), -math.sin(math.radians(angle_deg))
    hinge_x, hinge_y = POST_PX
    stripe_px = 24
    for index, start in enumerate(range(0, _ARM_PX, stripe_px)):
        ends = [(hinge_x + step_x * px, hinge_y + step_y * px) for px in (start, start + stripe_px)]
        draw.line(ends, fill=(200, 36, 32) if index % 2 else (236, 234, 228), width=6)


@functools.cache
def _noise_pool() -> NDArray[np.float32]:
    """Hold a million normal draws: a frame's noise is a random window of them, cheaper than fresh draws."""
    return np.random.default_rng(7).standard_normal(_NOISE_POOL, dtype=np.float32)


def _expose(pixels: NDArray[np.uint8], light: Light, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Apply light and sensor noise to the clean picture."""
    slope = np.linspace(1 - light.slope / 2, 1 + light.slope / 2, WIDTH_PX, dtype=np.float32)
    gains = slope[:, None] * np.asarray(light.gain, np.float32)
    start = int(rng.integers(_NOISE_POOL - pixels.size))
    noise = _noise_pool()[start : start + pixels.size].reshape(pixels.shape)
    levels = pixels * gains + noise * np.float32(light.noise_levels) + np.float32(0.5)
    return np.clip(levels, 0, 255).astype(np.uint8)
