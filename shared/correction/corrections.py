"""Corrections of all plans of a table by measured frame times."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.shared.correction.kalman_filter import Belief, Spread, aged, observed, prior_belief
from evosplit.shared.correction.predicted_terms import NOTHING_BESIDE, Beside, Terms, terms_of
from evosplit.shared.plan import Plan


@dataclass(frozen=True)
class Measured:
    """Seconds and bytes of one frame under the plan of ``digest``; None where they cannot be compared.

    ``prepare_s`` makes the network's input of pixels; ``edge_s`` is head and encoding, ``cloud_s`` decoding
    and tail; ``request_s`` is what the request took beyond what the link predicts for the bytes that really
    went (without the wait for a turn in a cloud that tells it), and ``air_s`` what it predicts for the bytes
    alone;
    ``wire_bytes`` are of a whole frame, not of a delta, ``sent_bytes`` of either.
    """

    digest: str
    prepare_s: float | None = None
    edge_s: float | None = None
    cloud_s: float | None = None
    request_s: float | None = None
    air_s: float = 0.0
    wire_bytes: int | None = None
    sent_bytes: int | None = None


COMPUTING: Final = Spread(shared=0.25, drift=0.35, own=0.05)
"""Seconds of layers: off by a factor of 1.5 at one standard deviation, of which a third is the device's."""
SENDING: Final = Spread(shared=0.1, own=0.1)
_ONE_FOR_ALL: Final = Spread(shared=0.4)
_SHARE: Final = Spread(shared=0.25)
_REQUEST: Final = Spread(shared=1.0)
REQUEST_UNIT_S: Final = 0.01
"""A request's offset is added and not multiplied; it counts in these."""

_NOTHING_S: Final = 1e-4  # added to predicted and measured seconds: a ratio of less means nothing
_COLD: Final = 0.09  # variance: the first frame after a change of plan finds caches cold
_AIR: Final = 0.1  # what the link predicts for bytes may be off by such a share, which is no request's
_EVERY: Final = 8  # frames between two times of ageing


@dataclass(frozen=True, eq=False)
class Corrections:
    """One belief per step: over ways, ``request`` over clouds, ``prepare`` one for all.

    ``share`` is one for all boundaries: what deltas send of a whole frame's bytes. ``frames`` are counted, by
    way in ``tried``; ``last`` is the last one's way.
    """

    terms: Terms
    edge: Belief
    cloud: Belief
    wire: Belief
    share: Belief
    prepare: Belief
    request: Belief
    tried: tuple[int, ...]
    frames: int = 0
    last: int = -1

    def learn(self, seen: Measured) -> Corrections:
        """The corrections after one more frame; a plan of another table teaches nothing."""
        place = self.terms.index.get(seen.digest)
        if place is None:
            return self
        now, terms = self if (self.frames + 1) % _EVERY else _aged(self), self.terms
        cold = 0.0 if place == self.last else _COLD
        whole = None if seen.wire_bytes is None else float(seen.wire_bytes)
        wire = _learnt(now.wire, place, whole, float(terms.wire_bytes[place]), 0.0)
        pixels_s = None if terms.is_picture[place] else seen.prepare_s
        return Corrections(
            terms,
            edge=_learnt(now.edge, place, seen.edge_s, float(terms.edge_s[place]), cold),
            cloud=_learnt(now.cloud, place, seen.cloud_s, float(terms.cloud_s[place]), cold),
            wire=wire,
            share=now.share if cold else _sent_share(now.share, place, seen, terms, wire),
            prepare=_learnt(now.prepare, 0, pixels_s, float(terms.prepare_s[place]), cold),
            request=_shifted(now.request, int(terms.cloud[place]), seen),
            tried=(*self.tried[:place], self.tried[place] + 1, *self.tried[place + 1 :]),
            frames=self.frames + 1,
            last=place,
        )


def corrections_of(plans: Sequence[Plan], beside: Beside = NOTHING_BESIDE) -> Corrections:
    """Nothing known yet of plans."""
    terms = terms_of(plans, beside)
    return Corrections(
        terms,
        edge=prior_belief(terms.edge_s, COMPUTING),
        cloud=prior_belief(terms.cloud_s, COMPUTING, terms.cloud),
        wire=prior_belief(terms.wire_bytes, SENDING),
        share=prior_belief(np.zeros(1), _SHARE),
        prepare=prior_belief(np.zeros(1), _ONE_FOR_ALL),
        request=prior_belief(np.zeros(len(terms.clouds)), _REQUEST, np.arange(len(terms.clouds))),
        tried=(0,) * len(terms.ways),
    )


def _aged(known: Corrections) -> Corrections:
    return dataclasses.replace(
        known,
        edge=aged(known.edge, _EVERY),
        cloud=aged(known.cloud, _EVERY),
        wire=aged(known.wire, _EVERY),
        share=aged(known.share, _EVERY),
        prepare=aged(known.prepare, _EVERY),
        request=aged(known.request, _EVERY),
    )


def _learnt(belief: Belief, place: int, measured: float | None, predicted: float, doubt: float) -> Belief:
    if measured is None:
        return belief
    return observed(belief, place, math.log((measured + _NOTHING_S) / (predicted + _NOTHING_S)), doubt)


def _sent_share(belief: Belief, place: int, seen: Measured, terms: Terms, wire: Belief) -> Belief:
    """By a frame that had another before it; the first one under a plan has nothing to be a delta to."""
    if seen.sent_bytes is None or terms.is_picture[place] or not terms.reach[place]:
        return belief
    whole = float(terms.wire_bytes[place]) * math.exp(float(wire.mean[place]))
    return _learnt(belief, 0, float(seen.sent_bytes), whole * float(terms.wire_share[place]), 0.0)


def _shifted(belief: Belief, cloud: int, seen: Measured) -> Belief:
    if seen.request_s is None:
        return belief
    return observed(belief, cloud, seen.request_s / REQUEST_UNIT_S, (_AIR * seen.air_s / REQUEST_UNIT_S) ** 2)
