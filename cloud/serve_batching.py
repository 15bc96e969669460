"""Dynamic batching by Ray Serve (``serve.batch``) inside a replica.

`evosplit.cloud.batching.gate` lets in together what may run together, so that a batch is complete when Ray
Serve looks for it, and nobody waits for it to fill.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ray import serve

from evosplit.cloud.batching.batch_sizes import LARGEST
from evosplit.cloud.inference import Outcome, RunBatch
from evosplit.cloud.prepared import Prepared


def make_batcher(run: RunBatch, slots: int) -> Callable[[Prepared], Awaitable[Outcome]]:
    """Gathers requests into batches of at most `LARGEST`, ``slots`` of them at a time."""

    async def gathered(prepared: list[Prepared]) -> list[Outcome]:
        return await run(prepared)

    batched: Any = serve.batch(
        gathered, max_batch_size=LARGEST, batch_wait_timeout_s=0.0, max_concurrent_batches=slots
    )
    return lambda prepared: batched(prepared)
