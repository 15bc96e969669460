"""Registration: shifts of pictures, to fractions of a pixel, however much of the scene moves by itself."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from evosplit.edge.streams.registration import halved, reference_of

SIZE = (180, 240)


def scene(seed=0):
    """Edges of many sizes, smooth enough to be sampled anywhere."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (90, 110, 3), dtype=np.uint8))
    return small.resize((440, 360), Image.Resampling.BICUBIC)


def shown(whole, top, left):
    box = (left + 80, top + 80, left + 80 + SIZE[1], top + 80 + SIZE[0])
    return np.asarray(whole.resize(SIZE[::-1], Image.Resampling.BILINEAR, box), np.uint8)


@pytest.mark.parametrize("by", [(0, 0), (0.5, -0.25), (3.3, 0), (-16, 40.75), (0, -60)])
@pytest.mark.parametrize("guess", [(0, 0), "right"])
def test_a_shift_is_found_to_a_fraction_of_a_pixel(by, guess):
    whole = scene()
    reference = reference_of(halved(shown(whole, 0, 0)))
    found = reference.shift(halved(shown(whole, *by)), by if guess == "right" else guess)
    assert found == pytest.approx(by, abs=0.2)


def test_what_moves_by_itself_has_little_say():
    whole = scene()
    before, now = shown(whole, 0, 0), shown(whole, 2.5, 4).copy()
    now[40:130, 60:150] = before[40:130, 60:150]
    assert reference_of(halved(before)).shift(halved(now), (2, 4)) == pytest.approx((2.5, 4), abs=0.2)


@pytest.mark.parametrize("picture", ["flat", "stripes", "tiny"])
def test_what_cannot_be_told_is_not(picture):
    pixels = np.full((*SIZE, 3), 90, np.uint8)
    if picture == "stripes":
        pixels[:, ::8] = 200
    if picture == "tiny":
        pixels = pixels[:6, :6]
    grey = halved(pixels)
    assert reference_of(grey).shift(grey, (0, 0)) is None
