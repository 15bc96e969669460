"""Persistence of the plan pin: it holds after a restart, until somebody lets plans change again."""

from __future__ import annotations

import logging
from pathlib import Path

from evosplit.shared.errors import StoreError
from evosplit.shared.json_cache import read_kept, write_kept
from evosplit.shared.plan import PlanTable
from evosplit.shared.plan_pin import Pin, held
from evosplit.shared.replan import choices

_log = logging.getLogger(__name__)


class KeptPin:
    """The pin of one agent (None: plans change by themselves), in ``file``; without one, in memory."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.pin = None if file is None else read_kept(Pin, file)

    def hold(self, pin: Pin | None) -> None:
        """Take another pin, or none. Raises StoreError, and the pin is as it was."""
        if self._file is not None:
            try:
                self._write(self._file, pin)
            except OSError as broken:
                raise StoreError(f"cannot write {self._file}: {broken}") from None
        self.pin = pin

    def meet(self, table: PlanTable) -> None:
        """Let go of a pin that means nothing in a new table: it has neither the plan nor its cut."""
        if self.pin is None or held(choices(table), self.pin):
            return
        _log.warning("plans change by themselves again: no plan with the pinned cut %s", self.pin.cut_key)
        try:
            self.hold(None)
        except StoreError as refused:
            _log.warning("%s", refused)
            self.pin = None

    @staticmethod
    def _write(file: Path, pin: Pin | None) -> None:
        if pin is None:
            file.unlink(missing_ok=True)
        else:
            write_kept(file, pin)
