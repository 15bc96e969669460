"""Report of a plan for one link: facts, bits, limits, and the table over all links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evosplit.library.plan_data import plan_data, where
from evosplit.library.promise import Promised
from evosplit.library.report import Listing, Report, listing
from evosplit.planner.latency_interval import Interval
from evosplit.planner.problem.limits import LimitStatus
from evosplit.planner.solve import Solution
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.serial import to_data
from evosplit.shared.units import format_bandwidth, format_duration, format_size


@dataclass(frozen=True, repr=False)
class PlanReport(Report):
    """The best plan for a link, the bounds of its latency, and the table over all links where there is one.

    ``table`` has the least latency at every bandwidth, without limits that depend on the link.
    """

    graph: Graph
    solution: Solution
    interval: Interval
    table: PlanTable | None
    promised: Promised
    notes: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.solution.plan

    def to_dict(self) -> dict[str, Any]:
        """What `evosplit plan --json` prints."""
        solution, table = self.solution, self.table
        return {
            "model": self.plan.model,
            **self.promised.data,
            **plan_data(self.graph, self.plan),
            "latency_interval_s": [self.interval.low_s, self.interval.high_s],
            "solver": solution.solver,
            "solve_time_s": solution.solve_time_s,
            "limits": [to_data(status) for status in solution.limits],
            "table": table
            and {
                "breakpoints_bps": list(table.breakpoints_bps),
                "cuts": [plan.cut_key for plan in table.plans],
            },
        }

    def listings(self) -> tuple[Listing, ...]:
        """Facts, bits, limits, and the table."""
        title = f"Plan for {self.graph.name} at {format_bandwidth(self.plan.link.bandwidth_bps)}"
        listings = (
            listing(title, ("what", "value"), self._facts()),
            listing("Bits", ("what", "name", "bits"), _bits(self.plan)),
            listing("Limits", ("limit", "reached", "of"), map(_limit, self.solution.limits)),
        )
        return (*listings, _over_bandwidth(self.graph, self.table)) if self.table else listings

    def remarks(self) -> tuple[str, ...]:
        """Who solved it."""
        return (f"solved by {self.solution.solver} in {format_duration(self.solution.solve_time_s)}",)

    def plot(self) -> Any:  # noqa: ANN401 - matplotlib has no types
        """The network as a graph coloured by where each layer runs; matplotlib axes of a figure of their own.

        Raises MissingExtraError without matplotlib.
        """
        from evosplit.library.plots.plan_picture import plot_plan

        return plot_plan(self.graph, self.plan)

    def _facts(self) -> list[tuple[str, str]]:
        chosen, latency = self.plan, self.plan.latency
        low, high = format_duration(self.interval.low_s), format_duration(self.interval.high_s)
        return [
            ("cut", where(self.graph, chosen.cut_key)),
            ("latency", format_duration(latency.total_s)),
            ("expected", f"{low} to {high}"),
            ("on the edge", format_duration(latency.edge_s)),
            ("on the link", format_duration(latency.uplink_s)),
            ("in the cloud", format_duration(latency.cloud_s)),
            ("on the wire", format_size(chosen.wire_bytes)),
            ("edge memory", format_size(chosen.edge_memory_bytes)),
            ("error", f"{chosen.error:.3g}"),
            *_hooked(chosen),
        ]


def _hooked(chosen: Plan) -> list[tuple[str, str]]:
    """What a plan that counts on hooks says of them; its latency is then a mean over frames."""
    if chosen.exits is None:
        return []
    taps = ", ".join(chosen.exits) or "none"
    return [("exits at work", taps), ("frames that reach the cloud", f"{chosen.reach:.0%}")]


def _bits(chosen: Plan) -> list[tuple[str, str, int]]:
    wire = [("wire", name, code.bits) for name, code in chosen.wire.items()]
    return wire + [("weights", name, bits) for name, bits in chosen.weight_bits.items()]


def _limit(status: LimitStatus) -> tuple[str, str, str]:
    limit = "no limit" if status.limit is None else f"{status.limit:.4g} {status.unit}"
    return status.name, f"{status.value:.4g}", limit


def _over_bandwidth(graph: Graph, table: PlanTable) -> Listing:
    ends = (*(f"up to {format_bandwidth(value)}" for value in table.breakpoints_bps), "above")
    rows = (
        (end, where(graph, plan.cut_key), format_size(plan.wire_bytes))
        for end, plan in zip(ends, table.plans, strict=True)
    )
    return listing("Plans over bandwidth", ("bandwidth", "cut", "on the wire"), rows)
