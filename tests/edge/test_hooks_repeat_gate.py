"""The repeat hook before the gate: noise and light are nothing, one symbol of a plate is something."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
from hook_examples import repeat_hook

from evosplit.cli.gate.camera import GateCamera
from evosplit.cli.gate.plates import SYMBOLS
from evosplit.cli.gate.scene import render
from evosplit.edge.hooks.decisions import Exit
from evosplit.edge.hooks.reduced import Reduction

REGION = (0.3, 0.5, 0.75, 0.85)


def tensor(scene, seed):
    image = render(scene, np.random.default_rng(seed))
    return image.astype(np.float32).transpose(2, 0, 1)[None] / 255


@pytest.fixture(scope="module")
def learned():
    scenes = list(islice(GateCamera(7601).scenes(), 300))
    answered = ((tensor(scene, at), f"text:{scene.truth}") for at, scene in enumerate(scenes))
    hook = repeat_hook(answered, Reduction(region=REGION))
    assert hook is not None
    return hook


def standing():
    scenes = list(islice(GateCamera(7602).scenes(), 500))
    return [now for before, now in pairwise(scenes) if now.truth and before.truth == now.truth][::9]


def other_symbol(scene):
    """The same moment, with the next symbol in the middle of the plate."""
    cars = list(scene.cars)
    at = next(index for index, car in enumerate(cars) if car.at_barrier)
    plate = cars[at].look.plate
    kind = next(symbols for symbols in SYMBOLS.values() if plate[3] in symbols)
    changed = plate[:3] + kind[(kind.index(plate[3]) + 1) % len(kind)] + plate[4:]
    cars[at] = replace(cars[at], look=replace(cars[at].look, plate=changed))
    return replace(scene, cars=tuple(cars))


def test_a_car_that_stands_is_repeated_and_one_symbol_is_seen(learned):
    moments = standing()
    assert len(moments) > 10
    for number, scene in enumerate(moments):
        stream = str(number)
        learned.learn_answer(stream, tensor(scene, number), {"plate": np.zeros(1, np.float32)})
        assert isinstance(learned.decide(tensor(scene, 1000 + number), stream), Exit)
        assert not isinstance(learned.decide(tensor(other_symbol(scene), 2000 + number), stream), Exit)
