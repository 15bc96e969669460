"""Which tails of a table are built first."""

from __future__ import annotations

from dataclasses import replace

from plan_tables import bare_table

from evosplit.cloud.planned_tails import PlannedTail, planned_tails
from evosplit.shared.plan import PlanTable


def cuts(*tables: PlanTable) -> list[str]:
    return [tail.cut_key for tail in planned_tails(tables)]


def test_the_widest_range_of_bandwidths_comes_first() -> None:
    assert cuts(bare_table((1e6, 2e6, 3e7), "9", "5", "3", "0", silent="9")) == ["0", "3", "5"]


def test_the_ranges_of_one_cut_add_up() -> None:
    assert cuts(bare_table((1e6, 2e7, 1e8), "5", "3", "5", "0")) == ["5", "3", "0"]


def test_tables_take_turns_and_share_their_tails() -> None:
    first, second = bare_table((1e6,), "5", "0"), bare_table((1e6,), "7", "0")
    assert cuts(first, second, bare_table((), "9", silent="9")) == ["0", "5", "7"]


def test_models_are_kept_apart() -> None:
    table = bare_table((), "4")
    got = planned_tails([table, replace(table, model="other")])
    assert got == (PlannedTail("net", "0" * 64, "4"), PlannedTail("other", "0" * 64, "4"))


def test_bandwidths_beyond_all_links_do_not_count() -> None:
    assert cuts(bare_table((9e4, 1.1e5), "8", "5", "3")) == ["3", "5", "8"]
