"""Measures this machine in a process of its own, whose memory and caches are gone afterwards.

``python -m edge.measure NAME SHA256 THREADS SLOWDOWN [integers]``: on standard input a line with the model
card as JSON (or null) and then a stripped ONNX model; the profile as JSON on standard output, progress on
standard error.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from evosplit.edge.backends.int8 import timed_integers
from evosplit.kernels.codec import measure_codec, measure_packing
from evosplit.kernels.warm import warm_kernels
from evosplit.shared.card import card_from_data, check_card
from evosplit.shared.errors import EvoSplitError, ModelError, ProfileError
from evosplit.shared.frame_costs import measure_frame, with_frame
from evosplit.shared.graph import Graph, graph_from_model
from evosplit.shared.integer_profiler import measure_integers
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import measure_profile
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.weights import random_weights, restore_weights

_log = logging.getLogger(__name__)


async def profile_skeleton(
    skeleton: bytes,
    card: Mapping[str, Any] | None,
    name: str,
    sha256: str,
    threads: int,
    slowdown: float,
    integers: bool = True,
) -> Profile:
    """Run this file as a process. Raises ProfileError; cancelling ends the process."""
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "evosplit.edge.enrolment.measure",
            name,
            sha256,
            str(threads),
            repr(slowdown),
        ),
        *(("integers",) if integers else ()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate(json.dumps(card).encode() + b"\n" + skeleton)
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        lines = errors.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise ProfileError(f"this machine could not be measured: {lines[-1]}")
    return from_json(Profile, output, ProfileError)


def measure(
    skeleton: bytes,
    card: Mapping[str, Any] | None,
    name: str,
    sha256: str,
    threads: int,
    slowdown: float,
    integers: bool,
) -> Profile:
    """Measure with random weights, which take as long as trained ones. Raises ModelError or CardError.

    With a card also what a frame takes beside the network.
    """
    try:
        model = onnx.load_model_from_string(skeleton)
    except DecodeError as broken:
        raise ModelError(f"the skeleton is no ONNX model: {broken}") from None
    graph = graph_from_model(model, name, sha256)
    whole = dataclasses.replace(graph, model=restore_weights(model, random_weights(model, 0)))
    warm_kernels()  # on a new machine this compiles them: the first frames would wait for it
    codec, plain = measure_codec(), measure_codec(codec="none")
    pack_s = measure_packing()
    profile = measure_profile(whole, threads, slowdown, None, *codec, plain_s_per_byte=plain, pack_s=pack_s)
    if integers:
        profile = _with_integers(whole, profile)
    if card is None:
        return profile
    return with_frame(profile, measure_frame(graph, check_card(card_from_data(dict(card)), graph)))


def _with_integers(graph: Graph, profile: Profile) -> Profile:
    try:
        times = measure_integers(graph, profile, timed_integers(graph))
    except ModelError as reason:
        _log.warning("heads run in float32 alone: %s", reason)
        return profile
    return dataclasses.replace(profile, integers=times)


def main() -> int:
    """The process. Exit status 1 and one line on standard error when the model cannot be measured."""
    name, sha256, threads, slowdown, *rest = sys.argv[1:]
    try:
        card = json.loads(sys.stdin.buffer.readline())
        profile = measure(
            sys.stdin.buffer.read(), card, name, sha256, int(threads), float(slowdown), bool(rest)
        )
    except EvoSplitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.buffer.write(to_json(profile))
    return 0


if __name__ == "__main__":
    sys.exit(main())
