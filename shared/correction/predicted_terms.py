"""Predicted times of a table's plans as arrays, step by step, and keys that outlive the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import Plan
from evosplit.shared.serial import digest

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Beside:
    """Seconds of a frame beside the network, as `evosplit.shared.profile.Profile` has them.

    Where no profile says them they count as part of the head.
    """

    frame_s: float = 0.0
    prepare_s: float = 0.0


NOTHING_BESIDE: Final = Beside()


@dataclass(frozen=True, eq=False)
class Terms:
    """One entry a way (`way`), with its first plan.

    ``edge_s`` is without what is beside the network, ``prepare_s`` 0 where pictures are sent, ``reach`` 0
    where nothing is. ``cloud_s`` and ``wire_bytes`` are of a frame that is sent whole, ``mean_cloud_s`` and
    ``mean_bits`` means over all frames, as a plan predicts them, with deltas that send ``wire_share``.
    ``clouds`` are names, ``cloud`` says by their number which one each is sent to.
    """

    index: Mapping[str, int]
    ways: tuple[str, ...]
    plans: tuple[Plan, ...]
    beside: Beside
    prepare_s: Vector
    edge_s: Vector
    cloud_s: Vector
    wire_bytes: Vector
    wire_share: Vector
    reach: Vector
    mean_cloud_s: Vector
    mean_bits: Vector
    is_picture: NDArray[np.bool_]
    clouds: tuple[str, ...]
    cloud: NDArray[np.intp]

    @property
    def expected_share(self) -> float:
        """The share of its bytes that a boundary is expected to send: one for all of them."""
        boundaries = np.flatnonzero((self.reach > 0) & ~self.is_picture)
        return float(self.wire_share[boundaries[0]]) if boundaries.size else 1.0


def terms_of(every: Sequence[Plan], beside: Beside) -> Terms:
    """The terms of plans, of which some may go the same way. ``index`` is by digest."""
    of_plan = {plan.digest: way(plan) for plan in every}
    first: dict[str, Plan] = {}
    for plan in every:
        first.setdefault(of_plan[plan.digest], plan)
    places, plans = {key: place for place, key in enumerate(first)}, tuple(first.values())
    pictures = [any(is_picture(code.codec) for code in plan.wire.values()) for plan in plans]
    prepare_s = np.array([0.0 if sent else beside.prepare_s for sent in pictures])
    edge_s = np.array([plan.latency.edge_s for plan in plans], np.float64) - beside.frame_s - prepare_s
    reach = np.array([plan.reach if plan.wire_bytes else 0.0 for plan in plans], np.float64)
    cloud_s = np.array([plan.latency.cloud_s for plan in plans], np.float64)
    clouds = tuple(dict.fromkeys(plan.cloud for plan in plans))
    wire_share = np.array([plan.wire_share for plan in plans], np.float64)
    return Terms(
        index={name: places[key] for name, key in of_plan.items()},
        ways=tuple(first),
        plans=plans,
        beside=beside,
        prepare_s=prepare_s,
        edge_s=np.maximum(edge_s, 0.0),
        cloud_s=np.divide(cloud_s, reach, out=np.zeros_like(cloud_s), where=reach > 0),
        wire_bytes=np.array([float(plan.wire_bytes) for plan in plans]),
        wire_share=wire_share,
        reach=reach,
        mean_cloud_s=cloud_s,
        mean_bits=8 * reach * wire_share * np.array([plan.wire_bytes for plan in plans]),
        is_picture=np.array(pictures, bool),
        clouds=clouds,
        cloud=np.array([clouds.index(plan.cloud) for plan in plans], np.intp),
    )


def way(plan: Plan) -> str:
    """What is computed and sent where under a plan, whatever was predicted of it and whatever its ranges."""
    wire = [(name, code.bits, code.codec) for name, code in sorted(plan.wire.items())]
    widths = [sorted(plan.weight_bits.items()), sorted(plan.activation_bits.items())]
    where = [plan.cloud] if plan.cloud else []
    return digest([plan.cut_key, widths, wire, plan.exits, *where])[:16]
