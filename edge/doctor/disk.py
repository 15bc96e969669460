"""Checks of the data folder: it can be written, and has place for all that may be kept in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evosplit.edge.doctor.finding import Finding, ok, problem, warning
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.units import format_size

_BUNDLES_BYTES: Final = 200 * 10**6
"""Bundles, profiles and what hooks learn."""


def kept_bytes(settings: EdgeSettings) -> int:
    """What an agent may keep at most."""
    results = settings.keep_bytes + settings.thumbnail_bytes + settings.spool_bytes
    return results + settings.calibration_bytes + settings.sampler_bytes + _BUNDLES_BYTES


def check_disk(folder: Path, wanted_bytes: int) -> Iterator[Finding]:
    """By writing a small file, and by the free space."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * 4096)
    except OSError as refused:
        seen = f"cannot write to {folder}: {refused.strerror}"
        yield problem("data folder", seen, "make it writable for this user, or give another one: --data")
        return
    yield ok("data folder", str(folder))
    free_bytes = shutil.disk_usage(folder).free
    seen = f"{format_size(free_bytes)} are free, {format_size(wanted_bytes)} may be kept"
    if free_bytes < wanted_bytes:
        yield warning("disk", seen, "free some, or keep less: --spool-bytes, --thumbnails, --keep-for")
    else:
        yield ok("disk", seen)
