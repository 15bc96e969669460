"""Enrolment record: the bundle on disk, and what it was made for.

The bundle is written first and the note second, so that a crash in between leaves a valid pair or none.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from evosplit.edge.settings import EdgeSettings
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import BundleError
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.security.bundle_release import SignedRelease
from evosplit.shared.serial import from_json, to_json


@dataclass(frozen=True)
class Enrolment:
    """For what the bundle in the data directory was made. Another answer to these means another bundle.

    ``expectation`` is what was known when it was asked for: only another one that matters is asked about.
    ``calibration`` names the inputs that were sent for it, ``statistics`` is whether it was made from errors
    that were measured here. ``release`` is the cloud's signature, where it signs. ``restorations`` is what
    the cloud said then of the restoration networks that it could plan with.
    """

    model: str
    slowdown: float
    threads: int
    memory_bytes: int | None
    max_error: float | None
    max_drop: float | None = None
    integers: bool = True
    min_depth: int = 0
    bundle: str = ""
    expectation: Expectation = NOTHING_SPARED
    calibration: str | None = None
    statistics: bool = False
    release: SignedRelease | None = None
    restorations: str = ""
    integer_slowdown: float = 1.0


def wanted(settings: EdgeSettings) -> Enrolment:
    """What the settings ask for."""
    return Enrolment(
        model=settings.model,
        slowdown=settings.slowdown,
        threads=settings.threads,
        memory_bytes=settings.memory_bytes,
        max_error=settings.max_error,
        max_drop=settings.max_drop,
        integers=settings.integers,
        min_depth=settings.depth,
        integer_slowdown=settings.integer_slowdown,
    )


def read_note(settings: EdgeSettings) -> Enrolment | None:
    """The note on disk if it is for these settings."""
    try:
        kept = from_json(Enrolment, (settings.cloud_folder / "enrolment.json").read_bytes(), BundleError)
    except (OSError, BundleError):
        return None
    return kept if asked_alike(kept, wanted(settings)) else None


def asked_alike(kept: Enrolment, other: Enrolment) -> bool:
    """Whether two notes are for the same settings."""
    results = ("bundle", "expectation", "calibration", "statistics", "release", "restorations")
    return all(getattr(kept, name) == getattr(other, name) for name in vars(kept) if name not in results)


def write_note(settings: EdgeSettings, note: Enrolment, in_use: Collection[str] = ()) -> None:
    """Point at another bundle, whole or not at all, and drop those that are neither it nor ``in_use``."""
    write_whole(settings.cloud_folder / "enrolment.json", to_json(note))
    kept = {bundle_place(settings, digest) for digest in (note.bundle, *in_use)}
    for old in settings.cloud_folder.glob("bundle-*.evb"):
        if old not in kept:
            old.unlink(missing_ok=True)


def client_id(data: Path) -> str:
    """What tells this device from others at the cloud: made at the first start, and kept. Raises OSError."""
    place = data / "client-id"
    if not place.exists():
        write_whole(place, secrets.token_hex(8).encode(), durable=True)
    return place.read_text(encoding="ascii").strip()


def open_bundle(settings: EdgeSettings, digest: str) -> Bundle:
    """The bundle of a digest, verified. Raises BundleError."""
    return Bundle.open(bundle_place(settings, digest), digest)


def bundle_place(settings: EdgeSettings, digest: str) -> Path:
    """Where a bundle lies."""
    return settings.cloud_folder / f"bundle-{digest[:16]}.evb"
