"""Bundle signer of the cloud tier: the key, and a sequence that never goes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.cloud.plan_service import PlanAnswer
from evosplit.cloud.registry import Model
from evosplit.cloud.storage.records import Records
from evosplit.shared.plan import PlanTable
from evosplit.shared.security.bundle_release import Release, SignedRelease, question_digest, sign_release
from evosplit.shared.security.signing_key import kept_signing_key, public_pem

_KEY: Final = "releases"


@dataclass(frozen=True)
class ReleaseSequence:
    """The last sequence that was signed."""

    last: int = 0


@dataclass(frozen=True)
class SignedAnswer:
    """A `PlanAnswer` with its release."""

    bundle: str
    table: PlanTable
    release: SignedRelease


class BundleSigner:
    """Signs which bundle answers which question.

    Replicas share the key by ``data``, the sequence by ``records``.

    ``clock`` gives Unix seconds. Raises UsageError for a key that cannot be read or stored.
    """

    def __init__(self, data: Path, records: Records, clock: Callable[[], float] = time.time) -> None:
        self._key = kept_signing_key(data / "signing.key")
        self._records = records
        self._clock = clock
        self.public_key = public_pem(self._key)

    def sign(self, model: Model, answer: PlanAnswer, body: bytes) -> SignedAnswer:
        """That a bundle is the answer to the plan request with this body. Raises StoreError."""
        asked, sequence = question_digest(body), self._next_sequence()
        release = Release(answer.bundle, model.name, model.graph.sha256, asked, sequence)
        return SignedAnswer(answer.bundle, answer.table, sign_release(release, self._key))

    def _next_sequence(self) -> int:
        """Unix milliseconds, and more than ever before whatever the clock says."""
        with self._records.changing() as records:
            last = records.get(ReleaseSequence, _KEY) or ReleaseSequence()
            sequence = max(last.last + 1, round(1000 * self._clock()))
            records.put(_KEY, ReleaseSequence(sequence))
        return sequence
