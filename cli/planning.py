"""From a command's options to the problem that it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from evosplit.cli.calibration import Calibration, Source, calibration_of, error_table
from evosplit.cli.encodings import input_encodings
from evosplit.cli.frames import with_frame_of
from evosplit.cli.models import load_model
from evosplit.cli.output import stderr
from evosplit.cli.profiles import edge_profile, measured_profile, read_profile
from evosplit.kernels.errors.measure_table import DEFAULT_OPTIONS, ErrorOptions
from evosplit.planner.compare import offered_bits
from evosplit.planner.devices import Device, named_device
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.problem import Problem
from evosplit.planner.problem.device_pair import coded_speed, plain_speed
from evosplit.planner.problem.device_pair import measured_profile as measured
from evosplit.planner.problem.limits import Limits
from evosplit.planner.problem.model_remarks import statements
from evosplit.planner.service import edge_encodings
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link
from evosplit.shared.profile import Profile
from evosplit.shared.shape_text import Shape

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
    calibration: Source
    slowdown: float
    threads: int
    error_options: ErrorOptions = DEFAULT_OPTIONS
    shapes: Mapping[str, Shape] = field(default_factory=dict)

    def graph(self) -> Graph:
        """The model that the command names. Raises ModelError, CardError."""
        return load_model(self.model, self.shapes, self.card_file)


def asked_calibration(graph: Graph, asked: Asked) -> Calibration:
    """The calibration inputs of a command. Raises InputError or CardError."""
    return calibration_of(graph, asked.model, asked.card_file, asked.calibration)


def asked_problem(graph: Graph, asked: Asked, calibration: Calibration, bandwidth_bps: float) -> Problem:
    """The problem of a command; measures what it needs and has not been kept, and says what is special."""
    for statement in statements(graph):
        stderr.print(statement)
    edge, cloud = _sides(graph, asked)
    rtt_s = (0.0 if asked.devices in SIMULATED else _RTT_S) if asked.rtt_s is None else asked.rtt_s
    return Problem(
        graph=graph,
        edge=edge,
        cloud=cloud,
        errors=error_table(graph, calibration, asked.error_options),
        link=Link(bandwidth_bps, rtt_s),
        limits=asked.limits,
        bits=offered_bits(edge),
        plain=plain_speed(edge, cloud),
        coded=coded_speed(edge, cloud),
        encodings=_encodings(graph, asked, calibration, edge),
    )


def _encodings(
    graph: Graph, asked: Asked, calibration: Calibration, edge: Profile | Device
) -> tuple[InputEncoding, ...]:
    """Ways to send a picture; between simulated devices coding takes no time, as published."""
    found = input_encodings(graph, calibration).encodings
    if asked.devices in SIMULATED:
        return tuple(replace(one, encode_s=0.0, decode_s=0.0) for one in found)
    profile = measured(edge)
    return () if profile is None else edge_encodings(found, profile)


def _sides(graph: Graph, asked: Asked) -> tuple[Profile | Device, Profile | Device]:
    if asked.devices in SIMULATED:
        edge, cloud = SIMULATED[asked.devices]
        return named_device(edge), named_device(cloud)
    return _edge(graph, asked), _cloud(graph, asked)


def _edge(graph: Graph, asked: Asked) -> Profile:
    """A file's own word, or this machine with what a frame takes on it beside the network."""
    path = asked.edge_file
    profile = read_profile(path, graph) if path else edge_profile(graph, asked.threads, asked.slowdown)
    return profile if asked.edge_file else with_frame_of(graph, profile, asked.model, asked.card_file)


def _cloud(graph: Graph, asked: Asked) -> Profile:
    path = asked.cloud_file
    return read_profile(path, graph) if path else measured_profile(graph, asked.threads)
