"""Graph drawing of a plan: the network layer by layer, coloured by where each layer runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from evosplit.library.plots.figure import shown_figure
from evosplit.library.plots.picture import Layout, Node, Place, Words, layout
from evosplit.library.plots.picture.place import ROW_ASPECT
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan

_COLOURS: Final = {"edge": "#ffd9a0", "cloud": "#b9d7f2", "input": "#ececec"}
_LINE: Final = "#8a8a8a"
_CUT: Final = "#c81e1e"
_FRAME: Final = "#404040"
_LABEL: Final = {
    "color": _CUT,
    "fontsize": 9,
    "fontweight": "bold",
    "va": "center",
    "zorder": 4,
    "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
}
_BOX_INCHES: Final = 1.35
_BOX: Final = (0.94, 0.74)
"""Of its cell; the rest is margin."""
_TITLE_INCHES: Final = 0.9
_MARGIN: Final = 0.1


def plot_plan(graph: Graph, plan: Plan, new_figure: Callable[[float, float], Any] = shown_figure) -> Any:  # noqa: ANN401 - no types
    """Draw a plan: layers as boxes with their bits, the tensors that cross in red with theirs; the axes.

    ``new_figure`` makes the figure of a size in inches. Raises MissingExtraError.
    """
    placed = layout(graph)
    row_inches = _BOX_INCHES * ROW_ASPECT
    width, height = (placed.width + 2 * _MARGIN) * _BOX_INCHES, placed.height * row_inches + _TITLE_INCHES
    return _draw(new_figure(max(width, 7.0), height), Words(graph, plan), placed, 1 - _TITLE_INCHES / height)


def _draw(figure: Any, words: Words, placed: Layout, top: float) -> Any:  # noqa: ANN401 - no types
    axes = figure.add_axes((0, 0, 1, top))
    axes.set(xlim=(-_MARGIN, placed.width + _MARGIN), ylim=(placed.height, 0))
    axes.axis("off")
    for upper, lower, tensor in placed.drawn.lines:
        colour, width = (_CUT, 2.4) if words.crosses(lower, tensor) else (_LINE, 0.8)
        axes.plot(*_path(placed, upper, lower), color=colour, linewidth=width, zorder=1)
    for node, place in placed.places.items():
        if not node.is_bend:
            _box(axes, place, words.text(node), _COLOURS[words.side(node)])
    _labels(axes, words, placed)
    figure.suptitle(words.title(), fontsize=10, y=0.995, va="top")
    _legend(figure, bool(words.plan.boundary), top)
    return axes


def _path(placed: Layout, upper: Node, lower: Node) -> tuple[list[float], list[float]]:
    """From the bottom of one node to the top of the next; up through the gutter to another column."""
    start, end = placed.places[upper], placed.places[lower]
    leave = start.y if upper.is_bend else start.y + _BOX[1] / 2
    reach = end.y if lower.is_bend else end.y - _BOX[1] / 2
    if start.column == end.column:
        return [start.x, end.x], [leave, reach]
    gutter = placed.gutters[end.column]
    bottom, top = start.y + 0.47, end.y - 0.47
    xs = [start.x, start.x, gutter, gutter, end.x, end.x]
    return xs, [leave, bottom, bottom, top, top, reach]


def _box(axes: Any, place: Place, text: str, colour: str) -> None:  # noqa: ANN401
    from matplotlib.patches import Rectangle

    corner = place.x - _BOX[0] / 2, place.y - _BOX[1] / 2
    axes.add_patch(Rectangle(corner, *_BOX, facecolor=colour, edgecolor=_FRAME, linewidth=0.6, zorder=2))
    axes.text(place.x, place.y, text, ha="center", va="center", fontsize=7, zorder=3)


def _labels(axes: Any, words: Words, placed: Layout) -> None:  # noqa: ANN401
    """Below the node that makes a tensor which crosses."""
    makers: dict[str, Place] = {}
    for upper, _, tensor in placed.drawn.lines:
        if tensor in words.plan.boundary and not upper.is_bend:
            makers[tensor] = placed.places[upper]
    for tensor, place in makers.items():
        axes.text(place.x + 0.05, place.y + 0.5, words.label(tensor), **_LABEL)


def _legend(figure: Any, is_cut: bool, top: float) -> None:  # noqa: ANN401
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[Any] = [
        Patch(facecolor=_COLOURS[side], edgecolor=_FRAME, label=side) for side in ("edge", "cloud")
    ]
    if is_cut:
        entries.append(Line2D([], [], color=_CUT, linewidth=2.4, label="crosses the cut"))
    note = "w, a: bits of weights and activations (f: float32)"
    entries.append(Line2D([], [], linestyle="none", label=note))
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, top), "ncols": len(entries)}
    figure.legend(handles=entries, frameon=False, fontsize=8, **place)
