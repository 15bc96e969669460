"""Windows of moving cameras: nudged to the lattice by themselves; nothing happens where nothing moves."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from net_bundle import load_net, net_card
from PIL import Image

from evosplit.edge.streams.scene_windows import SceneWindows
from evosplit.shared.card.schema import Resize
from evosplit.shared.input_picture import read_picture

INPUT = 160
SPACING = 8


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    made = net_card(load_net(Path(tmp_path_factory.mktemp("net"))))
    told = made.input.model_copy(update={"resize": Resize(kind="pad", fill=114), "size": (INPUT, INPUT)})
    return made.model_copy(update={"input": told})


@pytest.fixture(scope="module")
def scene():
    small = np.random.default_rng(3).integers(0, 256, (100, 160, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((800, 500), Image.Resampling.BICUBIC)


def view(scene, top, left):
    """A picture twice as large as the input, of a camera that looks at (top, left) of the input's pixels."""
    box = (2 * left, 2 * top, 2 * left + 320, 2 * top + 240)
    return np.asarray(scene.resize((320, 240), Image.Resampling.BILINEAR, box), np.uint8)


def followed(card, scene, places, changed=1.0):
    windows, pictures = SceneWindows(), []
    for place in places:
        pictures.append(windows.read(card, "gate", view(scene, *place)))
        windows.learn("gate", SPACING, changed)
    return pictures


@pytest.mark.parametrize("speed", [(0, 1.0), (0, -2.7), (1.5, 4.0), (0, 13.0)])
def test_a_pan_moves_the_input_by_multiples_of_the_spacing(card, scene, speed):
    start = (40, 110)
    places = [tuple(at + by * n for at, by in zip(start, speed, strict=True)) for n in range(9)]
    pictures = followed(card, scene, places)
    first = pictures[1]  # the first one after which something is looked for
    for place, picture in zip(places[2:], pictures[2:], strict=True):
        assert all(side % SPACING == 0 for side in picture.window)
        assert all(abs(side) <= SPACING / 2 + 1 for side in picture.nudge)
        for axis in (0, 1):  # what it shows lies where its window says
            shown = place[axis] - places[1][axis] + picture.nudge[axis] - first.nudge[axis]
            assert shown == pytest.approx(picture.window[axis] - first.window[axis], abs=1.0)


def test_a_moved_input_is_the_one_before_moved(card, scene):
    before, now = followed(card, scene, [(40, 100 + 3 * n) for n in range(8)])[-2:]
    by = now.window[1] - before.window[1]
    rows, columns = slice(10, 110), slice(20, 120)
    moved = before.pixels[rows, columns.start + by : columns.stop + by].astype(int)
    assert np.mean(np.abs(moved - now.pixels[rows, columns]) > 16) < 0.05


@pytest.mark.parametrize("changed", [1.0, 0.2])
def test_a_camera_that_stands_still_is_shown_as_it_is(card, scene, changed):
    for picture in followed(card, scene, [(40, 100)] * 5, changed):
        assert (picture.window, picture.nudge) == ((0, 0), (0.0, 0.0))
        assert np.array_equal(picture.pixels, read_picture(card, view(scene, 40, 100)).pixels)


def test_what_changes_little_is_not_looked_at(card, scene):
    pictures = followed(card, scene, [(40, 100 + n) for n in range(4)], changed=0.2)
    assert {picture.window for picture in pictures} == {(0, 0)}


def test_another_scene_stays_where_it_is(card, scene):
    other = scene.transpose(Image.Transpose.ROTATE_180)
    windows = SceneWindows()
    for whole in (scene, scene, other, scene, other):
        picture = windows.read(card, "gate", view(whole, 40, 100))
        windows.learn("gate", SPACING, 1.0)
        assert picture.nudge == (0.0, 0.0)


def test_without_a_spacing_or_after_it_was_forgotten_nothing_is_followed(card, scene):
    windows = SceneWindows()
    for n in range(4):
        picture = windows.read(card, "gate", view(scene, 40, 100 + 4 * n))
        assert picture.window == (0, 0)
        windows.learn("gate", None if n < 2 else SPACING, 1.0)
        windows.forget("nobody")
    windows.forget("gate")
    windows.learn("gate", SPACING, 1.0)
    assert windows.read(card, "gate", view(scene, 40, 120)).window == (0, 0)


@pytest.mark.parametrize("size", [(3, 5), (1, 400), (30, 30)])
def test_odd_pictures_stay_where_they_are(card, size):
    windows = SceneWindows()
    for seed in range(4):
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
        assert windows.read(card, "gate", pixels).pixels.shape == (INPUT, INPUT, 3)
        windows.learn("gate", SPACING, 1.0)


@pytest.mark.parametrize("kind", ["pixels", "file"])
def test_a_nudge_shows_what_lies_further_on(card, scene, kind):
    pixels = view(scene, 40, 100)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    told = pixels if kind == "pixels" else content.getvalue()
    plain, nudged = (read_picture(card, told, nudge=nudge).pixels for nudge in ((0, 0), (2.0, -3.0)))
    assert np.abs(plain[2:118, :150].astype(int) - nudged[:116, 3:153]).max() <= 1
    assert (nudged[:, :3] == 114).all(), "beyond the picture it is filled"
