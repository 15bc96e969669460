"""Dependencies of the HTTP routes: services, and the requested model."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import HTTPConnection, Request

from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.authentication import HOLDER
from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.fleet.fleet import Fleet
from evosplit.cloud.fleet.fleet_results import FleetResults
from evosplit.cloud.front.haproxy_config import PEER_HEADER
from evosplit.cloud.inference import Inference
from evosplit.cloud.plan_service import PlanService
from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.repository.canary import CanaryWatch
from evosplit.cloud.repository.trial_reports import TrialReports
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.cloud.repository.watch import RepositoryWatch
from evosplit.cloud.tail_warming import TailWarmer
from evosplit.cloud.telemetry.request_traces import RequestTraces
from evosplit.cloud.worker_threads import in_thread
from evosplit.shared.oip import CLIENT_HEADER
from evosplit.shared.security.scopes import Holder
from evosplit.shared.worker_threads import WorkerThreads

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """Models and versions, data plane, plans, signer, fleet, what builds tails ahead, and threads."""

    settings: AppSettings
    registry: Registry
    plane: DataPlane
    plans: PlanService
    warmer: TailWarmer
    inference: Inference
    pool: WorkerThreads
    signer: BundleSigner
    fleet: Fleet
    results: FleetResults
    plan_pool: WorkerThreads
    versions: VersionStore
    trials: TrialReports
    canary: CanaryWatch
    watch: RepositoryWatch | None = None
    traces: RequestTraces | None = None


def services_of(request: HTTPConnection) -> Services:
    """The services of the application that got the request."""
    services: Services = request.app.state.services
    return services


async def in_pool(request: HTTPConnection, work: Callable[[], T]) -> T:
    """Do what blocks in the thread for all but inferences and plans. Raises what ``work`` does."""
    services = services_of(request)
    return await in_thread(services.pool, work, services.settings.infer_timeout_s)


def model_name(request: Request) -> str:
    """The model in the path."""
    name: str = request.path_params["model"]
    return name


def model_version(request: Request) -> str | None:
    """The version in the path, None where it names none."""
    version: str | None = request.path_params.get("version")
    return version


def client_key(request: Request) -> str:
    """What tells one client from another, for shares of all: its own word, else its token and address."""
    said = request.headers.get(CLIENT_HEADER)
    if said:
        return said
    holder: Holder | None = request.scope.get(HOLDER)
    peer = request.headers.get(PEER_HEADER) or (request.client.host if request.client else "")
    return f"{holder.name if holder else ''}@{peer}"


async def requested_model(request: Request) -> Model:
    """The model and version in the path, else the version that this client gets.

    Raises NotFoundError, ModelError, CardError.
    """
    services = services_of(request)
    asked = model_name(request), model_version(request), client_key(request)
    entry = services.registry.entry(*asked)
    model = services.registry.loaded.held(entry)
    if model is not None:
        return model
    return await in_pool(request, functools.partial(services.registry.loaded.get, entry))
