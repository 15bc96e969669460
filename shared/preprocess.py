"""Preprocessing: pixels to the tensor that a network reads."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evosplit.shared.card.schema import Card, PictureInput, Resize
from evosplit.shared.errors import CardError, InputError
from evosplit.shared.pictures.decoded_picture import source_of
from evosplit.shared.resize import Placement, place


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


def sized_input(card: Card, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """`preprocess` for pixels that have the network's size: they are not resized, whatever the card says."""
    name, size = _completed(card.input)
    if pixels.shape != (*size, 3):
        raise InputError(
            f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels is not of the network's size"
        )
    return {name: _normalise(card.input, pixels)[None]}


def resize_picture(
    picture: NDArray[np.uint8], resize: Resize, placement: Placement, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The picture at the network's ``size``, ``(height, width, 3) uint8``; itself where it fits."""
    if placement.fits(size) and size == picture.shape[:2]:
        return picture
    return source_of(picture).placed(resize, placement, size)


def input_range(card: Card) -> tuple[float, float]:
    """The least and the greatest value that ``preprocess`` can give, for made-up calibration inputs."""
    factor, offset = _affine(card.input.scale, card.input.mean, card.input.std)
    ends = np.concatenate([offset, factor * 255 + offset])
    return float(ends.min()), float(ends.max())


def _completed(picture: PictureInput) -> tuple[str, tuple[int, int]]:
    if picture.tensor is None or picture.size is None:
        raise CardError(
            "the card says neither its input tensor nor its size: check it against the model first"
        )
    return picture.tensor, picture.size


def _normalise(picture: PictureInput, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """One multiplication and one addition per value: ``pixel * (scale / std) - mean / std``."""
    factor, offset = _affine(picture.scale, picture.mean, picture.std)
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


@functools.lru_cache(maxsize=8)
def _affine(
    scale: float, mean: tuple[float, ...], std: tuple[float, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    factor, offset = np.broadcast_arrays(scale / np.asarray(std), -np.asarray(mean) / np.asarray(std))
    return factor.astype(np.float32), offset.astype(np.float32)
