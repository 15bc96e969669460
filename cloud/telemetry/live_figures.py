"""Prometheus collector of figures that are counted elsewhere, and read when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True)
class LiveFigure:
    """One metric without labels: its name without ``_total``, help, kind, and what it is now."""

    name: str
    text: str
    kind: Literal["counter", "gauge"]
    read: Callable[[], float]


class LiveFigures(Collector):
    """Collects what each figure is just then."""

    def __init__(self, *figures: LiveFigure) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """All figures, read now."""
        for figure in self._figures:
            family = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
            yield family(figure.name, figure.text, value=figure.read())
