"""One folder of tiny models and one client for all tests that do not change them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud_support import Client, app_client, model_folder
from storage_servers import postgres_server

from evosplit.cloud.registry import Registry, open_registry
from evosplit.cloud.repository.model_source import ModelFolder


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def registry(tiny_models: Path) -> Registry:
    return open_registry(ModelFolder(tiny_models))


@pytest.fixture(scope="session")
def client(tiny_models: Path) -> Iterator[Client]:
    with app_client(tiny_models, max_body_bytes=200_000) as made:
        yield made


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def records_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path_factory.mktemp('records') / 'records.sqlite'}"
