"""Plans (a cut, and bits) and plan tables over bandwidth, as immutable values."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pydantic import SerializerFunctionWrapHandler, model_serializer

from evosplit.shared.link import Link
from evosplit.shared.serial import digest

FLOAT_BITS = 32
"""The bit-width of a tensor that is left in float32."""
ENTROPY_CODED = "rans"
"""The codec of codes that are entropy coded: their bytes follow the step, not the bits."""


@dataclass(frozen=True)
class TensorCode:
    """How one boundary tensor travels.

    ``bits`` is 2 to 8 or 16 (affine) or 32 (as it stands, for integer tensors too). ``low`` and ``high``
    are the range that the codes span, from calibration; without them each frame spans its own. ``codec``:
    None compresses where that makes the bytes fewer, ``none`` never does, ``rans`` codes the codes by their
    contexts where that makes the bytes fewer (version 3 of the wire format); ``raw8``, ``png`` and
    ``jpeg-QUALITY`` send the picture instead of the input made of it (`evosplit.shared.picture_codes`).
    ``lagrange_multiplier``, of ``rans`` alone, says how many squared steps of noise a bit is worth where
    codes are moved towards zero to save bits; without it they are rounded to nearest. ``restoration`` names
    the network that restores the tensor in the cloud (`evosplit.shared.restoration.network`); it holds for
    these very codes. ``transform`` names the channel transform whose components the codes are of
    (`evosplit.shared.restoration.transform`): it is undone by ``restoration``, its own network or one that
    restores as well.
    """

    bits: int
    low: float | None = None
    high: float | None = None
    codec: str | None = None
    lagrange_multiplier: float | None = None
    restoration: str | None = None
    transform: str | None = None

    @property
    def step(self) -> float | None:
        """The distance of two codes, in the tensor's unit; None where each frame has its own range."""
        if self.low is None or self.high is None:
            return None
        return (max(self.high, 0.0) - min(self.low, 0.0)) / ((1 << self.bits) - 1)

    def is_coarser(self, other: TensorCode) -> bool:
        """Whether it means larger steps than ``other``, or, where no codes are entropy coded, fewer bits.

        Codes of which just one is entropy coded, or that are of other components, are never compared.
        """
        is_alike = self.transform == other.transform
        if (self.codec == ENTROPY_CODED) != (other.codec == ENTROPY_CODED) or not is_alike:
            return False
        if self.codec != ENTROPY_CODED:
            return self.bits < other.bits
        return self.step is not None and other.step is not None and self.step > other.step

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """The JSON of a plan without codecs and what they have is what it was before there were any."""
        data: dict[str, object] = write(self)
        later = ("codec", "lagrange_multiplier", "restoration", "transform")
        return {key: value for key, value in data.items() if key not in later or value is not None}


def transform_names(codes: Iterable[TensorCode]) -> tuple[str, ...]:
    """What undoes the transform of each tensor and no more, as `restoration_names` has it."""
    return restoration_names(replace(code, restoration=code.transform) for code in codes)


def restoration_names(codes: Iterable[TensorCode]) -> tuple[str, ...]:
    """What restores each tensor, "" where nothing does; empty where nothing restores any."""
    names = tuple(code.restoration or "" for code in codes)
    return names if any(names) else ()


@dataclass(frozen=True)
class Latency:
    """Where the time of one frame goes, in seconds. ``uplink_s`` holds the round trip."""

    edge_s: float
    uplink_s: float
    cloud_s: float

    @property
    def total_s(self) -> float:
        """Edge, link and cloud one after the other."""
        return self.edge_s + self.uplink_s + self.cloud_s


HeadKey: TypeAlias = tuple[object, ...]
"""What a head depends on."""


