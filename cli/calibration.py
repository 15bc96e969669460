"""Calibration for the command line: where a command's real inputs are, and the errors measured on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from evosplit.cli.cache import cached
from evosplit.cli.card_files import find_card_or_none
from evosplit.cli.output import progress, stderr
from evosplit.kernels.errors.calibration_inputs import Feeds
from evosplit.kernels.errors.data_free import data_free_errors
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import DEFAULT_OPTIONS, METHOD, ErrorOptions, measure_errors
from evosplit.planner.calibration.calibration_data import evidence_in, measured_inputs
from evosplit.planner.calibration.input_files import (
    LabelledFeeds,
    calibration_source,
    feeds_digest,
    noise_feeds,
)
from evosplit.shared.bundle import CalibrationKind
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph
from evosplit.shared.serial import digest

NOISE: Final = "noise"
"""In place of a file: seeded random inputs, for experiments with networks whose weights are made up."""

Source: TypeAlias = Path | Literal["noise"] | None


@dataclass(frozen=True)
class Calibration:
    """A command's calibration inputs. ``measured`` are the few that errors are measured on.

    ``inputs`` are all of them, None for noise and where there are none.
    """

    kind: CalibrationKind | Literal["noise"]
    card: Card | None
    inputs: LabelledFeeds | None
    measured: tuple[Feeds, ...]


def calibration_of(graph: Graph, model: Path, card_file: Path | None, source: Source) -> Calibration:
    """The inputs in ``source``, else those beside the model, else none. Raises InputError or CardError."""
    card_path = card_file or find_card_or_none(model)
    card = check_card(load_card(card_path), graph) if card_path else None
    if source == NOISE:
        stderr.print(f"{graph.name}: errors are measured on noise, which promises nothing for real inputs")
        return Calibration("noise", card, None, noise_feeds(graph, card))
    found = calibration_source(model) if source is None else Path(source)
    if found is not None and not found.exists():
        raise InputError(f"there are no calibration inputs at {found}")
    evidence = evidence_in(graph, card, found)
    few = () if evidence.inputs is None else measured_inputs(card, evidence.inputs)
    return Calibration(evidence.kind, card, evidence.inputs, few)


def error_table(
    graph: Graph, calibration: Calibration, options: ErrorOptions = DEFAULT_OPTIONS
) -> ErrorTable:
    """Errors on the calibration inputs, measured once and kept; nominal ones where there are none."""
    feeds = calibration.measured
    if not feeds:
        return data_free_errors(graph)
    key = CacheKey("errors", graph.sha256, METHOD, inputs=feeds_digest(feeds), asked=digest(options))
    return cached(ErrorTable, key, lambda: _measure(graph, feeds, options))


def _measure(graph: Graph, feeds: tuple[Feeds, ...], options: ErrorOptions) -> ErrorTable:
    with progress(f"errors of {graph.name}") as report:
        return measure_errors(graph, feeds, report, options=options)
