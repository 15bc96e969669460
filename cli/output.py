"""Output streams: answers to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from evosplit.library.progress import Progress as Report
from evosplit.library.report import Report as Found

_PLAIN_WIDTH = 110
"""Columns where no terminal says otherwise: wide enough for every table."""


def _console(stream: TextIO, *, stderr: bool) -> Console:
    """Texts are printed as they are: labels, streams and paths may hold what Rich takes for markup."""
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(stderr=stderr, width=width, markup=False, emoji=False)


stdout = _console(sys.stdout, stderr=False)
stderr = _console(sys.stderr, stderr=True)


def print_json(data: object) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, allow_nan=False))


def print_notes(notes: Iterable[str]) -> None:
    """Lines about a result on standard error."""
    for line in notes:
        stderr.print(line)


def print_report(typed_report: Found, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """A result's tables and remarks, or its data with ``more``, on standard output."""
    if as_json:
        print_json(typed_report.to_dict() | dict(more or {}))
        return
    for table in typed_report.listings():
        print_table(table.title, table.columns, table.rows)
    for line in typed_report.remarks():
        stdout.print(line, soft_wrap=True)


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
def progress() -> Iterator[Report]:
    """Progress bars on standard error, one for each measurement that is told of."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bars = Progress(*columns, console=stderr, transient=True)
    tasks: dict[str, TaskID] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in tasks:
            bars.start()
            tasks[what] = bars.add_task(what)
        bars.update(tasks[what], completed=done, total=total)

    try:
        yield report
    finally:
        if tasks:  # it writes an empty line even where it was not started
            bars.stop()
