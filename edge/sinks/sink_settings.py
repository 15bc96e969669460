"""Settings of sinks: from a YAML file, or from addresses with rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from evosplit.shared.errors import UsageError
from evosplit.shared.validation_line import problem_place, validation_line

Topics = Literal["native", "homeassistant", "kubeedge", "edgex", "sparkplug"]
CLOUD: Final = "cloud"
"""In the place of an address: the agent's cloud, which keeps the results of its edges."""
_RULE: Final = re.compile(r"\s+if\s+")


class SinkSettings(BaseModel):
    """One sink: ``to`` is an address of http, https, mqtt or mqtts, or ``cloud``.

    Secrets lie in files of their own: ``secret_file`` signs webhooks, ``password_file`` is the broker's
    password or the webhook's bearer token, ``ca_file`` the authority of the other side's certificate (PEM;
    without it those of the system). A broker with ``control`` may set things, too
    (`evosplit.edge.control`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] | None = None
    rule: str | None = None
    topics: Topics = "native"
    user: str | None = None
    password_file: Path | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None
    control: bool = False

    @property
    def key(self) -> str:
        """What the cursor is kept under: the name, else the address without its secrets."""
        parts = urlsplit(self.to)
        if self.to == CLOUD:
            return self.name or CLOUD
        return self.name or f"{parts.scheme}://{parts.hostname}:{parts.port or ''}{parts.path}#{self.topics}"


def sink_settings(text: str) -> SinkSettings:
    """``ADDRESS`` or ``ADDRESS if RULE``. Raises UsageError."""
    to, *rule = _RULE.split(text.strip(), maxsplit=1)
    return SinkSettings(to=to, rule=rule[0] if rule else None)


def read_sinks(path: Path) -> tuple[SinkSettings, ...]:
    """The list under ``sinks`` of a YAML file. Raises UsageError."""
    try:
        content = yaml.safe_load(path.read_text())
        told = content["sinks"] if isinstance(content, dict) else None
        sinks = TypeAdapter(tuple[SinkSettings, ...]).validate_python(told)
    except (OSError, UnicodeDecodeError, KeyError, yaml.YAMLError) as unreadable:
        raise UsageError(f"cannot read sinks from {path}: {unreadable}") from None
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = problem_place(first)
        raise UsageError(f"{path}: sinks.{place}: {validation_line(first)}") from None
    return sinks


def check_names(sinks: Sequence[SinkSettings]) -> None:
    """Two sinks must not share a cursor. Raises UsageError."""
    keys = [each.key for each in sinks]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise UsageError(f"two sinks are called {min(twice)!r}: give each a name")
