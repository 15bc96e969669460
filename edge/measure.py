"""Measures this machine in a process of its own, whose memory and caches are gone afterwards.

``python -m edge.measure NAME SHA256 THREADS SLOWDOWN``: a stripped ONNX model on standard input, the profile
as JSON on standard output, progress on standard error.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import sys

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from kernels.codec import measure_codec
from shared.errors import EvoSplitError, ModelError, ProfileError
from shared.graph import graph_from_model
from shared.profile import Profile
from shared.profiler import measure_profile
from shared.serial import from_json, to_json
from shared.weights import random_weights, restore_weights

_log = logging.getLogger(__name__)


async def profile_skeleton(skeleton: bytes, name: str, sha256: str, threads: int, slowdown: float) -> Profile:
    """Run this file as a process. Raises ProfileError; cancelling ends the process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge.measure", name, sha256, str(threads), repr(slowdown)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate(skeleton)
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        lines = errors.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise ProfileError(f"this machine could not be measured: {lines[-1]}")
    return from_json(Profile, output, ProfileError)


def measure(skeleton: bytes, name: str, sha256: str, threads: int, slowdown: float) -> Profile:
    """Measure with random weights, which take as long as trained ones. Raises ModelError."""
    try:
        model = onnx.load_model_from_string(skeleton)
    except DecodeError as broken:
        raise ModelError(f"the skeleton is no ONNX model: {broken}") from None
    graph = graph_from_model(model, name, sha256)
    whole = dataclasses.replace(graph, model=restore_weights(model, random_weights(model, 0)))
    encode_s, decode_s = measure_codec()
    return measure_profile(
        whole, threads, slowdown, None, encode_s_per_byte=encode_s, decode_s_per_byte=decode_s
    )


def main() -> int:
    """The process. Exit status 1 and one line on standard error when the model cannot be measured."""
    name, sha256, threads, slowdown = sys.argv[1:]
    try:
        profile = measure(sys.stdin.buffer.read(), name, sha256, int(threads), float(slowdown))
    except EvoSplitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.buffer.write(to_json(profile))
    return 0


if __name__ == "__main__":
    sys.exit(main())
