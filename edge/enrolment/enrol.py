"""The first start: measure, have plans made, fetch and verify the bundle. Later starts need no cloud.

Where hooks, masks or deltas were found to spare other shares than the plans count on, plans are asked for
again if the cloud answers; cut and exits are so chosen together.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from edge.enrolment.measure import profile_skeleton
from edge.enrolment.planner_client import PlannerClient
from edge.figures.expectation import differs
from edge.figures.expecting import read_expectation
from edge.settings import EdgeSettings
from shared.bundle import Bundle
from shared.errors import BundleError, CloudRefusedError, CloudUnavailableError, EvoSplitError
from shared.expectation import NOTHING_SPARED, Expectation
from shared.profile import Profile
from shared.serial import from_json, to_data, to_json

_RETRY_S: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Enrolment:
    """For what the bundle in the data directory was made. Another answer to these means another bundle.

    ``expectation`` is what was known when it was asked for: only another one that matters is asked about.
    """

    model: str
    slowdown: float
    threads: int
    memory_bytes: int | None
    max_error: float | None
    max_drop: float | None = None
    integers: bool = True
    bundle: str = ""
    expectation: Expectation = NOTHING_SPARED


async def enrol(settings: EdgeSettings, cloud: PlannerClient) -> Bundle:
    """The bundle of the data directory if it fits the settings, else a new one from the cloud.

    Raises CloudUnavailableError when a new one is needed and no cloud answers for ``enrol_wait_s``,
    AuthError, NotFoundError, CloudRefusedError, ProfileError, BundleError.
    """
    await asyncio.to_thread(settings.folder.mkdir, parents=True, exist_ok=True)
    kept = await asyncio.to_thread(_kept, settings)
    if kept is not None:
        try:
            bundle = await asyncio.to_thread(_open, settings, kept.bundle)
        except BundleError as damage:
            _log.warning("%s; fetching the bundle again", damage)
        else:
            return await _perhaps_anew(settings, cloud, kept, bundle)
    return await _with_patience(settings, cloud)


async def _perhaps_anew(
    settings: EdgeSettings, cloud: PlannerClient, kept: Enrolment, bundle: Bundle
) -> Bundle:
    """A bundle whose plans count on what was measured since; the one that is there when that cannot be."""
    sha256 = bundle.manifest.model_sha256
    expected = await asyncio.to_thread(read_expectation, settings.folder, sha256)
    if not differs(kept.expectation, expected):
        return bundle
    try:
        description = await cloud.describe()
        if description.get("sha256") != sha256:
            return bundle
        _log.info("hooks, masks or deltas spare other shares than the plans count on")
        return await _new(settings, cloud, description)
    except (EvoSplitError, OSError) as refused:
        _log.warning("the plans stay as they are: %s", refused)
        return bundle


async def _with_patience(settings: EdgeSettings, cloud: PlannerClient) -> Bundle:
    deadline_s, told = time.monotonic() + settings.enrol_wait_s, ""
    while True:
        try:
            description = await cloud.describe()
            break
        except CloudUnavailableError as away:
            if time.monotonic() > deadline_s:
                raise CloudUnavailableError(f"{away}; the first start needs it to make plans") from None
            if str(away) != told:
                _log.warning("%s; waiting for the cloud", away)
                told = str(away)
            await asyncio.sleep(_RETRY_S)
    return await _new(settings, cloud, description)


async def _new(settings: EdgeSettings, cloud: PlannerClient, description: Mapping[str, Any]) -> Bundle:
    profile = await _profile(settings, cloud, description)
    _log.info("asking for plans")
    limits = {"memory_bytes": settings.memory_bytes, "max_error": settings.max_error}
    rtt_s = await cloud.rtt_s()
    expected = await asyncio.to_thread(read_expectation, settings.folder, profile.model_sha256)
    asked = {"profile": to_data(profile), "rtt_s": rtt_s, "limits": limits, "max_drop": settings.max_drop}
    digest = await cloud.plan({**asked, "expectation": to_data(expected)})
    if len(digest) != 64 or not digest.isalnum():
        raise CloudRefusedError("the cloud named no bundle", 200)
    partial = settings.folder / "bundle.partial"
    await cloud.fetch_bundle(digest, partial)
    bundle = await asyncio.to_thread(Bundle.open, partial, digest)
    _check_model(bundle, settings, profile)
    await asyncio.to_thread(_keep, settings, partial, _wanted(settings, digest, expected))
    _log.info("bundle %s is in place", digest[:12])
    return await asyncio.to_thread(_open, settings, digest)


async def _profile(settings: EdgeSettings, cloud: PlannerClient, description: Mapping[str, Any]) -> Profile:
    """This machine's profile of the model, measured once and kept: planning may have to be asked again."""
    path = settings.folder / "profile.json"
    kept = await asyncio.to_thread(_kept_profile, path)
    sha256, card = str(description.get("sha256")), description.get("card")
    wanted = (sha256, settings.threads, settings.slowdown)
    if kept is not None and (kept.model_sha256, kept.threads, kept.slowdown) == wanted:
        return kept if settings.integers else replace(kept, integers=None)
    skeleton = await cloud.skeleton()
    _log.info("measuring this machine with %s", settings.model)
    profile = await profile_skeleton(
        skeleton, card, settings.model, sha256, settings.threads, settings.slowdown, settings.integers
    )
    await asyncio.to_thread(path.write_bytes, to_json(profile))
    return profile


def _kept_profile(path: Path) -> Profile | None:
    try:
        return from_json(Profile, path.read_bytes(), BundleError)
    except (OSError, BundleError):
        return None


def _wanted(settings: EdgeSettings, bundle: str, expected: Expectation) -> Enrolment:
    return Enrolment(
        model=settings.model,
        slowdown=settings.slowdown,
        threads=settings.threads,
        memory_bytes=settings.memory_bytes,
        max_error=settings.max_error,
        max_drop=settings.max_drop,
        integers=settings.integers,
        bundle=bundle,
        expectation=expected,
    )


def _kept(settings: EdgeSettings) -> Enrolment | None:
    """The enrolment on disk if it is for these settings."""
    try:
        kept = from_json(Enrolment, (settings.folder / "enrolment.json").read_bytes(), BundleError)
    except (OSError, BundleError):
        return None
    return kept if kept == _wanted(settings, kept.bundle, kept.expectation) else None


def _keep(settings: EdgeSettings, partial: Path, wanted: Enrolment) -> None:
    """The bundle first and what points at it second, so that a crash between leaves a valid pair or none."""
    place = _place(settings, wanted.bundle)
    partial.replace(place)
    note = settings.folder / "enrolment.partial"
    note.write_bytes(to_json(wanted))
    note.replace(settings.folder / "enrolment.json")
    for old in settings.folder.glob("bundle-*.evb"):
        if old != place:
            old.unlink(missing_ok=True)


def _open(settings: EdgeSettings, digest: str) -> Bundle:
    return Bundle.open(_place(settings, digest), digest)


def _place(settings: EdgeSettings, digest: str) -> Path:
    return settings.folder / f"bundle-{digest[:16]}.evb"


def _check_model(bundle: Bundle, settings: EdgeSettings, profile: Profile) -> None:
    manifest = bundle.manifest
    named = {manifest.model_sha256, manifest.table.model_sha256}
    if manifest.model != settings.model or named != {profile.model_sha256}:
        raise BundleError(f"the bundle is of {manifest.model}, not of this {settings.model}")
