"""Memory and time of a sampler that is offered a million samples, against its limit.

Twice the same stream of skewed answers, some of them new each time: once the resident memory of the process
is read as it goes, once every allocation is counted (which slows it down).
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil

from benchmarks.report import write_result
from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.samples import Sample

OFFERS = 1_000_000
LIMIT_BYTES = 16 << 20
WIDTH, OUTPUTS = 256, 10
LOOK_EVERY = 10_000


def main() -> None:
    """Measure and write the result."""
    resident, timing = _resident()
    counted = _counted()
    result = {
        "offers": OFFERS,
        "limit_bytes": LIMIT_BYTES,
        "sample_bytes": 4 * (WIDTH + OUTPUTS),
        **resident,
        **counted,
        **timing,
        "held": max(resident["resident_growth_bytes"], counted["allocated_peak_bytes"]) <= LIMIT_BYTES,
    }
    write_result("sampler_memory", result)


def stream(count: int) -> Iterator[Sample]:
    """Samples whose arrays exist already, so that only what the sampler keeps is new memory."""
    random = np.random.default_rng(0)
    features = random.standard_normal((4096, WIDTH), np.float32)
    outputs = [{"logits": logits} for logits in random.standard_normal((4096, 1, OUTPUTS), np.float32)]
    answers = random.choice(10, 4096, p=np.arange(10, 0, -1) / 55).tolist()
    for number in range(count):
        row = number % 4096
        answer = f"new {number}" if number % 50 == 0 else str(answers[row])
        yield Sample(features[row], answer, outputs[row])


def _resident() -> tuple[dict[str, int], dict[str, Any]]:
    process, sampler, most = psutil.Process(), Sampler(LIMIT_BYTES, 0), 0
    took_s = np.ones(OFFERS)  # touched, so that noting times takes no new memory
    samples = stream(OFFERS)
    first = next(samples)
    for _ in range(1000):
        Sampler(1 << 20, 0).offer(first)
    before = process.memory_info().rss
    for number, sample in enumerate(samples):
        start_s = time.perf_counter()
        sampler.offer(sample)
        took_s[number] = time.perf_counter() - start_s
        if number % LOOK_EVERY == 0:
            most = max(most, process.memory_info().rss - before)
    took_s = took_s[: OFFERS - 1]
    kept = sampler.samples()
    return (
        {"resident_growth_bytes": most, "counted_bytes": sampler.size_bytes, "kept": len(kept)},
        {
            "offer_median_s": float(np.median(took_s)),
            "offer_p99_s": float(np.quantile(took_s, 0.99)),
            "offer_mean_s": float(took_s.mean()),
        },
    )


def _counted() -> dict[str, int]:
    samples = stream(OFFERS)
    first = next(samples)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sampler = Sampler(LIMIT_BYTES, 0)
    sampler.offer(first)
    for sample in samples:
        sampler.offer(sample)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return {"allocated_peak_bytes": peak}


if __name__ == "__main__":
    main()
