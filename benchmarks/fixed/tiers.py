"""Cloud tier and edge agent of one source tree, in processes of their own, beside those of another."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import psutil

from benchmarks.fixed.cases import Case
from evosplit.cli.demo.processes import Service, service
from evosplit.edge.enrolment.note import bundle_place, wanted, write_note
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.free_ports import free_port
from evosplit.shared.token import bearer

THIS_TREE: Final = Path(__file__).resolve().parents[2]
_PLAIN: Final = ("--no-hooks", "--no-integers")


@dataclass(frozen=True)
class Tiers:
    """The tiers of one tree, and sessions to them that carry the token."""

    edge: Service
    cloud: Service
    session: aiohttp.ClientSession

    def edge_cpu_s(self) -> float:
        """Processor seconds that the agent has taken, all its threads."""
        times = psutil.Process(self.edge.process.pid).cpu_times()
        return float(times.user + times.system)

    def cloud_cpu_s(self) -> float:
        """Those of the cloud tier and of all that Ray started for it."""
        root = psutil.Process(self.cloud.process.pid)
        times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
        return float(sum(time.user + time.system for time in times))


@contextlib.asynccontextmanager
async def tiers(tree: Path, folder: Path, case: Case, token: str) -> AsyncIterator[Tiers]:
    """Both tiers of ``tree`` with the one plan of a case; stopped at the end, whatever happens."""
    _install(folder, case)
    cloud_data = ("--models", str(folder / "models"), "--data", str(folder / "cloud"))
    async with contextlib.AsyncExitStack() as stack:
        with imports_from(tree):
            starting = service("cloud", cloud_data, free_port(), token, folder / "cloud.log")
            cloud = await stack.enter_async_context(starting)
        settings = EdgeSettings(
            cloud_url=cloud.url, model=case.graph.name, data=folder / "edge", hooks=False, integers=False
        )
        await asyncio.to_thread(_enrol, settings, case)
        options = ("--cloud", cloud.url, "--model", case.graph.name, "--data", str(folder / "edge"), *_PLAIN)
        with imports_from(tree):
            starting = service("edge", options, free_port(), token, folder / "edge.log")
            edge = await stack.enter_async_context(starting)
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=bearer(token)))
        yield Tiers(edge, cloud, session)


def _install(folder: Path, case: Case) -> None:
    models = folder / "models"
    models.mkdir(parents=True)
    shutil.copy(case.model, models)
    shutil.copy(case.card_file, models / f"{case.model.stem}.yaml")


def _enrol(settings: EdgeSettings, case: Case) -> None:
    """Lay the bundle where the agent keeps its own, so that it asks for no other."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    bundle = case.bundle(settings.folder / "made.evb")
    (settings.folder / "made.evb").replace(bundle_place(settings, bundle.digest))
    note = wanted(settings)
    write_note(settings, type(note)(**{**vars(note), "bundle": bundle.digest}))


@contextlib.contextmanager
def imports_from(tree: Path) -> Iterator[None]:
    """Processes that are started within import the project from ``tree``; they look in their folder first."""
    before = Path.cwd()
    os.chdir(tree)
    try:
        yield
    finally:
        os.chdir(before)
