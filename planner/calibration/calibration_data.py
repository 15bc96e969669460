"""Calibration data of a plan: where a network's ranges and errors come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from evosplit.kernels.errors.calibration_inputs import DEFAULT_INPUTS, Feeds, spread
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.calibration.input_files import LabelledFeeds, labelled_feeds, noise_feeds
from evosplit.shared.bundle import CalibrationKind
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph

EvidenceKind: TypeAlias = CalibrationKind | Literal["noise"]


@dataclass(frozen=True)
class Evidence:
    """What is known of real inputs: files of whoever runs the cloud, or what a device saw itself.

    ``kind`` is ``none`` (nothing is known, so nothing may be quantised by ranges), ``card`` (calibration
    files beside the model), ``live`` (from a device) or ``noise`` (made-up inputs, for experiments with
    made-up weights). ``inputs`` are the inputs, where there are any; ``errors`` the statistics of inputs that
    never left the device, computed there.
    """

    kind: EvidenceKind
    inputs: LabelledFeeds | None = None
    errors: ErrorTable | None = None


NO_EVIDENCE: Final = Evidence("none")
"""No real input is known."""


def evidence_in(graph: Graph, card: Card | None, source: Path | None) -> Evidence:
    """That of calibration files; `NO_EVIDENCE` for None. Raises as `labelled_feeds`."""
    return NO_EVIDENCE if source is None else Evidence("card", labelled_feeds(graph, card, source))


def noise_evidence(graph: Graph, card: Card | None) -> Evidence:
    """Seeded random inputs within the card's range, which promise nothing for real ones."""
    return Evidence("noise", LabelledFeeds(noise_feeds(graph, card), None))


def measured_inputs(card: Card | None, inputs: LabelledFeeds) -> tuple[Feeds, ...]:
    """The few that errors are measured on, evenly spread; as many as the card wants."""
    count = card.calibration.samples if card else DEFAULT_INPUTS
    return tuple(inputs.feeds[index] for index in spread(len(inputs.feeds), count))
