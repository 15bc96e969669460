"""What the cloud makes of an input that was sent as a picture (`planner.encodings`)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from planner.encodings.measure import to_pixels
from shared.card import Card
from shared.preprocess import preprocess

PictureWire: TypeAlias = Callable[[str, np.ndarray], np.ndarray]
"""An input tensor before and after its picture went over the wire in a codec."""

_JPEG: Final = "jpeg-"
_FULL_CHROMA: Final = 90
"""JPEG above this quality keeps all colour samples, as `planner.encodings.measure` measures it."""


def is_picture(codec: str | None) -> bool:
    """Whether a wire code's codec stands for a picture instead of the tensor."""
    return codec is not None and (codec in ("raw8", "png") or codec.startswith(_JPEG))


def picture_wire(card: Card) -> PictureWire:
    """The way through 8-bit pixels, and through JPEG where the codec says so, back to the input tensor."""
    stretch = card.input.resize.model_copy(update={"kind": "stretch", "shorter_side": None})
    sized = card.model_copy(update={"input": card.input.model_copy(update={"resize": stretch})})

    def through(codec: str, values: np.ndarray) -> np.ndarray:
        pixels = to_pixels(sized, values)
        if codec.startswith(_JPEG):
            pixels = _jpeg(pixels, int(codec.removeprefix(_JPEG)), "L" if card.input.colour == "Y" else "RGB")
        (made,) = preprocess(sized, pixels).values()
        return made

    return through


def _jpeg(pixels: NDArray[np.uint8], quality: int, mode: str) -> NDArray[np.uint8]:
    stream = io.BytesIO()
    subsampling = 0 if quality > _FULL_CHROMA else 2
    Image.fromarray(pixels).convert(mode).save(stream, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(stream).convert("RGB"), np.uint8)
