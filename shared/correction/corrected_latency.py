"""Corrected latencies of all plans over their links, and how surely one is faster than another."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from evosplit.shared.correction.corrections import REQUEST_UNIT_S, Corrections
from evosplit.shared.correction.kalman_filter import Belief, Vector
from evosplit.shared.correction.predicted_terms import Terms
from evosplit.shared.link import LinkOf
from evosplit.shared.plan import Plan


@dataclass(frozen=True, eq=False)
class Prices:
    """``latency_s`` (n,) of the plans that are ``known``; ``seconds`` (n,) of head, tail, air, preparation.

    To first order a plan's error is the sum over steps of its seconds times the error of their logarithm, so
    that what plans share cancels in a difference.
    """

    known: Corrections
    links: LinkOf
    latency_s: Vector
    seconds: tuple[Vector, Vector, Vector, Vector]

    @property
    def terms(self) -> Terms:
        """The plans."""
        return self.known.terms

    def __call__(self, plan: Plan) -> float:
        """Corrected seconds of one plan; of a plan of another table what is predicted."""
        place = self.terms.index.get(plan.digest)
        return (
            plan.latency_at(self.links.of(plan.cloud)).total_s
            if place is None
            else float(self.latency_s[place])
        )

    def edge_seconds(self, plan: Plan) -> float:
        """Corrected seconds of the edge; of a plan of another table what is predicted."""
        place = self.terms.index.get(plan.digest)
        if place is None:
            return plan.latency.edge_s
        head_s, _, _, prepare_s = self.seconds
        return self.terms.beside.frame_s + float(head_s[place] + prepare_s[place])

    def deviations_s(self) -> Vector:
        """Standard deviations (n,) of the corrected latencies."""
        return np.sqrt(sum(by * by * cov.diagonal() for by, cov in self._steps()))

    def deviations_from_s(self, place: int) -> Vector:
        """Standard deviations (n,) of what the plans take more than plan ``place``."""
        total = np.zeros_like(self.latency_s)
        for by, cov in self._steps():
            mine, own = float(by[place]), float(cov[place, place])
            total += by * (by * cov.diagonal() - 2 * mine * cov[:, place]) + mine * mine * own
        return np.sqrt(np.maximum(total, 0.0))

    def _steps(self) -> tuple[tuple[Vector, Vector], ...]:
        """Each step's seconds (n,) and covariance (n, n); few frames ask for them."""
        known, (edge_s, cloud_s, air_s, prepare_s) = self.known, self.seconds
        return (
            (edge_s, known.edge.cov),
            (cloud_s, known.cloud.cov),
            (air_s, known.wire.cov),
            (np.where(self.terms.is_picture, 0.0, air_s), _shared(known.share, self.terms)),
            (prepare_s, _shared(known.prepare, self.terms)),
            (
                self.terms.reach * REQUEST_UNIT_S,
                known.request.cov[np.ix_(self.terms.cloud, self.terms.cloud)],
            ),
        )


@functools.lru_cache(maxsize=4)
def prices(known: Corrections, links: LinkOf, edge_factor: float = 1.0) -> Prices:
    """All plans over their links, which are taken at their word, on an edge that is so many times slower.

    Asked for several times a frame, so it is kept.
    """
    terms = known.terms
    edge_s = edge_factor * terms.edge_s * np.exp(known.edge.mean)
    cloud_s = terms.mean_cloud_s * np.exp(known.cloud.mean)
    to_clouds = [links.of(cloud) for cloud in terms.clouds]
    bandwidth_bps = np.array([link.bandwidth_bps for link in to_clouds])[terms.cloud]
    rtt_s = np.array([link.rtt_s for link in to_clouds])
    share = np.where(terms.is_picture, 0.0, known.share.mean[0])
    air_s = terms.mean_bits / bandwidth_bps * np.exp(known.wire.mean + share)
    prepare_s = edge_factor * terms.prepare_s * np.exp(known.prepare.mean[0])
    request_s = np.maximum(rtt_s + REQUEST_UNIT_S * known.request.mean, 0.0)[terms.cloud]
    latency_s = terms.beside.frame_s + prepare_s + edge_s + air_s + terms.reach * request_s + cloud_s
    return Prices(known, links, latency_s, (edge_s, cloud_s, air_s, prepare_s))


def _shared(belief: Belief, terms: Terms) -> Vector:
    """One quantity that all plans have in common."""
    count = len(terms.ways)
    return np.broadcast_to(belief.cov, (count, count))
