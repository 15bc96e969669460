"""Commands that are imported when they are used: their completion, and their help."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

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


_INTERRUPTED = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    raise ImportError("as native modules have it") from None
"""


def _begun(folder: Path, handler: str) -> subprocess.CompletedProcess[str]:
    """A process that runs a command whose module is interrupted while it loads."""
    (folder / "interrupted.py").write_text(
        _INTERRUPTED + "import click\n@click.command()\ndef interrupted(): ...\n"
    )
    program = (
        f"import signal, sys; sys.path.insert(0, {str(folder)!r}); signal.signal(signal.SIGINT, {handler})\n"
        "from evosplit.cli.lazy import LazyGroup\n"
        "LazyGroup(modules={'interrupted': 'interrupted'})(['interrupted'])"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_ctrl_c_while_a_command_is_imported_ends_it_without_a_traceback(tmp_path: Path) -> None:
    ended = _begun(tmp_path, "signal.default_int_handler")
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")


def test_a_signal_that_is_ignored_stays_ignored_while_a_command_is_imported(tmp_path: Path) -> None:
    ended = _begun(tmp_path, "signal.SIG_IGN")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_handler_is_back_once_a_command_is_imported() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert main.get_command(click.Context(main), "shaper") is not None
    assert signal.getsignal(signal.SIGINT) == before
