"""Settings of an edge agent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evosplit.edge.backends.providers import ProviderName
from evosplit.shared.errors import UsageError
from evosplit.shared.token import given_token, stored_token

LEARNED: Final = ("exit", "repeat", "bits", "channels")
"""Kinds of hooks that an agent learns by itself."""
ON_REQUEST: Final = ("skip", "saliency")
"""Kinds that are learned only where they are named: skips spare little, masks may miss what no audit sees."""
KINDS: Final = (*LEARNED, *ON_REQUEST)

_MODEL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class EdgeSettings:
    """One agent: one model, one data directory, one cloud.

    ``slowdown`` lets this machine play one that is so many times slower, by waiting. ``memory_bytes``,
    ``max_error`` and ``max_drop`` (a share of answers) are the planner's limits; without both, plans cost
    at most a point, as far as calibration inputs show it. With ``integers`` heads may run in 8 bits where
    that was measured to be faster. With ``corrections`` what frames take corrects what plans predict.
    ``timeout_s`` bounds one request to the cloud, whatever the plan predicts.

    With ``hooks``, those of ``hook_kinds`` are learned from full answers, exits in idle time, and used once
    held-out samples show that they agree with the network in ``exit_agreement`` of the frames;
    ``audit_share`` of the frames go the full way all the same. ``sampler_bytes`` bounds what is kept to
    learn from.

    ``change_threshold``, in units of the network's input, has heads compute only where a stream has changed,
    in blocks of ``change_block`` positions; what moves by less than the share ``change_tolerance`` of a
    layer's own goes no further, but at threshold 0 all does, and the result is exact. ``region`` (left, top,
    right, bottom as shares of the network's input) computes only there. ``delta_threshold``, in code steps,
    is how far the tensors of a named stream may be off so that less is sent.

    A sample of the frames' inputs, at most ``calibration_bytes`` (0: none), is kept to have plans calibrated.
    What is sent has passed at least ``min_depth`` layers; with ``private``, or a depth above 0, the inputs
    themselves never leave. Raises UsageError.
    """

    cloud_url: str
    model: str
    data: Path
    token: str = ""
    token_file: Path | None = None
    host: str = "127.0.0.1"
    port: int = 9000
    memory_bytes: int | None = None
    max_error: float | None = None
    max_drop: float | None = None
    integers: bool = True
    corrections: bool = True
    slowdown: float = 1.0
    threads: int = 1
    provider: ProviderName = "cpu"
    hooks: bool = True
    hook_kinds: tuple[str, ...] = LEARNED
    exit_agreement: float = 0.99
    sampler_bytes: int = 16 * 10**6
    audit_share: float = 0.02
    change_threshold: float | None = None
    change_tolerance: float = 0.02
    change_block: int = 8
    region: tuple[float, float, float, float] | None = None
    delta_threshold: int = 0
    private: bool = False
    min_depth: int = 0
    calibration_bytes: int = 32 * 10**6
    timeout_s: float = 15.0
    enrol_wait_s: float = 60.0
    probe_interval_s: float = 1.0
    max_in_flight: int = 64
    max_body_bytes: int = 64 * 10**6
    keep_results: int = 100_000
    keep_bytes: int = 256 * 10**6

    def __post_init__(self) -> None:
        if not self.cloud_url.startswith(("http://", "https://")):
            raise UsageError(f"not a cloud address: {self.cloud_url!r} (write it like http://host:8000)")
        if not _MODEL_NAME.fullmatch(self.model):
            raise UsageError(f"not a model name: {self.model!r}")
        if self.slowdown < 1.0:
            raise UsageError(f"slowdown {self.slowdown:g} is below 1, and waiting makes no machine faster")
        self._check_hooks()
        if min(self.delta_threshold, self.min_depth, self.calibration_bytes) < 0:
            raise UsageError("delta_threshold, min_depth and calibration_bytes must not be negative")
        if min(self.threads, self.max_in_flight, self.keep_results, self.keep_bytes) < 1:
            raise UsageError("threads, max_in_flight, keep_results and keep_bytes must be at least 1")

    def _check_hooks(self) -> None:
        if not (0 < self.exit_agreement <= 1 and 0 < self.audit_share <= 1):
            raise UsageError("exit_agreement and audit_share are shares above 0, at most 1")
        if unknown := set(self.hook_kinds) - set(KINDS):
            raise UsageError(f"no hooks of kind {min(unknown)!r} are learned; there are {', '.join(KINDS)}")
        if self.sampler_bytes < 1:
            raise UsageError("sampler_bytes must be at least 1")
        if self.change_threshold is not None and not self.change_threshold >= 0:
            raise UsageError("change_threshold must not be negative")
        if not self.change_tolerance >= 0 or self.change_block < 1:
            raise UsageError("change_tolerance must not be negative, change_block at least 1")
        if self.region is not None and not _is_region(*self.region):
            raise UsageError("a region is left,top,right,bottom from 0 to 1, left < right and top < bottom")

    @property
    def depth(self) -> int:
        """Layers that whatever is sent has passed, at least."""
        return max(self.min_depth, int(self.private))

    @property
    def keeps_inputs(self) -> bool:
        """Whether raw inputs stay on the device."""
        return self.depth > 0

    @property
    def folder(self) -> Path:
        """Where this model's bundle and results are kept."""
        return self.data / self.model


def _is_region(left: float, top: float, right: float, bottom: float) -> bool:
    return 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def bearer_token(settings: EdgeSettings) -> tuple[str, bool]:
    """What clients must show, and what the cloud is shown; and whether it was generated just now.

    The settings' own token, the token file's, that of the environment, or one kept in the data directory.
    """
    given = settings.token or given_token(settings.token_file)
    return (given, False) if given else stored_token(settings.data / "token")
