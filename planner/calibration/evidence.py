"""Calibration data of a plan: where a network's ranges and errors come from."""

from __future__ import annotations

from dataclasses import dataclass

from kernels.errors.types import ErrorTable
from planner.calibration.files import LabelledFeeds
from shared.bundle import CalibrationKind


@dataclass(frozen=True)
class Evidence:
    """What is known of real inputs: files of whoever runs the cloud, or what a device saw itself.

    ``kind`` is ``none`` (nothing is known, so nothing may be quantised by ranges), ``card`` (calibration
    files beside the model) or ``live`` (from a device). ``inputs`` are the inputs, where there are any;
    ``errors`` the statistics of inputs that never left the device, computed there.
    """

    kind: CalibrationKind
    inputs: LabelledFeeds | None = None
    errors: ErrorTable | None = None


NO_EVIDENCE = Evidence("none")
"""No real input is known."""
