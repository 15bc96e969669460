"""Transfer of corrections to other plans: what outlives a plan table, and its use under the next one.

A way that both tables have is told its own fact again. Where the new table lacks it, its predicted
seconds say where it belongs: it stands among the new plans until they have learnt from it, and is left out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.correction.corrections import COMPUTING, SENDING, Corrections, corrections_of
from evosplit.shared.correction.kalman_filter import Belief, Spread, prior_belief, told
from evosplit.shared.plan import Plan

_DOUBT = 0.0025  # variance: since then the device may have changed


@dataclass(frozen=True)
class Told:
    """One step of one way: what was predicted; mean and variance of log(measured / predicted)."""

    predicted: float
    log_ratio: float
    variance: float


@dataclass(frozen=True)
class Kept:
    """One way that frames went, step by step; ``to`` is the cloud that they were sent to."""

    way: str
    edge: Told
    cloud: Told | None
    wire: Told | None
    to: str = ""


@dataclass(frozen=True)
class KeptCorrections:
    """Kept beside the profile. ``prepare`` and, by cloud, ``request`` are (mean, variance) of all plans.

    ``share`` is that of the logarithm of what deltas send of a whole boundary's bytes.
    """

    profile_sha256: str
    ways: tuple[Kept, ...]
    prepare: tuple[float, float]
    request: Mapping[str, tuple[float, float]]
    share: tuple[float, float] | None = None


def kept_of(known: Corrections, profile_sha256: str) -> KeptCorrections:
    """What frames have told, of ways that at least one of them went."""
    terms = known.terms
    ways = tuple(
        Kept(
            terms.ways[place],
            _told(known.edge, place, float(terms.edge_s[place])),
            _told(known.cloud, place, float(terms.cloud_s[place])) if terms.reach[place] > 0 else None,
            _told(known.wire, place, float(terms.wire_bytes[place])) if terms.reach[place] > 0 else None,
            terms.clouds[terms.cloud[place]],
        )
        for place, count in enumerate(known.tried)
        if count
    )
    request = {cloud: _place(known.request, place) for place, cloud in enumerate(terms.clouds)}
    mean, variance = _place(known.share, 0)
    share = (mean + math.log(terms.expected_share), variance)
    return KeptCorrections(profile_sha256, ways, _place(known.prepare, 0), request, share)


def recalled(known: Corrections, kept: KeptCorrections) -> Corrections:
    """New corrections that start with what was kept of others, of the same profile."""
    terms = known.terms
    places = {key: place for place, key in enumerate(terms.ways)}

    def step(
        seconds: np.ndarray, spread: Spread, of: Callable[[Kept], Told | None], by_cloud: bool = False
    ) -> Belief:
        ways = [way for way in kept.ways if of(way) is not None]
        measured = [(places.get(way.way), step) for way in ways if (step := of(way)) is not None]
        strangers = [way.to for way in ways if way.way not in places]
        clouds = list(dict.fromkeys((*terms.clouds, *strangers)))
        devices = np.array([*terms.cloud, *map(clouds.index, strangers)], np.intp)
        return _recalled(seconds, spread, measured, devices if by_cloud else None)

    return dataclasses.replace(
        known,
        edge=step(terms.edge_s, COMPUTING, lambda way: way.edge),
        cloud=step(terms.cloud_s, COMPUTING, lambda way: way.cloud, by_cloud=True),
        wire=step(terms.wire_bytes, SENDING, lambda way: way.wire),
        share=_share(known, kept),
        prepare=told(known.prepare, 0, kept.prepare[0], kept.prepare[1] + _DOUBT),
        request=_requests(known, kept),
    )


def carried(known: Corrections, plans: Sequence[Plan]) -> Corrections:
    """The corrections of another table of the same model, starting with what is known under this one."""
    return recalled(corrections_of(plans, known.terms.beside), kept_of(known, ""))


def _share(known: Corrections, kept: KeptCorrections) -> Belief:
    if kept.share is None:  # of a version that did not learn it
        return known.share
    mean, variance = kept.share
    return told(known.share, 0, mean - math.log(known.terms.expected_share), variance + _DOUBT)


def _requests(known: Corrections, kept: KeptCorrections) -> Belief:
    belief = known.request
    for place, cloud in enumerate(known.terms.clouds):
        if cloud in kept.request:
            mean, variance = kept.request[cloud]
            belief = told(belief, place, mean, variance + _DOUBT)
    return belief


def _recalled(
    seconds: np.ndarray,
    spread: Spread,
    kept: Sequence[tuple[int | None, Told]],
    devices: NDArray[np.intp] | None,
) -> Belief:
    strangers = [fact.predicted for place, fact in kept if place is None]
    belief = prior_belief(np.concatenate([seconds, strangers]), spread, devices)
    others = iter(range(len(seconds), len(belief.mean)))
    for place, fact in kept:
        row = next(others) if place is None else place
        belief = told(belief, row, fact.log_ratio, fact.variance + _DOUBT)
    return belief.first(len(seconds))


def _told(belief: Belief, place: int, predicted: float) -> Told:
    return Told(predicted, float(belief.mean[place]), float(belief.cov[place, place]))


def _place(belief: Belief, place: int) -> tuple[float, float]:
    return float(belief.mean[place]), float(belief.cov[place, place])
