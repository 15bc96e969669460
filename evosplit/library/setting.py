"""Setting of a plan: two devices, a calibration, limits; all that is asked besides the link."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, TypedDict

from evosplit.library.calibrate import CalibrationReport, calibrate
from evosplit.library.model import Model
from evosplit.library.profile import ProfileReport, profile
from evosplit.library.progress import Progress
from evosplit.planner.calibrate import Calibration
from evosplit.planner.devices import Device, named_device
from evosplit.planner.problem import Problem
from evosplit.planner.problem.costs import Objective
from evosplit.planner.problem.device_pair import measured_profile
from evosplit.planner.problem.limits import Limits
from evosplit.planner.problem.model_remarks import statements
from evosplit.planner.service import service_problem
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.link import Link
from evosplit.shared.profile import Profile
from evosplit.shared.slowdown import slowed

Side: TypeAlias = ProfileReport | Profile | Device | str | None
"""A profile, a simulated device or its name (docs/devices.md); None: this machine, measured once."""

RTT_S: Final = 0.02
"""Round-trip time between measured devices where none is given."""


class PlanningOptions(TypedDict, total=False):
    """What `plan`, `table`, `pareto` and `compare` may be told besides the model.

    ``edge`` and ``cloud`` are devices. ``slowdown`` makes an edge that is measured here so many times slower,
    ``speedup`` a cloud that is measured here so many times faster; without ``integers`` the edge runs heads
    in float32 alone. ``threads`` are ONNX Runtime's on devices measured here, ``cloud_threads`` those of the
    cloud where they are others. ``rtt_s`` is the round-trip time in seconds:
    0.02, or none between simulated devices, unless given. ``calibration`` is what `calibrate` found; without
    it the files beside the model are taken, if any. ``limits`` bound plans; ``expectation`` is what hooks and
    masks of an agent spare.
    """

    edge: Side
    cloud: Side
    slowdown: float
    speedup: float
    integers: bool
    threads: int
    cloud_threads: int
    rtt_s: float | None
    calibration: CalibrationReport | None
    limits: Limits
    expectation: Expectation


@dataclass(frozen=True)
class Setting:
    """Two devices, complete. ``notes`` are lines about what is special in any plan of it."""

    model: Model
    edge: Profile | Device
    cloud: Profile | Device
    rtt_s: float
    calibration: Calibration
    limits: Limits = field(default_factory=Limits)
    expectation: Expectation = NOTHING_SPARED
    threads: int = 1
    notes: tuple[str, ...] = ()

    def problem(self, bandwidth_bps: float | None = None, objective: Objective = "latency") -> Problem:
        """What the planner is asked for a link; None: for any. Raises ProfileError, UsageError."""
        known = self.calibration
        problem = service_problem(
            self.model.graph,
            self.edge,
            self.cloud,
            known.errors,
            self.rtt_s,
            self.limits,
            known.encodings,
            self.expectation,
        )
        link = problem.link if bandwidth_bps is None else Link(bandwidth_bps, self.rtt_s)
        return replace(problem, link=link, objective=objective)


def setting_of(model: Model, options: PlanningOptions, progress: Progress | None = None) -> Setting:
    """The setting that the options name; measures what it needs and has not been kept.

    Raises CardError, InputError, ProfileError, UsageError.
    """
    threads = options.get("threads", 1)
    known = options.get("calibration") or calibrate(model, progress=progress)
    edge = options.get("edge")
    if edge is None:
        slowdown, integers = options.get("slowdown", 1.0), options.get("integers", True)
        edge = profile(model, threads, slowdown, integers=integers, progress=progress)
    cloud = options.get("cloud")
    if cloud is None:
        measured = profile(model, options.get("cloud_threads", threads), side="cloud", progress=progress)
        cloud = slowed(measured.profile, 1.0 / options.get("speedup", 1.0))
    rtt_s, devices = options.get("rtt_s"), (_device(edge), _device(cloud))
    if rtt_s is None:
        rtt_s = RTT_S if any(measured_profile(device) for device in devices) else 0.0
    return Setting(
        model,
        *devices,
        rtt_s,
        known.calibration,
        options.get("limits", Limits()),
        options.get("expectation", NOTHING_SPARED),
        threads,
        (*statements(model.graph), *_notes(edge), *known.notes),
    )


def _device(side: ProfileReport | Profile | Device | str) -> Profile | Device:
    """Raises UsageError for a name that no device has."""
    if isinstance(side, ProfileReport):
        return side.profile
    return named_device(side) if isinstance(side, str) else side


def _notes(side: ProfileReport | Profile | Device | str) -> tuple[str, ...]:
    return side.notes if isinstance(side, ProfileReport) else ()
