"""Streams within a budget of bytes: every frame fits, and what was left out comes with those that follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_streams_delta import arrived, plan_of

from evosplit.cloud.stream_state import StreamStore
from evosplit.edge.streams import coarse_key, partial_delta
from evosplit.edge.streams.budget import fitting
from evosplit.edge.streams.coarse_key import CoarseKey
from evosplit.edge.streams.code_epoch import Epoch, Wire, wire_of
from evosplit.edge.streams.delta import DeltaSender
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.unpacked_codes import Codes
from evosplit.shared.errors import FrameBudgetError
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire import Frame, StreamHead

CODE = TensorCode(8, -4.0, 4.0, "rans")
STEP = 8.0 / 255
ONE_STEP = 2.5
"""Squares of codes that are multiples of one step more: what is expected of sizes may be out by that."""


def scene(seed: int, moved: float = 0.0) -> dict[str, np.ndarray]:
    """A still picture with some places that differ from seed to seed."""
    still = np.random.default_rng(0).laplace(0.0, 0.6, (1, 4, 20, 24))
    rng = np.random.default_rng(seed)
    where = rng.random(still.shape) < moved
    return {"a": np.clip(still + where * rng.normal(size=still.shape), -4, 4).astype(np.float32)}


def whole(tensors: dict[str, np.ndarray], code: TensorCode = CODE) -> np.ndarray:
    return decode_tensor(encode_tensor("a", tensors["a"], code))


@pytest.mark.parametrize("codec", ["rans", None, "none"])
def test_a_still_scene_becomes_exact_within_the_budget(codec: str | None) -> None:
    plan, sender, store = plan_of({"a": TensorCode(8, -4.0, 4.0, codec)}), DeltaSender(1), StreamStore()
    free = len(DeltaSender(2).encode("f", "s", plan, scene(0)).content)
    limit_bytes, errors = free // 2, []
    for _ in range(40):
        sent = sender.encode("f", "s", plan, scene(0), limit_bytes=limit_bytes)
        assert len(sent.content) <= limit_bytes
        errors.append(float(np.square(arrived(store, sent)["a"] - whole(scene(0))).mean()))
        sender.acknowledged(sent)
    assert errors[0] > 0
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == 0
    assert len(sent.content) < free // 4


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from([0.0, 0.02, 0.3, 1.0]), min_size=2, max_size=5), st.integers(500, 3000))
def test_every_frame_fits_and_is_as_near_as_a_key_frame(moves: list[float], limit_bytes: int) -> None:
    plan, sender, store = plan_of({"a": CODE}), DeltaSender(1), StreamStore()
    last_key = 0.0
    for seed, moved in enumerate(moves):
        tensors = scene(seed, moved)
        sent = sender.encode("f", "s", plan, tensors, limit_bytes=limit_bytes)
        assert len(sent.content) <= limit_bytes
        noise = float(np.square((arrived(store, sent)["a"] - whole(tensors)) / STEP).sum())
        key = fitting(CoarseKey(*as_key(tensors)), limit_bytes, 0.0)
        assert key is not None
        last_key = last_key if sent.base else key.noise
        assert noise <= ONE_STEP * max(last_key, key.noise) + 1
        sender.acknowledged(sent)


def as_key(tensors: dict[str, np.ndarray]) -> tuple[Frame, Wire, tuple[Codes, ...]]:
    wire = wire_of(plan_of({"a": CODE}), tensors)
    frame = Frame("f", "ab" * 32, "3", (), StreamHead(1, "s", 1, 0, 8, 0))
    return frame, wire, Epoch(wire, {}, {}).codes(tensors)


def test_few_encodings_meet_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of scenes that change by turns hardly at all and wholly, so that there is a choice of kinds."""
    encodings = Encodings()
    monkeypatch.setattr(coarse_key, "key_frame", encodings.counted(coarse_key.key_frame))
    monkeypatch.setattr(partial_delta, "delta_frame", encodings.counted(partial_delta.delta_frame))
    counts = []
    for limit_bytes in (400, 700, 1100, 1700):
        sender = DeltaSender(1)
        for seed in range(16):
            encodings.number = 0
            tensors = scene(seed, (0.02, 0.3, 1.0)[seed % 3])
            sent = sender.encode("f", "s", plan_of({"a": CODE}), tensors, limit_bytes=limit_bytes)
            assert len(sent.content) <= limit_bytes
            sender.acknowledged(sent)
            counts.append(encodings.number)
    assert max(counts) <= 4
    assert np.mean(counts) < 2.2


class Encodings:
    """How many frames were encoded."""

    number = 0

    def counted(self, encode: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any) -> Any:
            self.number += 1
            return encode(*arguments)

        return counting


def test_a_roomy_budget_changes_nothing() -> None:
    plan, free, roomy = plan_of({"a": CODE}), DeltaSender(1), DeltaSender(1)
    for seed in range(4):
        tensors = scene(seed, 0.1)
        sent = [
            free.encode("f", "s", plan, tensors),
            roomy.encode("f", "s", plan, tensors, limit_bytes=10**6),
        ]
        assert sent[0] == sent[1]
        free.acknowledged(sent[0])
        roomy.acknowledged(sent[1])


def test_what_no_frame_of_a_stream_can_be_is_said_and_changes_nothing() -> None:
    plan, sender = plan_of({"a": TensorCode(32)}), DeltaSender(1)
    with pytest.raises(FrameBudgetError, match="400 bytes"):
        sender.encode("f", "s", plan, scene(0), limit_bytes=400)
    assert sender.encode("f", "s", plan, scene(0)).base == 0
