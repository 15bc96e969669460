"""The circuit breaker's timetable."""

from __future__ import annotations

from evosplit.edge.link.circuit import FIRST_PAUSE_S, LONGEST_PAUSE_S, REFUSALS_TO_OPEN, Circuit
from evosplit.edge.link.fair_clock import FairClock


def test_silence_opens_at_once_and_pauses_grow() -> None:
    circuit, now_s = Circuit(), 100.0
    pauses = []
    for _ in range(8):
        circuit.silent(now_s)
        assert circuit.is_open
        assert not circuit.probe_due(now_s)
        assert circuit.probe_at_s is not None
        pauses.append(circuit.probe_at_s - now_s)
        now_s = circuit.probe_at_s
        assert circuit.probe_due(now_s)
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_late_failures_do_not_lengthen_the_pause() -> None:
    circuit = Circuit()
    circuit.silent(10.0)
    due_s = circuit.probe_at_s
    circuit.silent(10.1)
    assert circuit.probe_at_s == due_s


def test_refusals_open_it_only_in_a_row() -> None:
    circuit = Circuit()
    for _ in range(REFUSALS_TO_OPEN - 1):
        circuit.refused(0.0)
    assert not circuit.is_open
    circuit.succeeded()
    for _ in range(REFUSALS_TO_OPEN):
        circuit.refused(0.0)
    assert circuit.is_open
    circuit.succeeded()
    assert not circuit.is_open
    assert not circuit.probe_due(1e9)


def test_the_fair_clock_runs_slower_the_more_share_it() -> None:
    clock = FairClock()
    begin = clock.advance(0.0)
    clock.users = 1
    alone = clock.advance(1.0)
    clock.users = 4
    shared = clock.advance(3.0)
    clock.users = 0
    assert (alone - begin, shared - alone) == (1.0, 0.5)
    assert clock.advance(100.0) == shared


def test_a_lone_passage_has_the_whole_link() -> None:
    clock = FairClock()
    with clock.passage() as passage:
        assert clock.users == 1
    assert clock.users == 0
    assert passage.share > 0.99
