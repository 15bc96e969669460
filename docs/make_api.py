"""Makes docs/api.md from the docstrings of the public names: ``python -m docs.make_api`` (`make api`)."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Final

import evosplit
from evosplit.shared.errors import EvoSplitError

PAGE: Final = Path(__file__).with_name("api.md")
_PLAIN: Final = (str, int, float, bool, tuple, type(None))
_NONE: Final = inspect.Parameter.empty
_LONGEST: Final = 90


def api_page() -> str:
    """The whole page: every name of `evosplit.__all__` in its order."""
    intro = inspect.getdoc(evosplit) or ""
    parts = ["# The Python API", "Made from the docstrings by `make api`; do not edit.", _prose(intro)]
    for name in evosplit.__all__:
        parts += _entry(name, getattr(evosplit, name))
    return "\n\n".join(parts) + "\n"


def _entry(name: str, found: object) -> Iterator[str]:
    if isinstance(found, FunctionType):
        yield f"## `{name}`"
        yield _code(f"evosplit.{name}{signature(found)}")
        yield _doc(found)
    elif isinstance(found, type):
        yield f"## class `{name}`"
        if _is_made_by_users(found):
            yield _code(f"evosplit.{name}{signature(found.__init__)}")
        yield _doc(found)
        yield from _members(found)


def _is_made_by_users(kind: type) -> bool:
    """Reports and parts come from functions, errors are caught, and typed dicts are written as keywords."""
    is_made = issubclass(kind, evosplit.Report | evosplit.Head | evosplit.Tail | EvoSplitError | dict)
    return not is_made and "__init__" in vars(kind)


def _members(kind: type) -> Iterator[str]:
    rows = [_member(name, member) for name, member in _public(kind)]
    if rows:
        yield "\n".join(rows)


def _public(kind: type) -> Iterator[tuple[str, object]]:
    """Documented methods and properties, its own first; those of every class of Python's are left out."""
    seen: set[str] = set()
    for base in kind.__mro__:
        if not base.__module__.startswith("evosplit"):
            continue
        for name, member in vars(base).items():
            if not name.startswith("_") and name not in seen and inspect.getdoc(member) and _is_code(member):
                seen.add(name)
                yield name, member


def _is_code(member: object) -> bool:
    return isinstance(member, FunctionType | property) or hasattr(member, "func")


def _member(name: str, member: object) -> str:
    shown = f"{name}{signature(member, math.inf)}" if isinstance(member, FunctionType) else name
    return f"- `{shown}`: {' '.join(_doc(member).split())}"


def signature(function: FunctionType, longest: float = _LONGEST) -> str:
    """Parameters as written, without ``self``, a line each where they are long."""
    given = inspect.signature(function)
    parts: list[str] = []
    for one in given.parameters.values():
        if one.kind is one.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        if one.name != "self":
            parts.append(_parameter(one))
    back = "" if given.return_annotation in ("None", None, _NONE) else f" -> {given.return_annotation}"
    joined = ", ".join(parts)
    if len(joined) > longest:
        joined = "".join(f"\n    {part}," for part in parts) + "\n"
    return f"({joined}){back}"


def _parameter(given: inspect.Parameter) -> str:
    if given.kind is given.VAR_KEYWORD:
        return f"**{given.name}: {given.annotation}"
    default = "" if given.default is _NONE else f" = {_default(given.default)}"
    return f"{given.name}: {given.annotation}{default}"


def _default(value: object) -> str:
    """A value that dataclasses make for each instance has no words."""
    if isinstance(value, _PLAIN):
        return repr(value)
    kind = type(value).__name__
    return "..." if kind == "_HAS_DEFAULT_FACTORY_CLASS" else f"{kind}()"


def _doc(found: object) -> str:
    return _prose(inspect.getdoc(found) or "")


def _prose(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", text)


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


if __name__ == "__main__":
    PAGE.write_text(api_page(), encoding="utf-8")
