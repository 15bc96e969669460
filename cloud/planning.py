"""Planning for one model: profile, error table and pictures (all kept), plan table, bundle."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from evosplit.cloud.calibrations import calibrations_in
from evosplit.cloud.plans import PlanAnswer, PlanRequest
from evosplit.cloud.registry import Model
from evosplit.kernels.codec import measure_codec
from evosplit.kernels.errors.calibration_inputs import Feeds
from evosplit.kernels.errors.data_free import data_free_errors
from evosplit.kernels.errors.measure_table import METHOD as ERROR_METHOD
from evosplit.kernels.errors.measure_table import ErrorTable, measure_errors
from evosplit.planner.accuracy_promise import asked_promise, kept_line
from evosplit.planner.bundle import build_bundle
from evosplit.planner.calibration.calibration_data import Evidence, evidence_in, measured_inputs
from evosplit.planner.calibration.input_files import LabelledFeeds, calibration_source, feeds_digest
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.encodings.encoding_costs import METHOD as PICTURE_METHOD
from evosplit.planner.encodings.encoding_costs import PictureEncodings, data_free_encodings, measure_encodings
from evosplit.planner.service import kept_plans, service_problem
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.card import card_to_data
from evosplit.shared.graph import Graph
from evosplit.shared.json_cache import kept
from evosplit.shared.machine import this_machine
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import METHOD as PROFILE_METHOD
from evosplit.shared.profiler import measure_profile

_LOG: Final = logging.getLogger("evosplit.cloud")


class Planner:
    """Plans for any model of the folder. ``data`` keeps what is slow to measure."""

    def __init__(self, data: Path, threads: int) -> None:
        self._data = data
        self._sent = calibrations_in(data)
        self._threads = threads

    def __call__(self, model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
        """Plan and write the bundle to ``path``.

        Raises InfeasibleError, ProfileError, InputError, NotFoundError.
        """
        evidence = self._calibration(model, request)
        few = () if evidence.inputs is None else measured_inputs(model.card, evidence.inputs)
        errors = evidence.errors or self._errors(model.graph, few)
        problem = service_problem(
            model.graph,
            request.profile,
            self._profile(model.graph),
            errors,
            request.rtt_s,
            request.limits,
            self._encodings(model, few),
            request.expectation,
        )
        promise = asked_promise(request.max_drop, request.limits.max_error)
        judge = None
        if evidence.inputs is not None and promise.max_drop is not None:
            judge = judge_for(model.graph, model.card, evidence.inputs, errors, self._threads)
        table, found = kept_plans(problem, promise, judge)
        _LOG.info("%s: %s", model.name, kept_line(evidence.kind, promise, found))
        card = None if model.card is None else card_to_data(model.card)
        bundle = build_bundle(model.graph, table, card, path, evidence.kind, promise.max_drop)
        return PlanAnswer(bundle, table)

    def _calibration(self, model: Model, request: PlanRequest) -> Evidence:
        """What is known of the model's inputs: from the edge that asks, else from files beside the model."""
        if request.statistics is not None:
            return Evidence("live", errors=request.statistics)
        if request.calibration is not None:
            feeds = self._sent.feeds(model, request.calibration)
            return Evidence("live", LabelledFeeds(feeds, None))
        return evidence_in(model.graph, model.card, calibration_source(model.path))

    def _profile(self, graph: Graph) -> Profile:
        key = CacheKey("profile", graph.sha256, PROFILE_METHOD, machine=this_machine(), threads=self._threads)
        return kept(Profile, self._place(key), lambda: _measure(graph, self._threads))

    def _errors(self, graph: Graph, feeds: Sequence[Feeds]) -> ErrorTable:
        if not feeds:
            return data_free_errors(graph)
        key = CacheKey("errors", graph.sha256, ERROR_METHOD, inputs=feeds_digest(feeds))
        return kept(ErrorTable, self._place(key), lambda: measure_errors(graph, feeds, threads=self._threads))

    def _encodings(self, model: Model, feeds: Sequence[Feeds]) -> tuple[InputEncoding, ...]:
        """What pictures cost on their way to the network, on calibration inputs; nothing without a card."""
        card, graph, threads = model.card, model.graph, self._threads
        if card is None:
            return ()
        if not feeds:
            return data_free_encodings(graph, card).encodings
        inputs, machine = feeds_digest(feeds), this_machine()
        key = CacheKey("pictures", graph.sha256, PICTURE_METHOD, card, machine, threads, inputs=inputs)
        found = kept(
            PictureEncodings, self._place(key), lambda: measure_encodings(graph, card, feeds, threads)
        )
        return found.encodings

    def _place(self, key: CacheKey) -> Path:
        return self._data / key.kind / f"{key.digest[:32]}.json"


def _measure(graph: Graph, threads: int) -> Profile:
    _LOG.warning("measuring %s", graph.name)
    codec, plain = measure_codec(), measure_codec(codec="none")
    return measure_profile(graph, threads, 1.0, None, *codec, plain_s_per_byte=plain)
