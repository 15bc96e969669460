"""Kalman filter over logarithms of measured / predicted, one per plan, robust and forgetting.

The prior says what plans share (partial pooling: a Gaussian process over the predicted seconds s),

    cov(p, q) = shared^2 + drift^2 min(1, group / max(s_p, s_q)) + [p = q] own_p^2
    own_p^2   = own^2 + (shared^2 + drift^2) near / (s_p + near)

so that plans of neighbouring depth go together: were the factors of the layers independent, the mean factor
of a prefix would have just the second term (Brownian motion in 1 / s). What a plan of hardly any seconds
takes is its encoding, which says little of layers: `near`. A measurement moves all plans by what they share
with the measured one. Uncertainty returns to the prior with `FORGET` a frame, the mean does not: old
measurements are forgotten, intervals grow with age, and a wrong profile does not come back.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FORGET: Final = 2e-3
"""The share of the prior's uncertainty that comes back each frame."""

CLIP_HIGH: Final = 1.5
CLIP_LOW: Final = 2.5
"""Standard deviations beyond which a measurement counts as no further off (Huber; what disturbs a frame only
ever adds time)."""

RUN: Final = 3
"""So many in a row beyond the larger distance, in one direction, are a change. At 1.5 standard deviations
noise alone would raise that alarm every few thousand measurements."""

_CHANGE: Final = 0.5  # the share of the prior's uncertainty that a change brings back
_NOISE: Final = 0.1
_LEAST_NOISE: Final = 0.02
_NOISE_WEIGHT: Final = 0.03
_GROUP: Final = 1 / 4
_NEAR: Final = 1 / 20

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the prior's logarithms.

    Layers within a quarter of the longest plan's seconds are taken to be off alike; a twentieth is near to
    nothing.
    """

    shared: float
    drift: float = 0.0
    own: float = 0.0


@dataclass(frozen=True, eq=False)
class Belief:
    """Mean (n,) and covariance (n, n) of the logarithms; ``noise`` is the variance of one measurement.

    ``run`` counts measurements in a row that were clipped, negative where they were low.
    """

    mean: Vector
    cov: Vector
    prior: Vector
    noise: float = _NOISE**2
    run: int = 0

    def first(self, count: int) -> Belief:
        """The belief in the first plans alone."""
        cov, prior = self.cov[:count, :count].copy(), self.prior[:count, :count].copy()
        return dataclasses.replace(self, mean=self.mean[:count].copy(), cov=cov, prior=prior)


def prior_belief(seconds: Vector, spread: Spread, devices: NDArray[np.intp] | None = None) -> Belief:
    """What is believed of plans before any frame; ``seconds`` (n,) are predicted, zero or more.

    Plans of different ``devices`` (n,) share nothing; without it all are one device's.
    """
    longest_s = max(float(seconds.max(initial=0.0)), 1e-12)
    longer = np.maximum(np.maximum.outer(seconds, seconds), _GROUP * longest_s)
    near = _NEAR * longest_s / (seconds + _NEAR * longest_s)
    own = spread.own**2 + (spread.shared**2 + spread.drift**2 if spread.drift else 0.0) * near
    cov = spread.shared**2 + spread.drift**2 * (_GROUP * longest_s / longer) + np.diag(own)
    if devices is not None:
        cov = cov * (devices[:, None] == devices)
    return Belief(np.zeros(len(seconds)), cov, cov)


def aged(belief: Belief, frames: int) -> Belief:
    """The belief after frames that told nothing."""
    share = 1.0 - (1.0 - FORGET) ** frames
    return dataclasses.replace(belief, cov=belief.cov + share * (belief.prior - belief.cov))


def observed(belief: Belief, place: int, log_ratio: float, doubt: float = 0.0) -> Belief:
    """The belief after a measurement of plan ``place``, whose variance is the noise and ``doubt``."""
    cov, noise = belief.cov, belief.noise + doubt
    off = log_ratio - float(belief.mean[place])
    clipped = _clipped(off, float(cov[place, place]) + noise)
    run = _run(belief.run, off - _clipped(off, float(cov[place, place]) + noise, CLIP_LOW))
    if abs(run) >= RUN:
        cov, run = cov + _CHANGE * belief.prior, 0
        clipped = _clipped(off, float(cov[place, place]) + noise, CLIP_LOW)
    left = belief.noise if doubt else _noise(noise, clipped * clipped - float(cov[place, place]))
    return _moved(Belief(belief.mean, cov, belief.prior, left, run), place, clipped, noise)


def told(belief: Belief, place: int, log_ratio: float, variance: float) -> Belief:
    """The belief after hearing what was known of plan ``place``: many measurements, taken at their word."""
    return _moved(belief, place, log_ratio - float(belief.mean[place]), variance)


def _moved(belief: Belief, place: int, off: float, noise: float) -> Belief:
    """Kalman's update by one measurement that is ``off`` the mean."""
    column = belief.cov[:, place]
    gain = column / (float(column[place]) + noise)
    cov = belief.cov - gain[:, None] * column
    return Belief(belief.mean + off * gain, cov, belief.prior, belief.noise, belief.run)


def _clipped(off: float, variance: float, high: float = CLIP_HIGH) -> float:
    deviation = math.sqrt(variance)
    return min(max(off, -CLIP_LOW * deviation), high * deviation)


def _run(run: int, beyond: float) -> int:
    if not beyond:
        return 0
    step = 1 if beyond > 0 else -1
    return run + step if run * step > 0 else step


def _noise(noise: float, seen: float) -> float:
    return noise + _NOISE_WEIGHT * (max(seen, _LEAST_NOISE**2) - noise)
