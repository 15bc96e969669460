"""The learned hooks of one agent, in memory and in the file of hooks."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

from evosplit.edge.hook_learning.examples import FittedHooks
from evosplit.edge.hook_learning.kinds import restored_by_kind
from evosplit.edge.hooks.hook import ANSWERING, Hook
from evosplit.edge.hooks.hook_file import RESTORED, load_hooks, save_hooks
from evosplit.shared.errors import BundleError, EvoSplitError
from evosplit.shared.graph import Graph

_log = logging.getLogger(__name__)


class KeptHooks:
    """Learned hooks by name, beside ``fixed`` ones that the user asked for.

    Those of ``unwanted`` kinds are left out of what earlier runs have learned.
    """

    def __init__(
        self, path: Path, graph: Graph, fixed: Sequence[Hook] = (), unwanted: Collection[str] = ()
    ) -> None:
        self._path = path
        self._graph = graph
        self._fixed = tuple(fixed)
        self._learned = {hook.name: hook for hook in self._loaded() if hook.kind not in unwanted}

    def all(self) -> tuple[Hook, ...]:
        """All hooks: those that answer by the network's input first, then the fixed ones, then the others."""
        learned = sorted(self._learned.values(), key=lambda hook: hook.name)
        first = [hook for hook in learned if self._answers_by_input(hook)]
        return (*first, *self._fixed, *(hook for hook in learned if hook not in first))

    def put(self, fitted: FittedHooks) -> tuple[Hook, ...]:
        """Let fitted hooks take the place of others; those of them that are new."""
        before = self._learned
        others = {name: hook for name, hook in before.items() if not fitted.replaces(hook)}
        self._learned = {**others, **{hook.name: hook for hook in fitted.hooks}}
        return tuple(hook for hook in fitted.hooks if before.get(hook.name) is not hook)

    def save(self) -> None:
        """Write the file of hooks; what refuses that is one line in the log."""
        try:
            save_hooks(self._path, self._graph.sha256, tuple(self._learned.values()))
        except (OSError, EvoSplitError) as refused:
            _log.warning("hooks serve, but cannot be saved: %s", refused)

    def _loaded(self) -> tuple[Hook, ...]:
        """Hooks of an earlier run. A file that does not fit is dropped."""
        if not self._path.exists():
            return ()
        try:
            return load_hooks(self._path, self._graph.sha256, {**RESTORED, **restored_by_kind()})
        except BundleError as broken:
            _log.warning("hooks are dropped and will be learned anew: %s", broken)
            return ()

    def _answers_by_input(self, hook: Hook) -> bool:
        return hook.kind in ANSWERING and hook.tap in self._graph.inputs
