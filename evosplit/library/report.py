"""Typed results that a notebook shows as HTML tables and a program reads as plain data."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST_ROWS: Final = 40
"""Rows of a table that are written as text; `_repr_html_` has all of them."""


@dataclass(frozen=True)
class Listing:
    """One table of text: a title, the columns' heads, and the cells row by row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def listing(title: str, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> Listing:
    """A table of whatever can be written as text."""
    return Listing(title, tuple(columns), tuple(tuple(str(cell) for cell in row) for row in rows))


class Report(ABC):
    """What a function of the library found: data, tables, and lines beside them."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and scalars, as JSON knows them."""

    @abstractmethod
    def listings(self) -> tuple[Listing, ...]:
        """The tables that people read."""

    def remarks(self) -> tuple[str, ...]:
        """Lines below the tables."""
        return ()

    def __repr__(self) -> str:
        """The tables and remarks as text: what a session at a terminal shows."""
        return "\n".join((*(_as_text(table) for table in self.listings()), *self.remarks()))

    def _repr_html_(self) -> str:
        """The tables and remarks as HTML, for notebooks."""
        tables = "".join(_table(table) for table in self.listings())
        return tables + "".join(f"<p>{html.escape(line)}</p>" for line in self.remarks())


def _as_text(table: Listing) -> str:
    rows = (table.columns, *table.rows[:MOST_ROWS])
    widths = [max(len(cell) for cell in cells) for cells in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    more = len(table.rows) - MOST_ROWS
    return "\n".join((table.title, *lines, *((f"and {more} more",) if more > 0 else ())))


def _table(table: Listing) -> str:
    head = _row("th", table.columns)
    body = "".join(_row("td", row) for row in table.rows)
    caption = f"<caption>{html.escape(table.title)}</caption>"
    return f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>"


def _row(cell: str, texts: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{cell}>{html.escape(text)}</{cell}>' for text in texts)}</tr>"
