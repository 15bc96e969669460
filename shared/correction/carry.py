"""Corrections beyond their table: what is worth keeping of them, and taking it up under other plans.

A way that both tables have is told its own measurement again. Where the new table lacks it, its predicted
seconds say where it belongs: it stands among the new plans until they have learnt from it, and is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shared.correction.belief import Belief, Spread, observed, prior_belief
from shared.correction.corrections import COMPUTING, SENDING, Corrections

_DOUBT = 0.01  # variance: since then the device may have changed


@dataclass(frozen=True)
class Told:
    """One step of one way: what was predicted; mean and variance of log(measured / predicted)."""

    predicted: float
    log_ratio: float
    variance: float


@dataclass(frozen=True)
class Kept:
    """One way that frames went, step by step."""

    way: str
    edge: Told
    cloud: Told | None
    wire: Told | None


@dataclass(frozen=True)
class KeptCorrections:
    """Kept beside the profile. ``prepare`` and ``request`` are (mean, variance) of what all plans share."""

    profile_sha256: str
    ways: tuple[Kept, ...]
    prepare: tuple[float, float]
    request: tuple[float, float]


def kept_of(known: Corrections, profile_sha256: str) -> KeptCorrections:
    """What frames have told, of ways that at least one of them went."""
    terms = known.terms
    ways = tuple(
        Kept(
            terms.ways[at],
            _told(known.edge, at, float(terms.edge_s[at])),
            _told(known.cloud, at, float(terms.cloud_s[at])) if terms.reach[at] > 0 else None,
            _told(known.wire, at, float(terms.wire_bytes[at])) if terms.reach[at] > 0 else None,
        )
        for at, count in enumerate(known.tried)
        if count
    )
    return KeptCorrections(profile_sha256, ways, _scalar(known.prepare), _scalar(known.request))


def recalled(known: Corrections, kept: KeptCorrections) -> Corrections:
    """New corrections that start with what was kept of others, of the same profile."""
    terms = known.terms
    place = {key: at for at, key in enumerate(terms.ways)}

    def step(seconds: np.ndarray, spread: Spread, of: Callable[[Kept], Told | None]) -> Belief:
        told = [(place.get(one.way), found) for one in kept.ways if (found := of(one)) is not None]
        return _recalled(seconds, spread, told)

    return dataclasses.replace(
        known,
        edge=step(terms.edge_s, COMPUTING, lambda one: one.edge),
        cloud=step(terms.cloud_s, COMPUTING, lambda one: one.cloud),
        wire=step(terms.wire_bytes, SENDING, lambda one: one.wire),
        prepare=observed(known.prepare, 0, kept.prepare[0], kept.prepare[1] + _DOUBT),
        request=observed(known.request, 0, kept.request[0], kept.request[1] + _DOUBT),
    )


def _recalled(seconds: np.ndarray, spread: Spread, told: Sequence[tuple[int | None, Told]]) -> Belief:
    strangers = [one.predicted for at, one in told if at is None]
    belief = prior_belief(np.concatenate([seconds, strangers]), spread)
    others = iter(range(len(seconds), len(belief.mean)))
    for at, one in told:
        belief = observed(belief, next(others) if at is None else at, one.log_ratio, one.variance + _DOUBT)
    return dataclasses.replace(belief.first(len(seconds)), run=0)


def _told(belief: Belief, at: int, predicted: float) -> Told:
    return Told(predicted, float(belief.mean[at]), float(belief.cov[at, at]))


def _scalar(belief: Belief) -> tuple[float, float]:
    return float(belief.mean[0]), float(belief.cov[0, 0])
