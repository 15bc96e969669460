"""Strategies of the demo: a row's name, what an agent is asked for, and which answers went that way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evosplit.edge.link.payloads import picture_codec
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices

PLANNED: Final = "planned"
EDGE_FLOAT: Final = "edge float"
EDGE_INT8: Final = "edge int8"
RAW: Final = "raw"
_SPLIT: Final = "split"


@dataclass(frozen=True)
class TimedAnswer:
    """One frame, sent and answered: seconds as the client saw them, and whether the answer was right."""

    latency_s: float
    wire_bytes: int
    correct: bool
    cut: str
    answered_by: str


@dataclass(frozen=True)
class DemoStrategy:
    """One way to run all frames. ``request`` is the agent's word for it; its frames are answered by one tier.

    ``answered_by`` is None for the planned way, of which a fallback is part.
    """

    name: str
    request: str
    answered_by: str | None

    def took(self, answer: TimedAnswer) -> bool:
        """Whether a frame went this way, and not another because this one failed."""
        return self.answered_by in (None, answer.answered_by)

    @property
    def is_split(self) -> bool:
        """Whether a part of the network runs on each side."""
        return is_split(self.name)


PLANNED_WAY: Final = DemoStrategy(PLANNED, "planned", None)
FLOAT_WAY: Final = DemoStrategy(EDGE_FLOAT, "edge", "edge")
"""Of an agent that plans without quantisation."""


def is_split(name: str) -> bool:
    """Whether a row of this name is a split held to on every link."""
    return name.startswith(_SPLIT)


def demo_strategies(table: PlanTable, codec: str) -> tuple[DemoStrategy, ...]:
    """The strategies of one agent: planned, the edge in integers where a plan does that, the picture, splits.

    ``codec`` is that of the picture that keeps the accuracy. Splits are those that are the best plan at some
    bandwidth; each is held to whatever the link is.
    """
    plans = choices(table)
    integers = (plan for plan in plans if not plan.boundary and plan.activation_ranges)
    cuts = dict.fromkeys(plan.cut_key for plan in plans if _splits(plan))
    return (
        PLANNED_WAY,
        *(DemoStrategy(EDGE_INT8, f"cut:{plan.cut_key}", "edge") for plan in list(integers)[:1]),
        DemoStrategy(codec, f"picture:{codec}", "cloud"),
        DemoStrategy(RAW, "cloud-raw", "cloud"),
        *(DemoStrategy(f"{_SPLIT} {key}", f"cut:{key}", "cloud") for key in cuts),
    )


def _splits(plan: Plan) -> bool:
    """Whether it cuts between the first layer and the last; an input that is sent is no split."""
    return bool(plan.boundary) and plan.cut_key != "0" and picture_codec(plan) is None
