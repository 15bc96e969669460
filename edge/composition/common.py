"""Composition of what all parts of an agent report to: metrics, profile, supervisor, pause."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from evosplit.edge.agent import Agent
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.background.supervisor import Supervisor
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.metrics import Metrics
from evosplit.edge.telemetry.runtime_profile import RuntimeProfile


@dataclass(frozen=True, eq=False)
class CommonParts:
    """Counters, mean times, background tasks, and whether those have to wait for frames."""

    metrics: Metrics
    profile: RuntimeProfile
    background: Supervisor
    pause: BackgroundPause


def common_parts(settings: EdgeSettings, before: Agent | None) -> CommonParts:
    """The counters of the agent ``before`` go on."""
    metrics = Metrics(settings.model, version("evosplit")) if before is None else before.metrics
    return CommonParts(metrics, RuntimeProfile(), Supervisor(metrics.background_failed), BackgroundPause())
