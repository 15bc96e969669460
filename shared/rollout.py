"""Staged roll-out (canary release): a share of clients by hash, a sequential test, rollback. Pure.

What is rolled out is named by a text: a version of a model, the digest of a bundle. Errors of the candidate
are compared with those of the one in use in pairs that follow each other (McNemar's test): of the pairs in
which just one of the two failed, as many speak against either as long as the candidate is no worse. Agreement
is held to a limit. Both are tested by `evosplit.shared.sequential_test`, so that one may look after each.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from evosplit.shared.errors import UsageError
from evosplit.shared.sequential_test import evidence

_NO_WORSE: Final = 0.5
"""Of pairs in which one of the two failed, the candidate's share is at most this."""
_MOST_WAITING: Final = 100
_MOST_REJECTED: Final = 16


def in_share(key: str, salt: str, share: float) -> bool:
    """Whether a client is among the ``share``: by its key alone, so that all replicas decide alike.

    One that is in a share is in every larger one; another ``salt`` draws others.
    """
    digest = hashlib.blake2b(f"{salt}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


@dataclass(frozen=True)
class Rollout:
    """What is in use, and the candidate that a share of the clients gets, where there is one.

    ``rejected`` are earlier candidates with the reason of each, the last one last.
    """

    current: str
    candidate: str | None = None
    share: float = 0.0
    least_agreement: float | None = None
    rejected: tuple[tuple[str, str], ...] = ()

    def chosen(self, key: str) -> str:
        """What the client of this key gets."""
        if self.candidate is not None and in_share(key, self.candidate, self.share):
            return self.candidate
        return self.current

    def offered(self, candidate: str, share: float, least_agreement: float | None = None) -> Rollout:
        """With a candidate for a share, in the place of another one. Raises UsageError."""
        if candidate == self.current:
            raise UsageError(f"{candidate} is in use already")
        if not 0 < share < 1:
            raise UsageError(f"a share is more than 0 % and less than 100 %, not {share:.0%}")
        return replace(self, candidate=candidate, share=share, least_agreement=least_agreement)

    def promoted(self, candidate: str | None = None) -> Rollout:
        """With the candidate, or another one, for all. Raises UsageError where none is named."""
        chosen = candidate or self.candidate
        if chosen is None:
            raise UsageError("there is no candidate to promote")
        return replace(self, current=chosen, candidate=None, share=0.0, least_agreement=None)

    def rolled_back(self, reason: str) -> Rollout:
        """Without the candidate. Raises UsageError where there is none."""
        if self.candidate is None:
            raise UsageError("there is no candidate to roll back")
        rejected = (*self.rejected, (self.candidate, reason))[-_MOST_REJECTED:]
        return replace(self, candidate=None, share=0.0, least_agreement=None, rejected=rejected)


@dataclass(frozen=True)
class Tally:
    """How many were answered, and how many of them failed."""

    answers: int = 0
    errors: int = 0

    def plus(self, failed: bool) -> Tally:
        """With one more."""
        return Tally(self.answers + 1, self.errors + failed)


@dataclass(frozen=True)
class Trial:
    """What is known of a candidate beside the one in use; ``agreements`` are those of answers, 0 to 1.

    ``alone`` is, for each pair in which one failed, 1 where it was the candidate. ``waiting`` are outcomes
    of one side that have no partner yet. The last ``memory`` are tested.
    """

    current: Tally = field(default_factory=Tally)
    candidate: Tally = field(default_factory=Tally)
    alone: tuple[float, ...] = ()
    waiting: tuple[tuple[bool, bool], ...] = ()
    agreements: tuple[float, ...] = ()
    memory: int = 1000

    def answered(self, is_candidate: bool, failed: bool) -> Trial:
        """With one more answer of either."""
        if is_candidate:
            counted = replace(self, candidate=self.candidate.plus(failed))
        else:
            counted = replace(self, current=self.current.plus(failed))
        if not self.waiting or self.waiting[-1][0] == is_candidate:
            return replace(counted, waiting=(*self.waiting, (is_candidate, failed))[-_MOST_WAITING:])
        _, partner_failed = self.waiting[-1]
        alone = self.alone
        if failed != partner_failed:
            alone = (*alone, float(failed == is_candidate))[-self.memory :]
        return replace(counted, waiting=self.waiting[:-1], alone=alone)

    def agreed(self, share: float) -> Trial:
        """With one more input that both have answered, and the share of the answer that was kept."""
        return replace(self, agreements=(*self.agreements, share)[-self.memory :])

    @property
    def agreement(self) -> float | None:
        """The mean of the last ones."""
        return float(np.mean(self.agreements)) if self.agreements else None

    def reason_against(self, least_agreement: float | None = None, false_alarms: float = 1e-4) -> str | None:
        """Why the candidate has to go; None while nothing is proven.

        A candidate that is no worse is turned down within n answers with a probability of at most twice
        ``false_alarms`` times n.
        """
        if _proven(self.alone, _NO_WORSE, false_alarms):
            here, there = self.candidate, self.current
            return (
                f"{here.errors} of {here.answers} answers failed,"
                f" {there.errors} of {there.answers} of what is in use"
            )
        if least_agreement is not None and _proven(
            tuple(1 - share for share in self.agreements), 1 - least_agreement, false_alarms
        ):
            return f"answers agree in {self.agreement:.1%}, less than {least_agreement:.1%}"
        return None


def _proven(losses: tuple[float, ...], limit: float, false_alarms: float) -> bool:
    return evidence(np.asarray(losses), limit)[0] * false_alarms >= 1
