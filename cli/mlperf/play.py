"""MLPerf run: LoadGen plays a scenario, and writes its logs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import mlperf_loadgen

from evosplit.cli.mlperf.samples import Sample
from evosplit.cli.mlperf.scenario import Scenario
from evosplit.cli.mlperf.system_under_test import SystemUnderTest
from evosplit.shared.errors import UsageError

SUMMARY: Final = "mlperf_log_summary.txt"


@dataclass(frozen=True)
class Played:
    """What the summary of a run says, by its own names; ``failures`` of requests make it invalid."""

    summary: dict[str, str]
    failures: int
    last_failure: str | None

    @property
    def is_valid(self) -> bool:
        """Whether LoadGen's conditions were met, and every request was answered."""
        return not self.failures and self.summary.get("Result is") == "VALID"


def play(system: SystemUnderTest, samples: Sequence[Sample], scenario: Scenario, folder: Path) -> Played:
    """Run to the end; logs go to ``folder``. Raises UsageError for a folder that cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise UsageError(f"cannot write logs to {folder}: {refused}") from None
    under_test = mlperf_loadgen.ConstructSUT(functools.partial(system.issue, samples), system.flush)
    library = mlperf_loadgen.ConstructQSL(len(samples), len(samples), _nothing, _nothing)
    try:
        mlperf_loadgen.StartTestWithLogSettings(under_test, library, scenario.to_loadgen(), _logs(folder))
    finally:
        mlperf_loadgen.DestroyQSL(library)
        mlperf_loadgen.DestroySUT(under_test)
    return Played(read_summary(folder / SUMMARY), system.failures, system.last_failure)


def read_summary(path: Path) -> dict[str, str]:
    """The ``name : value`` lines of LoadGen's summary."""
    pairs = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _logs(folder: Path) -> mlperf_loadgen.LogSettings:
    output = mlperf_loadgen.LogOutputSettings()
    output.outdir = str(folder)
    settings = mlperf_loadgen.LogSettings()
    settings.log_output = output
    settings.enable_trace = False
    return settings


def _nothing(_indices: list[int]) -> None:
    """Samples are in memory before the run."""
