"""Arrays of a mixed-integer linear program: variables, rows, an objective to minimise. No solver here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

Terms = dict[int, float]
"""Variable -> factor."""
ONE: Final = 0
"""The variable that is always one: constants, and what is given."""
ZERO: Final = 1
"""The variable that is always zero: what cannot be."""
_ROUNDING: Final = 1e-9


class Program:
    """Rows ``low <= sum of terms <= high`` over variables with bounds; some variables are whole.

    `ONE` and `ZERO` are folded into the bounds of the rows; ``impossible`` is set by a row that nothing can
    meet any more.
    """

    def __init__(self) -> None:
        self.low: list[float] = [1.0, 0.0]
        self.high: list[float] = [1.0, 0.0]
        self.whole: list[bool] = [False, False]
        self.starts: list[int] = [0]
        self.columns: list[int] = []
        self.factors: list[float] = []
        self.row_low: list[float] = []
        self.row_high: list[float] = []
        self.cost: Terms = {}
        self.constant = 0.0
        self.impossible = False

    def variable(self, low: float = 0.0, high: float = math.inf, whole: bool = False) -> int:
        """A new variable's number."""
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.low) - 1

    def row(self, terms: Mapping[int, float], low: float = -math.inf, high: float = math.inf) -> None:
        """Add ``low <= terms <= high``."""
        given = terms.get(ONE, 0.0)
        varying = [(column, factor) for column, factor in terms.items() if column > ZERO and factor]
        if not varying:
            self.impossible |= not low - _ROUNDING <= given <= high + _ROUNDING
            return
        self.columns += [column for column, _ in varying]
        self.factors += [factor for _, factor in varying]
        self.starts.append(len(self.columns))
        self.row_low.append(low - given)
        self.row_high.append(high - given)

    def minimise(self, terms: Mapping[int, float]) -> None:
        """Set the objective."""
        self.constant = terms.get(ONE, 0.0)
        self.cost = {column: factor for column, factor in terms.items() if column > ZERO and factor}


class Sum:
    """Terms that add up per variable, scaled."""

    def __init__(self, scale: float = 1.0) -> None:
        self.terms: Terms = {}
        self._scale = scale

    def add(self, variable: int, factor: float) -> None:
        """Add ``factor`` times ``variable``."""
        if factor and variable != ZERO:
            self.terms[variable] = self.terms.get(variable, 0.0) + self._scale * factor


def terms(*pairs: tuple[int, float]) -> Terms:
    """Terms from (variable, factor); variables may come twice."""
    total = Sum()
    for variable, factor in pairs:
        total.add(variable, factor)
    return total.terms


def added(*sums: Terms) -> Terms:
    """The sum of sums."""
    return terms(*(pair for addend in sums for pair in addend.items()))
