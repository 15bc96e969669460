"""Decision logs: what was decided comes out again, bit for bit; what was tampered with is found."""

from __future__ import annotations

import json
import random

import pytest
from queue_play import ALONE, CLOUD, SPLIT, TABLE, plan_of, table_of

from evosplit.edge.link.link_state import LinkState
from evosplit.edge.plan_choice.logged_rule import LoggedRule
from evosplit.edge.plan_choice.surroundings import Surroundings
from evosplit.shared.correction.corrections import Measured, corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.decision_log import line_text
from evosplit.shared.decision_replay import replay
from evosplit.shared.device_state import DeviceState
from evosplit.shared.errors import UsageError
from evosplit.shared.link import Link, Observation
from evosplit.shared.replan import choices


def _logged(frames: int, seed: int = 1) -> list[bytes]:
    """An agent's hour in short: the link wavers, the cloud's queue grows, the device heats, tables change."""
    rng, lines = random.Random(seed), list[bytes]()  # noqa: S311
    state = LinkState(Link(1e7, 0.01), cloud=CLOUD, seed=7)
    known = Course(corrections_of(choices(TABLE)))
    rule = LoggedRule(TABLE, known, Surroundings([state]), lambda line: lines.append(line_text(line)))
    current = rule.wanted()
    rule.use(current)
    for frame in range(frames):
        state.learn(Observation(rng.randint(2000, 9000), rng.uniform(0.01, 0.05), is_frame=True))
        state.wait(rng.expovariate(40))
        if frame % 10 == 0:
            rule.see(DeviceState(rng.uniform(60, 90), 85.0, rng.choice([1.0, 0.5]), rng.random()))
        if frame == frames // 2:
            deeper = plan_of("5", 0.03, 0.01, 700)
            rule.change_table(table_of([SPLIT, deeper], ALONE))
        plan = rule.next_frame((lambda _: True) if frame % 3 else None)
        assert plan is not None
        edge_s = plan.latency.edge_s * rng.uniform(0.8, 2)
        cloud_s = plan.latency.cloud_s * rng.uniform(0.8, 3) if plan.boundary else None
        rule.learn(Measured(plan.digest, edge_s=edge_s, cloud_s=cloud_s))
        wanted = rule.wanted()
        if wanted is not current:
            rule.use(wanted)
            current = wanted
    return lines


def test_a_log_is_replayed_bit_for_bit() -> None:
    lines = _logged(150)
    outcome = replay(lines)
    assert outcome.differences == ()
    assert outcome.decisions == 301
    assert outcome.changes >= 2


def test_a_changed_input_or_decision_is_found() -> None:
    lines = _logged(60)
    place = next(at for at, line in enumerate(lines) if b'"event":"frame"' in line)
    data = json.loads(lines[place])
    data["plan"] = next(plan.digest for plan in choices(TABLE) if plan.digest != data["plan"])
    outcome = replay([*lines[:place], json.dumps(data).encode(), *lines[place + 1 :]])
    assert [each.number for each in outcome.differences] == [place + 1]
    heads = [json.loads(line) for line in lines]
    for line in heads:
        if line["event"] == "situation":
            line["situation"]["clouds"][0]["link"]["rtt_s"] = 9.0
    assert replay(json.dumps(line).encode() for line in heads).differences


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([b"nonsense"], "line 1: not a valid Line"),
        ([b'{"event": "wanted", "plan": "x"}'], "line 1: a decision log begins with a start"),
        ([b'{"event": "start"}'], "line 1: a start needs"),
        ([b'{"event": "burst"}'], "line 1: not a valid Line"),
    ],
)
def test_what_is_no_log_says_where(lines: list[bytes], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        replay(lines)


def test_broken_orders_are_refused() -> None:
    start = _logged(1)[0]
    for event, reason in (
        ({"event": "wanted"}, "without a situation"),
        ({"event": "used", "plan": "f" * 64}, "a plan that the table does not have"),
        ({"event": "learn"}, "without a situation"),
    ):
        with pytest.raises(UsageError, match=f"line 2: .*{reason}"):
            replay([start, json.dumps(event).encode()])


def test_a_log_tells_changes_of_the_situation_alone() -> None:
    lines: list[bytes] = []
    state = LinkState(Link(1e7, 0.01), cloud=CLOUD)
    known = Course(corrections_of(choices(TABLE)))
    rule = LoggedRule(TABLE, known, Surroundings([state]), lambda line: lines.append(line_text(line)))
    for _ in range(5):
        rule.wanted()
    assert sum(b'"event":"situation"' in line for line in lines) == 1
