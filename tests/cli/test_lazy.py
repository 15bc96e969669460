"""Commands that are imported when they are used: their completion, and their help."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from evosplit.cli.lazy import LazyGroup
from evosplit.cli.main import main


def _completed(group: click.Command, words: list[str], begun: str) -> list[str]:
    completion = ShellComplete(group, {}, "evosplit", "_EVOSPLIT_COMPLETE")
    return [item.value for item in completion.get_completions(words, begun)]


def test_names_are_completed_without_importing_what_they_name() -> None:
    group = LazyGroup(modules={"edge": "no.such.module", "expect": "no.such.module", "top": "no.such.module"})
    assert _completed(group, [], "e") == ["edge", "expect"]
    assert _completed(group, [], "") == ["edge", "expect", "top"]


def test_options_of_a_command_are_completed() -> None:
    assert "--cut" in _completed(main, ["split"], "--c")
    assert _completed(main, [], "--ver") == ["--version"]


def test_examples_in_help_keep_their_lines() -> None:
    shown = CliRunner().invoke(main, ["config", "--help"]).stdout.splitlines()
    assert "  Example: evosplit config show --example > edge.yaml" in shown
    assert not any("\\b" in line for line in shown)
