"""Fixtures for every room: the real models and data beside the checkout, where there are any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Before NumPy is imported: on small matrices and busy cores its threads cost far more time than they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# `make test` draws the same examples every time; `make fuzz` draws new ones and keeps what fails.
settings.register_profile("fixed", derandomize=True, database=None, print_blob=True, deadline=None)
settings.register_profile("fuzz", derandomize=False, print_blob=True, deadline=None)
settings.load_profile(os.environ.get("EVOSPLIT_HYPOTHESIS", "fixed"))

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name parameters of bytes by their length: packed bytes may hold the time, and names must not change."""
    return f"{len(val)}-bytes" if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those first that start Ray: else the last files are of few slow tests, and processes wait for one."""
    items.sort(key=lambda item: item.get_closest_marker("ray") is None)


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The folder of real ONNX models."""
    return _folder("models")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pictures, labels and traces."""
    return _folder("data")


def _folder(name: str) -> Path:
    folder = _SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs the real {name} in ../shared/{name}, which are not here")
    return folder
