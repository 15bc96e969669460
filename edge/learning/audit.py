"""The rules by which an audited hook stays open, gets a higher threshold, or is closed. Pure functions."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from edge.learning.binomial import below
from edge.learning.calibrate import threshold

Verdict = Literal["ok", "raise", "off"]


@dataclass(frozen=True)
class Rules:
    """``target`` agreement; how ``sure`` to be of missing and of keeping it; ``share`` of frames to audit.

    What fails is looked for in the last audits over each of ``spans``, the shortest first, so that neither a
    sudden nor a slow drift hides; fewer than ``least`` audits close nothing. Whether a hook may open is
    looked at after ``every`` so many.
    """

    target: float
    sure: float = 0.99
    sure_to_open: float = 0.95
    share: float = 0.02
    spans: tuple[int, ...] = (100, 300, 1000)
    least: int = 20
    every: int = 20


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
    """The standing after one more audit; a point estimate never moves it.

    Closed, when the upper bound of agreement among the answers that the floor lets through is below the
    target: to the least floor that recent audits prove, or off. Opened, when a lower floor is proven
    by the audits since then.
    """
    window = (*standing.window, audit)[-rules.spans[-1] :]
    heard = replace(
        standing,
        window=window,
        audits=standing.audits + 1,
        agreements=standing.agreements + audit.agreed,
    )
    if recent := _failing(window, heard.floor, rules):
        return _moved(heard, _proven(recent, rules))
    if heard.verdict != "ok" and heard.audits % rules.every == 0:
        floor = _proven(window, rules)
        return _moved(heard, floor) if floor < heard.floor else heard
    return heard


def _moved(standing: Standing, floor: float) -> Standing:
    """With a new floor; what led to it has been heard, so that the window begins anew."""
    verdict: Verdict = "ok" if floor <= 0 else "off" if math.isinf(floor) else "raise"
    return replace(standing, verdict=verdict, floor=floor, window=())


def _proven(window: tuple[Audit, ...], rules: Rules) -> float:
    """The least floor that keeps the target by a lower bound: 0 where all pass it, infinity for none."""
    confidence = np.asarray([audit.confidence for audit in window])
    agrees = np.asarray([audit.agreed for audit in window], np.bool_)
    floor = threshold(confidence, agrees, rules.target, rules.sure_to_open)
    if floor is None:
        return math.inf
    return 0.0 if floor <= confidence.min() else floor


def _failing(window: tuple[Audit, ...], floor: float, rules: Rules) -> tuple[Audit, ...]:
    """The shortest run of recent audits that misses the target; the risk is shared by the spans."""
    sure = 1 - (1 - rules.sure) / len(rules.spans)
    for span in rules.spans:
        recent = window[-span:]
        passed = [audit.agreed for audit in recent if audit.confidence >= floor]
        if len(passed) >= rules.least and below(sum(passed), len(passed), rules.target, sure):
            return recent
    return ()
