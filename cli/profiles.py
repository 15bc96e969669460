"""Profiles: measured here (once), or read from a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evosplit.cli.cache import cached
from evosplit.cli.output import progress, stderr
from evosplit.edge.backends.int8 import timed_integers
from evosplit.kernels.codec import measure_codec, measure_packing
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.errors import ModelError, ProfileError
from evosplit.shared.graph import Graph
from evosplit.shared.integer_profiler import METHOD as INTEGERS
from evosplit.shared.integer_profiler import measure_integers
from evosplit.shared.integer_times import IntegerTimes
from evosplit.shared.machine import this_machine
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import METHOD, measure_profile
from evosplit.shared.serial import from_json


def measured_profile(graph: Graph, threads: int, slowdown: float = 1.0, fresh: bool = False) -> Profile:
    """This machine's profile, slowed down by a factor. Measured at the first call, then kept."""
    key = CacheKey("profile", graph.sha256, METHOD, machine=this_machine(), threads=threads)
    return slowed(cached(Profile, key, lambda: _measure(graph, threads), fresh), slowdown)


def edge_profile(graph: Graph, threads: int, slowdown: float = 1.0, fresh: bool = False) -> Profile:
    """As `measured_profile`, with times in 8-bit integers: heads may run in them."""
    return slowed(with_integers(graph, measured_profile(graph, threads, fresh=fresh), fresh), slowdown)


def with_integers(graph: Graph, profile: Profile, fresh: bool = False) -> Profile:
    """The profile with times in 8-bit integers, measured at the first call, then kept.

    ``profile`` is one of this machine's, not slowed yet; it comes back as it is for a model that cannot be
    brought to integers.
    """
    machine, threads = this_machine(), profile.threads
    key = CacheKey("integers", graph.sha256, f"{METHOD}, {INTEGERS}", machine=machine, threads=threads)
    try:
        times = cached(
            IntegerTimes, key, lambda: measure_integers(graph, profile, timed_integers(graph)), fresh
        )
    except ModelError as reason:
        stderr.print(f"{graph.name} is planned in float32 alone: {reason}")
        return profile
    return replace(profile, integers=times)


def _measure(graph: Graph, threads: int) -> Profile:
    codec, plain, pack_s = measure_codec(), measure_codec(codec="none"), measure_packing()
    with progress(f"measuring {graph.name}") as report:
        return measure_profile(graph, threads, 1.0, report, *codec, plain_s_per_byte=plain, pack_s=pack_s)


def slowed(profile: Profile, slowdown: float) -> Profile:
    """The profile of a device that takes ``slowdown`` times as long for everything."""
    return replace(
        profile,
        slowdown=profile.slowdown * slowdown,
        layer_s=tuple(seconds * slowdown for seconds in profile.layer_s),
        head_s={index: seconds * slowdown for index, seconds in profile.head_s.items()},
        tail_s={index: seconds * slowdown for index, seconds in profile.tail_s.items()},
        encode_s_per_byte=profile.encode_s_per_byte * slowdown,
        decode_s_per_byte=profile.decode_s_per_byte * slowdown,
        frame_s=profile.frame_s * slowdown,
        prepare_s=profile.prepare_s * slowdown,
        picture_s={codec: seconds * slowdown for codec, seconds in profile.picture_s.items()},
        pack_s=profile.pack_s * slowdown,
        plain_s_per_byte=_slowed_pair(profile.plain_s_per_byte, slowdown),
        integers=profile.integers.slowed(slowdown) if profile.integers else None,
    )


def _slowed_pair(pair: tuple[float, float] | None, slowdown: float) -> tuple[float, float] | None:
    return None if pair is None else (pair[0] * slowdown, pair[1] * slowdown)


def read_profile(path: Path, graph: Graph) -> Profile:
    """Read a file that `evosplit profile` wrote. Raises ProfileError when it is of another model."""
    try:
        profile = from_json(Profile, path.read_bytes(), ProfileError)
    except OSError as error:
        raise ProfileError(f"cannot read the profile {path}: {error.strerror}") from None
    if profile.model_sha256 != graph.sha256 or len(profile.layer_s) != len(graph.layers):
        raise ProfileError(f"the profile {path} is of {profile.model}, not of this {graph.name}")
    return profile
