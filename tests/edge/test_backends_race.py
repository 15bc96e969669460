"""The race of backends: candidates take turns on served frames, and the fastest goes on."""

from __future__ import annotations

from timed_segments import ManualClock, TimedSegment

from evosplit.edge.backends.race import FRAMES_PER_TURN, RACE_PERIOD_FRAMES, Race
from evosplit.edge.backends.segment import FrameContext


def test_a_race_finds_the_faster_backend_and_is_run_again() -> None:
    clock = ManualClock()
    dense, masked = TimedSegment("dense", clock, 0.004), TimedSegment("masked", clock, 0.0)
    race = Race((dense, masked), clock)
    frame = FrameContext("s")

    def ran(times: int) -> list[str]:
        made = []
        for _ in range(times):
            race.run({}, frame)
            made.append(race.backend)
        return made

    assert ran(2 * FRAMES_PER_TURN) == ["dense"] * FRAMES_PER_TURN + ["masked"] * FRAMES_PER_TURN
    assert set(ran(5)) == {"masked"}
    dense.seconds, masked.seconds = 0.0, 0.002
    ran(RACE_PERIOD_FRAMES - 2 * FRAMES_PER_TURN - 5 + 2 * FRAMES_PER_TURN)
    assert set(ran(5)) == {"dense"}
    race.forget("s")
    assert dense.forgot == masked.forgot == ["s"]
