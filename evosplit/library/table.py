"""Plan tables: the best plan for every bandwidth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evosplit.library.model import Model
from evosplit.library.plan_data import plan_data, where
from evosplit.library.progress import Progress
from evosplit.library.promise import Promised, keep_table_promise
from evosplit.library.report import Listing, Report, listing
from evosplit.library.setting import PlanningOptions, Setting, setting_of
from evosplit.planner.table import MAX_BANDWIDTH_BPS, MIN_BANDWIDTH_BPS
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.units import format_bandwidth, format_duration, format_size

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True, repr=False)
class TableReport(Report):
    """The plans that are optimal for some bandwidth, and where one takes over from another."""

    graph: Graph
    table: PlanTable
    promised: Promised
    notes: tuple[str, ...] = ()

    @property
    def plans(self) -> tuple[Plan, ...]:
        """In ascending bandwidth."""
        return self.table.plans

    def best(self, bandwidth_bps: float) -> Plan:
        """The optimal plan at a bandwidth."""
        return self.table.best(bandwidth_bps)

    def to_dict(self) -> dict[str, Any]:
        """What `evosplit table --json` prints, but for the name of the devices."""
        table, fallback = self.table, self.table.fallback
        return {
            "model": self.graph.name,
            **self.promised.data,
            "rtt_s": table.rtt_s,
            "bandwidth_range_bps": [MIN_BANDWIDTH_BPS, MAX_BANDWIDTH_BPS],
            "breakpoints_bps": list(table.breakpoints_bps),
            "plans": [plan_data(self.graph, plan) for plan in table.plans],
            "fallback": None if fallback is None else plan_data(self.graph, fallback),
        }

    def listings(self) -> tuple[Listing, ...]:
        """A row a plan, from the lowest bandwidth at which it is the best."""
        starts = (MIN_BANDWIDTH_BPS, *self.table.breakpoints_bps)
        columns = ("from", "cut", "latency there", "on the wire", "edge memory", "error")
        rows = (
            (
                format_bandwidth(start),
                where(self.graph, plan.cut_key),
                format_duration(plan.latency.total_s),
                format_size(plan.wire_bytes),
                format_size(plan.edge_memory_bytes),
                f"{plan.error:.3g}",
            )
            for start, plan in zip(starts, self.table.plans, strict=True)
        )
        return (listing(f"Plans for {self.graph.name} over bandwidth", columns, rows),)

    def remarks(self) -> tuple[str, ...]:
        """What serves without a link."""
        fallback = self.table.fallback
        if fallback is None:
            return ("without a link: no plan within the limits",)
        return (f"without a link: all on the edge, {format_duration(fallback.latency.total_s)}",)

    def plot(self, axes: Any = None) -> Any:  # noqa: ANN401 - matplotlib has no types
        """Latency over bandwidth, a colour a plan; matplotlib axes. Raises MissingExtraError."""
        from evosplit.library.plots.table_plot import plot_table

        return plot_table(f"Plans for {self.graph.name}", self.table, axes)


def table(
    model: Model,
    max_drop: float | None = None,
    *,
    progress: Progress | None = None,
    **options: Unpack[PlanningOptions],
) -> TableReport:
    """Find the plans of a model that are optimal for some bandwidth.

    ``max_drop`` as in `plan`. Raises InfeasibleError, InputError, ProfileError, UsageError.
    """
    return table_in(setting_of(model, options, progress), max_drop, progress)


def table_in(setting: Setting, max_drop: float | None, progress: Progress | None = None) -> TableReport:
    """As `table`, in a setting."""
    offered = setting.problem()
    kept, promised = keep_table_promise(setting, offered, max_drop, progress)
    return TableReport(offered.graph, kept, promised, (*setting.notes, *promised.notes))
