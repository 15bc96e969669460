"""Enrolment at the first start: measure, have plans made, fetch and verify the bundle.

Plans for what was found since (hooks that spare other shares, inputs that frames brought) are asked for while
the agent serves: `evosplit.edge.enrolment.renewal`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from evosplit.edge.enrolment.measure import device_profiler, profile_skeleton
from evosplit.edge.enrolment.note import Enrolment, bundle_place, open_bundle, read_note, wanted, write_note
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.trusted_releases import TrustedReleases
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.savings_record import read_expectation
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import card_from_data
from evosplit.shared.errors import BundleError, CloudRefusedError, CloudUnavailableError
from evosplit.shared.profile import BUSY, Profile
from evosplit.shared.serial import to_data
from evosplit.shared.slowdown import with_slower_integers

STATISTICS_FILE: Final = "errors.json"
"""What quantisation costs on this device's own frames, where those stay here."""
RETRY_S: Final = 1.0
"""How long after an attempt a cloud that is away is asked again."""
_STARTING: Final = 503
"""What a cloud's front answers while none of its replicas is ready: it is waited for, too."""

_log = logging.getLogger(__name__)


async def enrol(settings: EdgeSettings, cloud: PlannerClient, retry_s: float = RETRY_S) -> Bundle:
    """The bundle of the data directory if it fits the settings, else a new one from the cloud.

    Raises CloudUnavailableError when a new one is needed and no cloud answers for ``enrol_wait_s``, asked
    every ``retry_s``; AuthError, NotFoundError, CloudRefusedError, ProfileError, BundleError.
    """
    await asyncio.to_thread(settings.cloud_folder.mkdir, parents=True, exist_ok=True)
    kept = await asyncio.to_thread(read_note, settings)
    if kept is not None:
        try:
            await asyncio.to_thread(TrustedReleases(settings).check_kept, kept.release, kept.bundle)
            return await asyncio.to_thread(open_bundle, settings, kept.bundle)
        except BundleError as damage:
            _log.warning("%s; fetching the bundle again", damage)
    description = await _with_patience(settings, cloud, retry_s)
    expected = await asyncio.to_thread(read_expectation, settings.folder, str(description.get("sha256")))
    asked = dataclasses.replace(
        wanted(settings), expectation=expected, restorations=str(description.get("restorations", ""))
    )
    bundle, note = await fresh_bundle(settings, cloud, description, asked)
    await asyncio.to_thread(write_note, settings, note)
    _log.info("bundle %s is in place", bundle.digest[:12])
    return bundle


async def changed_model(settings: EdgeSettings, cloud: PlannerClient, served: Bundle) -> Bundle | None:
    """The bundle of the content of the model that the cloud serves now; None where it is the one ``served``.

    The bundle that is served stays on the disk. Raises as `enrol`; nothing has changed then.
    """
    description = await cloud.describe()
    if description.get("sha256") == served.manifest.model_sha256:
        return None
    asked = dataclasses.replace(wanted(settings), restorations=str(description.get("restorations", "")))
    bundle, note = await fresh_bundle(settings, cloud, description, asked)
    await asyncio.to_thread(write_note, settings, note, (served.digest,))
    return bundle


async def _with_patience(settings: EdgeSettings, cloud: PlannerClient, retry_s: float) -> Mapping[str, Any]:
    deadline_s, told = time.monotonic() + settings.enrol_wait_s, ""
    while True:
        try:
            description = await cloud.describe()
            break
        except (CloudUnavailableError, CloudRefusedError) as away:
            if isinstance(away, CloudRefusedError) and away.status != _STARTING:
                raise
            if time.monotonic() > deadline_s:
                raise CloudUnavailableError(
                    f"{away}; the first start needs it to make plans: start it, or correct --cloud"
                ) from None
            if str(away) != told:
                _log.warning("%s; waiting for the cloud", away)
                told = str(away)
            await asyncio.sleep(retry_s)
    return description