@dataclass(frozen=True)
class Plan:
    """One way to run one model in two places. Immutable; named by its digest.

    ``cut_key`` is `Cut.key`; ``boundary`` the tensors that cross. ``weight_bits`` is per layer name, for
    edge layers with weights; ``activation_bits`` per tensor produced on the edge; ``wire`` per boundary
    tensor. ``latency`` is predicted for ``link``; ``wire_bytes`` is the whole encoded frame.
    ``activation_ranges`` are the ``(low, high)`` that codes of 8 bits or fewer span, from calibration, where
    the edge computes with them; an input of the model that is rounded, too, is in both. ``easier`` are
    measured codes of larger steps than a tensor's own, the largest first, for frames that a hook knows to
    bear them.

    A plan that counts on hooks names the tensors of those ``exits`` that are to be at work (None: whichever
    there are). Then ``latency`` is the mean over frames, ``reach`` the share of them that goes to the cloud,
    and ``wire_share`` the share of ``wire_bytes`` that such a frame is expected to send.

    Where an agent has several clouds, ``cloud`` is the address of the one that the plan was made for ("": the
    first, or none is needed).
    """

    model: str
    model_sha256: str
    cut_key: str
    boundary: tuple[str, ...]
    weight_bits: Mapping[str, int]
    activation_bits: Mapping[str, int]
    wire: Mapping[str, TensorCode]
    latency: Latency
    link: Link
    wire_bytes: int
    edge_memory_bytes: int
    error: float
    activation_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    easier: Mapping[str, tuple[TensorCode, ...]] = field(default_factory=dict)
    exits: tuple[str, ...] | None = None
    reach: float = 1.0
    wire_share: float = 1.0
    cloud: str = ""

    @model_serializer(mode="wrap")
    def _without_what_is_usual(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """The JSON, and so the digest, of a plan without ranges, steps and hooks is what it was before."""
        data: dict[str, object] = write(self)
        usual: dict[str, object] = {"activation_ranges": {}, "easier": {}, "exits": None}
        usual |= {"reach": 1.0, "wire_share": 1.0, "cloud": ""}
        return {key: value for key, value in data.items() if key not in usual or value != usual[key]}

    @property
    def activation_codes(self) -> dict[str, TensorCode]:
        """The codes of the tensors that the edge computes with as integers."""
        ranges = self.activation_ranges
        return {
            name: TensorCode(self.activation_bits[name], low, high) for name, (low, high) in ranges.items()
        }

    @functools.cached_property
    def digest(self) -> str:
        """sha256 of the plan's canonical JSON."""
        return digest(self)

    @functools.cached_property
    def without_cost(self) -> str:
        """sha256 of what the plan does to an answer: its cut, its bits, its ranges and its codes."""
        bits = (dict(self.weight_bits), dict(self.activation_bits), dict(self.activation_ranges))
        return digest((self.cut_key, bits, dict(self.wire)))

    @functools.cached_property
    def head_key(self) -> HeadKey:
        """Plans with equal keys have the same head: its cut, widths, ranges and exits."""
        ranges = sorted(self.activation_ranges.items())
        bits = tuple((name, self.activation_bits[name]) for name, _ in ranges)
        return self.cut_key, tuple(sorted(self.weight_bits.items())), tuple(ranges), bits, self.exits

    def latency_at(self, link: Link) -> Latency:
        """The prediction for another link; an edge-only plan does not use it at all."""
        uplink_s = self.reach * link.uplink_s(self.wire_share * self.wire_bytes) if self.wire_bytes else 0.0
        return Latency(self.latency.edge_s, uplink_s, self.latency.cloud_s)


@dataclass(frozen=True)
class PlanTable:
    """The plans that are optimal for some bandwidth.

    ``plans`` are in ascending bandwidth; ``plans[i]`` holds from ``breakpoints_bps[i - 1]`` (inclusive) to
    ``breakpoints_bps[i]``. ``fallback`` runs the whole model on the edge, within the same limits, or is None.
    """

    model: str
    model_sha256: str
    rtt_s: float
    breakpoints_bps: tuple[float, ...]
    plans: tuple[Plan, ...]
    fallback: Plan | None

    def best(self, bandwidth_bps: float) -> Plan:
        """The optimal plan at a bandwidth, in O(log n)."""
        return self.plans[bisect.bisect_right(self.breakpoints_bps, bandwidth_bps)]
