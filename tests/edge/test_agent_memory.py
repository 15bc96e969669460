"""Memory of an agent after many frames at once: what they took is returned. The bounds are wide."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest
from edge_support import stage

from evosplit.edge.memory.trim import resident_bytes, trim_memory

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")

AT_ONCE = 64
SIDE = 580


def large_picture() -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return b"P6 %d %d 255\n" % (SIDE, SIDE) + pixels.tobytes()


def returned() -> int:
    trim_memory()
    return resident_bytes()


async def test_what_frames_at_once_took_is_returned_while_their_clients_stay_connected(
    tmp_path: Path,
) -> None:
    content = large_picture()
    async with stage(tmp_path, hooks=False) as on:
        assert (await on.post(content))[0] == 200
        await on.agent.frames.drain()
        before_bytes = returned()
        answers = await asyncio.gather(*(on.post(content) for _ in range(AT_ONCE)))
        assert {status for status, _ in answers} == {200}
        await on.agent.frames.drain()
        assert returned() - before_bytes < AT_ONCE * len(content) / 4
