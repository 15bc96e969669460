"""Previews: what the network was shown, unpadded, in the picture's proportions, and where that lies in it."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from net_bundle import load_net, net_card
from PIL import Image

from evosplit.edge.previews.preview import Preview, preview_of
from evosplit.shared.card import Card
from evosplit.shared.card.schema import Resize
from evosplit.shared.input_picture import read_picture

SIDES = st.integers(8, 400)
RESIZES = st.sampled_from(
    [{"kind": "stretch"}, {"kind": "pad", "fill": 255}, {"kind": "crop", "shorter_side": 70}]
)


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    return net_card(load_net(Path(tmp_path_factory.mktemp("net"))))


def with_resize(card: Card, resize: dict[str, Any]) -> Card:
    told = card.input.model_copy(update={"resize": Resize(**resize), "size": (64, 64)})
    return card.model_copy(update={"input": told})


def shown(card: Card, pixels: np.ndarray, side: int = 320) -> tuple[Preview, np.ndarray]:
    preview = preview_of(card, read_picture(card, pixels), side)
    return preview, np.asarray(Image.open(io.BytesIO(preview.jpeg)).convert("RGB"), np.float64)


@given(height=SIDES, width=SIDES, resize=RESIZES)
def test_it_has_the_proportions_of_its_region(
    card: Card, height: int, width: int, resize: dict[str, Any]
) -> None:
    preview, picture = shown(with_resize(card, resize), np.zeros((height, width, 3), np.uint8))
    left, top, right, bottom = preview.region
    assert preview.original == (height, width)
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    wide, high = (right - left) * width, (bottom - top) * height
    ratio = max(picture.shape[:2]) / max(wide, high)
    assert picture.shape[1] == pytest.approx(wide * ratio, abs=1)
    assert picture.shape[0] == pytest.approx(high * ratio, abs=1)
    assert max(picture.shape[:2]) <= 64


@given(height=st.integers(60, 300), width=st.integers(60, 300), resize=RESIZES)
def test_its_region_is_what_it_shows(card: Card, height: int, width: int, resize: dict[str, Any]) -> None:
    """Colours that grow from left to right and from top to bottom say what lies where."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)[None, :]
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    preview, picture = shown(with_resize(card, resize), pixels)
    left, top, right, bottom = preview.region
    assert picture[..., 0].mean() == pytest.approx(255 * (left + right) / 2, abs=12)
    assert picture[..., 1].mean() == pytest.approx(255 * (top + bottom) / 2, abs=12)
    assert picture[..., 2].mean() < 30, "no padding is shown"


def test_no_side_is_longer_than_asked(card: Card) -> None:
    preview, picture = shown(card, np.zeros((300, 100, 3), np.uint8), side=8)
    assert picture.shape[:2] == (8, 3)
    assert dataclasses.replace(preview, jpeg=b"").region == (0.0, 0.0, 1.0, 1.0)
