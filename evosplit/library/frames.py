"""Frames of boundary tensors: bytes that any cloud tier finishes, and back (docs/wire-format.md)."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.attention_masks import encode_travelling
from evosplit.kernels.codec import decode_tensor
from evosplit.library.split import FLOAT, Split, Tensors
from evosplit.shared.errors import InputError, UsageError
from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import TensorCode, restoration_names
from evosplit.shared.wire import Frame, decode_frame, encode_frame


def encode(parts: Split, boundary: Tensors, bits: int | None = None, frame_id: str | None = None) -> bytes:
    """Boundary tensors as the frame that a cloud tier finishes (docs/wire-format.md).

    ``boundary`` may hold more. ``bits`` (2 to 8, 16 or 32) override the codes of ``parts``; below 32, floats
    are rounded over their own range, or the plan's. Raises InputError for a tensor that lacks, or holds NaN,
    UsageError for a plan that sends a picture or components instead.
    """
    tensors, codes = [], []
    for name in parts.cut.boundary:
        code = parts.codes.get(name, FLOAT) if bits is None else TensorCode(bits)
        if is_picture(code.codec):
            raise UsageError(f"the plan sends {name!r} as a picture: send that with Client.finish_picture")
        if code.transform is not None:
            raise UsageError(f"the plan sends components of {name!r}, which an agent makes by its bundle")
        if name not in boundary:
            raise InputError(f"the boundary tensor {name!r} is missing")
        tensors.append(encode_travelling(name, np.asarray(boundary[name]), code))
        codes.append(code)
    name = uuid.uuid4().hex if frame_id is None else frame_id
    return encode_frame(
        Frame(name, parts.graph.sha256, parts.cut.key, tuple(tensors), None, restoration_names(codes))
    )


def decode(content: bytes) -> dict[str, NDArray[Any]]:
    """The tensors of a frame by name. Raises WireError for one that is damaged or part of a stream."""
    return {tensor.name: decode_tensor(tensor) for tensor in decode_frame(content).tensors}
