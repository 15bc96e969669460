"""Fields of settings (pydantic): types that are written with units, and what the command says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from evosplit.shared.units import parse_duration, parse_size

SECRET: Final[JsonDict] = {"secret": True}
"""Marks a field whose value is never shown, and not read from a file that others may read."""


def parsed_by(parse: Callable[[str], Any]) -> BeforeValidator:
    """Texts are parsed, values stay. What ``parse`` raises (UsageError) is what the user sees."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


Size: TypeAlias = Annotated[int, parsed_by(parse_size)]
Duration: TypeAlias = Annotated[float, parsed_by(parse_duration)]


def option(default: Any, flag: str, help_text: str, metavar: str = "", **bounds: Any) -> Any:  # noqa: ANN401 - as `Field`
    """A setting that is an option of the command, too: its flag, and what its help says.

    A ``metavar`` with dots behind it is that of an option that may be given again.
    """
    told: JsonDict = {"flag": flag, "metavar": metavar}
    return Field(default, description=help_text, json_schema_extra=told, **bounds)


def told_of(field: FieldInfo, what: str) -> str:
    """What `option` was given: ``flag`` or ``metavar``; empty for settings that are no options."""
    extra = field.json_schema_extra
    return str(extra.get(what, "")) if isinstance(extra, dict) else ""


def is_secret(field: FieldInfo) -> bool:
    """Whether a field is marked by `SECRET`."""
    return bool(told_of(field, "secret"))


def holds_secret(field: FieldInfo) -> bool:
    """Whether parts of its value may be secret: it is masked where it is shown."""
    return is_secret(field) or SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))
