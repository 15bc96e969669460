"""Canary watch: errors and agreement of a version that is tried, beside the one in use; and rollback.

A refusal of an input counts as an error of a version only where the other one takes the same input: what a
client does wrong says nothing. Some inputs of whole networks that the candidate has answered are run by both.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.prepared import Prepared
from evosplit.cloud.registry import Registry
from evosplit.cloud.repository.trial_reports import TrialReports
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.shared.agreement import agreement
from evosplit.shared.errors import (
    CardError,
    DeadlineError,
    EvoSplitError,
    InputError,
    ModelError,
    NotFoundError,
    PeerError,
    UsageError,
)
from evosplit.shared.rollout import Rollout, Trial

AUDIT_EVERY: Final = 20
"""Every so many answers of a candidate are compared with those of the version in use."""
_LOG: Final = logging.getLogger("evosplit.cloud")


class _Side(NamedTuple):
    """Whose answer it is: of a candidate, or of the version in use beside it."""

    name: str
    rollout: Rollout
    is_candidate: bool

    @property
    def other(self) -> str:
        """The version of the other side."""
        candidate = self.rollout.candidate or self.rollout.current
        return self.rollout.current if self.is_candidate else candidate


class CanaryWatch:
    """The trials of one replica. `watching` belongs to the event loop, the rest happens in a thread."""

    def __init__(
        self, registry: Registry, plane: DataPlane, store: VersionStore, reports: TrialReports
    ) -> None:
        self._registry, self._plane = registry, plane
        self._store, self._reports = store, reports
        self._trials: dict[tuple[str, Rollout], Trial] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "canary")
        self.is_busy = False

    @contextlib.contextmanager
    def watching(self, name: str, call: Call) -> Iterator[None]:
        """Take note of how a request ends, where a version is tried. Raises what the request raises."""
        side = self._side(name, call)
        if side is None:
            yield
            return
        failed: bool | None = True
        try:
            yield
            failed = False
        except (asyncio.CancelledError, DeadlineError):
            failed = None  # says something of the client, or of the load
            raise
        except InputError:
            failed = None
            self._submit(lambda: self._blame(side, call))
            raise
        except PeerError:
            failed = None
            raise
        finally:
            if failed is not None:
                self._note(side, lambda trial: trial.answered(side.is_candidate, bool(failed)))
        if side.is_candidate and self.trial(name).candidate.answers % AUDIT_EVERY == 1:
            self._submit(lambda: self._compare(side, call))

    def trial(self, name: str) -> Trial:
        """What this replica has seen of a model's candidate."""
        rollout = self._registry.rollouts.get(name)
        return Trial() if rollout is None else self._trials.get((name, rollout), Trial())

    def keep(self) -> None:
        """Write what was seen where all replicas can be read, and forget what is over. Raises OSError."""
        with self._lock:
            current = {
                (name, rollout): trial
                for (name, rollout), trial in self._trials.items()
                if self._registry.rollouts.get(name) == rollout
            }
            self._trials = dict(current)
        for (name, rollout), trial in current.items():
            self._reports.write(name, rollout, trial)

    def close(self) -> None:
        """Wait for what was begun."""
        self._pool.shutdown()

    def _side(self, name: str, call: Call) -> _Side | None:
        rollout = self._registry.rollouts.get(name)
        if rollout is None or rollout.candidate is None or call.version is not None:
            return None
        if rollout.candidate not in self._registry.catalogue.versions(name):
            return None
        return _Side(name, rollout, rollout.chosen(call.client) == rollout.candidate)

    def _submit(self, work: Callable[[], None]) -> None:
        """In the thread, unless it is busy: bodies of requests are not to pile up."""
        if not self.is_busy:
            self.is_busy = True
            self._pool.submit(self._work, work)

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self.is_busy = False

    def _blame(self, side: _Side, call: Call) -> None:
        """An input was refused: an error of this side, if the other one answers it."""
        try:
            self._plane.outputs(self._prepared(side.name, call, side.other))
        except EvoSplitError:
            return
        self._note(side, lambda trial: trial.answered(side.is_candidate, failed=True))

    def _compare(self, side: _Side, call: Call) -> None:
        """The share of the answer of the version in use that the candidate keeps."""
        try:
            right = self._prepared(side.name, call, side.rollout.current)
            answer = self._prepared(side.name, call, str(side.rollout.candidate))
            outputs = self._plane.outputs(right), self._plane.outputs(answer)
        except (InputError, NotFoundError, ModelError, CardError):
            return  # a frame of one of them, or an input that just one takes
        same = outputs[0].keys() == outputs[1].keys()
        share = agreement(right.model.card, *outputs) if same else 0.0
        self._note(side, lambda trial: trial.agreed(share))

    def _prepared(self, name: str, call: Call, version: str) -> Prepared:
        return self._plane.prepare(name, dataclasses.replace(call, version=version))

    def _note(self, side: _Side, change: Callable[[Trial], Trial]) -> None:
        key = side.name, side.rollout
        with self._lock:
            before = self._trials.get(key, Trial())
            after = self._trials[key] = change(before)
        if after.alone is before.alone and after.agreements is before.agreements:
            return
        reason = after.reason_against(side.rollout.least_agreement)
        if reason is not None:
            self._pool.submit(self._roll_back, side, reason)

    def _roll_back(self, side: _Side, reason: str) -> None:
        try:
            now = self._store.change(
                side.name, lambda held: held.rolled_back(reason) if held == side.rollout else held
            )
        except UsageError as problem:
            _LOG.warning("%s version %s: no rollback: %s", side.name, side.rollout.candidate, problem)
            return
        if self._registry.rollouts.get(side.name) == side.rollout:
            self._registry.follow({**self._registry.rollouts, side.name: now})
            _LOG.warning("%s version %s is rolled back: %s", side.name, side.rollout.candidate, reason)
