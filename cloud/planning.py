"""Planning for one model: profile and calibration (both kept), plan table, bundle."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from evosplit.cloud.calibration_store import calibrations_in
from evosplit.cloud.plan_service import PlanAnswer, PlanRequest
from evosplit.cloud.registry import Model
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.planner.accuracy_promise import asked_promise, kept_line
from evosplit.planner.bundle import build_bundle
from evosplit.planner.calibrate import Calibrator
from evosplit.planner.calibration.calibration_data import Evidence, evidence_in
from evosplit.planner.calibration.input_files import LabelledFeeds, calibration_source
from evosplit.planner.service import kept_plans, service_problem
from evosplit.shared.card import card_to_data
from evosplit.shared.measurement_store import MeasurementStore

_LOG: Final = logging.getLogger("evosplit.cloud")


class Planner:
    """Plans for any model of the folder. ``data`` keeps what is slow to measure."""

    def __init__(self, data: Path, threads: int) -> None:
        store = MeasurementStore(data)
        self._sent = calibrations_in(data)
        self._threads = threads
        self._profiler = DeviceProfiler(store, threads)
        self._calibrator = Calibrator(store, threads)

    def __call__(self, model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
        """Plan and write the bundle to ``path``.

        Raises InfeasibleError, ProfileError, InputError, NotFoundError.
        """
        calibration = self._calibrator.calibrate(model.graph, model.card, self._evidence(model, request))
        problem = service_problem(
            model.graph,
            request.profile,
            self._profiler.profile(model.graph),
            calibration.errors,
            request.rtt_s,
            request.limits,
            calibration.encodings,
            request.expectation,
        )
        promise = asked_promise(request.max_drop, request.limits.max_error)
        judge = None if promise.max_drop is None else calibration.judge(model.graph, self._threads)
        table, kept = kept_plans(problem, promise, judge)
        _LOG.info("%s: %s", model.name, kept_line(calibration.kind, promise, kept))
        card = None if model.card is None else card_to_data(model.card)
        kind = None if calibration.kind == "noise" else calibration.kind
        bundle = build_bundle(model.graph, table, card, path, kind, promise.max_drop)
        return PlanAnswer(bundle, table)

    def _evidence(self, model: Model, request: PlanRequest) -> Evidence:
        """What is known of the model's inputs: from the edge that asks, else from files beside the model."""
        if request.statistics is not None:
            return Evidence("live", errors=request.statistics)
        if request.calibration is not None:
            feeds = self._sent.feeds(model, request.calibration)
            return Evidence("live", LabelledFeeds(feeds, None))
        return evidence_in(model.graph, model.card, calibration_source(model.path))
