"""Finding of a check: what was seen, how bad that is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """``seen`` is one line; ``advice`` is what to do, "" where there is nothing to be done."""

    check: str
    level: Level
    seen: str
    advice: str = ""


def ok(check: str, seen: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", seen)


def warning(check: str, seen: str, advice: str) -> Finding:
    """It works, but not as well as it could."""
    return Finding(check, "warning", seen, advice)


def problem(check: str, seen: str, advice: str) -> Finding:
    """The agent will not do what it is asked for."""
    return Finding(check, "problem", seen, advice)


def has_problem(findings: Iterable[Finding]) -> bool:
    """Whether something has to be done before the agent can serve."""
    return any(finding.level == "problem" for finding in findings)
