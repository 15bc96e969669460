"""Options made from settings: types, bounds and defaults are the fields' own."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from evosplit.cli.settings_options import given, settings_options
from evosplit.edge.settings import EdgeSettings


def run(*options: str) -> tuple[int, dict[str, Any], str]:
    told: dict[str, Any] = {}

    @click.command()
    @settings_options(EdgeSettings)
    @click.pass_context
    def command(context: click.Context, /, **options: Any) -> None:
        told.update(given(context, options))

    result = CliRunner().invoke(command, options)
    return result.exit_code, told, result.output


def test_only_what_is_given_is_told() -> None:
    assert run() == (0, {}, "")
    assert run("--port", "1", "--memory", "64MB", "--no-hooks", "--hooks", "exit,skip", "--no-integers")[
        1
    ] == {
        "port": 1,
        "memory_bytes": 64 * 10**6,
        "hooks": False,
        "hook_kinds": ("exit", "skip"),
        "integers": False,
    }
    assert run("--region", "0.2,0.5,0.8,1", "--private", "--provider", "cpu", "--exit-agreement", "1")[1] == {
        "region": (0.2, 0.5, 0.8, 1.0),
        "private": True,
        "provider": "cpu",
        "exit_agreement": 1.0,
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "70000"), "70000 is not in the range 0<=x<=65535"),
        (("--exit-agreement", "0"), "0.0 is not in the range 0<x<=1"),
        (("--memory", "much"), "much"),
        (("--hooks", "luck"), "'luck' is not one of exit"),
        (("--region", "1,2"), "not a region: '1,2' (write it like 0.2,0.5,0.8,1)"),
        (("--provider", "abacus"), "abacus"),
    ],
)
def test_what_does_not_fit_is_wrong_usage(options: tuple[str, ...], said: str) -> None:
    status, told, output = run(*options)
    assert (status, told) == (2, {})
    assert said in output


def test_help_shows_defaults_as_one_would_write_them() -> None:
    shown = " ".join(run("--help")[2].split())
    for default in (
        "[default: 16MB]",
        "[default: exit,repeat,bits,channels]",
        "[default: 9000; 0<=x<=65535]",
    ):
        assert default in shown
