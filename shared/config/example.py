"""Commented example of a configuration file, written from the definition of the settings."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any, Final

import yaml
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from evosplit.shared.config.fields import is_secret, told_of
from evosplit.shared.config.view import plain
from evosplit.shared.units import format_size, parse_size

_WIDTH: Final = 100


def example_file(kind: type[BaseSettings], needed: Mapping[str, Any], command: str) -> str:
    """A YAML file with every setting: those of ``needed`` with these values, all others commented out.

    ``command`` is the one that reads it.
    """
    head = (
        f"# Settings of `{command} --config FILE`. Options and the environment"
        f" ({kind.model_config.get('env_prefix')}NAME) come before this file.\n"
        "# `evosplit config check FILE` says what is wrong with it. Secrets lie in files of their own.\n"
    )
    fields = kind.model_fields.items()
    return head + "".join(_entry(name, field, needed) for name, field in fields if not is_secret(field))


def _entry(name: str, field: FieldInfo, needed: Mapping[str, Any]) -> str:
    is_needed = name in needed
    value = needed[name] if is_needed else _default(field)
    flag = told_of(field, "flag")
    said = f"{field.description or ''}{f' ({flag})' if flag else ''}"
    comment = "".join(f"# {line}\n" for line in textwrap.wrap(said, _WIDTH - 2))
    return f"\n{comment}{'' if is_needed else '#'}{_line(name, value)}"


def _default(field: FieldInfo) -> Any:  # noqa: ANN401 - of any type
    return _with_unit(field, plain(field.get_default(call_default_factory=True)))


def _with_unit(field: FieldInfo, value: Any) -> Any:  # noqa: ANN401 - plain data
    """Sizes and durations as one would write them, where that is the same value."""
    if not any(isinstance(entry, BeforeValidator) for entry in field.metadata):
        return value
    if isinstance(value, float):
        return f"{value:g}s"
    text = format_size(value).replace(" ", "") if isinstance(value, int) else value
    return text if not isinstance(value, int) or parse_size(text) == value else value


def _line(name: str, value: Any) -> str:  # noqa: ANN401 - plain data
    if value is None:
        return f"{name}:\n"
    flow = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=math.inf)
    return f"{name}: {flow.strip()[1:-1]}\n"
