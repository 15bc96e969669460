"""Effective settings as plain values: defaults filled in, secrets and passwords left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from evosplit.shared.config.fields import is_secret
from evosplit.shared.config.load import Loaded

HIDDEN: Final = "(hidden)"
DEFAULT: Final = "default"


@dataclass(frozen=True)
class Shown:
    """One setting for people: ``value`` is plain data, ``origin`` who gave it."""

    name: str
    value: Any
    origin: str


def shown_settings(loaded: Loaded[Any]) -> tuple[Shown, ...]:
    """All settings in the order of their definition."""
    settings: BaseSettings = loaded.settings
    return tuple(
        Shown(
            name,
            HIDDEN if is_secret(field) and getattr(settings, name) else plain(getattr(settings, name)),
            loaded.origins.get(name, DEFAULT),
        )
        for name, field in type(settings).model_fields.items()
    )


def plain(value: Any) -> Any:  # noqa: ANN401 - a setting of any type
    """Plain data of a value; texts without the passwords of their addresses."""
    if isinstance(value, SecretStr):
        return plain(value.get_secret_value())
    if isinstance(value, str):
        return _without_password(value)
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value) if isinstance(value, Path) or not hasattr(value, "__dict__") else plain(vars(value))


def _without_password(text: str) -> str:
    """``rtsp://user:secret@host`` with dots for the secret; also behind ``NAME=`` and before a rule."""
    name, separator, address = text.partition("=") if "://" in text.partition("=")[2] else ("", "", text)
    try:
        parts = urlsplit(address)
        if parts.password is None:
            return text
    except ValueError:
        return text
    behind = parts.netloc.rpartition("@")[2]
    hidden = parts._replace(netloc=f"{parts.username or ''}:...@{behind}")
    return f"{name}{separator}{urlunsplit(hidden)}"