async def fresh_bundle(
    settings: EdgeSettings, cloud: PlannerClient, description: Mapping[str, Any], asked: Enrolment
) -> tuple[Bundle, Enrolment]:
    """Have plans made, fetch and verify their bundle; with the note for it, which is not written yet.

    Raises as `enrol`; nothing has changed then.
    """
    profile = await _profile(settings, cloud, description)
    _log.info("asking for plans")
    limits = {"memory_bytes": settings.memory_bytes, "max_error": settings.max_error}
    request = {
        "profile": to_data(profile),
        "rtt_s": await cloud.rtt_s(),
        "limits": limits | ({"min_depth": settings.depth} if settings.depth else {}),
        "max_drop": settings.max_drop,
        "expectation": to_data(asked.expectation),
        "restores": True,
    }
    if asked.calibration is not None:
        request["calibration"] = asked.calibration
    if asked.statistics:
        request["statistics"] = await asyncio.to_thread(_statistics, settings)
    planned = await cloud.plan(request)
    digest = planned.bundle
    if len(digest) != 64 or not digest.isalnum():
        raise CloudRefusedError("the cloud named no bundle", 200)
    trusted = TrustedReleases(settings)
    await trusted.accept(cloud, planned.release, digest, profile.model_sha256, planned.asked)
    partial = settings.cloud_folder / "bundle.partial"
    await cloud.fetch_bundle(digest, partial)
    bundle = await asyncio.to_thread(Bundle.open, partial, digest)
    _check_model(bundle, settings, profile)
    await asyncio.to_thread(partial.replace, bundle_place(settings, digest))
    note = dataclasses.replace(asked, bundle=digest, release=planned.release)
    return await asyncio.to_thread(open_bundle, settings, digest), note


async def _profile(settings: EdgeSettings, cloud: PlannerClient, description: Mapping[str, Any]) -> Profile:
    """The profile of the model on the device that is played."""
    measured = await _measured(settings, cloud, description)
    return with_slower_integers(measured, settings.integer_slowdown)


async def _measured(settings: EdgeSettings, cloud: PlannerClient, description: Mapping[str, Any]) -> Profile:
    """This machine's profile of the model, measured once and kept: planning may have to be asked again."""
    sha256, card = str(description.get("sha256")), description.get("card")
    known = None if card is None else card_from_data(dict(card))
    profiler = device_profiler(settings.folder, settings.threads, settings.integers)
    kept = await asyncio.to_thread(profiler.known, sha256, known, settings.slowdown)
    if kept is not None:
        return kept
    skeleton = await cloud.skeleton()
    _log.info("measuring this machine with %s", settings.model)
    profile = await profile_skeleton(
        settings.folder, skeleton, card, settings.model, sha256, profiler, settings.slowdown
    )
    if profile.repeats:
        calm = "calm" if (profile.spread or 0.0) <= BUSY else f"times still differ by {profile.spread:.0%}"
        _log.warning("the machine was busy while it was measured; measured again, %s", calm)
    return profile


def _statistics(settings: EdgeSettings) -> Any:  # noqa: ANN401 - JSON
    return json.loads((settings.folder / STATISTICS_FILE).read_bytes())


def _check_model(bundle: Bundle, settings: EdgeSettings, profile: Profile) -> None:
    manifest = bundle.manifest
    named = {manifest.model_sha256, manifest.table.model_sha256}
    inputs = {value.name for value in bundle.skeleton().graph.input}
    if settings.keeps_inputs and any(inputs & set(plan.boundary) for plan in manifest.table.plans):
        raise BundleError("the bundle has a plan that sends the input, which is to stay here")
    bundle.transforms()  # what cannot be read is no bundle to begin with
    if manifest.model != settings.model or named != {profile.model_sha256}:
        raise BundleError(f"the bundle is of {manifest.model}, not of this {settings.model}")
