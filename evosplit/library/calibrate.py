"""Calibration: what quantisation and picture codecs cost on real inputs of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.errors.error_options import ErrorOptions
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import DEFAULT_OPTIONS
from evosplit.library.cache import local_store
from evosplit.library.model import Model
from evosplit.library.progress import Progress, counting
from evosplit.library.report import Listing, Report, listing
from evosplit.planner.calibrate import Calibration, Calibrator
from evosplit.planner.calibration.calibration_data import Evidence, evidence_in, noise_evidence
from evosplit.planner.calibration.input_files import LabelledFeeds, calibration_source, labelled_arrays
from evosplit.planner.calibration.labels import Label
from evosplit.shared.errors import InputError, UsageError
from evosplit.shared.serial import to_data

Arrays: TypeAlias = NDArray[Any] | Mapping[str, NDArray[Any]]
"""The only input's samples, or all inputs' by name: ``(samples, ...)`` each."""
Inputs: TypeAlias = Arrays | Path | str | Literal["noise"] | None
_SHOWN_BITS = (8, 4, 2)


@dataclass(frozen=True, repr=False)
class CalibrationReport(Report):
    """What is known of a model's inputs, and the errors that were measured on them."""

    name: str
    calibration: Calibration
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> ErrorTable:
        """The error of every weight and activation tensor at every bit-width."""
        return self.calibration.errors

    def to_dict(self) -> dict[str, Any]:
        """The kind of inputs, how many were measured on and judge by, errors, and encodings of pictures."""
        known = self.calibration
        return {
            "model": self.name,
            "calibration": known.kind,
            "inputs": 0 if known.inputs is None else len(known.inputs.feeds),
            "has_labels": known.inputs is not None and known.inputs.labels is not None,
            "errors": to_data(known.errors),
            "encodings": [to_data(item) for item in known.encodings],
        }

    def listings(self) -> tuple[Listing, ...]:
        """Errors of activations at a few bit-widths, then ways to send the input as a picture."""
        errors, encodings = self.errors, self.calibration.encodings
        rows = (
            (name, *(_error(item.error.get(bits)) for bits in _SHOWN_BITS))
            for name, item in errors.activations.items()
        )
        title = f"Errors of {self.name} on {errors.samples} inputs ({self.calibration.kind})"
        listings = [listing(title, ("activation", *(f"{bits} bits" for bits in _SHOWN_BITS)), rows)]
        if encodings:
            pictures = ((item.name, f"{item.wire_bytes:,.0f}", _error(item.error)) for item in encodings)
            listings.append(listing("The input as a picture", ("codec", "bytes", "error"), pictures))
        return tuple(listings)

    def remarks(self) -> tuple[str, ...]:
        """What the errors rest on where it is not real inputs."""
        return self.notes


def calibrate(
    model: Model,
    inputs: Inputs = None,
    labels: Sequence[Label] | None = None,
    *,
    options: ErrorOptions = DEFAULT_OPTIONS,
    threads: int = 0,
    progress: Progress | None = None,
) -> CalibrationReport:
    """Measure on real inputs, once; what was measured is kept.

    ``inputs`` are preprocessed samples ``(samples, ...)`` (of the only input, or by name), or a folder of
    pictures or an ``.npz`` file; None takes those beside the model, if any, and ``"noise"`` makes some up,
    for experiments with made-up weights. With ``labels``, one per sample, accuracy is judged by them, else
    agreement with the float network.

    Raises InputError, CardError, and UsageError for labels without arrays.
    """
    evidence = _evidence(model, inputs, labels)
    count = counting(progress, f"errors of {model.name}")
    calibrator = Calibrator(local_store(), threads)
    calibrated = calibrator.calibrate(model.graph, model.card, evidence, options, count)
    noise = f"{model.name}: errors are measured on noise, which promises nothing for real inputs"
    return CalibrationReport(model.name, calibrated, (noise,) if calibrated.kind == "noise" else ())


def _evidence(model: Model, inputs: Inputs, labels: Sequence[Label] | None) -> Evidence:
    if isinstance(inputs, np.ndarray | Mapping):
        return Evidence("card", _from_arrays(model, inputs, labels))
    if labels is not None:
        raise UsageError("labels are given with arrays; those of files lie beside them")
    if inputs == "noise":
        return noise_evidence(model.graph, model.card)
    beside = None if model.path is None else calibration_source(model.path)
    source = beside if inputs is None else Path(inputs)
    if source is not None and not source.exists():
        raise InputError(f"there are no calibration inputs at {source}")
    return evidence_in(model.graph, model.card, source)


def _from_arrays(model: Model, inputs: Arrays, labels: Sequence[Label] | None) -> LabelledFeeds:
    named = None if labels is None else tuple(labels)
    if isinstance(inputs, Mapping):
        return labelled_arrays(model.graph, dict(inputs), named)
    if len(model.graph.inputs) != 1:
        raise UsageError(f"{model.name} has several inputs: give arrays by name")
    return labelled_arrays(model.graph, {model.graph.inputs[0]: inputs}, named)


def _error(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
