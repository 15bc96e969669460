"""Answers of edge agents and cloud tiers as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from evosplit.library.report import Listing, Report, listing
from evosplit.shared.oip import InferResponse, Scalar
from evosplit.shared.plan import PlanTable
from evosplit.shared.readings.outcome_text import outcome_text
from evosplit.shared.result import Result
from evosplit.shared.serial import to_data
from evosplit.shared.units import format_bandwidth, format_duration, format_size


@dataclass(frozen=True, repr=False)
class FrameReport(Report):
    """The result of one frame: who answered, how sure, under which plan, and where the time went."""

    result: Result

    @property
    def outcome(self) -> Any:  # noqa: ANN401 - what the model card makes of the outputs
        """The card's reading of the outputs as plain data: classes, text, boxes."""
        return self.result.outcome

    def to_dict(self) -> dict[str, Any]:
        """As `GET /v1/results/{frame_id}` answers."""
        data: dict[str, Any] = to_data(self.result)
        return data

    def listings(self) -> tuple[Listing, ...]:
        """What people ask first, then seconds by step."""
        result = self.result
        facts = (
            ("answer", result.error or outcome_text(result.outcome)),
            ("by", result.answered_by if result.hook is None else f"{result.answered_by} ({result.hook})"),
            ("confidence", "-" if result.confidence is None else f"{result.confidence:.3f}"),
            ("cut", "-" if result.cut_key is None else result.cut_key),
            ("sent", format_size(result.wire_bytes)),
            *((step, format_duration(seconds)) for step, seconds in to_data(result.breakdown).items()),
        )
        return (listing(f"Frame {result.frame_id}", ("what", "value"), facts),)


@dataclass(frozen=True)
class Page:
    """Some results, and the cursor of the page after; None on the last one."""

    results: tuple[FrameReport, ...]
    next_cursor: str | None


@dataclass(frozen=True, eq=False, repr=False)
class InferReport(Report):
    """Outputs by name, and what the tier says about how they were made."""

    model: str
    outputs: Mapping[str, NDArray[Any]]
    parameters: Mapping[str, Scalar]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One output."""
        return self.outputs[name]

    def to_dict(self) -> dict[str, Any]:
        """Outputs as nested lists."""
        outputs = {name: array.tolist() for name, array in self.outputs.items()}
        return {"model": self.model, "outputs": outputs, "parameters": dict(self.parameters)}

    def listings(self) -> tuple[Listing, ...]:
        """Shapes, then parameters."""
        shapes = ((name, array.shape, array.dtype) for name, array in self.outputs.items())
        return (
            listing(f"Outputs of {self.model}", ("output", "shape", "dtype"), shapes),
            listing("Parameters", ("what", "value"), self.parameters.items()),
        )


@dataclass(frozen=True, repr=False)
class ServedPlans(Report):
    """The plan table that a cloud tier made for a device, and the digest of the bundle that holds it."""

    bundle: str
    table: PlanTable

    def to_dict(self) -> dict[str, Any]:
        """As the plan service answers."""
        data: dict[str, Any] = to_data(self)
        return data

    def listings(self) -> tuple[Listing, ...]:
        """A row a plan."""
        starts = ("the least", *(format_bandwidth(value) for value in self.table.breakpoints_bps))
        rows = (
            (start, plan.cut_key, format_duration(plan.latency.total_s), format_size(plan.wire_bytes))
            for start, plan in zip(starts, self.table.plans, strict=True)
        )
        columns = ("from", "cut", "latency there", "on the wire")
        return (listing(f"Plans for {self.table.model}", columns, rows),)


def infer_report(response: InferResponse) -> InferReport:
    """The outputs of a response as arrays."""
    outputs = {item.name: item.data for item in response.outputs}
    return InferReport(response.model_name, outputs, dict(response.parameters))
