"""Pixels to tensors, against plain NumPy; and boxes back again."""

from __future__ import annotations

import numpy as np
import pytest
from card_examples import card
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.shared.card import Card, Resize
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.preprocess import input_range, preprocess
from evosplit.shared.resize import place

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
CROP = {"kind": "crop", "shorter_side": 6}


def _card(size: tuple[int, int] = (6, 8), **fields: object) -> Card:
    return card(input__tensor="x", input__size=size, **fields)


def _run(prepared: Card, picture: np.ndarray = PICTURE) -> np.ndarray:
    values = preprocess(prepared, picture)["x"]
    assert values.dtype == np.float32
    assert values.flags.c_contiguous
    return values


def test_mean_and_std_per_channel() -> None:
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    values = _run(_card(input__scale="1/255", input__mean=mean, input__std=std))
    expected = ((PICTURE / 255 - mean) / std).transpose(2, 0, 1)[None]
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)


def test_bgr_turns_channels_before_the_mean() -> None:
    values = _run(_card(input__colour="BGR", input__mean=[1, 2, 3]))
    expected = PICTURE[:, :, ::-1].astype(np.float32) - [1, 2, 3]
    np.testing.assert_allclose(values, expected.transpose(2, 0, 1)[None])


def test_nhwc() -> None:
    np.testing.assert_array_equal(_run(_card(input__layout="NHWC")), PICTURE[None])


def test_y_is_bt601_luma() -> None:
    values = _run(_card(input__colour="Y"))
    assert values.shape == (1, 1, 6, 8)
    np.testing.assert_allclose(values[0, 0], PICTURE @ [0.299, 0.587, 0.114], atol=0.51)


def test_pad_keeps_the_top_left_corner() -> None:
    values = _run(_card((10, 8), input__resize={"kind": "pad", "fill": 114}))
    np.testing.assert_array_equal(values[0, :, :6], PICTURE.transpose(2, 0, 1))
    assert (values[0, :, 6:] == 114).all()


def test_crop_cuts_the_centre_out() -> None:
    values = _run(_card((4, 4), input__resize=CROP))
    np.testing.assert_array_equal(values[0], PICTURE[1:5, 2:6].transpose(2, 0, 1))


def test_crop_of_a_picture_that_is_too_small_is_filled_with_black() -> None:
    values = _run(_card((8, 10), input__resize=CROP))
    np.testing.assert_array_equal(values[0, :, 1:7, 1:9], PICTURE.transpose(2, 0, 1))
    assert not values[0, :, 0].any()


def test_shrinking_averages_over_all_pixels() -> None:
    """A chequerboard becomes grey; without antialiasing it would become black or white."""
    board = np.repeat((np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    values = _run(_card((8, 8)), board)
    assert np.abs(values - 127.5).max() < 20


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 1), (6, 8, 4), (0, 8, 3), (1, 6, 8, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="uint8 are needed"):
        preprocess(_card(), np.zeros(shape, np.uint8))


def test_other_types_are_refused() -> None:
    with pytest.raises(InputError, match="float32"):
        preprocess(_card(), PICTURE.astype(np.float32))


def test_a_card_must_be_completed_first() -> None:
    with pytest.raises(CardError, match="check it against the model"):
        preprocess(card(), PICTURE)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 50), st.integers(1, 50), st.sampled_from(["stretch", "pad", "crop"]))
def test_any_size_comes_to_the_networks_size_within_its_range(height: int, width: int, kind: str) -> None:
    resize = {"kind": kind, **({"shorter_side": 9} if kind == "crop" else {"fill": 7})}
    prepared = _card((8, 9), input__resize=resize, input__mean=[1, 2, 3], input__std=[-2, 1, 2])
    low, high = input_range(prepared)
    rng = np.random.default_rng((height, width))
    values = _run(prepared, rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    assert values.shape == (1, 3, 8, 9)
    assert low <= values.min() <= values.max() <= high


def test_input_range() -> None:
    assert input_range(_card(input__mean=127, input__std=128)) == pytest.approx((-127 / 128, 1.0))


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 500), st.integers(20, 500), st.sampled_from(["stretch", "pad", "crop"]))
def test_boxes_find_their_way_back(height: int, width: int, kind: str) -> None:
    resize = Resize(kind=kind, shorter_side=256 if kind == "crop" else None)
    placement = place(resize, (height, width), (224, 224))
    box = np.asarray([[0.4 * width, 0.4 * height, 0.6 * width, 0.6 * height]], np.float32)
    factor = np.asarray([placement.scaled[1] / width, placement.scaled[0] / height] * 2)
    offset = np.asarray([placement.offset[1], placement.offset[0]] * 2)
    moved = (box * factor + offset).astype(np.float32)
    np.testing.assert_allclose(placement.to_original(moved), box, rtol=1e-3, atol=1e-2)
