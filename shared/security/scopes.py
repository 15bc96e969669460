"""Scopes of access tokens (RFC 6749, section 3.3), and the holders that have them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from evosplit.shared.errors import ForbiddenError, UsageError

Scope: TypeAlias = Literal["infer", "plan", "read", "admin"]
"""``infer``: frames and tensors; ``plan``: plans, bundles, weights, calibration; ``read``: what is there;
``admin``: everything."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
EDGE_SCOPES: Final[tuple[Scope, ...]] = ("infer", "plan", "read")
"""What an edge agent needs of its cloud tier."""
ANY_SCOPE: Final[frozenset[Scope]] = frozenset(SCOPES)


@dataclass(frozen=True)
class Holder:
    """The holder of a token that was verified. ``rate_per_s`` None: as often as it likes."""

    name: str
    scopes: frozenset[Scope]
    rate_per_s: float | None = None

    def check(self, needed: Collection[Scope]) -> None:
        """Whether one of the scopes is there. Raises ForbiddenError."""
        if "admin" not in self.scopes and self.scopes.isdisjoint(needed):
            wanted = " or ".join(sorted(needed))
            raise ForbiddenError(f"the token {self.name} lacks the scope {wanted}", self.name)


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """Scopes from ``infer,read``. Raises UsageError."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if unknown := set(names) - set(SCOPES):
        raise UsageError(f"no scope {min(unknown)!r}; there are {', '.join(SCOPES)}")
    return cast("tuple[Scope, ...]", names)
