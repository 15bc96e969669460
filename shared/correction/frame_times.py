"""Measured times of one frame, step by step: the observation that corrects predictions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """Seconds and bytes of one frame under the plan of ``digest``; None where they cannot be compared.

    ``prepare_s`` makes the network's input of pixels; ``edge_s`` is head and encoding, ``cloud_s`` decoding
    and tail; ``request_s`` is what the request took beyond what the link predicts for the bytes that really
    went, the wait in the cloud among it, and ``air_s`` what it predicts for the bytes alone; ``wire_bytes``
    are of a whole frame, not of a delta.
    """

    digest: str
    prepare_s: float | None = None
    edge_s: float | None = None
    cloud_s: float | None = None
    request_s: float | None = None
    air_s: float = 0.0
    wire_bytes: int | None = None
