"""Profile of this machine for one model, put together from measurements that are made once and kept.

The command line, the library, the plan service and an enrolling edge measure here, so that all of them know a
measurement by the same key: float32 times with the codec's, times in 8-bit integers, and what a frame takes
beside the network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from evosplit.kernels.codec import measure_codec, measure_packing, measure_transform
from evosplit.kernels.errors.coded_steps import LAGRANGE_MULTIPLIER
from evosplit.shared.cache_key import CacheKey
from evosplit.shared.card import Card
from evosplit.shared.errors import ModelError
from evosplit.shared.frame_costs import METHOD as FRAMES
from evosplit.shared.frame_costs import FrameCosts, measure_frame, with_frame
from evosplit.shared.graph import Graph
from evosplit.shared.integer_profiler import METHOD as INTEGERS
from evosplit.shared.integer_profiler import Quantised, measure_integers
from evosplit.shared.integer_times import IntegerTimes
from evosplit.shared.machine import this_machine
from evosplit.shared.measurement_store import MeasurementStore
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import METHOD, Progress, measure_profile
from evosplit.shared.slowdown import slowed

IntegerBackend: TypeAlias = Callable[[Graph], Quantised]
"""From a model to what brings parts of it to 8-bit integers. Raises ModelError where that cannot be done."""


@dataclass(frozen=True)
class IntegerMeasurement:
    """Times in 8-bit integers, or why a model has none."""

    times: IntegerTimes | None
    reason: str = ""


@dataclass(frozen=True)
class DeviceProfiler:
    """Measures models on this machine with ``threads`` threads, and keeps the parts in ``store``.

    ``integers`` is the backend whose times in 8-bit integers are measured, too; None: float32 alone.
    """

    store: MeasurementStore
    threads: int = 1
    integers: IntegerBackend | None = None

    def profile(
        self,
        graph: Graph,
        card: Card | None = None,
        slowdown: float = 1.0,
        fresh: bool = False,
        progress: Progress | None = None,
    ) -> Profile:
        """The profile of a device ``slowdown`` times slower than this one; ``fresh`` measures again.

        With a card it has a frame's own seconds. ``progress(done, total)`` counts what is run. ``graph`` has
        its weights; random ones take as long. Raises EvoSplitError.
        """
        floats = self.store.get(
            Profile, self._float_key(graph.sha256), lambda: self._measure(graph, progress), fresh
        )
        integers = frame = None
        if self.integers is not None:
            integers = self.integer_times(graph, floats, fresh)
        if card is not None:
            key = _frame_key(graph.sha256, card)
            frame = self.store.get(FrameCosts, key, lambda: measure_frame(graph, card), fresh)
        return _assembled(floats, integers, frame, slowdown)

    def integer_times(self, graph: Graph, floats: Profile, fresh: bool = False) -> IntegerMeasurement:
        """Times in 8-bit integers beside a float32 profile of this machine that is not slowed."""
        key = self._integer_key(graph.sha256)
        return self.store.get(IntegerMeasurement, key, lambda: self._measure_integers(graph, floats), fresh)

    def known(self, sha256: str, card: Card | None = None, slowdown: float = 1.0) -> Profile | None:
        """What `profile` would give of a model of which all parts are kept; None where one is missing."""
        floats = self.store.known(Profile, self._float_key(sha256))
        integers = frame = None
        if self.integers is not None:
            integers = self.store.known(IntegerMeasurement, self._integer_key(sha256))
        if card is not None:
            frame = self.store.known(FrameCosts, _frame_key(sha256, card))
        is_whole = (integers or not self.integers) and (frame or card is None)
        return _assembled(floats, integers, frame, slowdown) if floats and is_whole else None

    def reason_without_integers(self, sha256: str) -> str:
        """Why a measured model has no times in 8-bit integers; "" where it has, or none were measured."""
        measurement = self.integers and self.store.known(IntegerMeasurement, self._integer_key(sha256))
        return measurement.reason if measurement else ""

    def _float_key(self, sha256: str) -> CacheKey:
        return CacheKey("profile", sha256, METHOD, machine=this_machine(), threads=self.threads)

    def _integer_key(self, sha256: str) -> CacheKey:
        method = f"{METHOD}, {INTEGERS}"
        return CacheKey("integers", sha256, method, machine=this_machine(), threads=self.threads)

    def _measure(self, graph: Graph, progress: Progress | None) -> Profile:
        codec, plain, pack_s = measure_codec(), measure_codec(codec="none"), measure_packing()
        profile = measure_profile(
            graph, self.threads, 1.0, progress, *codec, plain_s_per_byte=plain, pack_s=pack_s
        )
        economical_s, _ = measure_codec(codec="rans", lagrange_multiplier=LAGRANGE_MULTIPLIER)
        return replace(
            profile,
            coded_s_per_byte=measure_codec(codec="rans"),
            economical_s_per_byte=economical_s,
            transform_s_per_mac=measure_transform(),
        )

    def _measure_integers(self, graph: Graph, floats: Profile) -> IntegerMeasurement:
        if self.integers is None:
            return IntegerMeasurement(None, "there is no backend for integers")
        try:
            return IntegerMeasurement(measure_integers(graph, floats, self.integers(graph)))
        except ModelError as reason:
            return IntegerMeasurement(None, str(reason))


def _frame_key(sha256: str, card: Card) -> CacheKey:
    return CacheKey("frame", sha256, FRAMES, card, this_machine())


def _assembled(
    floats: Profile, integers: IntegerMeasurement | None, frame: FrameCosts | None, slowdown: float
) -> Profile:
    profile = replace(floats, integers=integers.times) if integers else floats
    return slowed(with_frame(profile, frame) if frame else profile, slowdown)
