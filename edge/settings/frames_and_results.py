"""Settings of where frames come from, where results go, and what is kept of both."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from evosplit.shared.config.fields import Duration, Size
from evosplit.shared.config.fields import option as _option


class FramesAndResults(BaseModel):
    """Sources, sinks and disk. Results are sent to each address of ``sink`` (``ADDRESS if RULE``), too."""

    source: tuple[str, ...] = Field(
        (),
        description="Take frames from there: rtsp://..., v4l2:0, a video, a folder/; NAME=ADDRESS names it.",
    )
    sink: tuple[str, ...] = Field(
        (), description="Send results there: https://..., mqtt://..., each also as `ADDRESS if RULE`."
    )
    sinks: Path | None = _option(
        None, "--sinks", "YAML file of places that results are sent to, with rules and secrets."
    )
    mqtt_control: str | None = _option(
        None, "--mqtt-control", "Broker whose topics set plan, region and sources, as mqtt://host."
    )
    site: str = _option("default", "--site", "Name of the place: a level of MQTT topics, a field of events.")
    spool_bytes: Size = _option(
        256 * 10**6,
        "--spool-bytes",
        "Disk for frames that wait for the cloud where nothing answers without it; 0B: none waits.",
        ge=0,
    )
    collect_s: float = _option(
        0.0,
        "--collect",
        "Seconds between two batches to the cloud, where its link is seldom there; 0: each frame at once.",
        ge=0,
    )
    thumbnail_bytes: Size = _option(
        0,
        "--thumbnails",
        "Disk for small pictures kept with results, the newest; 0B: none. None of inputs that stay here.",
        ge=0,
    )
    keep_for_s: Duration | None = _option(
        None, "--keep-for", "Drop results that are older, as in 30d. [default: none for their age]", gt=0
    )
    keep_results: int = Field(100_000, ge=1, description="Results that are kept; the oldest go first.")
    keep_bytes: Size = Field(256 * 10**6, ge=1, description="Disk for results; the oldest go first.")
