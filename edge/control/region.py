"""Region of interest, set while the agent runs and kept for its next start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from evosplit.edge.control.json_request import checked, json_object
from evosplit.edge.control.served import Region, Served
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.errors import StoreError, UsageError
from evosplit.shared.json_cache import read_kept, write_kept

FILE: Final = "region.json"


class RegionRequest(BaseModel):
    """``region`` must be there; null is the whole picture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Region | None


@dataclass(frozen=True)
class KeptRegion:
    """What was set last; it counts for more than the option of the start."""

    region: Region | None


async def set_region(served: Served, content: bytes) -> None:
    """Compute what ``{"region": [left, top, right, bottom]}`` or null says. Raises UsageError, StoreError."""
    told = json_object(content, '{"region": [left, top, right, bottom]} or {"region": null}')
    await served.set_region(checked(RegionRequest, told).region)


def region_state(served: Served) -> dict[str, Any]:
    """What is computed now."""
    region = served.region
    return {"region": None if region is None else list(region)}


def with_kept_region(settings: EdgeSettings) -> EdgeSettings:
    """The settings with the region that was set last, where one was and it is one."""
    kept = read_kept(KeptRegion, _file(settings))
    try:
        return settings if kept is None else settings.changed(region=kept.region)
    except UsageError:
        return settings


def keep_region(settings: EdgeSettings) -> None:
    """For the next start. Raises StoreError."""
    try:
        write_kept(_file(settings), KeptRegion(settings.region))
    except OSError as broken:
        raise StoreError(f"cannot write {_file(settings)}: {broken}") from None


def _file(settings: EdgeSettings) -> Path:
    return settings.folder / FILE
