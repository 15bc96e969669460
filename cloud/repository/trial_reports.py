"""Trial reports: what each replica has seen of a candidate, in files that any of them adds up."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evosplit.shared.json_cache import read_kept, write_kept
from evosplit.shared.rollout import Rollout, Tally, Trial
from evosplit.shared.serial import digest


@dataclass(frozen=True)
class TrialReport:
    """Answers and errors of both versions; ``agreed`` is the sum of ``compared`` agreements."""

    current: Tally = field(default_factory=Tally)
    candidate: Tally = field(default_factory=Tally)
    compared: int = 0
    agreed: float = 0.0

    @property
    def agreement(self) -> float | None:
        """The mean; None where nothing was compared."""
        return self.agreed / self.compared if self.compared else None


class TrialReports:
    """Reports in the data folder, by model, trial and replica."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "model-trials"
        self._replica = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._written: dict[str, TrialReport] = {}

    def write(self, name: str, rollout: Rollout, trial: Trial) -> None:
        """Write this replica's report if it has changed; those of earlier trials go. Raises OSError."""
        report = TrialReport(
            trial.current, trial.candidate, len(trial.agreements), float(sum(trial.agreements))
        )
        if self._written.get(name) == report:
            return
        place = self._folder / f"{_begin(name, rollout)}.{self._replica}.json"
        write_kept(place, report)
        self._written[name] = report
        for old in self._folder.glob(f"{name}.*.json"):
            if not old.name.startswith(_begin(name, rollout)) and old.name.count(".") == 2 + name.count("."):
                with contextlib.suppress(OSError):
                    old.unlink()

    def total(self, name: str, rollout: Rollout) -> TrialReport:
        """What all replicas have seen together."""
        files = sorted(self._folder.glob(f"{_begin(name, rollout)}.*.json"))
        reports = [report for report in (read_kept(TrialReport, path) for path in files) if report]
        return TrialReport(
            _sum([report.current for report in reports]),
            _sum([report.candidate for report in reports]),
            sum(report.compared for report in reports),
            sum(report.agreed for report in reports),
        )


def described_rollout(trials: TrialReports, name: str, rollout: Rollout) -> dict[str, Any]:
    """A choice of versions and what is known of it, as plain data."""
    seen = trials.total(name, rollout)
    tried = {
        "version": rollout.candidate,
        "share": rollout.share,
        "answers": seen.candidate.answers,
        "errors": seen.candidate.errors,
        "answers_in_use": seen.current.answers,
        "errors_in_use": seen.current.errors,
        "compared": seen.compared,
        "agreement": seen.agreement,
        "least_agreement": rollout.least_agreement,
    }
    rejected = [{"version": version, "reason": reason} for version, reason in rollout.rejected]
    return {"in_use": rollout.current, "canary": tried if rollout.candidate else None, "rejected": rejected}


def _begin(name: str, rollout: Rollout) -> str:
    return f"{name}.{digest(rollout)[:16]}"


def _sum(tallies: list[Tally]) -> Tally:
    return Tally(sum(tally.answers for tally in tallies), sum(tally.errors for tally in tallies))
