"""Folder of measurements that stay true: kept between runs of the command, notebooks and scripts."""

from __future__ import annotations

from evosplit.shared.measurement_store import MeasurementStore, cache_folder, measurements_in


def local_store() -> MeasurementStore:
    """The store in `cache_folder`."""
    return measurements_in(cache_folder())
