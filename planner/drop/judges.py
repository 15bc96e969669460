"""Who judges the drop of a network's plans: by classes and texts, or by boxes."""

from __future__ import annotations

from collections.abc import Callable

from kernels.errors.types import ErrorTable
from planner.calibration.files import LabelledFeeds
from planner.drop.accuracy import Judge
from planner.drop.affordable import affordable
from planner.drop.boxes import BoxesDrop
from planner.drop.margins import reader_for
from planner.drop.measured import MeasuredDrop
from planner.encodings.wire import picture_wire
from shared.card import Card
from shared.card.outputs import UltraFaceOutput, YoloxOutput
from shared.graph import Graph


def judge_for(
    graph: Graph,
    card: Card | None,
    inputs: LabelledFeeds,
    errors: ErrorTable | None,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Judge:
    """Accuracy where inputs have labels, else agreement with the float network; boxes always by agreement.

    Large networks are judged on fewer inputs: `planner.drop.affordable`.
    Raises InputError without inputs, UsageError for a network whose answers cannot be compared.
    """
    inputs = affordable(graph, inputs)
    pictures = picture_wire(card) if card else None
    if card is not None and isinstance(card.output, (YoloxOutput, UltraFaceOutput)):
        return BoxesDrop(graph, card, inputs.feeds, threads, errors, pictures, progress)
    reader = reader_for(graph, card)
    return MeasuredDrop(graph, reader, inputs.feeds, inputs.labels, threads, errors, pictures, progress)
