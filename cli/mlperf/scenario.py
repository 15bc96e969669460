"""MLPerf scenario settings: SingleStream, MultiStream, Server, Offline, as LoadGen wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import mlperf_loadgen

SCENARIOS: Final = {
    "single-stream": mlperf_loadgen.TestScenario.SingleStream,
    "multi-stream": mlperf_loadgen.TestScenario.MultiStream,
    "server": mlperf_loadgen.TestScenario.Server,
    "offline": mlperf_loadgen.TestScenario.Offline,
}
_EXPECTED_S: Final = 0.05
"""How long a sample may take before the first was measured; LoadGen plans its number of queries by it."""


@dataclass(frozen=True)
class Scenario:
    """One run. ``rate_hz`` is that of the server scenario's queries, and the one expected of the offline one.

    ``latency_bound_s`` holds for the server scenario, ``streams`` is the number of samples in one query of
    the multi-stream one. A run lasts at least ``duration_s`` and ``least_queries``; MLPerf asks for 600 s.
    """

    name: str
    duration_s: float
    least_queries: int
    rate_hz: float
    latency_bound_s: float
    streams: int

    def to_loadgen(self) -> mlperf_loadgen.TestSettings:
        """LoadGen's settings, performance only."""
        settings = mlperf_loadgen.TestSettings()
        settings.scenario = SCENARIOS[self.name]
        settings.mode = mlperf_loadgen.TestMode.PerformanceOnly
        settings.min_duration_ms = round(self.duration_s * 1e3)
        settings.min_query_count = self.least_queries
        settings.single_stream_expected_latency_ns = round(_EXPECTED_S * 1e9)
        settings.multi_stream_expected_latency_ns = round(_EXPECTED_S * self.streams * 1e9)
        settings.multi_stream_samples_per_query = self.streams
        settings.server_target_qps = settings.offline_expected_qps = self.rate_hz
        settings.server_target_latency_ns = round(self.latency_bound_s * 1e9)
        return settings
