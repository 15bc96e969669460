"""The services of one replica, built from its settings."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.plan_service import PlanService
from evosplit.cloud.planning_process import PlanningProcess
from evosplit.cloud.registry import open_registry
from evosplit.cloud.services import Services
from evosplit.cloud.settings import AppSettings
from evosplit.cloud.stream_state import StreamStore
from evosplit.cloud.tail_cache import TailCache
from evosplit.cloud.warm_up import warm_up

_LOG: Final = logging.getLogger("evosplit.cloud")


def make_services(settings: AppSettings) -> Services:
    """Load the models, warm every one up, and start the threads. Raises UsageError or ModelError."""
    registry = open_registry(settings.models, settings.shapes)
    for name, problem in registry.broken.items():
        _LOG.warning("model %s is not served: %s", name, problem)
    streams = StreamStore(settings.stream_bytes, settings.stream_lifetime_s)
    plane = DataPlane(registry, TailCache(settings.tail_cache_bytes), settings.session_threads, streams)
    warm_up(plane, registry)
    planner = PlanningProcess(settings.data.absolute(), settings.session_threads, settings.shapes)
    return Services(
        settings=settings,
        registry=registry,
        plane=plane,
        plans=PlanService(settings.data, planner),
        infer_pool=ThreadPoolExecutor(settings.workers, "infer"),
        plan_pool=ThreadPoolExecutor(1, "plan"),
    )
