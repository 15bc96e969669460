"""Synthetic camera: an endless, seeded stream of frames with ground truth, at about six frames a second.

Cars come one after another: each drives up, stops in front of the barrier, waits for it to open, and turns
off to the right. Between two frames a moving car covers about half a metre, so it is either clearly before
the stop line or at it. Sometimes the next car waits behind; now and then one drives away in the other lane.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evosplit.cli.gate.car import CarLook, random_look
from evosplit.cli.gate.scene import (
    BARRIER_CLOSED_DEG,
    BARRIER_OPEN_DEG,
    OTHER_LANE_M,
    STOP_SCALE,
    Light,
    PlacedCar,
    Scene,
    render,
)

_FOCAL_PX = 400.0
"""Scale (pixels per metre) times distance (metres)."""
_QUEUE_SCALE = 42.0
_LEAVING = ((103.0, 30.0), (108.0, 78.0), (115.0, 140.0), (124.0, 215.0))
"""Scale and sideways shift (pixels) in the frames in which a car turns off."""
_DRIFT_FRAMES = 900


@dataclass(frozen=True)
class GateFrame:
    """One frame: its number, `(160, 320, 3) uint8` RGB, and the plate at the barrier ("" for none)."""

    index: int
    image: NDArray[np.uint8]
    truth: str


@dataclass(frozen=True)
class _Moment:
    """Where the cars of the own lane are, and the barrier."""

    cars: tuple[PlacedCar, ...]
    barrier_deg: float = BARRIER_CLOSED_DEG


@dataclass(frozen=True)
class GateCamera:
    """Iterating starts the stream of `seed` anew; equal seeds give equal frames.

    `wait_frames` and `gap_frames` bound how long a car stands at the barrier and the lane stays empty.
    """

    seed: int
    wait_frames: tuple[int, int] = (8, 16)
    gap_frames: tuple[int, int] = (2, 10)

    def __iter__(self) -> Iterator[GateFrame]:
        """Yield frames without end."""
        noise = np.random.default_rng([self.seed, 1])
        for index, scene in enumerate(self.scenes()):
            yield GateFrame(index, render(scene, noise), scene.truth)

    def scenes(self) -> Iterator[Scene]:
        """Yield what is to be drawn, frame by frame."""
        rng = np.random.default_rng([self.seed, 2])
        light, passers = _Drift(rng), _other_lane(np.random.default_rng([self.seed, 3]))
        for index, (moment, passer) in enumerate(zip(self._own_lane(rng), passers, strict=False)):
            yield Scene(moment.cars + passer, moment.barrier_deg, light.at(index))

    def _own_lane(self, rng: np.random.Generator) -> Iterator[_Moment]:
        look, queued = random_look(rng), False
        while True:
            follower = random_look(rng)
            waits_behind = bool(rng.random() < 0.35)
            behind = (PlacedCar(follower, _QUEUE_SCALE),) if waits_behind else ()
            if not queued:
                yield from [_Moment(())] * int(rng.integers(*self.gap_frames, endpoint=True))
            yield from self._visit(look, queued, behind, rng)
            look, queued = follower, waits_behind

    def _visit(
        self, look: CarLook, queued: bool, behind: tuple[PlacedCar, ...], rng: np.random.Generator
    ) -> Iterator[_Moment]:
        """One car comes, stands, leaves; the one behind appears when this one stands."""
        stop = PlacedCar(look, float(STOP_SCALE + rng.uniform(-3, 3)), shift_px=float(rng.uniform(-8, 8)))
        yield from (_Moment((car,)) for car in _approach(stop, queued, float(rng.uniform(0.5, 0.7))))
        wait = int(rng.integers(*self.wait_frames, endpoint=True))
        for left in range(wait, 0, -1):
            opening = {2: 76.0, 1: BARRIER_OPEN_DEG}.get(left, BARRIER_CLOSED_DEG)
            yield _Moment((*behind, stop), opening)
        for scale, shift_px in _LEAVING:
            leaving = PlacedCar(look, scale, shift_px=shift_px + stop.shift_px / 4)
            yield _Moment((*behind, leaving), BARRIER_OPEN_DEG)


def _approach(stop: PlacedCar, queued: bool, step_m: float) -> list[PlacedCar]:
    """Places on the way to `stop`, far to near, faster the further away; a queued car starts close."""
    stop_m, places = _FOCAL_PX / stop.scale, []
    start_m = _FOCAL_PX / _QUEUE_SCALE if queued else 16.0
    ahead_m = step_m
    while stop_m + ahead_m < start_m:
        places.append(PlacedCar(stop.look, _FOCAL_PX / (stop_m + ahead_m), shift_px=stop.shift_px))
        ahead_m += step_m + 0.1 * ahead_m
    return places[::-1]


def _other_lane(rng: np.random.Generator) -> Iterator[tuple[PlacedCar, ...]]:
    """Mostly nothing; now and then a car that gets smaller until it is gone."""
    while True:
        yield from [()] * int(rng.integers(20, 80))
        look, distance_m = random_look(rng), 4.2
        while distance_m < 24:
            yield (PlacedCar(look, _FOCAL_PX / distance_m, OTHER_LANE_M),)
            distance_m += 0.9


class _Drift:
    """Slow light: brightness, warmth and side change over minutes, each at its own pace."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._phases = rng.uniform(0, 2 * math.pi, 3)
        self._noise_levels = float(rng.uniform(2.5, 4.0))

    def at(self, index: int) -> Light:
        """Return the light of frame `index`."""
        angle = 2 * math.pi * index / _DRIFT_FRAMES
        level = 0.88 + 0.25 * math.sin(angle + self._phases[0])
        warmth = 0.05 * math.sin(0.7 * angle + self._phases[1])
        slope = 0.2 * math.sin(1.3 * angle + self._phases[2])
        return Light((level * (1 + warmth), level, level * (1 - warmth)), slope, self._noise_levels)
