"""Planning for one model: profile and calibration (both kept), plan table, bundle."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from evosplit.cloud.calibration_store import calibrations_in
from evosplit.cloud.plan_service import PlanAnswer, PlanRequest
from evosplit.cloud.registry import Model
from evosplit.cloud.restorations import Lesson, Restorations
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.accuracy_promise import asked_promise, kept_line
from evosplit.planner.bundle import build_bundle
from evosplit.planner.calibrate import Calibration, Calibrator
from evosplit.planner.calibration.calibration_data import Evidence, evidence_in
from evosplit.planner.calibration.input_files import (
    LabelledFeeds,
    calibration_source,
    files_fingerprint,
)
from evosplit.planner.restoration.feature_pairs import enough_inputs
from evosplit.planner.restoration.learn import learn_restorations
from evosplit.planner.restoration.restorable_tensors import restorable_tensors
from evosplit.planner.restoration.restorations import with_restorations
from evosplit.planner.service import kept_plans, service_problem
from evosplit.shared.card import card_to_data
from evosplit.shared.measurement_store import MeasurementStore
from evosplit.shared.serial import digest
from evosplit.shared.storage.objects import Objects

_LOG: Final = logging.getLogger("evosplit.cloud")


class Planner:
    """Plans for any model of the folder. ``objects`` keep what is slow to measure."""

    def __init__(self, objects: Objects, threads: int) -> None:
        store = MeasurementStore(objects)
        self._sent = calibrations_in(objects)
        self._threads = threads
        self._profiler = DeviceProfiler(store, threads)
        self._calibrator = Calibrator(store, threads)
        self._restorations = Restorations(objects)

    def __call__(self, model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
        """Plan and write the bundle to ``path``.

        Raises InfeasibleError, ProfileError, InputError, NotFoundError.
        """
        calibration = self._calibrator.calibrate(model.graph, model.card, self._evidence(model, request))
        problem = service_problem(
            model.graph,
            request.profile,
            self._profiler.profile(model.graph),
            self._errors(model, request, calibration),
            request.rtt_s,
            request.limits,
            calibration.encodings,
            request.expectation,
        )
        promise = asked_promise(request.max_drop, request.limits.max_error)
        networks = self._restorations.networks
        judged = promise.max_drop is not None
        judge = calibration.judge(model.graph, self._threads, None, networks) if judged else None
        table, kept = kept_plans(problem, promise, judge)
        _LOG.info("%s: %s", model.name, kept_line(calibration.kind, promise, kept))
        card = None if model.card is None else card_to_data(model.card)
        kind = None if calibration.kind == "noise" else calibration.kind
        bundle = build_bundle(model.graph, table, card, path, kind, promise.max_drop, networks)
        return PlanAnswer(bundle, table)

    def learn(self, model: Model, request: PlanRequest) -> int:
        """Learn the restorations of one more tensor from the request's calibration; how many are left.

        Raises InputError, ModelError, NotFoundError, StoreError.
        """
        lesson = self._lesson(model, request)
        evidence = self._evidence(model, request)
        if self._restorations.is_done(lesson) or evidence.inputs is None:
            return 0
        calibration = self._calibrator.calibrate(model.graph, model.card, evidence)
        known = self._restorations.known(lesson)
        left = [
            place
            for place in restorable_tensors(model.graph, calibration.errors)
            if place.tensor not in known and enough_inputs(evidence.inputs.feeds)
        ]
        if left:
            ladder = calibration.errors.activations[left[0].tensor].coded
            feeds = evidence.inputs.feeds
            learned = learn_restorations(model.graph, model.card, left[0], ladder, feeds, self._threads)
            self._restorations.keep(lesson, learned)
            _LOG.info("%s: %s restored at %d steps", model.name, left[0].tensor, len(learned.networks))
        if len(left) <= 1:
            self._restorations.finish(lesson)
        return max(len(left) - 1, 0)

    def _errors(self, model: Model, request: PlanRequest, calibration: Calibration) -> ErrorTable:
        """The calibration's, behind restorations where the device can name them."""
        if not request.restores or request.statistics is not None:
            return calibration.errors
        known = self._restorations.known(self._lesson(model, request))
        return with_restorations(calibration.errors, known.values())

    def _lesson(self, model: Model, request: PlanRequest) -> Lesson:
        named = request.calibration
        files = files_fingerprint(calibration_source(model.path))
        inputs = self._sent.fingerprint(model, named) if named else files
        card = "" if model.card is None else digest(card_to_data(model.card))
        return Lesson(model.graph.sha256, inputs, card)

    def _evidence(self, model: Model, request: PlanRequest) -> Evidence:
        """What is known of the model's inputs: from the edge that asks, else from files beside the model."""
        if request.statistics is not None:
            return Evidence("live", errors=request.statistics)
        if request.calibration is not None:
            feeds = self._sent.feeds(model, request.calibration)
            return Evidence("live", LabelledFeeds(feeds, None))
        return evidence_in(model.graph, model.card, calibration_source(model.path))
