"""Band chart: measured latency over bandwidth of every strategy, and which is the fastest where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evosplit.library.band_rows import (
    PLANNED,
    SPLIT,
    BandRow,
    bands,
    best_split,
    fastest_single,
    kind_of,
    seconds_by_bandwidth,
)
from evosplit.library.report import Listing, Report, listing
from evosplit.shared.units import format_bandwidth, format_duration, format_size


@dataclass(frozen=True, repr=False)
class BandReport(Report):
    """All rows of one network between two devices; ``integers``: the edge may compute in 8-bit integers."""

    model: str
    slowdown: float
    speedup: float
    rtt_s: float
    integers: bool
    rows: tuple[BandRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The network and the two devices."""
        edge, cloud = f"edge {self.slowdown:g} times slower", f"cloud {self.speedup:g} times faster"
        devices = edge if self.speedup == 1 else f"{edge}, {cloud}"
        return f"{self.model}: {devices}, round trip {format_duration(self.rtt_s)}"

    @property
    def strategies(self) -> tuple[str, ...]:
        """The planned one and the single ones; of fixed splits the best, where there is one."""
        best = best_split(self.rows)
        names = dict.fromkeys(row.strategy for row in self.rows)
        return tuple(name for name in names if kind_of(name) != SPLIT or name == best)

    @property
    def planned_to_best(self) -> dict[float, float | None]:
        """By bandwidth: the planned strategy's latency as a multiple of the fastest single one's."""
        ratios: dict[float, float | None] = {}
        for bandwidth_bps, seconds in seconds_by_bandwidth(self.rows).items():
            best = fastest_single(seconds)
            is_known = best is not None and PLANNED in seconds
            ratios[bandwidth_bps] = seconds[PLANNED] / seconds[best] if is_known and best else None
        return ratios

    def to_dict(self) -> dict[str, Any]:
        """What `evosplit compare --measured --json` prints."""
        return {
            "model": self.model,
            "slowdown": self.slowdown,
            "speedup": self.speedup,
            "rtt_s": self.rtt_s,
            "integers": self.integers,
            "rows": [asdict(row) for row in self.rows],
            "best_split": best_split(self.rows),
            "bands": [asdict(band) for band in bands(self.rows)],
            "planned_to_best": [
                {"bandwidth_bps": bandwidth_bps, "ratio": ratio}
                for bandwidth_bps, ratio in self.planned_to_best.items()
            ],
        }

    def listings(self) -> tuple[Listing, ...]:
        """Latencies, a line a bandwidth; what was sent; the bands."""
        columns = ("uplink", *self.strategies, "fastest", "planned to it")
        sent = listing("Sent per frame", ("uplink", *self.strategies), self._sent_lines())
        where = (
            (f"{format_bandwidth(band.low_bps)} to {format_bandwidth(band.high_bps)}", band.kind)
            for band in bands(self.rows)
        )
        return (
            listing(self.title, columns, self._latency_lines()),
            sent,
            listing("The fastest single strategy", ("uplink", "strategy"), where),
        )

    def remarks(self) -> tuple[str, ...]:
        """How the devices were played."""
        edge = (
            f"Edge and cloud are this one machine; the edge waits {self.slowdown - 1:g} times as long as it "
            "computes. The link is shaped by a proxy."
        )
        spared = 1 - 1 / self.speedup
        cloud = (
            f"Of the seconds that the cloud decodes and computes, {spared:.0%} are taken off each frame: "
            f"a cloud {self.speedup:g} times faster."
        )
        return edge, *((cloud,) if spared else ()), *self.notes

    def plot(self, axes: Any = None) -> Any:  # noqa: ANN401 - matplotlib has no types
        """A line a strategy, the winner's band shaded; matplotlib axes. Raises MissingExtraError."""
        from evosplit.library.plots.band_plot import plot_bands

        return plot_bands(self.title, self.rows, axes)

    def _latency_lines(self) -> list[Sequence[str]]:
        ratios = self.planned_to_best
        return [
            (
                format_bandwidth(bandwidth_bps),
                *(format_duration(seconds[name]) if name in seconds else "-" for name in self.strategies),
                fastest_single(seconds) or "-",
                "-" if (ratio := ratios[bandwidth_bps]) is None else f"{ratio - 1:+.1%}",
            )
            for bandwidth_bps, seconds in seconds_by_bandwidth(self.rows).items()
        ]

    def _sent_lines(self) -> list[Sequence[str]]:
        rows = {(row.bandwidth_bps, row.strategy): row for row in self.rows}
        return [
            (
                format_bandwidth(bandwidth_bps),
                *(_sent(rows[bandwidth_bps, name]) for name in self.strategies),
            )
            for bandwidth_bps in seconds_by_bandwidth(self.rows)
        ]


def _sent(row: BandRow) -> str:
    """The cut, and the bytes of what crosses."""
    if row.wire_bytes is None:
        return "-"
    return f"{format_size(row.wire_bytes)} at {row.cut}" if row.wire_bytes else f"0 B at {row.cut}"
