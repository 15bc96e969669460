"""Domain randomisation of training scenes: positions, light and plates drawn at random."""

from __future__ import annotations

import numpy as np

from evosplit.cli.gate.car import random_look
from evosplit.cli.gate.scene import (
    BARRIER_CLOSED_DEG,
    BARRIER_OPEN_DEG,
    OTHER_LANE_M,
    Light,
    PlacedCar,
    Scene,
)


def random_scene(rng: np.random.Generator, plate_share: float = 0.65) -> Scene:
    """Draw a scene that has a plate at the barrier with probability `plate_share`."""
    own = _stopped(rng) if rng.random() < plate_share else _elsewhere(rng)
    cars = [*own, *_distractors(rng)]
    angles = (BARRIER_CLOSED_DEG, BARRIER_CLOSED_DEG, 76.0, BARRIER_OPEN_DEG)
    return Scene(tuple(cars), angles[rng.integers(len(angles))], random_light(rng))


def random_light(rng: np.random.Generator) -> Light:
    """Draw dusk to noon, warm to cold, and a quiet or a noisy sensor."""
    level, warmth = rng.uniform(0.5, 1.25), rng.uniform(-0.09, 0.09)
    gain = (float(level * (1 + warmth)), float(level), float(level * (1 - warmth)))
    return Light(gain, float(rng.uniform(-0.3, 0.3)), float(rng.uniform(1.0, 4.5)))


def _stopped(rng: np.random.Generator) -> list[PlacedCar]:
    """One car in front of the barrier."""
    return [PlacedCar(random_look(rng), float(rng.uniform(95, 105)), shift_px=float(rng.uniform(-10, 10)))]


def _elsewhere(rng: np.random.Generator) -> list[PlacedCar]:
    """The own lane without a plate to read: empty, a car that comes (often all but there), or leaves."""
    kind = rng.random()
    if kind < 0.2:
        return []
    if kind < 0.45:
        return [PlacedCar(random_look(rng), float(rng.uniform(20, 88)), shift_px=float(rng.uniform(-6, 6)))]
    if kind < 0.7:
        return [PlacedCar(random_look(rng), float(rng.uniform(78, 89)), shift_px=float(rng.uniform(-10, 10)))]
    shift = float(rng.uniform(26, 60) if rng.random() < 0.5 else rng.uniform(60, 300))
    return [PlacedCar(random_look(rng), float(rng.uniform(102, 150)), shift_px=shift)]


def _distractors(rng: np.random.Generator) -> list[PlacedCar]:
    """Cars that never count: one that waits further back, one that drives away in the other lane."""
    cars = []
    if rng.random() < 0.3:
        cars.append(
            PlacedCar(random_look(rng), float(rng.uniform(38, 50)), shift_px=float(rng.uniform(-6, 6)))
        )
    if rng.random() < 0.4:
        cars.append(PlacedCar(random_look(rng), float(rng.uniform(15, 110)), OTHER_LANE_M))
    return cars
