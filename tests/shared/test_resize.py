"""Geometry of a nudged picture: what is seen of it, and boxes on their way back."""

from __future__ import annotations

import numpy as np
import pytest

from evosplit.shared.card.schema import Resize
from evosplit.shared.resize import place

PAD = Resize(kind="pad")
CROP = Resize(kind="crop", shorter_side=60)


def test_boxes_of_a_nudged_picture_lie_where_they_lay() -> None:
    plain, nudged = (place(PAD, (100, 200), (50, 50), nudge) for nudge in ((0.0, 0.0), (1.5, -2.25)))
    box = np.array([[10, 5, 30, 20]], np.float32)
    moved = box - np.array([-2.25, 1.5, -2.25, 1.5], np.float32)
    assert nudged.to_original(moved) == pytest.approx(plain.to_original(box))


@pytest.mark.parametrize("nudge", [(0.0, 1.25), (-2.5, 0.0), (3.0, -3.0)])
def test_only_whole_pixels_of_the_input_show_the_picture(nudge: tuple[float, float]) -> None:
    placement = place(PAD, (100, 200), (50, 50), nudge)
    seen = placement.seen((50, 50))
    assert seen is not None
    assert (seen.to_top, seen.to_left) == (
        int(np.ceil(max(-nudge[0], 0))),
        int(np.ceil(max(-nudge[1], 0))),
    )
    left, top, right, bottom = seen.shares(placement.scaled)
    assert min(left, top) >= 0
    assert max(right, bottom) <= 1
    assert seen.left - seen.to_left == nudge[1]
    assert seen.top - seen.to_top == nudge[0]


def test_a_crop_is_nudged_within_its_picture() -> None:
    seen = place(CROP, (120, 240), (50, 50), (2.5, -1.0)).seen((50, 50))
    assert seen is not None
    assert (seen.height, seen.width, seen.to_top, seen.to_left) == (50, 50, 0, 0)
    assert (seen.top, seen.left) == (7.5, 34)


def test_a_picture_that_fits_is_itself_only_without_a_nudge() -> None:
    assert place(PAD, (50, 50), (50, 50)).fits((50, 50))
    assert not place(PAD, (50, 50), (50, 50), (0.5, 0.0)).fits((50, 50))
