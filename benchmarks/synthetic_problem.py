"""Synthetic planning problems: a made-up profile with integer times, and an error table.

Profiles that were measured once (`benchmarks/profiles`) are taken where they are of the network. For others
the planner's own model of a Raspberry Pi 5 gives the float times, and a seeded ratio of each layer the
integer ones; ratios, borders and codec speeds are as the measured profiles have them. Errors are seeded: a
bit less makes four times the noise, things differ by up to a hundredfold. All of it is right for asking
whether plans are optimal, and says nothing about any device.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from evosplit.kernels.errors.error_table import ActivationErrors, ErrorTable, WeightErrors
from evosplit.planner.devices import named_device, simulated_profile
from evosplit.shared.errors import ProfileError
from evosplit.shared.graph import Graph, Tensor
from evosplit.shared.integer_times import IntegerTimes
from evosplit.shared.profile import Profile
from evosplit.shared.serial import from_json
from evosplit.shared.weight_sizes import quantised_weights

PROFILES: Final = Path(__file__).parent / "profiles"
_WIDTHS: Final = (2, 3, 4, 5, 6, 8, 16)
_ERROR_AT_ZERO_BITS: Final = 0.3
_BORDER_S: Final = 2e-10


def profile_of(graph: Graph) -> Profile:
    """The profile measured of a network, or one made up."""
    return _measured().get(graph.sha256) or made_up_profile(graph)


@functools.cache
def _measured() -> dict[str, Profile]:
    profiles = (from_json(Profile, path.read_bytes(), ProfileError) for path in PROFILES.glob("*.json"))
    return {profile.model_sha256: profile for profile in profiles}


def made_up_profile(graph: Graph) -> Profile:
    """Float times of a Raspberry Pi 5 by the planner's model, integer times by a seeded ratio."""
    rng = random.Random(graph.name)  # noqa: S311 - nothing secret
    profile = simulated_profile(named_device("raspberry-pi-5"), graph)
    integer_s = tuple(seconds * rng.choice((0.35, 0.5, 0.7, 0.9, 1.3)) for seconds in profile.layer_s)
    return replace(
        profile,
        encode_s_per_byte=7e-10,
        decode_s_per_byte=1.5e-10,
        plain_s_per_byte=(1.5e-10, 1e-10),
        pack_s=6e-4,
        integers=IntegerTimes(integer_s, {}, _BORDER_S),
    )


def synthetic_errors(graph: Graph) -> ErrorTable:
    """Errors by width of all weights and activations, and bytes on the wire of a codec that spares a part."""
    rng = random.Random(graph.name)  # noqa: S311 - nothing secret
    weights = {
        name: WeightErrors(errors, errors, errors)
        for name in quantised_weights(graph)
        for errors in [_by_bits(rng)]
    }
    floats = (tensor for tensor in graph.tensors.values() if tensor.is_float)
    activations = {tensor.name: _activation(rng, tensor) for tensor in floats}
    return ErrorTable(graph.name, graph.sha256, 1, weights, activations, {})


def _activation(rng: random.Random, tensor: Tensor) -> ActivationErrors:
    errors, share = _by_bits(rng), rng.uniform(0.4, 1.0)
    wire_bytes = {bits: tensor.elements * bits / 8 * share for bits in (*_WIDTHS, 32)}
    return ActivationErrors(errors, errors, errors, _all(errors, -1.0), _all(errors, 1.0), wire_bytes)


def _by_bits(rng: random.Random) -> dict[int, float]:
    at_zero = _ERROR_AT_ZERO_BITS * 10 ** rng.uniform(-1, 1)
    return {bits: at_zero * 4.0**-bits for bits in _WIDTHS}


def _all(bits: Iterable[int], value: float) -> dict[int, float]:
    return dict.fromkeys(bits, value)
