"""Settings of what plans may cost: memory, error, energy, traffic, and what may leave the device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field

from evosplit.shared.config.fields import Duration, Size, parsed_by
from evosplit.shared.config.fields import option as _option
from evosplit.shared.device_state import Power
from evosplit.shared.traffic import TrafficLimit, parse_traffic

Traffic: TypeAlias = Annotated[TrafficLimit, parsed_by(parse_traffic)]


class PlanLimits(BaseModel):
    """What plans are made for, and chosen by.

    ``memory_bytes``, ``max_error`` and ``max_drop`` (a share of answers) are the planner's limits; without
    the last two, plans cost at most a point, as far as calibration inputs show it. With ``integers`` heads
    may run in 8 bits where that was measured to be faster. With ``corrections`` what frames take corrects
    what plans predict. A sample of the frames' inputs, at most ``calibration_bytes`` (0: none), is kept to
    have plans calibrated. What is sent has passed at least ``min_depth`` layers; with ``private``, or a
    depth above 0, the inputs themselves never leave.
    """

    memory_bytes: Size | None = _option(None, "--memory", "Memory that the head may take, as in 64MB.")
    max_error: float | None = _option(None, "--max-error", "Quantisation error that is allowed.", ge=0)
    max_drop: float | None = Field(
        None, ge=0, le=1, description="Share of accuracy or agreement that plans may cost; 0.01 is a point."
    )
    max_frame_bytes: Size | None = _option(
        None,
        "--max-bytes",
        "Bytes that a frame of tensors may take, as in 2kB: coarser steps where the plan's take more.",
        ge=1,
    )
    integers: bool = _option(True, "--integers/--no-integers", "Let plans run heads in 8-bit integers.")
    corrections: bool = _option(
        True, "--corrections/--no-corrections", "Let what frames really take correct what plans predict."
    )
    calibration_bytes: Size = _option(
        32 * 10**6,
        "--calibration-bytes",
        "Memory for a sample of inputs that plans are calibrated from; 0B keeps none.",
        ge=0,
    )
    private: bool = _option(
        False,
        "--private",
        "Raw inputs never leave: what is sent has passed a layer, and only statistics calibrate plans.",
    )
    min_depth: int = _option(
        0,
        "--min-depth",
        "Layers that whatever is sent has passed; above 0 raw inputs never leave.",
        ge=0,
    )
    traffic: Traffic | None = _option(
        None,
        "--traffic",
        "Bytes that a metered link carries, as in 500MB/month (or hour, day, week): plans keep to it.",
        metavar="size/period",
    )
    power: Power = _option(
        "auto",
        "--power",
        "What the device runs on (auto: it is asked); on battery plans take the least energy.",
    )
    max_latency_s: Duration | None = _option(
        None,
        "--max-latency",
        "Fast enough where energy counts, as in 100ms. [default: 1.5 times the fastest plan's]",
        metavar="duration",
        gt=0,
    )
    decision_log: Path | None = _option(
        None, "--decision-log", "File for what plans are chosen by, and which; `evosplit replay` reads it."
    )

    @property
    def depth(self) -> int:
        """Layers that whatever is sent has passed, at least."""
        return max(self.min_depth, int(self.private))

    @property
    def keeps_inputs(self) -> bool:
        """Whether raw inputs stay on the device."""
        return self.depth > 0
