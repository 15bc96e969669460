"""Command-line options from the fields of a settings model (pydantic): flag, type, bounds, default, help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
from annotated_types import Ge, Gt, Le
from click.core import ParameterSource
from pydantic import BeforeValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from evosplit.cli.options import FILE, FOLDER, Parsed
from evosplit.shared.config.fields import told_of
from evosplit.shared.units import format_size

F = TypeVar("F", bound=Callable[..., Any])


def settings_options(settings: type[BaseSettings]) -> Callable[[F], F]:
    """Add an option for every field that says what its flag is, in the order of the fields."""
    made = [_option(name, field) for name, field in settings.model_fields.items() if told_of(field, "flag")]

    def add(command: F) -> F:
        for option in reversed(made):
            command = option(command)
        return command

    return add


def given(context: click.Context, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given: of the others environment, file and defaults have their say."""
    source = context.get_parameter_source
    return {name: value for name, value in options.items() if source(name) == ParameterSource.COMMANDLINE}


def _option(name: str, field: FieldInfo) -> Callable[[F], F]:
    flag, kind = told_of(field, "flag"), _kind(field)
    if kind is bool:
        return _switch(name, field, flag)
    metavar = told_of(field, "metavar")
    if metavar.endswith("...") and not metavar.endswith(",..."):  # given again, not a list in one text
        shown_as = metavar.removesuffix("...").upper()
        return click.option(flag, name, multiple=True, metavar=shown_as, help=field.description)
    is_plain = not field.is_required() and field.default_factory is None and field.default is not None
    shown = _shown(field) if is_plain else None
    return click.option(
        flag,
        name,
        type=_type(field, kind),
        default=shown,
        show_default=True,
        metavar=metavar if kind in (str, SecretStr) and metavar else None,
        help=field.description,
    )


def _switch(name: str, field: FieldInfo, flag: str) -> Callable[[F], F]:
    """``--x/--no-x``, or one flag for what is not the default."""
    if "/" in flag:
        return click.option(flag, name, default=field.default, show_default=True, help=field.description)
    other = not field.default
    return click.option(
        flag, name, is_flag=True, flag_value=other, default=field.default, help=field.description
    )


def _kind(field: FieldInfo) -> Any:  # noqa: ANN401 - an annotation
    """The annotation without what allows None."""
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    is_optional = len(kinds) < len(get_args(field.annotation))
    return kinds[0] if is_optional else field.annotation


def _type(field: FieldInfo, kind: Any) -> click.ParamType[Any]:  # noqa: ANN401 - an annotation
    known = (*field.metadata, *getattr(kind, "__metadata__", ()))
    parse: Any = next((entry.func for entry in known if isinstance(entry, BeforeValidator)), None)
    if parse is not None:
        return Parsed(told_of(field, "metavar") or "size", parse)
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    bounds: dict[str, Any] = {}
    for bound in known:
        bounds |= {"min": bound.ge} if isinstance(bound, Ge) else {}
        bounds |= {"min": bound.gt, "min_open": True} if isinstance(bound, Gt) else {}
        bounds |= {"max": bound.le} if isinstance(bound, Le) else {}
    if kind is Path:
        return FOLDER if told_of(field, "metavar") == "folder" else FILE
    if kind is int:
        return click.IntRange(**bounds)
    return click.FloatRange(**bounds) if kind is float else click.STRING


def _shown(field: FieldInfo) -> Any:  # noqa: ANN401 - a default
    """A default as one would write it."""
    if isinstance(field.default, tuple):
        return ",".join(field.default)
    if told_of(field, "metavar") == "duration":
        return f"{field.default:g}s"
    is_size = any(isinstance(entry, BeforeValidator) for entry in field.metadata)
    return format_size(field.default).replace(" ", "") if is_size else field.default
