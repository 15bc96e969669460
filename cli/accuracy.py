"""What `--max-drop` measures plans with: the calibration inputs, their labels if any, and the model card."""

from __future__ import annotations

from cli.card_files import find_card_or_none
from cli.output import stderr
from cli.planning import Asked
from kernels.errors.types import ErrorTable
from planner.calibration.files import calibration_source, labelled_feeds
from planner.drop.accuracy import Choice, Judge
from planner.drop.judges import judge_for
from shared.card import check_card, load_card
from shared.errors import InputError
from shared.graph import Graph


def accuracy_judge(graph: Graph, asked: Asked, errors: ErrorTable) -> Judge:
    """Measures drops as `planner.drop.judges.judge_for`, on the inputs that a command names.

    Raises InputError without calibration inputs, UsageError for a network whose answers cannot be compared.
    """
    card_path = asked.card_file or find_card_or_none(asked.model)
    card = check_card(load_card(card_path), graph) if card_path else None
    found = asked.calibration or calibration_source(asked.model)
    if found is not None and not found.exists():
        raise InputError(f"there are no calibration inputs at {found}")
    inputs = labelled_feeds(graph, card, found)
    what = "agreement with the float network" if inputs.labels is None else "accuracy"
    stderr.print(f"{graph.name}: measuring {what} on {len(inputs.feeds)} inputs")
    return judge_for(graph, card, inputs, errors, asked.threads)


def say_choice(graph: Graph, choice: Choice) -> None:
    """Which error limit holds the drop."""
    drop = choice.drop
    stderr.print(
        f"{graph.name}: an error limit of {choice.max_error:g} holds: "
        f"a drop of {drop.measured:.2%} measured, at most {drop.upper:.2%} expected elsewhere"
    )
