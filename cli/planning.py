"""From a command's options to the problem that it asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cli.calibration import error_table
from cli.encodings import input_encodings
from cli.output import stderr
from cli.profiles import measured_profile, read_profile
from planner.compare import offered_bits
from planner.devices import Device, named_device
from planner.encodings import InputEncoding
from planner.problem import Problem
from planner.problem.limits import Limits
from planner.problem.statements import statements
from shared.graph import Graph
from shared.link import Link
from shared.profile import Profile

SIMULATED: Final = {"paper": ("eyeriss", "tpu"), "published": ("eyeriss-published", "tpu-published")}
"""Pairs of edge and cloud: systolic arrays with the paper's figures, and the cost model of its code."""
DEVICES: Final = ("measured", *SIMULATED)
_RTT_S: Final = 0.02


@dataclass(frozen=True)
class Asked:
    """The options of a planning command. ``rtt_s`` None: 20 ms, or none between simulated devices."""

    model: Path
    devices: str
    rtt_s: float | None
    limits: Limits
    edge_file: Path | None
    cloud_file: Path | None
    card_file: Path | None
    calibration: Path | None
    slowdown: float
    threads: int


def asked_problem(graph: Graph, asked: Asked, bandwidth_bps: float) -> Problem:
    """The problem of a command; measures what it needs and has not been kept, and says what is special."""
    for statement in statements(graph):
        stderr.print(statement)
    edge, cloud = _sides(graph, asked)
    rtt_s = (0.0 if asked.devices in SIMULATED else _RTT_S) if asked.rtt_s is None else asked.rtt_s
    return Problem(
        graph=graph,
        edge=edge,
        cloud=cloud,
        errors=error_table(graph, asked.model, asked.card_file, asked.calibration),
        link=Link(bandwidth_bps, rtt_s),
        limits=asked.limits,
        bits=offered_bits(edge),
        encodings=_encodings(graph, asked),
    )


def _encodings(graph: Graph, asked: Asked) -> tuple[InputEncoding, ...]:
    """Ways to send a picture; between simulated devices coding takes no time, as published."""
    found = input_encodings(graph, asked.model, asked.card_file, asked.calibration)
    slow, fast = (0.0, 0.0) if asked.devices in SIMULATED else (asked.slowdown, 1.0)
    return tuple(
        replace(one, encode_s=slow * one.encode_s, decode_s=fast * one.decode_s) for one in found.encodings
    )


def _sides(graph: Graph, asked: Asked) -> tuple[Profile | Device, Profile | Device]:
    if asked.devices in SIMULATED:
        edge, cloud = SIMULATED[asked.devices]
        return named_device(edge), named_device(cloud)
    return (
        _profile(asked.edge_file, graph, asked.threads, asked.slowdown),
        _profile(asked.cloud_file, graph, asked.threads, 1.0),
    )


def _profile(path: Path | None, graph: Graph, threads: int, slowdown: float) -> Profile:
    return read_profile(path, graph) if path else measured_profile(graph, threads, slowdown)
