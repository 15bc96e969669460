"""Backend selection by measurement: which candidate runs a segment fastest on this device."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import onnx

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.race import Race
from evosplit.edge.backends.runtime_segment import RuntimeSegment
from evosplit.edge.backends.segment import FrameContext, Segment
from evosplit.edge.backends.slowed_segment import SlowedSegment
from evosplit.shared.errors import InputError, ModelError
from evosplit.shared.plan import TensorCode
from evosplit.shared.providers import Providers
from evosplit.shared.session import random_feeds
from evosplit.shared.wire import EncodedTensor

ROUNDS: Final = 5
"""Runs of each candidate, taking turns, after one to warm up."""

_FRAME: Final = FrameContext("measurement")
_log = logging.getLogger(__name__)


def open_segment(
    model: onnx.ModelProto,
    packed: Mapping[str, EncodedTensor],
    codes: Mapping[str, TensorCode],
    providers: Providers,
    change: ChangeSettings | None,
    masked: bool,
) -> Segment:
    """The best segment for a part of the head. Raises ModelError.

    ``codes`` are activations that the plan has in 8 bits or fewer: integers are a candidate then, timed here
    and now. With ``masked``, the masked kernels are one too where they know all operators; what they gain
    depends on what the frames show, so they compete while serving (`Race`).
    """
    makers: list[Callable[[], Segment]] = [lambda: RuntimeSegment(providers.open(model))]
    if codes and providers.name == "cpu":
        makers.append(lambda: _int8_segment(model, packed, codes, providers))
    dense = fastest_segment([segment for segment in map(_opened, makers) if segment is not None], model)
    masked_segment = _opened(lambda: _masked_segment(model, providers.threads, change)) if masked else None
    return dense if masked_segment is None else Race((dense, masked_segment))


def fastest_segment(
    candidates: Sequence[Segment], model: onnx.ModelProto, clock: Callable[[], float] = time.perf_counter
) -> Segment:
    """The candidate with the least median time on random inputs. Raises ModelError without any."""
    if not candidates:
        raise ModelError("no backend takes this part of the head")
    if len(candidates) == 1:
        return candidates[0]
    feeds = random_feeds(model)
    taken_s: list[list[float]] = [[] for _ in candidates]
    try:
        for _ in range(ROUNDS + 1):
            for segment, seconds in zip(candidates, taken_s, strict=True):
                started_s = clock()
                segment.run(feeds, _FRAME)
                seconds.append(clock() - started_s)
    except InputError:  # random values may be none that the network takes: then nothing is known
        return candidates[0]
    medians = [statistics.median(seconds[1:]) for seconds in taken_s]
    return candidates[medians.index(min(medians))]


def _opened(make: Callable[[], Segment]) -> Segment | None:
    try:
        return make()
    except ModelError as refused:
        _log.info("a backend does not take a part of the head: %s", refused)
        return None


def _int8_segment(
    model: onnx.ModelProto,
    packed: Mapping[str, EncodedTensor],
    codes: Mapping[str, TensorCode],
    providers: Providers,
) -> Segment:
    from evosplit.edge.backends.int8 import int8_segment  # loaded only where a plan has integers

    segment = int8_segment(model, packed, codes, providers.threads, providers.opener)
    slower = providers.integer_slowdown
    return segment if slower == 1.0 else SlowedSegment(segment, slower)


def _masked_segment(model: onnx.ModelProto, threads: int, change: ChangeSettings | None) -> Segment:
    from evosplit.edge.backends.masked import MaskedSegment  # compiled kernels: only where masks are used

    return MaskedSegment(model, threads, change)
