"""Planning for one model: profile and error table (both kept), plan table, bundle."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cloud.plans import PlanAnswer, PlanRequest
from cloud.registry import Model
from kernels.codec import measure_codec
from kernels.errors.inputs import Feeds
from kernels.errors.table import METHOD, ErrorTable, measure_errors
from planner.calibration.files import calibration_feeds, calibration_source, feeds_digest, labelled_feeds
from planner.drop.accuracy import Judge
from planner.drop.judges import judge_for
from planner.encodings import InputEncoding
from planner.encodings.measure import PictureEncodings, measure_encodings
from planner.service import make_plans, service_problem
from shared.card import card_to_data
from shared.graph import Graph
from shared.kept import kept
from shared.machine import this_machine
from shared.profile import Profile
from shared.profiler import measure_profile
from shared.serial import digest

_LOG: Final = logging.getLogger("evosplit.cloud")
_KEY_CHARACTERS: Final = 16


class Planner:
    """Plans for any model of the folder. ``data`` keeps what is slow to measure."""

    def __init__(self, data: Path, threads: int) -> None:
        self._data = data
        self._threads = threads

    def __call__(self, model: Model, request: PlanRequest, path: Path) -> PlanAnswer:
        """Plan and write the bundle to ``path``. Raises InfeasibleError, ProfileError, InputError."""
        feeds = self._calibration(model)
        problem = service_problem(
            model.graph,
            request.profile,
            self._profile(model.graph),
            self._errors(model.graph, feeds),
            request.rtt_s,
            request.limits,
            self._encodings(model, feeds),
            request.expectation,
        )
        judge = None if request.max_drop is None else self._judge(model, problem.errors)
        card = None if model.card is None else card_to_data(model.card)
        table, digest_of_bundle = make_plans(problem, card, path, judge, request.max_drop)
        return PlanAnswer(digest_of_bundle, table)

    def _profile(self, graph: Graph) -> Profile:
        key = digest(this_machine())[:_KEY_CHARACTERS]
        path = self._data / "profiles" / f"{graph.sha256}-{self._threads}-{key}.json"
        return kept(Profile, path, lambda: _measure(graph, self._threads))

    def _errors(self, graph: Graph, feeds: Sequence[Feeds]) -> ErrorTable:
        key = digest((METHOD, feeds_digest(feeds)))[:_KEY_CHARACTERS]
        path = self._data / "errors" / f"{graph.sha256}-{key}.json"
        return kept(ErrorTable, path, lambda: measure_errors(graph, feeds, threads=self._threads))

    def _encodings(self, model: Model, feeds: Sequence[Feeds]) -> tuple[InputEncoding, ...]:
        """What pictures cost on their way to the network, on calibration inputs; nothing without a card."""
        card, graph = model.card, model.graph
        if card is None:
            return ()
        key = f"{feeds_digest(feeds)[:_KEY_CHARACTERS]}-{digest(card_to_data(card))[:_KEY_CHARACTERS]}"
        path = self._data / "pictures" / f"{graph.sha256}-{key}.json"
        measured = kept(PictureEncodings, path, lambda: measure_encodings(graph, card, feeds, self._threads))
        return measured.encodings

    def _judge(self, model: Model, errors: ErrorTable) -> Judge:
        inputs = labelled_feeds(model.graph, model.card, calibration_source(model.path))
        return judge_for(model.graph, model.card, inputs, errors, self._threads)

    def _calibration(self, model: Model) -> tuple[Feeds, ...]:
        source = calibration_source(model.path)
        if source is None:
            _LOG.warning("%s: no calibration inputs, so errors are measured on noise", model.name)
        return calibration_feeds(model.graph, model.card, source)


def _measure(graph: Graph, threads: int) -> Profile:
    _LOG.warning("measuring %s", graph.name)
    codec, plain = measure_codec(), measure_codec(codec="none")
    return measure_profile(graph, threads, 1.0, None, *codec, plain_s_per_byte=plain)
