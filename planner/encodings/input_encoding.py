"""Input encodings as data: raw 8 bit, PNG, JPEG."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CodecSpeed:
    """Seconds per float32 byte of tensor to pack and unpack it without compressing."""

    encode_s_per_byte: float
    decode_s_per_byte: float


@dataclass(frozen=True)
class InputEncoding:
    """One way to send the model's input as a picture: ``raw8``, ``png`` or ``jpeg-QUALITY``.

    ``wire_bytes`` is the mean over pictures; ``error`` the noise to signal that it makes at the network's
    outputs; seconds are the edge's to encode and the cloud's to decode one picture.
    """

    name: str
    wire_bytes: float
    error: float
    encode_s: float = 0.0
    decode_s: float = 0.0
