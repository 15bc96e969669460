"""Tables and lines of commands: texts of others are printed as they are."""

from __future__ import annotations

import pytest

from evosplit.cli.output import print_notes, print_table, stderr, stdout

TEXTS = ("[/x]", "[red]bus", "a [bold]", ":car:", "[link=http://x]y[/link]")
"""Streams and labels that Rich would take for markup, or for an emoji."""


@pytest.mark.parametrize("text", TEXTS)
def test_what_looks_like_markup_is_printed_as_it_is(text: str) -> None:
    with stdout.capture() as shown:
        print_table(text, ("answer",), [(text,)])
    assert shown.get().count(text) == 2


@pytest.mark.parametrize("text", TEXTS)
def test_so_it_is_in_notes(text: str) -> None:
    with stderr.capture() as shown:
        print_notes([text])
    assert shown.get() == f"{text}\n"
