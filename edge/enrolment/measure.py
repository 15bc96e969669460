"""Measurement of this machine in a child process, whose memory and caches are gone afterwards.

``python -m evosplit.edge.enrolment.measure FOLDER NAME SHA256 THREADS SLOWDOWN [integers]``: on standard
input a line with the model card as JSON (or null) and then a stripped ONNX model; the profile as JSON on
standard output, progress on standard error. What was measured is kept under FOLDER.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from evosplit.edge.backends.int8 import timed_integers
from evosplit.edge.settings import EdgeSettings
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.kernels.warm import warm_kernels
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.child_process import die_with_parent
from evosplit.shared.errors import EvoSplitError, ModelError, ProfileError
from evosplit.shared.graph import graph_from_model
from evosplit.shared.measurement_store import measurements_in
from evosplit.shared.profile import Profile
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.slowdown import with_slower_integers
from evosplit.shared.weights import random_weights, restore_weights

_log = logging.getLogger(__name__)


def device_profiler(folder: Path, threads: int, integers: bool) -> DeviceProfiler:
    """What measures this machine for an agent, and keeps it in its folder."""
    return DeviceProfiler(measurements_in(folder), threads, timed_integers if integers else None)


def kept_profile(settings: EdgeSettings, sha256: str, card: Card | None) -> Profile | None:
    """What was measured here for a model, as plans are asked for with it; None where a part is missing."""
    profiler = device_profiler(settings.folder, settings.threads, settings.integers)
    kept = profiler.known(sha256, card, settings.slowdown)
    return None if kept is None else with_slower_integers(kept, settings.integer_slowdown)


async def profile_skeleton(
    folder: Path,
    skeleton: bytes,
    card: Mapping[str, Any] | None,
    name: str,
    sha256: str,
    profiler: DeviceProfiler,
    slowdown: float,
) -> Profile:
    """Run this file as a process, for a folder's profiler. Raises ProfileError; cancelling ends it."""
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "evosplit.edge.enrolment.measure",
            str(folder.absolute()),
            name,
            sha256,
            str(profiler.threads),
            repr(slowdown),
        ),
        *(("integers",) if profiler.integers else ()),
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
    profiler: DeviceProfiler,
    slowdown: float,
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
    fitting = None if card is None else check_card(card_from_data(dict(card)), graph)
    profile = profiler.profile(whole, fitting, slowdown)
    if reason := profiler.reason_without_integers(sha256):
        _log.warning("heads run in float32 alone: %s", reason)
    return profile


def main() -> int:
    """The process. Exit status 1 and one line on standard error when the model cannot be measured."""
    die_with_parent()
    folder, name, sha256, threads, slowdown, *rest = sys.argv[1:]
    profiler = device_profiler(Path(folder), int(threads), bool(rest))
    try:
        card = json.loads(sys.stdin.buffer.readline())
        profile = measure(sys.stdin.buffer.read(), card, name, sha256, profiler, float(slowdown))
    except EvoSplitError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.buffer.write(to_json(profile))
    return 0


if __name__ == "__main__":
    sys.exit(main())
