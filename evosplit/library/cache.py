"""Folder of measurements that stay true: kept between runs of the command, notebooks and scripts."""

from __future__ import annotations

import os
from pathlib import Path

from evosplit.shared.measurement_store import MeasurementStore


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/evosplit`, or `~/.cache/evosplit`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "evosplit"


def local_store() -> MeasurementStore:
    """The store in `cache_folder`."""
    return MeasurementStore(cache_folder())
