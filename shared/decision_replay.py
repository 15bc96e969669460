"""Replay of a decision log: the plan rule decides again, bit for bit, and differences are listed. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from evosplit.shared.decision_log import Line, course_of, parse_line
from evosplit.shared.errors import UsageError
from evosplit.shared.plan import Plan
from evosplit.shared.plan_rule import PlanRule
from evosplit.shared.replan import choices
from evosplit.shared.situation import Situation


@dataclass(frozen=True)
class Difference:
    """A decision of line ``number`` that comes out otherwise; plans by digest."""

    number: int
    event: str
    logged: str | None
    decided: str | None


@dataclass(frozen=True)
class Replay:
    """How many decisions were taken again, how often the plan changed, and what came out otherwise."""

    decisions: int
    changes: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, eq=False)
class _State:
    rule: PlanRule
    situation: Situation | None = None
    decided: str | None = None


def replay(lines: Iterable[bytes]) -> Replay:
    """Decide again whatever a log has. Raises UsageError, with the line's number, for what is no log."""
    state: _State | None = None
    decisions = changes = 0
    differences: list[Difference] = []
    for number, text in enumerate(lines, 1):
        try:
            line = parse_line(text)
            is_change = line.event == "used" and state is not None and state.rule.current is not None
            state = _step(state, line)
        except UsageError as broken:
            raise UsageError(f"line {number}: {broken}") from None
        changes += is_change
        if line.event in ("wanted", "frame"):
            decisions += 1
            if state.decided != line.plan:
                differences.append(Difference(number, line.event, line.plan, state.decided))
    return Replay(decisions, changes, tuple(differences))


def _step(state: _State | None, line: Line) -> _State:
    if line.event == "start":
        if line.table is None or line.course is None:
            raise UsageError("a start needs a table and a course")
        return _State(PlanRule(line.table, course_of(line.course, line.table)))
    if state is None:
        raise UsageError("a decision log begins with a start")
    if line.event == "situation":
        return dataclasses.replace(state, situation=line.situation)
    return dataclasses.replace(_decided(state, line), situation=state.situation)


def _decided(state: _State, line: Line) -> _State:
    rule, situation = state.rule, state.situation
    if line.event == "table" and line.table is not None:
        return _State(rule.under(line.table))
    if line.event == "learn" and line.measured is not None:
        return _State(rule.learn(line.measured))
    if line.event == "used":
        return _State(rule.using(_named(rule, line.plan)))
    if situation is None:
        raise UsageError("a decision without a situation")
    if line.event == "device":
        return _State(rule.paced(situation))
    if line.event == "wanted":
        return _State(rule, decided=rule.wanted(situation).digest)
    if line.event != "frame":
        raise UsageError(f"{line.event} lacks what it is about")
    asked = line.asked
    usable = None if asked is None else lambda plan: asked.get(plan.digest, False)
    after, plan = rule.next_frame(situation, usable)
    return _State(after, decided=None if plan is None else plan.digest)


def _named(rule: PlanRule, digest: str | None) -> Plan:
    plan = next((plan for plan in choices(rule.table) if plan.digest == digest), None)
    if plan is None:
        raise UsageError("a plan that the table does not have")
    return plan
