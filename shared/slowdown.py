"""Profile of a slower device, emulated by this machine."""

from __future__ import annotations

from dataclasses import replace

from evosplit.shared.profile import Profile


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
        coded_s_per_byte=_slowed_pair(profile.coded_s_per_byte, slowdown),
        economical_s_per_byte=_slowed(profile.economical_s_per_byte, slowdown),
        transform_s_per_mac=_slowed(profile.transform_s_per_mac, slowdown),
        integers=profile.integers.slowed(slowdown) if profile.integers else None,
    )


def _slowed(seconds: float | None, slowdown: float) -> float | None:
    return None if seconds is None else seconds * slowdown


def with_slower_integers(profile: Profile, factor: float) -> Profile:
    """The profile of a device whose 8-bit integers take ``factor`` times as long, and all else the same."""
    if profile.integers is None:
        return profile
    return replace(profile, integers=profile.integers.slowed(factor))


def _slowed_pair(pair: tuple[float, float] | None, slowdown: float) -> tuple[float, float] | None:
    return None if pair is None else (pair[0] * slowdown, pair[1] * slowdown)
