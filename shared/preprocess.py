"""Pixels to the tensor that a network reads."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.card.schema import Card, PictureInput, Resize
from shared.errors import CardError, InputError
from shared.resize import Placement, place

_FILTERS: Final = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def preprocess(card: Card, picture: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Feeds for the model: ``(1, C, H, W)`` or ``(1, H, W, C) float32``, from pixels ``(H, W, 3) uint8`` RGB.

    Raises InputError for pixels of another shape or type, CardError where the card has no tensor or size yet
    (``check_card`` gives them).
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise InputError(f"pixels of shape {list(picture.shape)} {picture.dtype}, (H, W, 3) uint8 are needed")
    name, size = _completed(card.input)
    placement = place(card.input.resize, (picture.shape[0], picture.shape[1]), size)
    pixels = resize_picture(picture, card.input.resize, placement, size)
    return {name: _normalise(card.input, pixels)[None]}


def resize_picture(
    picture: NDArray[np.uint8], resize: Resize, placement: Placement, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The picture at the network's ``size``, ``(height, width, 3) uint8``; itself where it fits."""
    if placement.scaled == size == picture.shape[:2]:
        return picture
    image = Image.fromarray(picture)
    if placement.scaled != picture.shape[:2]:
        image = image.resize(placement.scaled[::-1], _FILTERS[resize.filter])
    if placement.scaled != size:
        image = _cut_or_pad(image, resize, placement, size)
    return np.asarray(image, np.uint8)


def input_range(card: Card) -> tuple[float, float]:
    """The least and the greatest value that ``preprocess`` can give, for made-up calibration inputs."""
    factor, offset = _affine(card.input)
    ends = np.concatenate([offset, factor * 255 + offset])
    return float(ends.min()), float(ends.max())


def _completed(picture: PictureInput) -> tuple[str, tuple[int, int]]:
    if picture.tensor is None or picture.size is None:
        raise CardError(
            "the card says neither its input tensor nor its size: check it against the model first"
        )
    return picture.tensor, picture.size


def _cut_or_pad(
    image: Image.Image, resize: Resize, placement: Placement, size: tuple[int, int]
) -> Image.Image:
    top, left = placement.offset
    if resize.kind == "pad":
        canvas = Image.new("RGB", size[::-1], (resize.fill,) * 3)
        canvas.paste(image, (left, top))
        return canvas
    return image.crop((-left, -top, size[1] - left, size[0] - top))


def _normalise(picture: PictureInput, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """One multiplication and one addition per value: ``pixel * (scale / std) - mean / std``."""
    factor, offset = _affine(picture)
    coloured = _coloured(picture.colour, pixels)
    if picture.layout == "NHWC":
        return np.ascontiguousarray(coloured * factor + offset, np.float32)
    values = np.ascontiguousarray(coloured.transpose(2, 0, 1), np.float32)
    values *= factor[:, None, None]
    values += offset[:, None, None]
    return values


def _coloured(colour: str, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if colour == "Y":  # ITU-R BT.601 luma, the Y of JPEG's YCbCr
        return np.asarray(Image.fromarray(pixels).convert("L"), np.uint8)[:, :, None]
    return pixels[:, :, ::-1] if colour == "BGR" else pixels


def _affine(picture: PictureInput) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    std, mean = np.asarray(picture.std), np.asarray(picture.mean)
    factor, offset = np.broadcast_arrays(picture.scale / std, -mean / std)
    return factor.astype(np.float32), offset.astype(np.float32)
