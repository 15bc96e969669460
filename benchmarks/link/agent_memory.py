"""Resident memory of an agent that holds the heads of all plans of a bundle: ``python -m ... BUNDLE DIGEST``.

The agent runs in this process, without a cloud; a few frames go through each plan's head or its fallback.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.link.both_tiers import pictures
from evosplit.edge.lifecycle import running_agent
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.memory.trim import trim_memory
from evosplit.edge.pipeline.intake import Ticket
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle

_FRAMES = 8


async def _resident_bytes(path: Path, digest: str) -> int:
    bundle = Bundle.open(path, digest)
    with tempfile.TemporaryDirectory() as name:
        settings = EdgeSettings(
            cloud_url="http://127.0.0.1:9",
            model=bundle.manifest.table.model,
            data=Path(name),
            hooks=False,
            calibration_bytes=0,
        )
        async with (
            cloud_session() as session,
            running_agent(settings, bundle, secrets.token_hex(8), session, without=("plans",)) as agent,
        ):
            await agent.plans.build_all()
            for content in pictures()[:_FRAMES]:
                await agent.frames.take_picture(content, Ticket(secrets.token_hex(8), strategy="edge"))
            trim_memory()
            return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    print(asyncio.run(_resident_bytes(Path(sys.argv[1]), sys.argv[2])))
