"""A matplotlib figure from blank to file, with one clear line where that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evosplit.shared.errors import EvoSplitError, UsageError


def new_figure(width: float, height: float) -> Any:  # noqa: ANN401 - matplotlib has no types
    """A blank figure, sizes in inches. Raises EvoSplitError where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise EvoSplitError("drawing needs matplotlib: pip install 'evosplit[demo]'") from None
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: Path) -> None:  # noqa: ANN401 - matplotlib has no types
    """Write a .svg, .pdf or .png. Raises EvoSplitError, or UsageError for another suffix."""
    try:
        figure.savefig(path)
    except OSError as error:
        raise EvoSplitError(f"cannot write {path}: {error.strerror}") from None
    except ValueError:
        raise UsageError(
            f"cannot draw a {path.suffix or 'file without a suffix'}: use .svg, .pdf or .png"
        ) from None
