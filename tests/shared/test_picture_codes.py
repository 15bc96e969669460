"""Pictures in place of the tensor made of them: what arrives is what would have been prepared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.shared.card import Card, card_from_data
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.input_picture import sized_pixels
from evosplit.shared.picture_codes import CODECS, encode_pixels, is_picture, sized_feeds
from evosplit.shared.preprocess import preprocess

RESIZES = ({"kind": "stretch"}, {"kind": "crop", "shorter_side": 40}, {"kind": "pad", "fill": 114})


def card_for(colour: str, resize: dict[str, object], size: tuple[int, int] = (32, 32)) -> Card:
    picture = {"tensor": "x", "size": list(size), "colour": colour, "resize": resize, "scale": "1/255"}
    return card_from_data({"version": 1, "name": "a test", "input": picture, "output": {"kind": "raw"}})


@settings(max_examples=40, deadline=None)
@given(
    colour=st.sampled_from(["RGB", "BGR", "Y"]),
    resize=st.sampled_from(RESIZES),
    size=st.tuples(st.integers(20, 90), st.integers(20, 90)),
    codec=st.sampled_from(["raw8", "png"]),
)
def test_lossless_ways_give_the_very_input(
    colour: str, resize: dict[str, object], size: tuple[int, int], codec: str
) -> None:
    card = card_for(colour, resize)
    pixels = np.random.default_rng(size[0]).integers(0, 256, (*size, 3), np.uint8)
    sent = encode_pixels(card, sized_pixels(card, pixels), codec)
    assert np.array_equal(sized_feeds(card, sent)["x"], preprocess(card, pixels)["x"])


def test_bytes_of_raw_pixels_and_of_worse_qualities() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    rgb, luma = card_for("RGB", RESIZES[0]), card_for("Y", RESIZES[0])
    assert len(encode_pixels(rgb, pixels, "raw8")) - 3 * 32 * 32 in range(10, 20)
    assert len(encode_pixels(luma, pixels, "raw8")) - 32 * 32 in range(10, 20)
    sizes = [len(encode_pixels(rgb, pixels, codec)) for codec in CODECS if codec.startswith("jpeg-")]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("codec", ["zstd", "jpeg", "jpeg-0", "jpeg-101", "jpeg-x", ""])
def test_what_is_no_picture_codec(codec: str) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(InputError, match="no way to send a picture"):
        encode_pixels(card_for("RGB", RESIZES[0]), pixels, codec)


def test_which_codecs_are_pictures() -> None:
    assert all(is_picture(codec) for codec in (*CODECS, "jpeg-85"))
    assert not any(is_picture(codec) for codec in (None, "none", "zstd"))


def test_another_size_is_refused() -> None:
    small, large = card_for("RGB", RESIZES[1]), card_for("RGB", RESIZES[1], (48, 48))
    content = encode_pixels(small, np.zeros((32, 32, 3), np.uint8), "png")
    with pytest.raises(InputError, match="32 x 32 pixels is not of the network's size"):
        sized_feeds(large, content)


def test_a_card_without_a_size() -> None:
    card = card_for("RGB", RESIZES[0])
    bare = card.model_copy(update={"input": card.input.model_copy(update={"size": None})})
    with pytest.raises(CardError, match="input size"):
        sized_pixels(bare, np.zeros((8, 8, 3), np.uint8))
