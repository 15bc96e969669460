"""Cloud tier behind a shaped link, for edges that run in this process."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from evosplit.cli.demo.processes import new_token
from evosplit.cli.demo.tiers import cloud_tier
from evosplit.cli.measured.device_pair import FasterCloud, Pair
from evosplit.cli.measured.timed_edge import Played, TimedEdge, opened_heads
from evosplit.cli.shaper import Shaper
from evosplit.shared.link import Link
from evosplit.shared.model_shapes import read_shapes, shape_file, write_shapes
from evosplit.shared.plan import Plan
from evosplit.shared.shape_text import Shape


@dataclass(frozen=True)
class ServedModel:
    """The files of a model that a cloud tier serves; ``shapes`` pin dynamic inputs."""

    model: Path
    card: Path
    shapes: tuple[tuple[str, Shape], ...] = ()

    def install(self, models: Path) -> None:
        """Copy them into a folder of models."""
        models.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.model, models)
        shutil.copy(self.card, models / f"{self.model.stem}.yaml")
        pinned = {**read_shapes(shape_file(self.model)), **dict(self.shapes)}
        if pinned:
            write_shapes(shape_file(models / self.model.name), pinned)


@dataclass(frozen=True)
class Bench:
    """A running cloud tier behind a shaped link, and what an edge needs to reach it."""

    session: aiohttp.ClientSession
    shaper: Shaper
    token: str

    @contextlib.contextmanager
    def edge(self, played: Played, pair: Pair, plans: Sequence[Plan]) -> Iterator[TimedEdge]:
        """An edge of one network that knows these plans."""
        model, url = played.graph.name, self.shaper.url
        uplink = FasterCloud(self.session, url, model, self.token, pair.speedup)
        edge = TimedEdge(uplink, played, pair, opened_heads(played.graph, plans))
        try:
            yield edge
        finally:
            edge.close()


@contextlib.asynccontextmanager
async def bench(models: Iterable[ServedModel], first: Link) -> AsyncIterator[Bench]:
    """A cloud tier that serves these models; all is stopped at the end, whatever happens."""
    token = new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-measured-") as name:
        folder = Path(name)
        for model in models:
            model.install(folder / "models")
        async with (
            cloud_tier(folder, token) as cloud,
            Shaper.between(cloud.url, first) as shaper,
            aiohttp.ClientSession() as session,
        ):
            yield Bench(session, shaper, token)
