"""Fixtures for every room: the real models and data beside the checkout, where there are any."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


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
