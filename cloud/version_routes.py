"""HTTP routes of model versions: which there are, and which one a share of clients tries."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evosplit.cloud.repository.trial_reports import described_rollout
from evosplit.cloud.request_body import read_body
from evosplit.cloud.services import Services, model_name, services_of
from evosplit.cloud.worker_threads import in_thread
from evosplit.shared.errors import UsageError
from evosplit.shared.rollout import Rollout
from evosplit.shared.serial import from_json

_MOST_BYTES = 10_000


@dataclass(frozen=True)
class VersionChange:
    """What is to happen: a ``version`` for a ``share`` of clients, or for all, or none any more."""

    action: Literal["canary", "promote", "rollback"]
    version: str | None = None
    share: float = 0.0
    least_agreement: float | None = None

    def applied(self, rollout: Rollout) -> Rollout:
        """The choice after it. Raises UsageError."""
        if self.action == "promote":
            return rollout.promoted(self.version)
        if self.action == "rollback":
            return rollout.rolled_back("by hand")
        if self.version is None:
            raise UsageError("which version is to be tried?")
        return rollout.offered(self.version, self.share, self.least_agreement)


async def get_versions(request: Request) -> Response:
    """The versions of a model, the one in use, and the one that is tried."""
    services, name = services_of(request), model_name(request)
    services.registry.entry(name)
    work = functools.partial(_described, services, name)
    return JSONResponse(await in_thread(services.pool, work, services.settings.infer_timeout_s))


async def post_versions(request: Request) -> Response:
    """Try, promote or roll back a version; other replicas follow within a second or two."""
    services, name = services_of(request), model_name(request)
    body = await read_body(request, _MOST_BYTES, services.settings.body_timeout_s)
    change = from_json(VersionChange, body, UsageError)
    services.registry.entry(name, change.version)

    def work() -> dict[str, Any]:
        services.versions.change(name, change.applied)
        services.registry.follow(services.versions.read())
        return _described(services, name)

    return JSONResponse(await in_thread(services.pool, work, services.settings.infer_timeout_s))


def _described(services: Services, name: str) -> dict[str, Any]:
    registry = services.registry
    versions = {version: entry.sha256 for version, entry in registry.catalogue.versions(name).items()}
    rollout = registry.rollouts.get(name) or Rollout(registry.entry(name).key.version)
    return {"name": name, "versions": versions, **described_rollout(services.trials, name, rollout)}
