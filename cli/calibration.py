"""Error tables for the command line: measured once on calibration inputs, then kept."""

from __future__ import annotations

from pathlib import Path

from cli.cache import cached
from cli.card_files import find_card_or_none
from cli.output import progress, stderr
from kernels.errors.inputs import Feeds
from kernels.errors.table import DEFAULT_OPTIONS, METHOD, ErrorOptions, measure_errors
from kernels.errors.types import ErrorTable
from planner.calibration.files import calibration_feeds, calibration_source, feeds_digest
from shared.card import check_card, load_card
from shared.errors import InputError
from shared.graph import Graph
from shared.serial import digest


def error_table(
    graph: Graph,
    model: Path,
    card_file: Path | None,
    source: Path | None,
    options: ErrorOptions = DEFAULT_OPTIONS,
) -> ErrorTable:
    """Errors on the inputs in ``source``, or beside the model, or on noise (and says so)."""
    feeds = calibration_inputs(graph, model, card_file, source)
    key = (graph.sha256, feeds_digest(feeds), digest(options), METHOD)
    return cached(ErrorTable, key, lambda: _measure(graph, feeds, options))


def calibration_inputs(
    graph: Graph, model: Path, card_file: Path | None, source: Path | None
) -> tuple[Feeds, ...]:
    """The feeds that ``error_table`` measures on. Raises InputError or CardError."""
    card_path = card_file or find_card_or_none(model)
    card = check_card(load_card(card_path), graph) if card_path else None
    found = source or calibration_source(model)
    if found is None:
        stderr.print(f"{graph.name}: no calibration inputs (--calibration), so errors are measured on noise")
    elif not found.exists():
        raise InputError(f"there are no calibration inputs at {found}")
    return calibration_feeds(graph, card, found)


def _measure(graph: Graph, feeds: tuple[Feeds, ...], options: ErrorOptions) -> ErrorTable:
    with progress(f"errors of {graph.name}") as report:
        return measure_errors(graph, feeds, report, options=options)
