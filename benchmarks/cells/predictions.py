"""Predictions of a cell: the plan service's answer to this edge, and the baselines' plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.cells.inputs import Network
from evosplit.edge.link.payloads import JPEG_QUALITY, jpeg_picture
from evosplit.kernels.codec import measure_codec, measure_packing
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import METHOD, measure_errors
from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.library.cache import local_store
from evosplit.planner.baselines import edge, neurosurgeon, qdmp
from evosplit.planner.calibration.input_files import LabelledFeeds, feeds_digest
from evosplit.planner.drop.accuracy import ERROR_LIMITS, choose_limit, limited
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.drop.pictures import admitted, picture_plan
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.encodings.encoding_costs import PictureEncodings, measure_encodings
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import DEFAULT_MAX_ERROR, Limits
from evosplit.planner.service import service_problem
from evosplit.planner.table import plan_table
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.frame_costs import measure_frame, with_frame
from evosplit.shared.link import Link
from evosplit.shared.pictures import decode_picture
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.preprocess import preprocess
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import measure_profile
from evosplit.shared.replan import choices
from evosplit.shared.session import Runner


@dataclass(frozen=True)
class Known:
    """What the plan service is asked, and its table; ``max_drop`` is the accuracy that plans may cost."""

    problem: Problem
    table: PlanTable
    edge: Profile
    cloud: Profile
    max_drop: float


def known_of(network: Network, slowdown: float, cloud_threads: int, rtt_s: float) -> Known:
    """Both profiles and the pictures afresh, on calibration pictures; the error table is kept: it stays true.

    Plans may cost as much accuracy as the JPEG of the baseline, as measured on the same judged pictures, and
    at most its error or the default limit.
    """
    graph, codec, plain = network.graph, measure_codec(), measure_codec(codec="none")
    feeds = [dict(inputs) for inputs in network.calibration]
    pack_s, (encode_s, decode_s) = measure_packing(), measure_codec(codec="rans")
    here = measure_profile(graph, 1, slowdown, None, *codec, plain_s_per_byte=plain, pack_s=pack_s)
    here = replace(here, coded_s_per_byte=(slowdown * encode_s, slowdown * decode_s))
    here = with_frame(here, measure_frame(graph, network.card, network.pictures))
    cloud = measure_profile(graph, cloud_threads, 1.0, None, *codec, plain_s_per_byte=plain)
    cloud = replace(cloud, coded_s_per_byte=(encode_s, decode_s))
    key = CacheKey("errors", graph.sha256, METHOD, inputs=feeds_digest(feeds))
    errors = local_store().get(ErrorTable, key, lambda: measure_errors(graph, network.calibration))
    pictures: PictureEncodings = measure_encodings(graph, network.card, feeds, cloud_threads)
    limits = Limits(max_error=max(DEFAULT_MAX_ERROR, _jpeg_error(network)))
    problem = service_problem(graph, here, cloud, errors, rtt_s, limits, pictures.encodings)
    judge = judge_for(
        graph,
        network.card,
        LabelledFeeds([dict(inputs) for inputs in network.judged], None),
        errors,
        cloud_threads,
    )
    max_drop = judge(_jpeg_plan(problem), 1.0).promised
    problem = admitted(problem, judge, max_drop)
    most = problem.limits.error_limit
    ladder = [most, *(limit for limit in ERROR_LIMITS if limit < most)]
    chosen = choose_limit(lambda limit: choices(plan_table(limited(problem, limit))), judge, max_drop, ladder)
    problem = limited(problem, chosen.max_error)
    return Known(problem, plan_table(problem), here, cloud, max_drop)


def _jpeg_plan(problem: Problem) -> Plan:
    """The baseline as a plan: a JPEG of its quality."""
    way = InputEncoding(f"jpeg-{JPEG_QUALITY}", 0.0, 0.0)
    return picture_plan(replace(problem, encodings=(way,)), way.name)


def baselines(known: Known, link: Link) -> Mapping[str, Plan]:
    """The float plans of the published planners over one link, and all on the edge."""
    problem = replace(known.problem, link=link)
    choices = {"edge": edge(problem), "neurosurgeon": neurosurgeon(problem), "qdmp": qdmp(problem)}
    return {name: evaluate(problem, chosen).plan for name, chosen in choices.items()}


def teacher(known: Known) -> Plan | None:
    """The plan of fewest bytes that sends any: its frames show what a request takes beside them."""
    sending = [plan for plan in known.table.plans if plan.wire_bytes]
    return min(sending, key=lambda plan: plan.wire_bytes, default=None)


def _jpeg_error(network: Network) -> float:
    """The error at the network's outputs of the cloud-only strategy's JPEG, over the calibration pictures."""
    card, whole = network.card, Runner(network.graph.model)
    sent = [jpeg_picture(card, pixels) for pixels in network.pictures]
    exact = [whole.run(dict(feeds)) for feeds in network.calibration]
    lossy = [whole.run(dict(preprocess(card, decode_picture(content)))) for content in sent]
    return noise_to_signal(exact, lossy)
