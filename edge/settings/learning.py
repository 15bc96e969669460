"""Settings of hooks: which kinds are learned, from what, and how surely they must agree."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, model_validator
from pydantic_settings import NoDecode

from evosplit.shared.config.fields import Size, parsed_by
from evosplit.shared.config.fields import option as _option
from evosplit.shared.errors import UsageError

LEARNED: Final = ("exit", "repeat", "bits", "channels")
"""Kinds of hooks that an agent learns by itself."""
ON_REQUEST: Final = ("skip", "saliency")
"""Kinds that are learned only where they are named: skips spare little, masks may miss what no audit sees."""
KINDS: Final = (*LEARNED, *ON_REQUEST)


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(kind.strip() for kind in text.split(",")))
    if unknown := set(kinds) - set(KINDS):
        raise UsageError(f"{min(unknown)!r} is not one of {', '.join(KINDS)}")
    return kinds


Kinds: TypeAlias = Annotated[tuple[str, ...], NoDecode, parsed_by(_kinds)]


class Learning(BaseModel):
    """Hooks of ``hook_kinds`` are learned from full answers, exits in idle time.

    They are used once held-out samples show that they agree with the network in ``exit_agreement`` of the
    frames; ``audit_share`` of the frames go the full way all the same. ``sampler_bytes`` bounds what is
    kept to learn from.
    """

    hooks: bool = _option(True, "--no-hooks", "Learn nothing.")
    hook_kinds: Kinds = _option(
        LEARNED,
        "--hooks",
        "What to learn from full answers, used only where shown to agree; also skip, saliency.",
        metavar="kind,...",
    )
    exit_agreement: float = _option(
        0.99,
        "--exit-agreement",
        "Share of a hook's answers that must agree with the network.",
        gt=0,
        le=1,
    )
    audit_share: float = _option(
        0.02,
        "--audit-share",
        "Share of the frames on which hooks are only compared with the network.",
        gt=0,
        le=1,
    )
    sampler_bytes: Size = _option(16 * 10**6, "--sampler-bytes", "Memory for what hooks learn from.", ge=1)

    @model_validator(mode="after")
    def _check_kinds(self) -> Learning:
        if unknown := set(self.hook_kinds) - set(KINDS):
            raise UsageError(f"no hooks of kind {min(unknown)!r} are learned; there are {', '.join(KINDS)}")
        return self
