"""Plan service: an edge's profile in, a plan table and a bundle out. Slow, so every answer is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from evosplit.cloud.bundle_store import BundleStore
from evosplit.cloud.calibration_store import calibrations_in
from evosplit.cloud.registry import Model
from evosplit.cloud.restorations import Restorations
from evosplit.cloud.storage.store import Store
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import METHOD as ERROR_METHOD
from evosplit.planner.calibration.input_files import calibration_source, files_fingerprint
from evosplit.planner.problem.limits import Limits
from evosplit.planner.service import METHOD
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.errors import ProfileError
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.machine import this_machine
from evosplit.shared.plan import PlanTable
from evosplit.shared.profile import Profile
from evosplit.shared.serial import digest, from_json


@dataclass(frozen=True)
class PlanRequest:
    """What an edge asks: its own profile, the round-trip time that it sees, and its limits.

    ``max_drop`` is the accuracy that plans may cost, a share; None asks for the default one, as far as the
    calibration inputs can show it, unless the limits name an error
    (`evosplit.planner.accuracy_promise.asked_promise`). ``expectation`` is what the edge's hooks and masks
    have spared so far. ``calibration`` names a set of inputs that the edge has sent, ``statistics`` are the
    errors that it has measured itself on inputs which stay there; without both, the files beside the model
    count. ``restores`` says that it can name restoration networks in its frames.
    """

    profile: Profile
    rtt_s: float = 0.0
    limits: Limits = field(default_factory=Limits)
    max_drop: float | None = None
    expectation: Expectation = NOTHING_SPARED
    calibration: str | None = None
    statistics: ErrorTable | None = None
    restores: bool = False


@dataclass(frozen=True)
class PlanAnswer:
    """The digest of the bundle to fetch, and the table that is in it."""

    bundle: str
    table: PlanTable


MakePlans = Callable[[Model, PlanRequest, Path], PlanAnswer]
"""Plan for a model and write the bundle to a path."""
Notice = Callable[[Model, PlanRequest], None]


def _nobody(model: Model, request: PlanRequest) -> None:
    """Nobody wants to know."""


class PlanService:
    """Answers each question once: the same one, asked again, is answered from the store.

    One caller at a time (the ingress has one thread for it), so that measurements do not disturb each other.
    ``notice`` hears of every request that was answered.
    """

    def __init__(self, store: Store, make_plans: MakePlans, notice: Notice = _nobody) -> None:
        self.bundles = BundleStore(store.objects.below("bundles"))
        self.calibrations = calibrations_in(store.objects)
        self.restorations = Restorations(store.objects)
        self._records = store.records
        self._make_plans, self._notice = make_plans, notice

    def plan(self, model: Model, body: bytes) -> PlanAnswer:
        """The answer to the JSON of a `PlanRequest`.

        Raises ProfileError for a request that is malformed or of another model, InfeasibleError when no plan
        meets the limits.
        """
        request = read_request(model, body)
        answer = self._answer(model, request)
        self._notice(model, request)
        return answer

    def _answer(self, model: Model, request: PlanRequest) -> PlanAnswer:
        name = self._question(model, request)
        with self._records.changing() as records:
            known = records.get(PlanAnswer, name)
            records.touch(PlanAnswer, name)  # `recent` goes by the last time that a table was handed out
        if known is not None and self.bundles.has(known.bundle):
            return known
        written = self.bundles.place(name)
        answer = self._make_plans(model, request, written)
        self.bundles.adopt(written, answer.bundle)
        with self._records.changing() as records:
            records.put(name, answer)
        return answer

    def recent(self, count: int) -> tuple[PlanTable, ...]:
        """The tables that were handed out last, newest first: by other replicas, and before a start, too."""
        with self._records.reading() as records:
            return tuple(answer.table for _, answer in records.all(PlanAnswer, count))

    def _question(self, model: Model, request: PlanRequest) -> str:
        """The name of all that an answer depends on. Raises NotFoundError for a calibration that is gone."""
        named = request.calibration
        files = calibration_source(model.path)
        key = CacheKey(
            "plans",
            model.graph.sha256,
            f"{METHOD}, {ERROR_METHOD}",
            model.card,
            this_machine(),
            inputs=self.calibrations.fingerprint(model, named) if named else files_fingerprint(files),
            asked=digest((request, self.restorations.state(model.graph.sha256) if request.restores else "")),
        )
        return key.digest


def read_request(model: Model, body: bytes) -> PlanRequest:
    """Parse and check against the model. Raises ProfileError."""
    request = from_json(PlanRequest, body, ProfileError)
    profile, graph = request.profile, model.graph
    if profile.model_sha256 != graph.sha256:
        raise ProfileError(f"the profile is of another version of {model.name} ({profile.model_sha256[:12]})")
    _check_statistics(model, request)
    if len(profile.layer_s) != len(graph.layers):
        raise ProfileError(f"the profile has {len(profile.layer_s)} layers, {model.name} {len(graph.layers)}")
    return request


def _check_statistics(model: Model, request: PlanRequest) -> None:
    statistics = request.statistics
    if statistics is None:
        return
    if request.calibration is not None:
        raise ProfileError("statistics and a calibration of sent inputs exclude each other")
    if statistics.model_sha256 != model.graph.sha256:
        raise ProfileError(f"the statistics are of another version of {model.name}")
    needed = {name for name, tensor in model.graph.tensors.items() if tensor.is_float}
    if missing := needed - statistics.activations.keys():
        raise ProfileError(f"the statistics say nothing of tensor {min(missing)!r}")
