"""Dependencies of the HTTP routes: services, the requested model, a thread pool."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.plan_service import PlanService
from evosplit.cloud.registry import Registry
from evosplit.cloud.settings import AppSettings
from evosplit.cloud.tail_warming import TailWarmer
from evosplit.shared.errors import NotFoundError
from evosplit.shared.oip import MODEL_VERSION
from evosplit.shared.time_limit import time_limit

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """Models, data plane, plan service, signer, what builds tails ahead, and the threads that they run in."""

    settings: AppSettings
    registry: Registry
    plane: DataPlane
    plans: PlanService
    warmer: TailWarmer
    signer: BundleSigner
    infer_pool: ThreadPoolExecutor
    plan_pool: ThreadPoolExecutor


def services_of(request: Request) -> Services:
    """The services of the application that got the request."""
    services: Services = request.app.state.services
    return services


def model_name(request: Request) -> str:
    """The model in the path. Raises NotFoundError for a version that no model has."""
    version = request.path_params.get("version", MODEL_VERSION)
    if version != MODEL_VERSION:
        raise NotFoundError(f"no version {version!r} here; every model has version {MODEL_VERSION}")
    name: str = request.path_params["model"]
    return name


async def in_thread(pool: ThreadPoolExecutor, work: Callable[[], T], timeout_s: float) -> T:
    """Run in a thread; on time-out the client is told, and the thread finishes by itself.

    Work that is still in the queue then never begins. What goes wrong in a thread that nobody waits for any
    more is one entry in the log.
    """
    future = pool.submit(work)
    try:
        async with time_limit(timeout_s):
            return await asyncio.wrap_future(future)
    except asyncio.TimeoutError:
        future.add_done_callback(_log_late_failure)
        raise HTTPException(504, f"no answer within {timeout_s:g} s") from None


def _log_late_failure(future: Future[T]) -> None:
    if not future.cancelled() and (failure := future.exception()) is not None:
        _log.error("work that was given up after its time-out failed", exc_info=failure)
