"""Link estimation (bandwidth, round-trip time) from the sizes and times of requests.

A request of ``n`` bytes takes ``rtt + 8 n / bandwidth`` once the cloud's own steps are taken off. Small
requests therefore show the round trip and large ones, less that round trip, the bandwidth. A frame takes
``overhead`` more: proxies, queues, the answer's way back. It is what is left of a few frames at a bandwidth
that a probe (bytes which are discarded) has just told; at other times frames themselves tell the bandwidth.
The estimate is a value: `update` returns the next one, so that a trace can be replayed without a network or
a clock.

Two rules keep it both quick and calm. A sample near the estimate moves it a little, the more the longer its
transfer lasted (a millisecond of jitter is much of a short transfer). Two samples in a row that are off by
`CHANGE_FACTOR` in the same direction are a change of the link, and the nearer of the two replaces the
estimate: a single outlier never does.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

from evosplit.shared.link import FEWEST_OVERHEADS, JITTER_S, LinkEstimate, Observation, Ping

SMALL_BYTES: Final = 1024
"""Requests up to this size show the round trip, larger ones the bandwidth."""

CHANGE_FACTOR: Final = 1.6
"""How far two samples in a row must be off, in one direction, to count as a change of the link."""

CLEAR_TRANSFER_S: Final = 4e-3
"""A transfer of at least this length is clear of jitter."""

_STEADY_TRANSFER_S: Final = 10e-3  # a transfer this long gets the full weight below
_FULL_WEIGHT: Final = 0.4
_PINGS: Final = 5
_OVERHEADS: Final = 5


def update(estimate: LinkEstimate, observation: Observation) -> LinkEstimate:
    """The estimate after one more request."""
    if not observation.completed:
        return _with_ceiling(estimate, observation)
    if observation.size_bytes <= SMALL_BYTES:
        return _with_ping(estimate, Ping(observation.size_bytes, observation.seconds))
    if estimate.rtt_s is not None and observation.seconds < estimate.rtt_s:
        estimate = _with_ping(estimate, Ping(0, observation.seconds))  # the round trip cannot be longer
    if not observation.is_frame:
        return _asking(_with_transfer(estimate, observation))
    is_known = len(estimate.overheads) >= FEWEST_OVERHEADS or estimate.asked == 0
    estimate = _with_overhead(estimate, observation)
    return _with_transfer(estimate, observation) if is_known else estimate


def _asking(estimate: LinkEstimate) -> LinkEstimate:
    """After a probe: the next frames show what they take beside their bytes, if the bandwidth is settled."""
    if estimate.deviant_bps is not None:
        return estimate
    return dataclasses.replace(estimate, probed_bps=estimate.bandwidth_bps, asked=_OVERHEADS)


def _with_overhead(estimate: LinkEstimate, observation: Observation) -> LinkEstimate:
    if estimate.asked == 0 or estimate.probed_bps is None or estimate.rtt_s is None:
        return estimate
    transfer_s = 8 * observation.size_bytes / (estimate.probed_bps * observation.share)
    found_s = max(observation.seconds - estimate.rtt_s - transfer_s, 0.0)
    overheads = (*estimate.overheads, found_s)[-_OVERHEADS:]
    return dataclasses.replace(estimate, overheads=overheads, asked=estimate.asked - 1)


def _with_ping(estimate: LinkEstimate, ping: Ping) -> LinkEstimate:
    return dataclasses.replace(estimate, pings=(*estimate.pings, ping)[-_PINGS:])


def _with_transfer(estimate: LinkEstimate, observation: Observation) -> LinkEstimate:
    rtt_s = estimate.rtt_s or 0.0
    beside_s = rtt_s + (estimate.overhead_s if observation.is_frame else 0.0)
    transfer_s = (observation.seconds - beside_s) * observation.share
    jitter_s = estimate.jitter_s if observation.is_frame else JITTER_S
    resolution_s = max(jitter_s, rtt_s / 10)
    sample_bps = 8 * observation.size_bytes / max(transfer_s, resolution_s)
    current_bps = estimate.bandwidth_bps
    if current_bps is None:
        return dataclasses.replace(estimate, bandwidth_bps=sample_bps, samples=1)
    if transfer_s <= resolution_s and sample_bps <= current_bps:
        return estimate  # "at least this fast" says nothing new
    expected_s = 8 * observation.size_bytes / current_bps
    if observation.is_frame and max(transfer_s, expected_s) < max(CLEAR_TRANSFER_S, 3 * jitter_s):
        return estimate  # as likely jitter as the link: probes must tell
    counted = dataclasses.replace(
        estimate,
        samples=estimate.samples + 1,
        clear_samples=estimate.clear_samples + (transfer_s >= CLEAR_TRANSFER_S),
    )
    if _deviates(max(transfer_s, resolution_s), expected_s, jitter_s):
        return _with_deviant(counted, current_bps, sample_bps)
    # A frame that should have passed in no time says little: what it took longer is jitter.
    told_s = min(transfer_s, expected_s) if observation.is_frame else max(transfer_s, JITTER_S)
    weight = _FULL_WEIGHT * min(1.0, told_s / max(_STEADY_TRANSFER_S, 5 * jitter_s))
    moved_bps = current_bps * math.pow(sample_bps / current_bps, weight)
    return dataclasses.replace(counted, bandwidth_bps=moved_bps, deviant_bps=None)


def _deviates(transfer_s: float, expected_s: float, jitter_s: float) -> bool:
    """Jitter only ever adds time, so that a slower transfer gets the benefit of the doubt."""
    slower = transfer_s > CHANGE_FACTOR * expected_s + 2 * jitter_s
    return slower or transfer_s < expected_s / CHANGE_FACTOR


def _with_deviant(estimate: LinkEstimate, current_bps: float, sample_bps: float) -> LinkEstimate:
    previous = estimate.deviant_bps
    if previous is None or (previous > current_bps) != (sample_bps > current_bps):
        return dataclasses.replace(estimate, deviant_bps=sample_bps)
    nearer_bps = min(previous, sample_bps, key=lambda bps: abs(math.log(bps / current_bps)))
    return _jumped(estimate, nearer_bps)


def _jumped(estimate: LinkEstimate, bandwidth_bps: float) -> LinkEstimate:
    """Another bandwidth at once. Where it is lower, what sending the old pings took stays as it was."""
    pings = estimate.pings
    if estimate.rtt_s is not None and bandwidth_bps < (estimate.bandwidth_bps or 0.0):
        pings = (Ping(0, estimate.rtt_s),)
    return dataclasses.replace(estimate, bandwidth_bps=bandwidth_bps, deviant_bps=None, pings=pings, asked=0)


def _with_ceiling(estimate: LinkEstimate, observation: Observation) -> LinkEstimate:
    """A request that was given up: the link is at most so fast now, at once, until something gets through."""
    ceiling_bps = 8 * observation.size_bytes / (max(observation.seconds, JITTER_S) * observation.share)
    if observation.size_bytes <= SMALL_BYTES or ceiling_bps >= (estimate.bandwidth_bps or math.inf):
        return estimate
    return _jumped(estimate, ceiling_bps)
