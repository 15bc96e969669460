"""When the demo calls an answer right."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evosplit.cli.demo.scoring import agrees_with, is_class, is_text, same_boxes
from evosplit.shared.errors import CardError


def box(left: float, score: float = 0.9, kind: int = 1) -> dict[str, Any]:
    return {"class": kind, "label": None, "score": score, "box": [left, 0.0, left + 10.0, 10.0]}


def picture(pixels: np.ndarray) -> dict[str, Any]:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return {"png_base64": base64.b64encode(content.getvalue()).decode()}


def test_labels_are_judged_exactly() -> None:
    assert is_text("AB12CDE")({"text": "AB12CDE"})
    assert not is_text("")({"text": "AB12CDE"})
    assert is_class(3)({"top": [{"class": 3}, {"class": 4}]})
    assert not is_class(4)({"top": [{"class": 3}, {"class": 4}]})


@pytest.mark.parametrize(
    ("these", "those", "same"),
    [
        ([], [], True),
        ([box(0)], [box(1)], True),
        ([box(0)], [box(9)], False),
        ([box(0)], [box(0, kind=2)], False),
        ([box(0), box(50, score=0.4)], [box(0)], True),
        ([box(0)], [box(0), box(50)], False),
    ],
)
def test_boxes_are_the_same_when_the_sure_ones_are_found(these: list, those: list, same: bool) -> None:
    assert same_boxes(these, those) is same
    assert agrees_with({"boxes": these})({"boxes": those}) is same


def test_pictures_are_the_same_above_a_psnr() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (16, 16), dtype=np.uint8)
    noisy = np.clip(pixels + np.random.default_rng(1).normal(0, 40, pixels.shape), 0, 255).astype(np.uint8)
    judge = agrees_with(picture(pixels))
    assert judge(picture(pixels))
    assert not judge(picture(noisy))


def test_raw_outputs_cannot_be_judged() -> None:
    with pytest.raises(CardError, match="raw"):
        agrees_with({"tensors": {}})


def test_segmentations_keep_nearly_all_cells() -> None:
    right = {"areas": [], "mask": {"width": 10, "height": 10, "runs": [1, 100]}}
    assert agrees_with(right)({"mask": {"runs": [1, 96, 2, 4]}})
    assert not agrees_with(right)({"mask": {"runs": [1, 90, 2, 10]}})
