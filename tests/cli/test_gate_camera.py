"""The stream: deterministic, true to its rules, and still where nothing moves."""

import itertools

import numpy as np
import pytest

from evosplit.cli.gate.camera import GateCamera
from evosplit.cli.gate.car import random_look
from evosplit.cli.gate.plates import is_plate
from evosplit.cli.gate.scene import OTHER_LANE_M, PlacedCar, Scene, plate_centre_px, render

LOOK = random_look(np.random.default_rng(0))


def first(seed, count):
    return list(itertools.islice(GateCamera(seed), count))


def test_equal_seeds_give_equal_frames_and_others_do_not():
    one, same, other = first(3, 30), first(3, 30), first(4, 30)
    assert all((a.image == b.image).all() and a.truth == b.truth for a, b in zip(one, same, strict=True))
    assert any((a.image != b.image).any() for a, b in zip(one, other, strict=True))


def test_iterating_twice_starts_anew():
    camera = GateCamera(5)
    assert (next(iter(camera)).image == next(iter(camera)).image).all()


def test_frames_are_numbered_rgb_pictures_with_a_plate_or_nothing():
    frames = first(11, 120)
    assert [frame.index for frame in frames] == list(range(120))
    assert {(frame.image.shape, frame.image.dtype.name) for frame in frames} == {((160, 320, 3), "uint8")}
    truths = [frame.truth for frame in frames]
    assert all(truth == "" or is_plate(truth) for truth in truths)
    assert 0.2 < np.mean([bool(truth) for truth in truths]) < 0.8
    assert len(set(truths)) >= 4


def test_a_car_stands_for_some_frames_and_then_the_lane_is_free_of_plates():
    runs = [(truth, len(list(run))) for truth, run in itertools.groupby(f.truth for f in first(2, 200))]
    whole = runs[1:-1]
    assert all(8 <= length <= 16 for truth, length in whole if truth)
    assert all(bool(a[0]) != bool(b[0]) for a, b in itertools.pairwise(whole))


def test_moving_cars_are_never_in_doubt():
    cars = [car for scene in itertools.islice(GateCamera(8).scenes(), 400) for car in scene.cars]
    own = [car for car in cars if car.lane_m != OTHER_LANE_M]
    assert all(car.at_barrier or car.scale < 90 or abs(car.shift_px) > 24 for car in own)


@pytest.mark.parametrize(
    ("car", "counts"),
    [
        (PlacedCar(LOOK, 100), True),
        (PlacedCar(LOOK, 97, shift_px=8), True),
        (PlacedCar(LOOK, 85), False),
        (PlacedCar(LOOK, 104, shift_px=30), False),
        (PlacedCar(LOOK, 100, lane_m=OTHER_LANE_M), False),
    ],
)
def test_only_the_car_at_the_barrier_counts(car, counts):
    assert Scene((car,)).truth == (LOOK.plate if counts else "")


def test_the_plate_is_drawn_where_it_is_said_to_be():
    x, y = (round(value) for value in plate_centre_px(PlacedCar(LOOK, 100)))
    empty, full = (
        render(Scene(cars), np.random.default_rng(1)).astype(int) for cars in ((), (PlacedCar(LOOK, 100),))
    )
    changed = np.abs(full - empty).max(axis=2)[y - 8 : y + 8, x - 40 : x + 40] > 20
    assert changed.mean() > 0.9


def test_the_background_stays_but_for_noise_and_slow_light():
    frames = first(6, 150)
    standing = [(a, b) for a, b in itertools.pairwise(frames) if a.truth and a.truth == b.truth]
    still = [(np.abs(a.image.astype(int) - b.image) <= 16).all(axis=2).mean() for a, b in standing]
    assert np.median(still) > 0.97
    assert min(still) > 0.7
