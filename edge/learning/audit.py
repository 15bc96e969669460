"""The rules by which an audited hook stays open, gets a higher threshold, or is closed. Pure functions."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Literal

from edge.learning.binomial import at_least, below

Verdict = Literal["ok", "raise", "off"]


@dataclass(frozen=True)
class Rules:
    """``target`` agreement; ``sure`` of every statement about it; ``share`` of the frames that is audited.

    A window holds the last ``window`` audits; fewer than ``least`` close nothing.
    """

    target: float
    sure: float = 0.99
    share: float = 0.02
    window: int = 500
    least: int = 20


@dataclass(frozen=True)
class Audit:
    """One compared answer: how sure the hook was, and whether the network said the same."""

    confidence: float
    agreed: bool


@dataclass(frozen=True)
class Standing:
    """What is known of one hook. ``floor`` is the least confidence that may answer."""

    verdict: Verdict = "ok"
    floor: float = 0.0
    window: tuple[Audit, ...] = ()
    audits: int = 0
    agreements: int = 0


def is_audited(frame_id: str, share: float) -> bool:
    """By the frame's id alone, so that every machine and every replay decides alike."""
    number = int.from_bytes(hashlib.blake2b(frame_id.encode(), digest_size=8).digest(), "big")
    return number < share * 2**64


def judge(standing: Standing, audit: Audit, rules: Rules) -> Standing:
    """The standing after one more audit.

    Down, when the upper bound of agreement among the answers that the floor lets through is below the
    target; up again, when the lower bound over all confidences reaches it. In between nothing moves: a point
    estimate never acts.
    """
    window = (*standing.window, audit)[-rules.window :]
    counted = replace(
        standing,
        window=window,
        audits=standing.audits + 1,
        agreements=standing.agreements + audit.agreed,
    )
    if counted.verdict != "ok" and _holds(window, 0.0, rules):
        return replace(counted, verdict="ok", floor=0.0)
    if counted.verdict != "off" and _fails(window, counted.floor, rules):
        return _lowered(counted, rules)
    return counted


def _lowered(standing: Standing, rules: Rules) -> Standing:
    """A higher floor where the window has one, else none. What led to it has been heard: a new window."""
    floor = _floor(standing.window, standing.floor, rules)
    if floor is None:
        return replace(standing, verdict="off", floor=math.inf, window=())
    return replace(standing, verdict="raise", floor=floor, window=())


def _floor(window: tuple[Audit, ...], floor: float, rules: Rules) -> float | None:
    """The least confidence above the floor from which on enough audits of the window agree."""
    for candidate in sorted({audit.confidence for audit in window if audit.confidence > floor}):
        passed = _from(window, candidate)
        if len(passed) < rules.least:
            return None
        if sum(audit.agreed for audit in passed) >= rules.target * len(passed):
            return candidate
    return None


def _fails(window: tuple[Audit, ...], floor: float, rules: Rules) -> bool:
    passed = _from(window, floor)
    agreed = sum(audit.agreed for audit in passed)
    return len(passed) >= rules.least and below(agreed, len(passed), rules.target, rules.sure)


def _holds(window: tuple[Audit, ...], floor: float, rules: Rules) -> bool:
    passed = _from(window, floor)
    return at_least(sum(audit.agreed for audit in passed), len(passed), rules.target, rules.sure)


def _from(window: tuple[Audit, ...], floor: float) -> tuple[Audit, ...]:
    return tuple(audit for audit in window if audit.confidence >= floor)
