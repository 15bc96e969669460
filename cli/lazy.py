"""Lazy command group: commands are imported when they are used, so each machine installs what it needs."""

from __future__ import annotations

import importlib
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from click.shell_completion import CompletionItem

from evosplit.shared.errors import UsageError

_EXTRAS = {
    **dict.fromkeys(("cloud", "models", "worker"), "cloud"),
    "demo": "demo",
    **dict.fromkeys(
        ("certs", "config", "edge", "example", "fleet", "new", "results", "sources", "top"), "edge"
    ),
    "mlperf": "mlperf",
    **dict.fromkeys(("compare", "pareto", "plan", "table"), "planner"),
}
_OURS = "evosplit"


class LazyGroup(click.Group):
    """``modules`` says in which module each command is; the command has the module's last name."""

    def __init__(self, *args: Any, modules: Mapping[str, str], **options: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **options)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which a user meets them."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; one that says what is missing where its extra is not installed."""
        if cmd_name not in self._modules:
            return None
        try:
            with _ended_by_ctrl_c():
                module = importlib.import_module(self._modules[cmd_name])
        except ModuleNotFoundError as missing:
            if missing.name is None or missing.name.partition(".")[0] == _OURS:
                raise
            return _missing(cmd_name, missing.name)
        return _with_lines(getattr(module, cmd_name))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands without importing each: completion is to be quick."""
        names = [CompletionItem(name) for name in self._modules if name.startswith(incomplete)]
        return names if names and not incomplete.startswith("-") else super().shell_complete(ctx, incomplete)


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """SIGINT ends the process at once: native modules make an ImportError, and a traceback, of an interrupt.

    Nothing is open yet while modules load. A SIGINT that is ignored, as by ``nohup``, or handled stays so.
    """
    ours = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) != ours:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, ours)


def _with_lines(command: click.Command) -> click.Command:
    r"""The command, its examples line by line: in raw docstrings click's mark for that is two characters."""
    command.help = (command.help or "").replace("\\b\n", "\b\n") or None
    for inner in getattr(command, "commands", {}).values():
        _with_lines(inner)
    return command


def _missing(command: str, module: str) -> click.Command:
    extra = _EXTRAS.get(command, "demo")

    def refuse() -> None:
        raise UsageError(f"{command} needs {module}, which is not here: pip install 'evosplit[{extra}]'")

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        command,
        callback=refuse,
        context_settings=settings,
        short_help=f"(needs evosplit[{extra}])",
    )
