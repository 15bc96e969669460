"""Watches that what hooks answer is still what the network would have answered."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["ok", "raise", "off"]


class Guard:
    """Audits a small share of what hooks answer, and closes those that no longer agree with the network.

    A frame is audited or not by its id alone. On an audited frame a hook's answer is not used: the frame goes
    the full way, and both answers are compared (`record`). ``floor`` is the least confidence that a hook may
    answer with now.
    """

    def __init__(self, target: float, sure: float = 0.99, share: float = 0.02) -> None:
        raise NotImplementedError

    def should_audit(self, frame_id: str, hook: str | None = None) -> bool:
        """Whether what a hook says of this frame is only compared; always, for a hook that is off."""
        raise NotImplementedError

    def record(self, hook: str, agreed: bool, confidence: float = 1.0) -> None:
        """An audited answer of a hook, of any confidence that the hook itself would exit with."""
        raise NotImplementedError

    def verdict(self, hook: str) -> Verdict:
        """``ok``; ``raise``: only confidences from ``floor`` on; ``off``: none."""
        raise NotImplementedError

    def floor(self, hook: str) -> float:
        """The least confidence that may answer: 0 when ok, infinity when off."""
        raise NotImplementedError

    def reset(self, hook: str) -> None:
        """The hook was trained anew: what is known of it no longer holds."""
        raise NotImplementedError
