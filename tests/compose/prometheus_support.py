"""Prometheus of Debian as a process: on a temporary folder and a free port, scraping what it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from evosplit.shared.free_ports import free_port


@dataclass(frozen=True)
class Prometheus:
    """One that answers at ``url``."""

    url: str
    session: aiohttp.ClientSession

    async def rows(self, expression: str) -> list[dict[str, Any]]:
        """The rows of an instant query, without those that are not a number."""
        async with self.session.get(f"{self.url}/api/v1/query", params={"query": expression}) as response:
            content = await response.json()
        assert content["status"] == "success", content
        return [row for row in content["data"]["result"] if row["value"][1] != "NaN"]


@contextlib.asynccontextmanager
async def prometheus(folder: Path, targets: Mapping[str, str]) -> AsyncIterator[Prometheus]:
    """Scrapes ``host:port`` of each job twice a second, with the token that the target stands with."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("needs Prometheus: apt-get install prometheus")
    port = free_port()
    jobs = [
        {
            "job_name": target,
            "authorization": {"credentials": token},
            "static_configs": [{"targets": [target]}],
        }
        for target, token in targets.items()
    ]
    settings = {"global": {"scrape_interval": "500ms"}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    options = (
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    process = await asyncio.create_subprocess_exec(program, *options)
    try:
        async with aiohttp.ClientSession() as session:
            yield Prometheus(f"http://127.0.0.1:{port}", session)
    finally:
        process.terminate()
        await process.wait()


async def is_ready(server: Prometheus) -> bool:
    """Whether it answers."""
    with contextlib.suppress(aiohttp.ClientError):
        async with server.session.get(f"{server.url}/-/ready") as response:
            return response.status == 200
    return False
