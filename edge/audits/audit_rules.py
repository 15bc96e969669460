"""Rules by which an audited hook or plan stays, gets a higher threshold, or is closed. Pure functions."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from evosplit.edge.hook_training.thresholds import threshold
from evosplit.shared.sequential_test import evidence

Verdict = Literal["ok", "raise", "off"]


@dataclass(frozen=True)
class Rules:
    """``target`` agreement; ``share`` of frames to audit.

    ``false_alarms`` per audit close, at most, what agrees in just the target: within n audits with a
    probability of n times that at most. The last ``memory`` audits are kept. Once some have shown that the
    target is missed, a floor is looked for in the last ``look_back`` at least, by a bound that is
    ``sure_to_open``. Whether a hook may open is looked at after ``every`` so many.
    """

    target: float
    false_alarms: float = 5e-4
    sure_to_open: float = 0.95
    share: float = 0.02
    memory: int = 1000
    look_back: int = 100
    every: int = 20


@dataclass(frozen=True)
class Audit:
    """One compared answer: how sure the hook was, and what share 0 to 1 of the network's answer it kept."""

    confidence: float
    agreed: float


@dataclass(frozen=True)
class Standing:
    """What is known of one hook or plan. ``floor`` is the least confidence that may answer.

    ``evidence`` (1 or less: none) is what the last audits say against it:
    `evosplit.shared.sequential_test`.
    """

    verdict: Verdict = "ok"
    floor: float = 0.0
    window: tuple[Audit, ...] = ()
    audits: int = 0
    agreements: float = 0
    evidence: float = 1.0


def is_audited(frame_id: str, share: float) -> bool:
    """By the frame's id alone, so that every machine and every replay decides alike."""
    number = int.from_bytes(hashlib.blake2b(frame_id.encode(), digest_size=8).digest(), "big")
    return number < share * 2**64


def judge(standing: Standing, audit: Audit, rules: Rules) -> Standing:
    """The standing after one more audit; a point estimate never moves it.

    Closed, when the evidence that the answers that the floor lets through miss the target is enough: to the
    least floor that recent audits prove, or off. Opened, when a lower floor is proven by the audits since.
    """
    window = (*standing.window, audit)[-rules.memory :]
    against, since = _against(window, standing.floor, rules)
    heard = replace(
        standing,
        window=window,
        audits=standing.audits + 1,
        agreements=standing.agreements + audit.agreed,
        evidence=against,
    )
    if against * rules.false_alarms >= 1:
        return _moved(heard, _proven(window[max(min(since, len(window) - rules.look_back), 0) :], rules))
    if heard.verdict != "ok" and heard.audits % rules.every == 0:
        floor = _proven(window, rules)
        return _moved(heard, floor) if floor < heard.floor else heard
    return heard


def _moved(standing: Standing, floor: float) -> Standing:
    """With a new floor; what led to it has been heard, so that the window begins anew."""
    verdict: Verdict = "ok" if floor <= 0 else "off" if math.isinf(floor) else "raise"
    return replace(standing, verdict=verdict, floor=floor, window=(), evidence=1.0)


def _proven(window: tuple[Audit, ...], rules: Rules) -> float:
    """The least floor that keeps the target by a lower bound: 0 where all pass it, infinity for none."""
    confidence = np.asarray([audit.confidence for audit in window])
    agrees = np.asarray([audit.agreed for audit in window], np.float64)
    floor = threshold(confidence, agrees, rules.target, rules.sure_to_open)
    if floor is None:
        return math.inf
    return 0.0 if floor <= confidence.min() else floor


def _against(window: tuple[Audit, ...], floor: float, rules: Rules) -> tuple[float, int]:
    """The evidence against what the floor lets through, and the place in the window where it begins."""
    places = [index for index, audit in enumerate(window) if audit.confidence >= floor]
    losses = np.asarray([1.0 - window[index].agreed for index in places])
    against, since = evidence(losses, 1 - rules.target)
    return against, places[since] if since < len(places) else len(window)
