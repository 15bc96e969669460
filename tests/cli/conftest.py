"""What the command measures, it measures once for all of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def measurements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where profiles and errors of the tests' models are kept from the first test that needs them on."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _not_the_users_cache(measurements: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(measurements))
