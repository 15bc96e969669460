"""Result of a frame: the answer, who gave it, its confidence, its plan, and where the time went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

AnsweredBy = Literal["edge", "cloud", "edge-fallback", "exit", "nobody"]
"""``edge``: the plan keeps all layers there; ``edge-fallback``: the cloud was away; ``exit``: a hook was sure
of the answer before the head's end; ``nobody``: failed."""


@dataclass(frozen=True)
class Breakdown:
    """Seconds per step of one frame. ``uplink_s`` is the request to the cloud less the cloud's own steps."""

    preprocess_s: float = 0.0
    queue_s: float = 0.0
    head_s: float = 0.0
    encode_s: float = 0.0
    uplink_s: float = 0.0
    decode_s: float = 0.0
    tail_s: float = 0.0
    postprocess_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True)
class Result:
    """What became of one frame. Exactly one is recorded for each frame that was accepted.

    ``outcome`` is the card's reading of the outputs (label, text, boxes) as plain JSON, or None.
    ``error`` says in one line why there is none.
    ``cut_key`` is the cut that was really used. ``received_at_s`` is Unix time. ``hook`` names the hook that
    gave the answer (``exit``), and ``confidence`` is then the hook's; ``cloud`` is the address of the cloud
    that did. A ``late`` frame was kept on disk until
    the cloud was there.
    """

    frame_id: str
    stream: str
    model: str
    received_at_s: float
    answered_by: AnsweredBy
    outcome: Any
    confidence: float | None
    plan_digest: str | None
    wire_bytes: int
    breakdown: Breakdown = field(default_factory=Breakdown)
    error: str | None = None
    strategy: str = "planned"
    cut_key: str | None = None
    hook: str | None = None
    late: bool = False
    cloud: str | None = None
