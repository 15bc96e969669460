"""Comparison of our plan with every published planner and plain strategy, all priced alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evosplit.library.model import Model
from evosplit.library.plan_data import size_or_dash, where
from evosplit.library.progress import Progress
from evosplit.library.promise import without_drop
from evosplit.library.report import Listing, Report, listing
from evosplit.library.setting import PlanningOptions, Setting, setting_of
from evosplit.planner.compare import Row
from evosplit.planner.compare import compare as compare_strategies
from evosplit.shared.graph import Graph
from evosplit.shared.serial import to_data
from evosplit.shared.units import format_bandwidth, format_duration

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True, repr=False)
class CompareReport(Report):
    """A row a strategy, ours first."""

    graph: Graph
    rows: tuple[Row, ...]
    bandwidth_bps: float
    calibration: str
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The model and the link."""
        return f"{self.graph.name} at {format_bandwidth(self.bandwidth_bps)}"

    def to_dict(self) -> dict[str, Any]:
        """What `evosplit compare --json` prints, but for the name of the devices."""
        return {
            "model": self.graph.name,
            "calibration": self.calibration,
            "bandwidth_bps": self.bandwidth_bps,
            "rows": [to_data(row) for row in self.rows],
        }

    def listings(self) -> tuple[Listing, ...]:
        """A row a strategy; a dash where it has no answer."""
        columns = ("strategy", "latency", "on the wire", "edge model", "error", "cut", "within limits")
        lines = (
            (
                row.strategy,
                "-" if row.latency_s is None else format_duration(row.latency_s),
                size_or_dash(row.wire_bytes),
                size_or_dash(row.edge_model_bytes),
                "-" if row.error is None else f"{row.error:.3g}",
                "-" if row.cut is None else where(self.graph, row.cut),
                "yes" if row.feasible else "no",
            )
            for row in self.rows
        )
        return (listing(self.title, columns, lines),)

    def plot(self, axes: Any = None) -> Any:  # noqa: ANN401 - matplotlib has no types
        """A bar a strategy, hatched where it breaks a limit; matplotlib axes. Raises MissingExtraError."""
        from evosplit.library.plots.compare_plot import plot_rows

        return plot_rows(self.title, self.rows, axes)


def compare(
    model: Model,
    bandwidth_bps: float,
    *,
    progress: Progress | None = None,
    **options: Unpack[PlanningOptions],
) -> CompareReport:
    """Compare our plan with Neurosurgeon, QDMP, Auto-Split, and everything on one side.

    Raises InputError, ProfileError, UsageError.
    """
    return compare_in(setting_of(model, options, progress), bandwidth_bps)


def compare_in(setting: Setting, bandwidth_bps: float) -> CompareReport:
    """As `compare`, in a setting."""
    known = without_drop(setting, setting.problem(bandwidth_bps))
    rows = compare_strategies(known.kept.problem)
    return CompareReport(setting.model.graph, rows, bandwidth_bps, known.kind, (*setting.notes, *known.notes))
