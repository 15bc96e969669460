"""Cache key of a measurement or a plan that is kept on disk: everything that it depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from evosplit.shared.card import Card, card_to_data
from evosplit.shared.profile import Machine
from evosplit.shared.serial import digest

_RUNTIMES = ("onnxruntime", "numba", "numpy", "evosplit")


def runtime_versions() -> dict[str, str]:
    """The installed versions of what computes, this package's own among them."""
    return {name: _version(name) for name in _RUNTIMES}


@dataclass(frozen=True)
class CacheKey:
    """What a kept value depends on. ``digest`` names its file; files under older keys are not found.

    ``kind`` is what is kept, ``method`` how it is made, in words that change with the code; ``machine`` None
    and ``threads`` 0 for values that any machine makes alike; ``inputs`` a digest of calibration inputs;
    ``asked`` whatever else was asked for, as JSON.
    """

    kind: str
    model_sha256: str
    method: str
    card: Card | None = None
    machine: Machine | None = None
    threads: int = 0
    slowdown: float = 1.0
    inputs: str = ""
    asked: str = ""
    runtimes: dict[str, str] = field(default_factory=runtime_versions)

    @property
    def digest(self) -> str:
        """sha256 over every ingredient, hexadecimal."""
        card = None if self.card is None else card_to_data(self.card)
        machine = None if self.machine is None else digest(self.machine)
        words = (self.kind, self.model_sha256, self.method, self.inputs, self.asked)
        return digest([*words, card, machine, self.threads, self.slowdown, self.runtimes])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # a part that is not installed takes no part
        return ""
