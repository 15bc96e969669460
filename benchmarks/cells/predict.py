"""What is known before a cell is played: profiles, errors, the constants of a request, and the plans."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.cells.edge import Edge, Shot
from benchmarks.cells.inputs import Network
from benchmarks.cells.jpeg import jpeg_encoding
from cli.cache import cached
from kernels.codec import measure_codec
from planner.assignment import Assignment
from planner.baselines import edge, neurosurgeon, qdmp
from planner.calibration_files import feeds_digest
from planner.encodings import InputEncoding
from planner.error_types import ErrorTable
from planner.errors_table import measure_errors
from planner.evaluate import evaluate
from planner.limits import DEFAULT_MAX_ERROR, Limits
from planner.problem import Problem
from planner.solve import solve
from shared.link import Link
from shared.plan import FLOAT_BITS, Plan
from shared.profile import Profile
from shared.profiler import measure_profile, quiet_median


@dataclass(frozen=True)
class Known:
    """Profiles of both sides, errors, JPEG, and ``request_s``: a request's round trip and overhead."""

    edge: Profile
    cloud: Profile
    errors: ErrorTable
    jpeg: InputEncoding
    request_s: float = 0.0


def measure(network: Network, slowdown: float, cloud_threads: int) -> Known:
    """Both profiles afresh; the error table is kept, because it stays true."""
    graph, codec = network.graph, measure_codec()
    key = (graph.sha256, feeds_digest([dict(feeds) for feeds in network.calibration]))
    return Known(
        measure_profile(graph, 1, slowdown, None, *codec),
        measure_profile(graph, cloud_threads, 1.0, None, *codec),
        cached(ErrorTable, key, lambda: measure_errors(graph, network.calibration)),
        jpeg_encoding(network, slowdown),
    )


def plans(network: Network, known: Known, bandwidth_bps: float) -> Mapping[str, Plan]:
    """The plan of every planner over one link.

    All may err as much as the JPEG that the cloud-only way sends (and the planner's default limit at least).
    """
    problem = Problem(
        graph=network.graph,
        edge=known.edge,
        cloud=known.cloud,
        errors=known.errors,
        link=Link(bandwidth_bps, known.request_s),
        limits=Limits(max_error=max(DEFAULT_MAX_ERROR, known.jpeg.error)),
        encodings=(known.jpeg,),
    )
    choices = {"edge": edge(problem), "neurosurgeon": neurosurgeon(problem), "qdmp": qdmp(problem)}
    return {"ours": solve(problem).plan} | {
        name: evaluate(problem, chosen).plan for name, chosen in choices.items()
    }


async def with_constants(player: Edge, network: Network, known: Known, link: Link, shots: int) -> Known:
    """Add what the profiles leave out, from requests at cut 0 over a fast link.

    ``frame_s``: preparing a frame and reading the outputs, on the edge, and handing the head to the
    thread that computes. ``request_s``: what is left of a request when frame, upload, tail and the codec's
    seconds per byte are taken off: the round trip, HTTP at both ends, queues, the codec's own start, and the
    download.
    """
    plan = _cloud_only(network, known, link)
    player.load([plan])
    seen = [await player.shoot("planned", plan, link) for _ in range(shots + 2)][2:]
    own_s = quiet_median([shot.breakdown.preprocess_s + shot.breakdown.postprocess_s for shot in seen])
    frame_s = own_s + await player.handing_over_s(shots)
    request_s = quiet_median([shot.latency_s - _known_s(shot) for shot in seen])
    codec_s = plan.latency.edge_s + plan.latency.cloud_s - sum(known.cloud.tail_layer_s())
    upload_s = 8 * plan.wire_bytes / link.bandwidth_bps
    profile = dataclasses.replace(known.edge, frame_s=frame_s)
    return dataclasses.replace(known, edge=profile, request_s=max(request_s - codec_s - upload_s, link.rtt_s))


def _known_s(shot: Shot) -> float:
    steps = shot.breakdown
    return steps.preprocess_s + steps.postprocess_s + steps.tail_s


def _cloud_only(network: Network, known: Known, link: Link) -> Plan:
    """Everything in the cloud, the input at 8 bits."""
    problem = Problem(network.graph, known.edge, known.cloud, known.errors, link)
    bits = dict.fromkeys(network.graph.inputs, 8)
    floats = dict.fromkeys(network.graph.inputs, FLOAT_BITS)
    return evaluate(problem, Assignment(frozenset(), {}, floats, bits)).plan


def quartiles_s(shots: Sequence[Shot]) -> list[float]:
    """Lower quartile, median, upper quartile of the latencies."""
    return statistics.quantiles((shot.latency_s for shot in shots), n=4, method="inclusive")
