"""Layered configuration: options before environment before file before defaults (pydantic-settings)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsError

from evosplit.shared.config.fields import holds_secret, is_secret, told_of
from evosplit.shared.config.yaml_entries import read_entries
from evosplit.shared.errors import UsageError
from evosplit.shared.validation_line import problem_place, validation_line

S = TypeVar("S", bound=BaseSettings)


@dataclass(frozen=True)
class Given:
    """A value as somebody wrote it, and where."""

    value: Any
    origin: str


@dataclass(frozen=True)
class Loaded(Generic[S]):
    """Checked settings; ``origins`` says of each that is no default who gave it."""

    settings: S
    origins: Mapping[str, str]


def load_settings(
    kind: type[S],
    options: Mapping[str, Any],
    file: Path | None = None,
    env_file: Path | None = None,
) -> Loaded[S]:
    """What options say, else the environment, else ``env_file`` (``NAME=value``), else the YAML ``file``.

    Raises UsageError with the place of the first thing that is wrong, in one line.
    """
    layers = (
        {} if file is None else _of_file(kind, file),
        {} if env_file is None else _of_lines(kind, env_file),
        _of_environment(kind),
        {name: Given(value, _flag(kind, name)) for name, value in options.items()},
    )
    given: dict[str, Given] = {name: told for layer in layers for name, told in layer.items()}
    try:
        settings = kind(**{name: told.value for name, told in given.items()})
    except ValidationError as invalid:
        raise UsageError(_missing_or_wrong(kind, invalid)) from None
    return Loaded(settings, {name: told.origin for name, told in given.items()})


def _of_file(kind: type[BaseSettings], path: Path) -> dict[str, Given]:
    entries = read_entries(path)
    given = {
        name: Given(entry.value, f"{path}, line {entry.line}")
        for name, entry in entries.items()
        if entry.value is not None or name not in kind.model_fields
    }
    for name, told in given.items():
        _check_known(kind, name, told.origin)
        _refuse_secret(kind.model_fields[name], name, told)
        _check(kind.model_fields[name], name, told)
    return given


def _of_lines(kind: type[BaseSettings], path: Path) -> dict[str, Given]:
    return _read(kind, DotEnvSettingsSource(kind, env_file=path), str(path))


def _of_environment(kind: type[BaseSettings]) -> dict[str, Given]:
    return _read(kind, EnvSettingsSource(kind), "")


def _read(kind: type[BaseSettings], source: EnvSettingsSource, place: str) -> dict[str, Given]:
    prefix = str(kind.model_config.get("env_prefix", ""))
    try:
        values = source()
    except SettingsError as unreadable:
        raise UsageError(f"{place or 'environment'}: {unreadable}") from None
    given = {
        name: Given(value, f"{place}, {prefix}{name.upper()}".removeprefix(", "))
        for name, value in values.items()
    }
    for name, told in given.items():
        if name in kind.model_fields:  # what is not is refused with the whole
            _check(kind.model_fields[name], name, told)
    return given


def _check_known(kind: type[BaseSettings], name: str, origin: str) -> None:
    if name in kind.model_fields:
        return
    flags = {
        told_of(field, "flag").partition("/")[0].lstrip("-"): key for key, field in kind.model_fields.items()
    }
    asked = name.replace("_", "-")
    near = flags.get(asked) or next(iter(difflib.get_close_matches(name, kind.model_fields, n=1)), None)
    hint = f"; did you mean {near}?" if near else "; `evosplit config show --example` lists all"
    raise UsageError(f"{origin}: there is no setting {name!r}{hint}")


def _refuse_secret(field: FieldInfo, name: str, told: Given) -> None:
    if is_secret(field):
        raise UsageError(
            f"{told.origin}: {name}: no secrets here: write it to a file and name that: {name}_file"
        )
    if holds_secret(field) and isinstance(told.value, str) and urlsplit(told.value).password:
        raise UsageError(
            f"{told.origin}: {name}: no passwords here: give the whole address by the environment"
        )


def _check(field: FieldInfo, name: str, told: Given) -> None:
    """A value by itself, so that what is wrong has its place. The whole is checked later."""
    kind: Any = Annotated[(field.annotation, *field.metadata, name)]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        adapter.validate_python(told.value)
    except UsageError as wrong:
        raise UsageError(f"{told.origin}: {name}: {wrong}") from None
    except ValidationError as invalid:
        said = validation_line(invalid.errors()[0])
        shown = "" if holds_secret(field) else f", not {str(told.value)[:80]!r}"
        raise UsageError(f"{told.origin}: setting {name}: {said}{shown}") from None


def _flag(kind: type[BaseSettings], name: str) -> str:
    field = kind.model_fields.get(name)
    flag = "" if field is None else told_of(field, "flag")
    return f"option {flag or '--' + name.replace('_', '-')}"


def _missing_or_wrong(kind: type[BaseSettings], invalid: ValidationError) -> str:
    first = invalid.errors()[0]
    place = problem_place(first)
    return f"setting {place}: {validation_line(first)}" + how_to_give(kind, place, first["type"])


def how_to_give(kind: type[BaseSettings], name: str, problem: str) -> str:
    """The ways to give a setting that is ``missing``, for an error's end; empty for other problems."""
    if problem != "missing" or name not in kind.model_fields:
        return ""
    prefix = str(kind.model_config.get("env_prefix", ""))
    flag = _flag(kind, name).removeprefix("option ")
    return f" (give {flag}, {prefix}{name.upper()} or `{name}: ...` in --config FILE)"
