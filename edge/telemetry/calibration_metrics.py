"""Prometheus metrics of calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from evosplit.shared.bundle import CalibrationKind

KINDS: Final = ("none", "card", "live", "unsaid")


@dataclass(frozen=True)
class CalibrationState:
    """``kind`` is that of the plans in use (None: they do not say); ``inputs`` of ``needed`` are gathered."""

    kind: CalibrationKind | None
    inputs: int
    needed: int
    size_bytes: int
    sent_bytes: int
    under_way: bool


class CalibrationMetrics:
    """Gauges of one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._kind = Gauge(
            "evosplit_calibration",
            "1 for what the plans in use are calibrated from.",
            ("kind",),
            registry=registry,
        )
        self._inputs = Gauge(
            "evosplit_calibration_inputs", "Different inputs gathered to calibrate from.", registry=registry
        )
        self._needed = Gauge("evosplit_calibration_inputs_needed", "Inputs that it takes.", registry=registry)
        self._kept_bytes = Gauge("evosplit_calibration_bytes", "Memory of these inputs.", registry=registry)
        self._sent_bytes = Gauge(
            "evosplit_calibration_sent_bytes", "Bytes of inputs sent to the plan service.", registry=registry
        )
        self._changes = Gauge(
            "evosplit_table_changes", "Changes of the plan table since the start.", registry=registry
        )

    def see(self, kind: CalibrationKind | None, changes: int, state: CalibrationState | None) -> None:
        """Set all of them; ``state`` is None where no inputs are gathered."""
        for name in KINDS:
            self._kind.labels(name).set(name == (kind or "unsaid"))
        self._changes.set(changes)
        if state is not None:
            self._inputs.set(state.inputs)
            self._needed.set(state.needed)
            self._kept_bytes.set(state.size_bytes)
            self._sent_bytes.set(state.sent_bytes)
