"""Cloud tier and edge agent as processes with default options, over a network of the shared models."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.cells.inputs import SHARED
from benchmarks.link.killable_tier import KillableTier, killable_tier
from evosplit.cli.demo.frames import to_ppm
from evosplit.cli.demo.processes import new_token
from evosplit.library.card_files import find_card
from evosplit.shared.pictures import decode_picture
from evosplit.shared.token import bearer

PICTURES = 16


@dataclass(frozen=True)
class Tiers:
    """Both tiers, a client session with their token, and pictures for the agent."""

    cloud: KillableTier
    edge: KillableTier
    session: aiohttp.ClientSession
    pictures: Sequence[bytes]

    async def send(self, number: int, **query: str) -> tuple[int, dict[str, object]]:
        """One picture to the agent; status and answer."""
        url = f"{self.edge.url}/v1/frames"
        content = self.pictures[number % len(self.pictures)]
        async with self.session.post(url, data=content, params=query) as reply:
            return reply.status, await reply.json()


def pictures(folder: str = "imagenet") -> list[bytes]:
    """A few photographs as an agent takes them."""
    kinds = {".jpg", ".jpeg", ".png"}
    paths = sorted(path for path in (SHARED / "data" / folder).rglob("*") if path.suffix.lower() in kinds)
    return [to_ppm(decode_picture(path.read_bytes())) for path in paths[:PICTURES]]


@contextlib.asynccontextmanager
async def both_tiers(network: str, edge_options: Sequence[str] = ()) -> AsyncIterator[Tiers]:
    """Started and ready; stopped at the end, whatever happens."""
    token = new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-link-") as name:
        folder = Path(name)
        models = folder / "models"
        models.mkdir()
        model = SHARED / "models" / f"{network}.onnx"
        shutil.copy(model, models)
        shutil.copy(find_card(model), models / f"{network}.yaml")
        cloud_options = ("--models", str(models), "--data", str(folder / "cloud"))
        async with killable_tier("cloud", cloud_options, token, folder / "cloud.log") as cloud:
            options = ("--cloud", cloud.url, "--model", network, "--data", str(folder / "edge"))
            async with (
                killable_tier("edge", (*options, *edge_options), token, folder / "edge.log") as edge,
                aiohttp.ClientSession(headers=bearer(token), timeout=aiohttp.ClientTimeout(120)) as session,
            ):
                yield Tiers(cloud, edge, session, pictures())
