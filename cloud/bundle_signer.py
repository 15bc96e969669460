"""Bundle signer of the cloud tier: the key, and a sequence that never goes back."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evosplit.cloud.plan_service import PlanAnswer
from evosplit.cloud.registry import Model
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.plan import PlanTable
from evosplit.shared.security.bundle_release import Release, SignedRelease, question_digest, sign_release
from evosplit.shared.security.signing_key import kept_signing_key, public_pem


@dataclass(frozen=True)
class SignedAnswer:
    """A `PlanAnswer` with its release."""

    bundle: str
    table: PlanTable
    release: SignedRelease


class BundleSigner:
    """Signs which bundle answers which question. Replicas that share ``data`` share key and sequence.

    ``clock`` gives Unix seconds. Raises UsageError for a key that cannot be read or stored.
    """

    def __init__(self, data: Path, clock: Callable[[], float] = time.time) -> None:
        self._key = kept_signing_key(data / "signing.key")
        self._place = data / "release-sequence"
        self._clock = clock
        self.public_key = public_pem(self._key)

    def sign(self, model: Model, answer: PlanAnswer, body: bytes) -> SignedAnswer:
        """That a bundle is the answer to the plan request with this body. Raises EvoSplitError."""
        asked, sequence = question_digest(body), self._next_sequence()
        release = Release(answer.bundle, model.name, model.graph.sha256, asked, sequence)
        return SignedAnswer(answer.bundle, answer.table, sign_release(release, self._key))

    def _next_sequence(self) -> int:
        """Unix milliseconds, and more than ever before whatever the clock says."""
        try:
            with os.fdopen(os.open(f"{self._place}.lock", os.O_RDWR | os.O_CREAT, 0o600)) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                last = int(self._place.read_text()) if self._place.exists() else 0
                sequence = max(last + 1, round(1000 * self._clock()))
                write_whole(self._place, str(sequence).encode(), durable=True)
        except (OSError, ValueError) as problem:
            raise EvoSplitError(f"cannot count releases: {problem}") from None
        return sequence
