"""Child process for background work: one thread, stopped while frames are under way, ended with its task."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

from evosplit.edge.background.pause import BackgroundPause
from evosplit.shared.errors import EvoSplitError

_ONE_THREAD: Final = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


async def run_paced(module: str, content: bytes, pause: BackgroundPause, error: type[EvoSplitError]) -> bytes:
    """Run ``python -m MODULE`` on ``content``, and give what it wrote to standard output.

    Raises ``error`` with its last line on standard error where it fails; cancelling ends the process.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **_ONE_THREAD},
    )
    try:
        with pause.holding(process):
            output, errors = await process.communicate(content)
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        lines = errors.decode("utf-8", "replace").strip().splitlines()
        raise error(lines[-1] if lines else f"{module} ended with status {process.returncode}")
    return output
