"""Where output goes: answers to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

_PLAIN_WIDTH = 110
"""Columns where no terminal says otherwise: wide enough for every table."""


def _console(stream: TextIO, *, stderr: bool) -> Console:
    return Console(stderr=stderr, width=None if stream.isatty() else _PLAIN_WIDTH)


stdout = _console(sys.stdout, stderr=False)
stderr = _console(sys.stderr, stderr=True)


def print_json(data: object) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, allow_nan=False))


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table on standard output; numbers to the right."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    lines = [[str(cell) for cell in row] for row in rows]
    for position, column in enumerate(columns):
        numeric = all(line[position][:1].isdigit() or line[position] in ("", "-") for line in lines)
        table.add_column(column, justify="right" if numeric and lines else "left")
    for line in lines:
        table.add_row(*line)
    stdout.print(table)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; call the yielded function with (done, total)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
