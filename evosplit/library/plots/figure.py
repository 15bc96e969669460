"""Matplotlib figures and axes, from blank to file; matplotlib is imported when something is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evosplit.shared.errors import EvoSplitError, MissingExtraError, UsageError


def shown_figure(width: float, height: float, **options: Any) -> Any:  # noqa: ANN401 - matplotlib has no types
    """A blank figure of pyplot's, sizes in inches: notebooks show it. Raises MissingExtraError."""
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise _missing() from None
    return plt.figure(figsize=(width, height), **options)


def file_figure(width: float, height: float, **options: Any) -> Any:  # noqa: ANN401 - matplotlib has no types
    """A blank figure that no display is opened for. Raises MissingExtraError."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise _missing() from None
    return Figure(figsize=(width, height), **options)


def axes_or_new(axes: Any, width: float, height: float) -> Any:  # noqa: ANN401 - matplotlib has no types
    """``axes``, or those of a new `shown_figure` where they are None."""
    return shown_figure(width, height, layout="constrained").subplots() if axes is None else axes


def file_axes() -> Any:  # noqa: ANN401 - matplotlib has no types
    """Blank axes for a file."""
    return file_figure(8, 5, layout="constrained").subplots()


def save_axes(axes: Any, path: Path) -> None:  # noqa: ANN401 - matplotlib has no types
    """Write the figure as a .svg, .pdf or .png. Raises EvoSplitError, or UsageError for another suffix."""
    try:
        axes.figure.savefig(path, dpi=110)
    except OSError as error:
        raise EvoSplitError(f"cannot write {path}: {error.strerror}") from None
    except ValueError:
        raise UsageError(
            f"cannot draw a {path.suffix or 'file without a suffix'}: use .svg, .pdf or .png"
        ) from None


def _missing() -> MissingExtraError:
    return MissingExtraError("drawing", "matplotlib", "library")
