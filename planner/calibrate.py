"""Calibration of a network: quantisation errors and picture encodings, measured on real inputs and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evosplit.kernels.errors.calibration_inputs import Feeds
from evosplit.kernels.errors.data_free import data_free_errors
from evosplit.kernels.errors.error_options import ErrorOptions
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import DEFAULT_OPTIONS, measure_errors
from evosplit.kernels.errors.measure_table import METHOD as ERRORS
from evosplit.planner.calibration.calibration_data import Evidence, EvidenceKind, measured_inputs
from evosplit.planner.calibration.input_files import LabelledFeeds, feeds_digest
from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.encodings.encoding_costs import (
    MAX_INPUTS,
    PictureEncodings,
    data_free_encodings,
    measure_encodings,
)
from evosplit.planner.encodings.encoding_costs import METHOD as PICTURES
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.machine import this_machine
from evosplit.shared.measurement_store import MeasurementStore
from evosplit.shared.restoration.store import RestorationOf
from evosplit.shared.serial import digest

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Calibration:
    """What is known of a network's inputs, and what quantising and picture codecs cost on them.

    ``kind`` is `Evidence.kind`. ``inputs`` judge accuracy drops; None where there are none, for noise, and
    where a device kept them to itself. ``errors`` are nominal (no samples) without any evidence.
    """

    kind: EvidenceKind
    card: Card | None
    errors: ErrorTable
    encodings: tuple[InputEncoding, ...] = ()
    inputs: LabelledFeeds | None = field(default=None, repr=False)

    def judge(
        self,
        graph: Graph,
        threads: int = 1,
        progress: Progress | None = None,
        restoration_of: RestorationOf | None = None,
    ) -> Judge | None:
        """Measures accuracy drops of plans (`judge_for`); None without inputs to do so."""
        if self.inputs is None:
            return None
        return judge_for(graph, self.card, self.inputs, self.errors, threads, progress, restoration_of)


@dataclass(frozen=True)
class Calibrator:
    """Measures with ``threads`` threads (0: all cores), and keeps what it measured in ``store``."""

    store: MeasurementStore
    threads: int = 0

    def calibrate(
        self,
        graph: Graph,
        card: Card | None,
        evidence: Evidence,
        options: ErrorOptions = DEFAULT_OPTIONS,
        progress: Progress | None = None,
    ) -> Calibration:
        """Errors by ``options`` and encodings on the few inputs that the card asks for.

        Raises InputError, EvoSplitError.
        """
        few = _few(card, evidence)
        errors = evidence.errors or self._errors(graph, few, options, progress)
        judged = None if evidence.kind == "noise" else evidence.inputs
        return Calibration(evidence.kind, card, errors, self._encodings(graph, card, few), judged)

    def _errors(
        self, graph: Graph, feeds: Sequence[Feeds], options: ErrorOptions, progress: Progress | None
    ) -> ErrorTable:
        """Nominal ones without inputs."""
        if not feeds:
            return data_free_errors(graph)
        key = CacheKey("errors", graph.sha256, ERRORS, inputs=feeds_digest(feeds), asked=digest(options))
        return self.store.get(
            ErrorTable, key, lambda: measure_errors(graph, feeds, progress, self.threads, options)
        )

    def _encodings(
        self, graph: Graph, card: Card | None, feeds: Sequence[Feeds]
    ) -> tuple[InputEncoding, ...]:
        """What pictures cost on their way to the network; none without a model card."""
        if card is None:
            return ()
        few = feeds[:MAX_INPUTS]
        if not few:
            return data_free_encodings(graph, card).encodings
        key = CacheKey("pictures", graph.sha256, PICTURES, card, this_machine(), inputs=feeds_digest(few))
        measured = self.store.get(
            PictureEncodings, key, lambda: measure_encodings(graph, card, few, self.threads)
        )
        return measured.encodings


def _few(card: Card | None, evidence: Evidence) -> Sequence[Feeds]:
    """Noise is made as much as is measured on."""
    if evidence.inputs is None:
        return ()
    return evidence.inputs.feeds if evidence.kind == "noise" else measured_inputs(card, evidence.inputs)
