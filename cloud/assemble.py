"""Composition root of one replica: its services, built from its settings and warmed up."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.plan_service import PlanService
from evosplit.cloud.planning_process import PlanningProcess
from evosplit.cloud.registry import Registry, open_registry
from evosplit.cloud.services import Services
from evosplit.cloud.settings import AppSettings
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_cache import TailCache
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.warm import warm_entropy_coding
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.wire.frame import AFFINE_BITS

_LOG: Final = logging.getLogger("evosplit.cloud")


def make_services(settings: AppSettings) -> Services:
    """Load the models, warm every one up, and start the threads. Raises UsageError or ModelError."""
    registry = open_registry(settings.models, settings.shapes)
    for name, problem in registry.broken.items():
        _LOG.warning("model %s is not served: %s", name, problem)
    streams = StreamStore(settings.stream_bytes, settings.stream_lifetime_s)
    plane = DataPlane(registry, TailCache(settings.tail_cache_bytes), settings.session_threads, streams)
    _warm_up(plane, registry)
    planner = PlanningProcess(settings.data.absolute(), settings.session_threads, settings.shapes)
    return Services(
        settings=settings,
        registry=registry,
        plane=plane,
        plans=PlanService(settings.data, planner),
        infer_pool=ThreadPoolExecutor(settings.workers, "infer"),
        plan_pool=ThreadPoolExecutor(1, "plan"),
    )


def _warm_up(plane: DataPlane, registry: Registry) -> None:
    """Compile the decoders of every bit-width and run every model once, before the first request."""
    ramp = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 4, 4, 4)
    for bits in (*AFFINE_BITS, FLOAT_BITS):
        decode_tensor(encode_tensor("x", ramp, TensorCode(bits)))
    warm_entropy_coding()
    for name in registry.models:
        plane.warm(name)
