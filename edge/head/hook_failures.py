"""Fault isolation of hooks: one that misbehaves is dropped for good, with one record."""

from __future__ import annotations

import logging

from evosplit.edge.hooks.hook import Hook

_log = logging.getLogger(__name__)


class HookFailures:
    """Remembers the hooks that were dropped, and why. Written by one thread, read by any."""

    def __init__(self) -> None:
        self._dropped: dict[int, tuple[Hook, str]] = {}

    def trusts(self, hook: Hook) -> bool:
        """Whether this very object was not dropped; a successor of the same name starts afresh."""
        return id(hook) not in self._dropped

    def drop(self, hook: Hook, why: str) -> None:
        """Ask the hook no more. Logged the first time."""
        if self.trusts(hook):
            self._dropped[id(hook)] = (hook, why)
            _log.warning("hook %s is dropped: %s", hook.name, why)

    @property
    def dropped(self) -> dict[str, str]:
        """Why hooks were dropped, by name."""
        return {hook.name: why for hook, why in self._dropped.values()}
