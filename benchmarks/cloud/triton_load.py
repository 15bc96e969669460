"""Closed loop of one stock client: ``tritonclient.http`` with whole-model requests.

``python -m benchmarks.cloud.triton_load URL MODEL INPUT SHAPE SECONDS PROCESSOR`` waits for a line on its
standard input, sends for so many seconds and writes how many answers came; the token is in the environment.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput

from evosplit.shared.token import TOKEN_VARIABLE, bearer


def main() -> None:
    """Connect, say so, wait, send, count."""
    url, model, name, shape, seconds, processor = sys.argv[1:]
    os.sched_setaffinity(0, {int(processor)})
    headers = bearer(os.environ[TOKEN_VARIABLE])
    sizes = [int(size) for size in shape.split("x")]
    given = InferInput(name, sizes, "FP32")
    given.set_data_from_numpy(np.random.default_rng(0).standard_normal(sizes).astype(np.float32))
    with InferenceServerClient(url, network_timeout=60.0) as client:
        client.infer(model, [given], headers=headers)
        print("ready", flush=True)
        sys.stdin.readline()
        started_s = time.perf_counter()
        answers = 0
        while time.perf_counter() < started_s + float(seconds):
            client.infer(model, [given], headers=headers)
            answers += 1
        print(answers, time.perf_counter() - started_s, flush=True)


if __name__ == "__main__":
    main()
