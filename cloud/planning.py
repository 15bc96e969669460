"""Planning for one model: profile and error table (both kept), plan table, bundle."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cloud.calibration import calibration_feeds, feeds_digest, has_calibration
from cloud.kept import kept
from cloud.plans import PlanAnswer, PlanRequest
from cloud.registry import Model
from kernels.codec import measure_codec
from planner.bundle import build_bundle
from planner.errors_table import ErrorTable, measure_errors
from planner.problem import Problem
from planner.table import MAX_BANDWIDTH_BPS, plan_table
from shared.card import card_to_data
from shared.graph import Graph
from shared.link import Link
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
        problem = Problem(
            graph=model.graph,
            edge=request.profile,
            cloud=self._profile(model.graph),
            errors=self._errors(model),
            link=Link(MAX_BANDWIDTH_BPS, request.rtt_s),  # the table covers every bandwidth
            limits=request.limits,
        )
        table = plan_table(problem)
        return PlanAnswer(build_bundle(model.graph, table, _card(model), path), table)

    def _profile(self, graph: Graph) -> Profile:
        key = digest(this_machine())[:_KEY_CHARACTERS]
        path = self._data / "profiles" / f"{graph.sha256}-{self._threads}-{key}.json"
        return kept(Profile, path, lambda: _measure(graph, self._threads))

    def _errors(self, model: Model) -> ErrorTable:
        if not has_calibration(model):
            _LOG.warning(
                "%s has no calibration inputs: its quantisation errors are those of noise", model.name
            )
        feeds = calibration_feeds(model)
        key = feeds_digest(feeds)[:_KEY_CHARACTERS]
        path = self._data / "errors" / f"{model.graph.sha256}-{key}.json"
        return kept(ErrorTable, path, lambda: measure_errors(model.graph, feeds, threads=self._threads))


def _measure(graph: Graph, threads: int) -> Profile:
    _LOG.warning("measuring %s", graph.name)
    encode_s_per_byte, decode_s_per_byte = measure_codec()
    return measure_profile(graph, threads, 1.0, None, encode_s_per_byte, decode_s_per_byte)


def _card(model: Model) -> Mapping[str, Any] | None:
    return None if model.card is None else card_to_data(model.card)
