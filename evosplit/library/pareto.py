"""Pareto front: everything that can be had of latency, edge memory and error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evosplit.library.model import Model
from evosplit.library.plan_data import where
from evosplit.library.progress import Progress, counting
from evosplit.library.promise import without_drop
from evosplit.library.report import Listing, Report, listing
from evosplit.library.setting import PlanningOptions, Setting, setting_of
from evosplit.planner.pareto import Front, pareto_front
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan
from evosplit.shared.units import format_bandwidth, format_duration, format_size

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True, repr=False)
class ParetoReport(Report):
    """The plans that no other plan beats in latency, edge memory and error at once, the fastest first."""

    graph: Graph
    front: Front
    bandwidth_bps: float
    calibration: str
    notes: tuple[str, ...] = ()

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The front."""
        return self.front.plans

    @property
    def title(self) -> str:
        """The model and the link."""
        return f"{self.graph.name} at {format_bandwidth(self.bandwidth_bps)}"

    def to_dict(self) -> dict[str, Any]:
        """What `evosplit pareto --json` prints, but for the name of the devices."""
        return {
            "model": self.graph.name,
            "calibration": self.calibration,
            "bandwidth_bps": self.bandwidth_bps,
            "resolution": self.front.resolution,
            "least_error": self.front.least_error,
            "points": [_point(plan) for plan in self.front.plans],
        }

    def listings(self) -> tuple[Listing, ...]:
        """A row a plan."""
        columns = ("latency", "edge memory", "error", "on the wire", "cut")
        rows = (
            (
                format_duration(plan.latency.total_s),
                format_size(plan.edge_memory_bytes),
                f"{plan.error:.2g}",
                format_size(plan.wire_bytes),
                where(self.graph, plan.cut_key),
            )
            for plan in self.front.plans
        )
        return (listing(self.title, columns, rows),)

    def remarks(self) -> tuple[str, ...]:
        """In which sense the front is complete."""
        return (
            f"no plan is missing that needs {self.front.resolution:.3g} less memory or error than one of"
            f" these (errors up to {self.front.least_error:g} count as none)",
        )

    def plot(self, axes: Any = None) -> Any:  # noqa: ANN401 - matplotlib has no types
        """Latency over error, coloured by memory; matplotlib axes. Raises MissingExtraError."""
        from evosplit.library.plots.pareto_plot import plot_front

        return plot_front(self.title, self.front.plans, axes)


def pareto(
    model: Model,
    bandwidth_bps: float,
    resolution: float = 0.25,
    *,
    progress: Progress | None = None,
    **options: Unpack[PlanningOptions],
) -> ParetoReport:
    """List the plans of a model that no other plan beats in latency, edge memory and error at once.

    Plans that differ by no more than the share ``resolution`` in memory and in error count as one. Raises
    InfeasibleError, InputError, ProfileError, UsageError.
    """
    return pareto_in(setting_of(model, options, progress), bandwidth_bps, resolution, progress)


def pareto_in(
    setting: Setting, bandwidth_bps: float, resolution: float, progress: Progress | None = None
) -> ParetoReport:
    """As `pareto`, in a setting."""
    known = without_drop(setting, setting.problem(bandwidth_bps))
    count = counting(progress, f"front of {setting.model.name}")
    front = pareto_front(known.kept.problem, resolution, progress=count)
    return ParetoReport(setting.model.graph, front, bandwidth_bps, known.kind, (*setting.notes, *known.notes))


def _point(plan: Plan) -> dict[str, Any]:
    return {
        "latency_s": plan.latency.total_s,
        "edge_memory_bytes": plan.edge_memory_bytes,
        "error": plan.error,
        "cut": plan.cut_key,
        "wire_bytes": plan.wire_bytes,
        "plan": plan.digest,
    }
