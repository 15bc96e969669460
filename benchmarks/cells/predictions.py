"""Predictions of cells: the plan service's answer to an edge, and the single strategies beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.cells.inputs import Network
from evosplit.cli.measured.chart_plans import ChartPlans, chart_plans
from evosplit.edge.backends.int8 import timed_integers
from evosplit.edge.link.payloads import JPEG_QUALITY, jpeg_picture
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import METHOD, measure_errors
from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.library.cache import local_store
from evosplit.planner.accuracy_promise import Promise
from evosplit.planner.baselines import neurosurgeon, qdmp
from evosplit.planner.calibration.input_files import LabelledFeeds, feeds_digest
from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.drop.pictures import picture_plan
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.encodings.encoding_costs import PictureEncodings, measure_encodings
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import DEFAULT_MAX_ERROR, Limits
from evosplit.planner.service import service_problem
from evosplit.planner.table_promise import keep_table
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.frame_costs import measure_frame, with_frame
from evosplit.shared.link import Link
from evosplit.shared.pictures import decode_picture
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.preprocess import preprocess
from evosplit.shared.profile import Profile
from evosplit.shared.session import Runner
from evosplit.shared.slowdown import slowed


@dataclass(frozen=True)
class Measured:
    """One network on this machine: both profiles, errors, pictures, and who judges plans."""

    network: Network
    edge: Profile
    cloud: Profile
    errors: ErrorTable
    pictures: PictureEncodings
    judge: Judge


@dataclass(frozen=True)
class Known:
    """What the plan service is asked, and its table; ``max_drop`` is the accuracy that plans may cost."""

    problem: Problem
    plans: ChartPlans
    edge: Profile
    cloud: Profile
    max_drop: float

    @property
    def table(self) -> PlanTable:
        """What the agent serves from."""
        return self.plans.table


def measured(network: Network, cloud_threads: int, integers: bool = False) -> Measured:
    """Both profiles and the pictures afresh; the error table is kept: it stays true.

    With ``integers`` the edge's heads are measured in 8-bit integers, too.
    """
    graph, card = network.graph, network.card
    feeds = [dict(inputs) for inputs in network.calibration]
    backend = timed_integers if integers else None
    here = DeviceProfiler(local_store(), 1, backend).profile(graph, fresh=True)
    here = with_frame(here, measure_frame(graph, card, network.pictures))
    cloud = DeviceProfiler(local_store(), cloud_threads).profile(graph, fresh=True)
    key = CacheKey("errors", graph.sha256, METHOD, inputs=feeds_digest(feeds))
    errors = local_store().get(ErrorTable, key, lambda: measure_errors(graph, network.calibration))
    judged = LabelledFeeds([dict(inputs) for inputs in network.judged], None)
    judge = judge_for(graph, card, judged, errors, cloud_threads)
    return Measured(network, here, cloud, errors, measure_encodings(graph, card, feeds, cloud_threads), judge)


def known_of(here: Measured, slowdown: float, rtt_s: float, speedup: float = 1.0) -> Known:
    """The plans of an edge ``slowdown`` times slower, and of a cloud ``speedup`` times faster.

    Plans may cost as much accuracy as the JPEG of the agent's own strategy, as measured on the same judged
    pictures, and at most its error or the default limit.
    """
    limits = Limits(max_error=max(DEFAULT_MAX_ERROR, _jpeg_error(here.network)))
    edge, cloud = slowed(here.edge, slowdown), slowed(here.cloud, 1.0 / speedup)
    graph, pictures = here.network.graph, here.pictures.encodings
    problem = service_problem(graph, edge, cloud, here.errors, rtt_s, limits, pictures)
    max_drop = here.judge(_jpeg_plan(problem), 1.0).promised
    promise = Promise(max_drop, is_strict=True)
    table, kept = keep_table(problem, promise, here.judge)
    plans = chart_plans(problem, table, promise, here.judge)
    return Known(kept.problem, plans, edge, cloud, max_drop)


def _jpeg_plan(problem: Problem) -> Plan:
    """The agent's own JPEG strategy as a plan."""
    way = InputEncoding(f"jpeg-{JPEG_QUALITY}", 0.0, 0.0)
    return picture_plan(replace(problem, encodings=(way,)), way.name)


def baselines(known: Known, link: Link) -> Mapping[str, Plan]:
    """The float plans of the published planners over one link."""
    problem = replace(known.problem, link=link)
    chosen = {"neurosurgeon": neurosurgeon(problem), "qdmp": qdmp(problem)}
    return {name: evaluate(problem, assignment).plan for name, assignment in chosen.items()}


def _jpeg_error(network: Network) -> float:
    """The error at the network's outputs of the cloud-only strategy's JPEG, over the calibration pictures."""
    card, whole = network.card, Runner(network.graph.model)
    sent = [jpeg_picture(card, pixels) for pixels in network.pictures]
    exact = [whole.run(dict(feeds)) for feeds in network.calibration]
    lossy = [whole.run(dict(preprocess(card, decode_picture(content)))) for content in sent]
    return noise_to_signal(exact, lossy)
