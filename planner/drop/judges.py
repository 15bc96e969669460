"""Choice of the drop measure of a network: margins of classes and texts, or shares kept."""

from __future__ import annotations

from collections.abc import Callable

from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.calibration.input_files import LabelledFeeds
from evosplit.planner.drop.accuracy import Judge
from evosplit.planner.drop.affordable import affordable
from evosplit.planner.drop.margins import reader_for
from evosplit.planner.drop.measured import MeasuredDrop
from evosplit.planner.drop.shares import SharesDrop
from evosplit.planner.encodings.picture_round_trip import picture_wire
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.restoration.store import RestorationOf


def judge_for(
    graph: Graph,
    card: Card | None,
    inputs: LabelledFeeds,
    errors: ErrorTable | None,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    restoration_of: RestorationOf | None = None,
) -> Judge:
    """Accuracy where inputs have labels, else agreement with the float network.

    Boxes, texts of given forms, pictures and raw values are always judged by agreement, in the unit of
    `evosplit.shared.agreement`. Large networks are judged on fewer inputs:
    `evosplit.planner.drop.affordable`. Raises InputError without inputs.
    """
    inputs = affordable(graph, inputs)
    pictures = picture_wire(card) if card else None
    reader = reader_for(graph, card)
    if reader is None:
        return SharesDrop(graph, card, inputs.feeds, threads, errors, pictures, progress, restoration_of)
    return MeasuredDrop(
        graph, reader, inputs.feeds, inputs.labels, threads, errors, pictures, progress, restoration_of
    )
