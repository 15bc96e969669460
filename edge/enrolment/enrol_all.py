"""Enrolment with every cloud of an agent; those that are away at the first start are asked again later."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from evosplit.edge.enrolment.cloud_settings import by_cloud
from evosplit.edge.enrolment.enrol import RETRY_S, enrol
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import CloudUnavailableError, EvoSplitError

_log = logging.getLogger(__name__)


async def enrol_all(
    settings: EdgeSettings, clients: Sequence[PlannerClient], retry_s: float = RETRY_S
) -> BundleSet:
    """The bundles of all clouds that have made one; ``clients`` are in the order of the settings' clouds.

    Raises as `enrol` where there is none at all.
    """
    each = list(zip(by_cloud(settings).items(), clients, strict=True))
    if len(each) == 1:
        return BundleSet({"": await enrol(settings, clients[0], retry_s)})
    deadline_s, bundles = time.monotonic() + settings.enrol_wait_s, dict[str, Bundle]()
    while not bundles:
        is_last = time.monotonic() > deadline_s
        for (name, own), client in each:
            try:
                bundles[name] = await enrol(own.changed(enrol_wait_s=0.0), client, retry_s)
            except EvoSplitError as failure:  # noqa: PERF203 - each cloud may refuse
                if is_last and client is clients[-1] and not bundles:
                    raise
                if not isinstance(failure, CloudUnavailableError) or bundles or is_last:
                    _log.warning("no plans from %s: %s", name, failure)
        if not bundles:
            await asyncio.sleep(retry_s)
    return one_network(bundles)


def one_network(bundles: dict[str, Bundle]) -> BundleSet:
    """Without those of another version of the network than the first one's: one line says so."""
    first = next(iter(bundles.values())).manifest
    others = [name for name, each in bundles.items() if each.manifest.model_sha256 != first.model_sha256]
    for name in others:
        _log.warning("%s has another version of %s: it is left out", name, first.model)
    return BundleSet({name: each for name, each in bundles.items() if name not in others})
