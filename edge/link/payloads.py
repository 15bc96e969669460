"""Request payloads: an encoded boundary, the raw input, or a picture. Pure functions."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import zstandard
from numpy.typing import NDArray
from PIL import Image

from evosplit.kernels.attention_masks import encode_travelling
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph, prefix_cut
from evosplit.shared.input_picture import Picture, fitted_pixels
from evosplit.shared.picture_codes import encode_pixels, is_picture
from evosplit.shared.plan import FLOAT_BITS, Plan, PlanTable, TensorCode, restoration_names
from evosplit.shared.wire import EncodedTensor, Frame, encode_frame

JPEG_QUALITY: Final = 85
_FLOAT: Final = TensorCode(FLOAT_BITS)


def boundary_frame(frame_id: str, plan: Plan, tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """The tensors that cross the plan's cut, at the plan's bits; attention masks as they stand.

    Raises InputError for NaN and plus infinity.
    """
    codes = {name: plan.wire.get(name, _FLOAT) for name in plan.boundary}
    encoded = tuple(encode_travelling(name, tensors[name], code) for name, code in codes.items())
    return encode_frame(
        Frame(frame_id, plan.model_sha256, plan.cut_key, encoded, None, restoration_names(codes.values()))
    )


def picture_codec(plan: Plan) -> str | None:
    """How a plan sends the picture instead of a tensor; None where it sends tensors."""
    return next((code.codec for code in plan.wire.values() if is_picture(code.codec)), None)


def without_pictures(table: PlanTable) -> PlanTable | None:
    """The table for frames that are tensors; None where every plan sends a picture."""
    kept = tuple(plan for plan in table.plans if picture_codec(plan) is None)
    if not kept and table.fallback is None:
        return None
    return dataclasses.replace(table, breakpoints_bps=(), plans=kept)


def picture_file(card: Card, picture: Picture, codec: str | None) -> bytes:
    """The picture as the network sees it, in a plan's codec.

    Without a codec a JPEG, shrunk to what the network's own preprocessing would scale it to; cropping and
    padding are left to the cloud, so that its preprocessing does the same as the edge's. Raises InputError
    for a codec that is none.
    """
    if codec is not None:
        return encode_pixels(card, picture.pixels, codec)
    return jpeg_picture(card, picture.pixels if picture.fitted is None else picture.fitted)


def raw_frame(frame_id: str, graph: Graph, feeds: Mapping[str, NDArray[Any]]) -> bytes:
    """The model's inputs at cut 0, 8 bits a value and not compressed: an RGB picture takes H W 3 bytes."""
    cut = prefix_cut(graph, 0)
    encoded = tuple(_plain(_eight_bit(name, feeds[name])) for name in cut.boundary)
    return encode_frame(Frame(frame_id, graph.sha256, cut.key, encoded))


def exact_frame(frame_id: str, graph: Graph, feeds: Mapping[str, NDArray[Any]]) -> bytes:
    """The model's inputs at cut 0 as they are, compressed without loss. Raises InputError for NaN."""
    cut = prefix_cut(graph, 0)
    encoded = tuple(encode_travelling(name, feeds[name], _FLOAT) for name in cut.boundary)
    return encode_frame(Frame(frame_id, graph.sha256, cut.key, encoded))


def jpeg_picture(card: Card, pixels: NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) uint8 RGB as JPEG, shrunk to what `preprocess` scales it to; never enlarged."""
    content = io.BytesIO()
    Image.fromarray(fitted_pixels(card, pixels)).save(content, "JPEG", quality=JPEG_QUALITY)
    return content.getvalue()


def _eight_bit(name: str, array: NDArray[Any]) -> EncodedTensor:
    # Channels have ranges of their own after normalisation; one pair of scales each keeps all 8 bits.
    axis = 1 if array.ndim == 4 else None
    return encode_travelling(name, array, TensorCode(8 if array.dtype.kind == "f" else FLOAT_BITS), axis)


def _plain(tensor: EncodedTensor) -> EncodedTensor:
    if tensor.codec == "none":
        return tensor
    packed = zstandard.ZstdDecompressor().decompress(tensor.payload, max_output_size=tensor.packed_bytes)
    return dataclasses.replace(tensor, codec="none", payload=packed)
