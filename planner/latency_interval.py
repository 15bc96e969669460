"""Prediction interval of a frame's latency under a plan."""

from __future__ import annotations

from dataclasses import dataclass

from evosplit.planner.devices.device import Device
from evosplit.planner.problem.device_pair import measured_profile
from evosplit.shared.plan import Plan
from evosplit.shared.profile import Profile


@dataclass(frozen=True)
class Interval:
    """A prediction in seconds. ``low_s`` and ``high_s`` come from the profiles' residuals."""

    low_s: float
    expected_s: float
    high_s: float


def latency_interval(plan: Plan, edge: Profile | Device, cloud: Profile | Device) -> Interval:
    """The plan's latency on its own link.

        expected = edge_s + uplink_s + cloud_s
        off      = r_edge (edge_s - frame_s - prepare_s) + r_cloud cloud_s

    r is the profile's residual: how far a head or tail was mispredicted when the correction did not know it.
    ``edge`` and ``cloud`` are what the plan was made with; a simulated device, whose times are exact by
    definition, and a profile without a residual add nothing to the width. The link is taken at its word.
    """
    latency, measured = plan.latency, measured_profile(edge)
    expected_s, beside_s = latency.total_s, measured.frame_s + measured.prepare_s if measured else 0.0
    off_s = _residual(measured) * max(latency.edge_s - beside_s, 0.0)
    off_s += _residual(measured_profile(cloud)) * latency.cloud_s
    return Interval(max(expected_s - off_s, 0.0), expected_s, expected_s + off_s)


def _residual(measured: Profile | None) -> float:
    return measured.residual or 0.0 if measured else 0.0
