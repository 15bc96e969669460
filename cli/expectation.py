"""Reading of expected savings, for plans that count on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from evosplit.cli.options import FILE
from evosplit.shared.errors import ProfileError, UsageError
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.serial import from_data

expectation_option: Final = click.option(
    "--expect",
    "expect_file",
    type=FILE,
    help="What an agent's hooks and masks spare: what GET /v1/profile of that agent answered.",
)


def read_expectation(path: Path | None) -> Expectation:
    """An agent's profile at run time, or that part of it alone. Raises UsageError, ProfileError."""
    if path is None:
        return NOTHING_SPARED
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path.name}: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{path.name} is no JSON") from None
    part = data.get("expectation", data) if isinstance(data, dict) else data
    return from_data(Expectation, part, ProfileError)
