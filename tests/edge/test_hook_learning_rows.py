"""When hooks are fitted, and what is kept to fit them."""

from __future__ import annotations

from evosplit.edge.hook_learning.rows import FitSchedule, Rows


def due(schedule: FitSchedule, counts: range) -> list[int]:
    """The counts at which a fit is due, each followed by one."""
    fitted = []
    for count in counts:
        if schedule.is_due(count):
            schedule.fitted(count)
            fitted.append(count)
    return fitted


def test_fits_come_at_the_least_count_and_then_with_growth() -> None:
    assert due(FitSchedule(20, 1.5), range(100)) == [20, 30, 45, 68]
    assert due(FitSchedule(200, 2), range(1700)) == [200, 400, 800, 1600]


def test_what_was_forgotten_starts_anew() -> None:
    schedule = FitSchedule(20, 2)
    schedule.fitted(1000)
    assert not schedule.is_due(1999)
    assert not schedule.is_due(19)
    assert schedule.is_due(20)


def test_the_last_rows_are_kept_and_handed_out_once() -> None:
    rows: Rows[int] = Rows(30, 10, 2)
    for value in range(10):
        assert rows.to_fit() is None
        rows.add(value)
    assert rows.to_fit() == list(range(10))
    assert rows.to_fit() is None
    for value in range(10, 50):
        rows.add(value)
    assert (len(rows), rows.to_fit()) == (30, list(range(20, 50)))
