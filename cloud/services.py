"""Dependencies of the HTTP routes: services, and the requested model."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from evosplit.cloud.bundle_signer import BundleSigner
from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.inference import Inference
from evosplit.cloud.plan_service import PlanService
from evosplit.cloud.registry import Registry
from evosplit.cloud.settings import AppSettings
from evosplit.cloud.tail_warming import TailWarmer
from evosplit.shared.errors import NotFoundError
from evosplit.shared.oip import MODEL_VERSION
from evosplit.shared.worker_threads import WorkerThreads


@dataclass(frozen=True)
class Services:
    """Models, data plane, plan service, signer, what builds tails ahead, and the threads that they run in."""

    settings: AppSettings
    registry: Registry
    plane: DataPlane
    plans: PlanService
    warmer: TailWarmer
    inference: Inference
    pool: WorkerThreads
    signer: BundleSigner
    plan_pool: WorkerThreads


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
