"""Rate-accuracy plot of the codec's figures: ``python -m benchmarks.codec.codec_curves`` after the benchmark.

A panel for each network, at the cut nearest to half of its arithmetic: points over bytes of a whole frame,
for the present wire, the entropy coder, components of channels, restorations behind both, and JPEG and WebP
of the input.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.report import RESULTS
from evosplit.library.plots.figure import file_figure

IMAGE: Final = Path(__file__).parents[2] / "docs" / "images" / "rate-accuracy.png"
STYLES: Final = {
    "zstd": ("present wire (zstd)", "#8c8c8c", "s"),
    "nearest": ("entropy coded, one step, to nearest", "#9cc7ab", "."),
    "coded": ("entropy coded, the best steps", "#2f7d4f", "o"),
    "transformed": ("components of channels", "#7a3b8f", "P"),
    "restored": ("coded and restored", "#1a1a1a", "^"),
    "both": ("components and restored", "#c0392b", "X"),
    "JPEG": ("JPEG of the input", "#3a6ea5", "v"),
    "WEBP": ("WebP of the input", "#b5651d", "d"),
}
_POINTS_SHOWN: Final = 12.0
_COLUMNS: Final = 3
_TICKS: Final = (0.2, 0.3, 0.5, 0.7, 1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100, 200, 300, 500)
"""Kilobytes."""


def main() -> None:
    """Draw and write the image."""
    result = json.loads((RESULTS / "feature_codec.json").read_text(encoding="utf-8"))
    panels = list(half_way_rows(result["rows"]))
    figure = file_figure(11, 3.4 * -(-len(panels) // _COLUMNS), layout="constrained")
    grid = list(figure.subplots(-(-len(panels) // _COLUMNS), _COLUMNS, squeeze=False).flat)
    for unused in grid[len(panels) :]:
        unused.set_axis_off()
    for axes, row in zip(grid, panels, strict=False):
        _draw(axes, row)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=-(-len(STYLES) // 2), fontsize=8)
    figure.savefig(IMAGE, dpi=100)
    print(IMAGE)


def half_way_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Of each network the row whose cut is nearest to half of the arithmetic, among those with a curve."""
    drawn = [row for row in rows if row.get("curve")]
    for model in dict.fromkeys(row["model"] for row in drawn):
        own = [row for row in drawn if row["model"] == model]
        yield min(own, key=lambda row: abs(row["share_of_arithmetic"] - 0.5))


def points_of(row: Mapping[str, Any], way: str) -> list[tuple[float, float]]:
    """Kilobytes and points of one way, of what was measured on all inputs, by bytes."""
    inputs = row["unseen_inputs"]
    curve = [point for point in row["curve"] if point["way"] == way and point["inputs"] == inputs]
    return sorted((point["bytes"] / 1000, point["points"]) for point in curve)


def _draw(axes: Any, row: Mapping[str, Any]) -> None:  # noqa: ANN401 - matplotlib has no types
    for way, (label, colour, marker) in STYLES.items():
        sizes, points = zip(*points_of(row, way), strict=True) if points_of(row, way) else ((), ())
        axes.plot(sizes, points, color=colour, marker=marker, markersize=4, linewidth=1.2, label=label)
    best = row["float_points"]
    axes.axhspan(best - 1, best, color="#2f7d4f", alpha=0.1, linewidth=0)
    axes.axhline(best, color="#1a1a1a", linewidth=0.7, linestyle=":")
    axes.set(xscale="log", ylim=(best - _POINTS_SHOWN, best + 2), title=_title(row))
    low, high = axes.get_xlim()
    axes.set_xticks([tick for tick in _TICKS if low <= tick <= high])
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="kB for a frame", ylabel=row["unit"] + " in %")
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.title.set_fontsize(9)


def _title(row: Mapping[str, Any]) -> str:
    return f"{row['model']}, cut behind {100 * row['share_of_arithmetic']:.0f} % of the arithmetic"


if __name__ == "__main__":
    main()
