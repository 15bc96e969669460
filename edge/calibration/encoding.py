"""Lossless encoding of a network's inputs, as an inference request at cut 0 would carry them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.codec import encode_tensor
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph, prefix_cut
from evosplit.shared.oip import FRAME_INPUT, SIZED_PICTURE_INPUT
from evosplit.shared.picture_codes import encode_pixels
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.wire import Frame, encode_frame

_WHOLE: Final = TensorCode(FLOAT_BITS)


def tensors_blob(graph: Graph, feeds: Mapping[str, NDArray[Any]]) -> tuple[str, bytes]:
    """Kind and bytes of plain inputs: a wire frame in 32 bits, compressed where that makes it shorter."""
    cut = prefix_cut(graph, 0)
    encoded = tuple(encode_tensor(name, feeds[name], _WHOLE) for name in cut.boundary)
    return FRAME_INPUT, encode_frame(Frame("", graph.sha256, cut.key, encoded))


def pixels_blob(card: Card, sized: NDArray[np.uint8]) -> tuple[str, bytes]:
    """Kind and bytes of pixels (H, W, 3) uint8 of the network's size: a PNG."""
    return SIZED_PICTURE_INPUT, encode_pixels(card, sized, "png")
