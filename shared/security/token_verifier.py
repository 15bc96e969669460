"""Verification of bearer tokens against their hashes, and of how often each may ask."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from evosplit.shared.errors import AuthError, RateLimitError, UsageError
from evosplit.shared.security.scopes import Holder
from evosplit.shared.security.token_file import read_records
from evosplit.shared.security.token_records import ADMIN_NAME, TokenRecord, token_hash
from evosplit.shared.time_budget import TimeBudget
from evosplit.shared.token import bearer_of

LOOK_S: Final = 1.0
"""A revocation is seen after so long at most; a new token at once."""
BURST_S: Final = 2.0
"""Requests of so many seconds may come at once."""

_log = logging.getLogger(__name__)


class TokenVerifier:
    """The single token of a tier, which may everything, and those of a file. For one event loop.

    What a request shows is hashed and looked up: the time that takes says nothing of any token. A file that
    cannot be read leaves the tokens that were known. ``clock`` gives Unix seconds, ``ticks`` monotonic ones.
    """

    def __init__(
        self,
        admin_token: str,
        path: Path,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admin_hash = token_hash(admin_token)
        self._path = path
        self._clock = clock
        self._ticks = ticks
        self._records: Mapping[str, TokenRecord] = {}
        self._version: tuple[int, int] | None = None
        self._looked_s = -LOOK_S
        self._budgets: dict[tuple[str, float], TimeBudget] = {}

    def holder(self, authorization: str | None) -> Holder:
        """The holder of the token in an ``Authorization`` header. Raises AuthError, RateLimitError."""
        holder = self._holder(token_hash(bearer_of(authorization)))
        if holder.rate_per_s is not None:
            self._spend(holder.name, holder.rate_per_s)
        return holder

    def _holder(self, shown: str) -> Holder:
        if hmac.compare_digest(shown, self._admin_hash):
            return Holder(ADMIN_NAME, frozenset({"admin"}))
        if self._ticks() - self._looked_s >= LOOK_S or shown not in self._records:
            self._look()
        record = self._records.get(shown)
        if record is None:
            raise AuthError("the token is wrong")
        state = record.state(self._clock())
        if state != "valid":
            raise AuthError(f"the token {record.name} is {state}", record.name)
        return record.holder

    def _spend(self, name: str, rate_per_s: float) -> None:
        key = (name, rate_per_s)
        if key not in self._budgets:
            self._budgets[key] = TimeBudget(rate_per_s, max(BURST_S * rate_per_s, 1.0), self._ticks)
        budget = self._budgets[key]
        wait_s = budget.wait_s(1.0)
        if wait_s > 0:
            raise RateLimitError(f"the token {name} may ask {rate_per_s:g} times a second", name, wait_s)
        budget.spend(1.0)

    def _look(self) -> None:
        self._looked_s = self._ticks()
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_ino)
            if version != self._version:
                self._records = {record.sha256: record for record in read_records(self._path).tokens}
                self._version = version
        except FileNotFoundError:
            self._records, self._version = {}, None
        except (OSError, UsageError) as problem:
            _log.warning("the tokens stay as they are: %s", problem)
