"""ONNX Runtime execution providers, with the CPU as fallback."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import onnx
import onnxruntime

from evosplit.shared.errors import ModelError
from evosplit.shared.runtime import open_session
from evosplit.shared.session import Opener, Runner

ProviderName = Literal["cpu", "cuda", "tensorrt"]

_CPU: Final = "CPUExecutionProvider"
PROVIDERS: Final[Mapping[ProviderName, tuple[str, ...]]] = MappingProxyType(
    {
        "cpu": (_CPU,),
        "cuda": ("CUDAExecutionProvider", _CPU),
        "tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider", _CPU),
    }
)
"""For each name the providers in the order in which they may take a layer."""

_log = logging.getLogger(__name__)


class Providers:
    """Opens sessions on the provider that was asked for.

    When the provider is missing, or its first session cannot be created (no driver, no memory), one warning
    is logged and every later session is on the processor: a head of two kinds would be the slower one.
    Segments in integers are played ``integer_slowdown`` times slower than they are here. ``opener``: see
    `evosplit.shared.session.Runner`.
    """

    def __init__(
        self,
        wanted: ProviderName = "cpu",
        threads: int = 1,
        integer_slowdown: float = 1.0,
        opener: Opener = open_session,
    ) -> None:
        self.name: ProviderName = wanted
        self.threads = threads
        self.integer_slowdown = integer_slowdown
        self.opener = opener

    def open(self, model: onnx.ModelProto) -> Runner:
        """A runner for the model. Raises ModelError when the processor does not take it either."""
        if self.name != "cpu":
            try:
                return Runner(model, self.threads, PROVIDERS[self.name], opener=self.opener)
            except ModelError as refused:
                _log.warning("provider %s cannot be used, so the processor computes: %s", self.name, refused)
                self.name = "cpu"
        return Runner(model, self.threads, opener=self.opener)


def gpu_provider() -> ProviderName:
    """The fastest provider for a GPU that this ONNX Runtime has; ``cpu``, said in one line, without any."""
    available = onnxruntime.get_available_providers()
    ordered: tuple[ProviderName, ...] = ("tensorrt", "cuda")
    for name in ordered:
        if PROVIDERS[name][0] in available:
            return name
    _log.warning("this ONNX Runtime has no provider for GPUs, so the processor computes")
    return "cpu"
