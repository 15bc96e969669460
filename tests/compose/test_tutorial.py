"""The tutorial of the cloud tier in containers, played as it is printed, but for its ports and project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evosplit.shared.free_ports import free_ports
from tests.tutorials.played_page import PAGES, ROOT, environment, play
from tests.tutorials.shell_session import ShellSession, shell

pytestmark = pytest.mark.compose
LIMIT_S = 900.0
"""The first build."""


@pytest.fixture
def ports() -> tuple[int, int]:
    cloud, edge = free_ports(2)
    return cloud, edge


@pytest.fixture
def reader(engine: None, tmp_path: Path, ports: tuple[int, int]) -> Iterator[ShellSession]:
    settings = {
        "CLONE": str(ROOT),
        "COMPOSE_PROJECT_NAME": "evosplit-tutorial",
        "EVOSPLIT_CLOUD_PORT": str(ports[0]),
        "EVOSPLIT_EDGE_PORT": str(ports[1]),
    }
    with shell(tmp_path, environment(tmp_path) | settings) as session:
        yield session
        session.run("docker compose --profile '*' down --volumes", LIMIT_S)  # also where the page was left


@pytest.mark.timeout(2400)
def test_the_tutorial_prints_what_its_page_says(
    reader: ShellSession, tmp_path: Path, ports: tuple[int, int]
) -> None:
    text = (PAGES / "deploy-cloud.md").read_text("utf-8")
    for printed, port in zip((8000, 9000), ports, strict=True):
        text = text.replace(f"localhost:{printed}", f"localhost:{port}")
    page = tmp_path / "deploy-cloud.md"
    page.write_text(text, encoding="utf-8")
    play(page, tmp_path, reader, LIMIT_S)
