"""What is known before a cell is played: profiles, errors, the constants of a request, and the plans."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.cells.edge import Edge, Shot
from benchmarks.cells.inputs import Network
from benchmarks.cells.jpeg import jpeg_encoding
from cli.cache import cached
from kernels.codec import measure_codec
from planner.baselines import edge, neurosurgeon, qdmp
from planner.calibration.files import feeds_digest
from planner.encodings import InputEncoding
from planner.errors.table import measure_errors
from planner.errors.types import ErrorTable
from planner.evaluate import evaluate
from planner.problem import Problem
from planner.problem.assignment import Assignment
from planner.problem.limits import DEFAULT_MAX_ERROR, Limits
from planner.problem.plans import make_plan
from planner.problem.pricing import problem_costs
from planner.solve import optimum
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
        jpeg_encoding(network),
    )


def plans(network: Network, known: Known, bandwidth_bps: float) -> Mapping[str, Plan]:
    """The plan of every planner over one link."""
    link = Link(bandwidth_bps, known.request_s)
    problem = dataclasses.replace(_problem(network, known, link), encodings=(known.jpeg,))
    choices = {"edge": edge(problem), "neurosurgeon": neurosurgeon(problem), "qdmp": qdmp(problem)}
    found = {name: evaluate(problem, chosen).plan for name, chosen in choices.items()}
    return {"ours": _ours(problem)} | found


def _problem(network: Network, known: Known, link: Link) -> Problem:
    """All may err as much as the JPEG of the cloud-only way (and the planner's default limit at least)."""
    limits = Limits(max_error=max(DEFAULT_MAX_ERROR, known.jpeg.error))
    return Problem(network.graph, known.edge, known.cloud, known.errors, link, limits)


def _ours(problem: Problem) -> Plan:
    """`planner.solve.solve`, less its check: a JPEG may take less than no time beside every other plan."""
    costs = problem_costs(problem)
    chosen = optimum(costs, problem.link)
    assert chosen is not None
    return make_plan(problem, costs, chosen, problem.link)


async def with_constants(player: Edge, network: Network, known: Known, link: Link, shots: int) -> Known:
    """Add what the profiles leave out, from requests at cut 0 over a fast link.

    ``frame_s``: preparing a frame and reading the outputs, on the edge, and handing the head to the
    thread that computes. ``request_s``: what is left of a request when frame, upload, tail and the codec's
    seconds per byte are taken off: the round trip, HTTP at both ends, queues, the codec's own start, and the
    download. A JPEG's seconds on the edge are what it takes more than those two: it is made from the
    picture, so that the network's input need not be prepared there, and may be less than nothing.
    """
    plan = _cloud_only(network, known, link)
    player.load([plan])
    seen = [await player.shoot("planned", plan, link) for _ in range(shots + 2)][2:]
    own_s = [shot.breakdown.preprocess_s + shot.breakdown.postprocess_s for shot in seen]
    frame_s = quiet_median(own_s) + await player.handing_over_s(shots)
    codec_s = plan.latency.edge_s + plan.latency.cloud_s - sum(known.cloud.tail_layer_s())
    request_s = max(_beside_tail_s(seen, link) - frame_s - codec_s, link.rtt_s)
    sent = [await player.shoot("cloud-jpeg", plan, link) for _ in range(shots + 2)][2:]
    decode_s = quiet_median([shot.breakdown.decode_s for shot in sent])
    encode_s = _beside_tail_s(sent, link) - frame_s - request_s - decode_s
    return dataclasses.replace(
        known,
        edge=dataclasses.replace(known.edge, frame_s=frame_s),
        jpeg=dataclasses.replace(known.jpeg, encode_s=encode_s, decode_s=decode_s),
        request_s=request_s,
    )


def _beside_tail_s(shots: Sequence[Shot], link: Link) -> float:
    """What frames took beside their upload and the tail."""
    return quiet_median(
        [shot.latency_s - shot.breakdown.tail_s - 8 * shot.wire_bytes / link.bandwidth_bps for shot in shots]
    )


def _cloud_only(network: Network, known: Known, link: Link) -> Plan:
    """Everything in the cloud, the input at 8 bits."""
    bits = dict.fromkeys(network.graph.inputs, 8)
    floats = dict.fromkeys(network.graph.inputs, FLOAT_BITS)
    chosen = Assignment(frozenset(), {}, floats, bits)
    return evaluate(_problem(network, known, link), chosen).plan
