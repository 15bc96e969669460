"""The decision log of a whole agent, replayed by the command, and a log that cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from edge_support import until
from two_clouds import LOGIN_PAGE, two_clouds

from evosplit.cli.main import main
from evosplit.edge.results.decision_file import DecisionFile
from evosplit.shared.decision_log import Line
from evosplit.shared.decision_replay import replay
from evosplit.shared.errors import UsageError


async def test_what_an_agent_decided_is_decided_again(tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    async with two_clouds(tmp_path, corrections=True, decision_log=log) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        for seed in range(12):
            on.near.page = LOGIN_PAGE if 4 <= seed < 8 else None
            await on.post(seed)
    outcome = CliRunner().invoke(main, ["replay", str(log)])
    assert outcome.exit_code == 0, outcome.output
    assert "0 differences" in outcome.output
    with log.open("rb") as lines:
        assert replay(lines).decisions > 24


def test_a_tampered_log_is_told_of(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("{}\n")
    outcome = CliRunner().invoke(main, ["replay", str(log)])
    assert outcome.exit_code == 2
    assert "line 1" in outcome.output


def test_a_log_ends_at_its_size_and_serving_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = DecisionFile(tmp_path / "log", most_bytes=100)
    for _ in range(50):
        log.write(Line("device"))
    log.close()
    assert 50 < (tmp_path / "log").stat().st_size <= 100
    assert caplog.text.count("ends here: it is long enough") == 1


def test_a_log_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write the decision log"):
        DecisionFile(tmp_path / "nowhere" / "log")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_ends_the_log(caplog: pytest.LogCaptureFixture) -> None:
    log = DecisionFile(Path("/dev/full"))
    log.write(Line("device"))
    log.close()
    assert "lacks its end: No space left on device" in caplog.text
