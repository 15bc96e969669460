"""Persistence of measured savings, so that the next start can have plans made that count on them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.edge.hooks.hook import ANSWERING
from evosplit.edge.telemetry.expected_savings import HookSeen, expectation, without_masks
from evosplit.edge.telemetry.hook_state import HookReporter
from evosplit.edge.telemetry.runtime_profile import RuntimeProfile
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.graph import Graph
from evosplit.shared.json_cache import read_kept, write_kept

FILE: Final = "expectation.json"
EVERY_S: Final = 300.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptExpectation:
    """What was measured, and of which model."""

    model_sha256: str
    expectation: Expectation


def read_expectation(folder: Path, model_sha256: str) -> Expectation:
    """What an agent in this data directory has measured of a model; nothing where there is no such file."""
    kept = read_kept(KeptExpectation, folder / FILE)
    return NOTHING_SPARED if kept is None or kept.model_sha256 != model_sha256 else kept.expectation


class SavingsRecord:
    """The expectation of one agent: what earlier runs have measured, and this one.

    ``profile`` is what its frames cost. ``slowdown`` is the machine that is played: seconds are told as the
    planner counts them.
    """

    def __init__(
        self,
        graph: Graph,
        profile: RuntimeProfile,
        hooks: HookReporter | None,
        folder: Path,
        slowdown: float,
        is_masked: bool,
    ) -> None:
        self._graph = graph
        self._hook_reporter = hooks
        self.profile = profile
        self._folder = folder
        self._slowdown = slowdown
        before = read_expectation(folder, self._graph.sha256)
        self._before = before if is_masked else without_masks(before)

    def now(self) -> Expectation:
        """As far as it is known."""
        segments = self.profile.segments_seen(self._graph)
        return expectation(self._hooks(), segments, self.profile.wire, self._before)

    def keep(self) -> None:
        """Write the file whole or not at all; a full disk is one line in the log."""
        expected = self.now()
        if expected == NOTHING_SPARED and not (self._folder / FILE).exists():
            return
        try:
            write_kept(self._folder / FILE, KeptExpectation(self._graph.sha256, expected))
        except OSError as refused:
            _log.warning("what hooks spare cannot be kept: %s", refused)

    async def run(self) -> None:
        """Keep it every few minutes, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self.keep)

    def _hooks(self) -> list[HookSeen]:
        """The hooks that answer and are trusted, in the order of the tensors that they read."""
        if self._hook_reporter is None:
            return []
        answering = [
            (self._graph.producer.get(hook.tap, -1), name, hook.tap, hook.state)
            for name, hook in self._hook_reporter.states().items()
            if hook.kind in ANSWERING and hook.state in ("ok", "raise")
        ]
        return [self._seen(name, tap, state == "ok") for _, name, tap, state in sorted(answering)]

    def _seen(self, name: str, tap: str, is_believed: bool) -> HookSeen:
        """Every time that it is sure counts, also where it was only audited; else what it has answered."""
        hook = self.profile.hooks.get(name)
        if hook is None:
            return HookSeen(tap, 0, 0, 0.0)
        sure = hook.decisions["exit"] if is_believed else hook.fired
        return HookSeen(tap, hook.seconds.count, sure, (hook.seconds.mean or 0.0) * self._slowdown)
