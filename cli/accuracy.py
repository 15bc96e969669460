"""What `--max-drop` measures plans with: the calibration inputs, their labels if any, and the model card."""

from __future__ import annotations

from pathlib import Path

from cli.card_files import find_card_or_none
from cli.output import stderr
from planner.calibration.files import calibration_source, labelled_feeds
from planner.drop.accuracy import Judge
from planner.drop.judges import judge_for
from planner.errors.types import ErrorTable
from shared.card import check_card, load_card
from shared.errors import InputError
from shared.graph import Graph


def accuracy_judge(
    graph: Graph, model: Path, card_file: Path | None, source: Path | None, errors: ErrorTable, threads: int
) -> Judge:
    """Measures drops as `planner.drop.judges.judge_for`.

    Raises InputError without calibration inputs, UsageError for a network whose answers cannot be compared.
    """
    card_path = card_file or find_card_or_none(model)
    card = check_card(load_card(card_path), graph) if card_path else None
    found = source or calibration_source(model)
    if found is not None and not found.exists():
        raise InputError(f"there are no calibration inputs at {found}")
    inputs = labelled_feeds(graph, card, found)
    what = "agreement with the float network" if inputs.labels is None else "accuracy"
    stderr.print(f"{graph.name}: measuring {what} on {len(inputs.feeds)} inputs")
    return judge_for(graph, card, inputs, errors, threads)
