"""Planning setting from a command's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from evosplit.kernels.errors.measure_table import DEFAULT_OPTIONS, ErrorOptions
from evosplit.library.calibrate import calibrate
from evosplit.library.model import Model, load
from evosplit.library.profile import read_profile
from evosplit.library.progress import Progress
from evosplit.library.setting import PlanningOptions, Setting, setting_of
from evosplit.planner.problem.limits import Limits
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.shape_text import Shape

NOISE: Final = "noise"
"""In place of a file: seeded random inputs, for experiments with networks whose weights are made up."""
SIMULATED: Final = {"paper": ("eyeriss", "tpu"), "published": ("eyeriss-published", "tpu-published")}
"""Pairs of edge and cloud: systolic arrays with the paper's figures, and the cost model of its code."""
DEVICES: Final = ("measured", *SIMULATED)

Source: TypeAlias = Path | Literal["noise"] | None


@dataclass(frozen=True)
class Asked:
    """The options of a planning command. ``rtt_s`` None: 20 ms, or none between simulated devices."""

    model: Path
    devices: str
    rtt_s: float | None
    limits: Limits
    edge_file: Path | None
    cloud_file: Path | None
    card_file: Path | None
    calibration: Source
    slowdown: float
    speedup: float
    integers: bool
    threads: int
    error_options: ErrorOptions = DEFAULT_OPTIONS
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    cloud_threads: int | None = None

    def setting(self, progress: Progress, expectation: Expectation = NOTHING_SPARED) -> Setting:
        """Two devices, limits, and the calibration of the model; measures what has not been kept.

        Raises ModelError, CardError, InputError, ProfileError.
        """
        model = load(self.model, self.shapes, self.card_file)
        known = calibrate(model, self.calibration, options=self.error_options, progress=progress)
        options: PlanningOptions = {
            "slowdown": self.slowdown,
            "speedup": self.speedup,
            "integers": self.integers,
            "threads": self.threads,
            "cloud_threads": self.cloud_threads or self.threads,
            "rtt_s": self.rtt_s,
            "calibration": known,
            "limits": self.limits,
            "expectation": expectation,
        }
        return setting_of(model, options | self._devices(model), progress)

    def _devices(self, model: Model) -> PlanningOptions:
        """Those of the simulation, or profiles from files; what is left out is this machine."""
        if self.devices in SIMULATED:
            edge, cloud = SIMULATED[self.devices]
            return {"edge": edge, "cloud": cloud}
        options: PlanningOptions = {}
        if self.edge_file:
            options["edge"] = read_profile(self.edge_file, model)
        if self.cloud_file:
            options["cloud"] = read_profile(self.cloud_file, model)
        return options
