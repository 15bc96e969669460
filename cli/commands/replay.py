"""`evosplit replay`: takes the decisions of a log again, and says which come out otherwise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from evosplit.shared.decision_replay import replay as replayed
from evosplit.shared.errors import UsageError

_SHOWN: Final = 10
"""Differences that are listed; all are counted."""


@click.command()
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def replay(log: Path) -> None:
    r"""Take the decisions of LOG again: which plan, at each change of links and device, for each frame.

    An agent writes such a log with --decision-log. Exit status 1 where a decision comes out otherwise.

    \b
    Example: evosplit replay decisions.jsonl
    """
    try:
        with log.open("rb") as lines:
            outcome = replayed(lines)
    except OSError as problem:
        raise UsageError(f"cannot read {log}: {problem.strerror}") from None
    for difference in outcome.differences[:_SHOWN]:
        logged, decided = ((digest or "none")[:12] for digest in (difference.logged, difference.decided))
        click.echo(f"line {difference.number}: {difference.event} was {logged}, is {decided}")
    counts = (outcome.decisions, outcome.changes, len(outcome.differences))
    click.echo("{} decisions, {} changes of plan, {} differences".format(*counts))
    sys.exit(1 if outcome.differences else 0)
