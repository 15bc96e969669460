"""A sender of deltas and a cloud's store, with everything that can go wrong between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.cloud.stream_state import StreamStore, restore
from evosplit.edge.streams.delta import DeltaSender, DeltaSettings, Sent
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.errors import InputError, UnknownBaseError
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from evosplit.shared.wire import decode_frame

SHAPES = {"a": (1, 4, 5, 7), "b": (1, 2, 9)}
Tensors = Mapping[str, np.ndarray]


def plan_of(wire: Mapping[str, TensorCode], cut_key: str = "3") -> Plan:
    return Plan(
        model="net",
        model_sha256="ab" * 32,
        cut_key=cut_key,
        boundary=tuple(wire),
        weight_bits={},
        activation_bits={},
        wire=wire,
        latency=Latency(0.01, 0.01, 0.01),
        link=Link(1e6, 0.01),
        wire_bytes=1000,
        edge_memory_bytes=1000,
        error=0.0,
    )


PLANS = (
    plan_of({"a": TensorCode(4, -1.0, 2.0), "b": TensorCode(8, 0.0, 2.0)}),
    plan_of({"a": TensorCode(4, -1.0, 2.0), "b": TensorCode(8, 0.0, 2.0)}, "4"),
    plan_of({"a": TensorCode(6), "b": TensorCode(32)}),
)


class Camera:
    """Tensors that change a little from frame to frame, and now and then jump."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._now = {name: self._fresh(shape) for name, shape in SHAPES.items()}

    def _fresh(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.maximum(self._rng.normal(0.5, 1.0, shape), -0.2).astype(np.float32)

    def take(self) -> Tensors:
        share = self._rng.choice([0.0, 0.05, 0.3, 1.0])
        for name, values in self._now.items():
            fresh = self._fresh(values.shape)
            self._now[name] = np.where(self._rng.random(values.shape) < share, fresh, values)
        return self._now.copy()


def arrived(store: StreamStore, sent: Sent) -> dict[str, np.ndarray]:
    """What the cloud makes of a frame."""
    frame = decode_frame(sent.content)
    assert frame.stream is not None
    return {name: codes.values() for name, codes in restore(store, frame, frame.stream).items()}


def check(plan: Plan, tensors: Tensors, got: Mapping[str, np.ndarray], threshold: int) -> None:
    """Bit for bit what a whole frame gives, or within the threshold of the true values."""
    assert list(got) == list(plan.boundary)
    for name, code in plan.wire.items():
        whole = decode_tensor(encode_tensor(name, tensors[name], code))
        if threshold == 0 and (code.low is not None or code.bits == 32):
            np.testing.assert_array_equal(got[name], whole)
        elif code.low is not None and code.high is not None:
            step = (code.high - code.low) / (2**code.bits - 1)
            assert np.abs(got[name] - whole).max() <= step * threshold * 1.001
        else:  # the range is that of all frames seen: at most -0.2 to 5
            step = 6.0 / (2**code.bits - 1)
            assert np.abs(got[name] - tensors[name]).max() <= step * (threshold + 0.501)


class World:
    """One camera, an edge that may restart, two replicas of a cloud, and what is under way between them."""

    def __init__(self, threshold: int, limit_bytes: int, seed: int) -> None:
        self.options = DeltaSettings(threshold=threshold, refresh_frames=9, pending=2, streams=2)
        self.camera, self.plan, self.limit_bytes = Camera(seed), PLANS[0], limit_bytes
        self.stores = [self.store(), self.store()]
        self.client, self.replica, self.sender = 1, 0, DeltaSender(1, self.options)
        self.requests: list[tuple[DeltaSender, Sent, Plan, Tensors]] = []
        self.answers: list[tuple[DeltaSender, Sent]] = []
        self.deltas = self.refusals = 0

    def store(self) -> StreamStore:
        """One that waits for no base: there is nobody beside it who brings one."""
        return StreamStore(self.limit_bytes, on_its_way_s=0)

    def frame(self, pick: int) -> None:
        tensors = self.camera.take()
        sent = self.sender.encode("f", f"s{pick % 3}", self.plan, tensors)
        self.requests.append((self.sender, sent, self.plan, tensors))

    def deliver(self, pick: int) -> None:
        source, sent, plan, tensors = self.requests.pop(pick % len(self.requests))
        try:
            got = arrived(self.stores[self.replica], sent)
            self.deltas += sent.base > 0
        except UnknownBaseError:
            self.refusals += 1
            assert sent.base
            source.refused(sent)
            sent = source.encode("f", sent.stream, plan, tensors, key=True)
            assert sent.base == 0
            got = arrived(self.stores[self.replica], sent)
        check(plan, tensors, got, self.options.threshold)
        self.answers.append((source, sent))

    def answer(self, pick: int) -> None:
        source, sent = self.answers.pop(pick % len(self.answers))
        source.acknowledged(sent)

    def drop_request(self, pick: int) -> None:
        source, sent, _, _ = self.requests.pop(pick % len(self.requests))
        source.lost(sent)

    def drop_answer(self, pick: int) -> None:
        source, sent = self.answers.pop(pick % len(self.answers))
        source.lost(sent)

    def restart_cloud(self, pick: int) -> None:
        self.stores[pick % 2] = self.store()

    def restart_edge(self, pick: int) -> None:
        self.client += 1
        self.sender = DeltaSender(self.client, self.options)

    def change_plan(self, pick: int) -> None:
        self.plan = PLANS[pick % len(PLANS)]

    def change_replica(self, pick: int) -> None:
        self.replica = 1 - self.replica

    def run(self, ops: list[tuple[str, int]]) -> None:
        needs = {"deliver": self.requests, "drop_request": self.requests}
        needs |= {"answer": self.answers, "drop_answer": self.answers}
        for op, pick in ops:
            if needs.get(op, [None]):
                getattr(self, op)(pick)
            assert all(store.memory_bytes <= self.limit_bytes for store in self.stores)


USUAL = ["frame", "deliver", "answer"]
RARE = ["drop_request", "drop_answer", "restart_cloud", "restart_edge", "change_plan", "change_replica"]
OPS = st.lists(st.tuples(st.sampled_from(USUAL * 6 + RARE), st.integers(0, 10**6)), max_size=80)


@settings(max_examples=250, deadline=None)
@given(OPS, st.sampled_from([0, 0, 1]), st.sampled_from([10**9, 4000, 0]), st.integers(0, 5))
def test_whatever_happens_the_cloud_has_the_right_tensors(
    ops: list[tuple[str, int]], threshold: int, limit_bytes: int, seed: int
) -> None:
    World(threshold, limit_bytes, seed).run(ops)


def test_a_long_and_troubled_stream_has_deltas_and_refusals() -> None:
    rng, world = np.random.default_rng(0), World(0, 10**9, 0)
    world.run([(str(op), int(rng.integers(10**6))) for op in rng.choice(USUAL * 20 + RARE, 6000)])
    assert world.deltas > 50
    assert world.refusals > 5


def still(value: float = 1.0) -> Tensors:
    """The same picture each time, too varied for zstd, so that only a delta makes it short."""
    return {name: np.random.default_rng(1).uniform(-1, value, shape) for name, shape in SHAPES.items()}


def send(sender: DeltaSender, store: StreamStore, tensors: Tensors, plan: Plan = PLANS[0]) -> Sent:
    sent = sender.encode("f", "cam", plan, tensors)
    arrived(store, sent)
    sender.acknowledged(sent)
    return sent


def test_a_still_picture_is_a_few_bytes() -> None:
    sender, store = DeltaSender(1), StreamStore()
    sizes = [len(send(sender, store, still()).content) for _ in range(3)]
    assert sizes[1] == sizes[2] < sizes[0]


def bases(sender: DeltaSender, count: int) -> list[int]:
    """What so many frames build on that nobody answers."""
    return [sender.encode("f", "cam", PLANS[0], still()).base for _ in range(count)]


def test_a_frame_builds_on_the_one_before_it_answered_or_not() -> None:
    assert bases(DeltaSender(1), 4) == [0, 1, 2, 3]


def test_late_answers_cost_no_bytes() -> None:
    sizes = {}
    for lag in (0, 3):
        sender, store, camera, under_way = DeltaSender(1), StreamStore(), Camera(3), []
        sizes[lag] = []
        for _ in range(30):
            sent = sender.encode("f", "cam", PLANS[0], camera.take())
            arrived(store, sent)
            under_way.append(sent)
            sizes[lag].append(len(sent.content))
            if len(under_way) > lag:
                sender.acknowledged(under_way.pop(0))
    assert sizes[0] == sizes[3]


def test_the_newest_acknowledged_frame_is_the_base_behind_a_loss_in_whatever_order_answers_come() -> None:
    sender = DeltaSender(1)
    first, second, third, _ = (sender.encode("f", "cam", PLANS[0], still()) for _ in range(4))
    sender.acknowledged(second)
    sender.lost(third)
    assert bases(sender, 1) == [second.sequence]
    sender.acknowledged(first)
    assert bases(sender, 1) == [5], "as many frames as were under way at the loss went the safe way"


def test_an_early_base_that_was_not_there_says_nothing_of_the_acknowledged_one() -> None:
    sender = DeltaSender(1)
    first = sender.encode("f", "cam", PLANS[0], still())
    sender.acknowledged(first)
    second, third, fourth = (sender.encode("f", "cam", PLANS[0], still()) for _ in range(3))
    sender.refused(third)
    sender.refused(fourth)
    expected = [first.sequence, second.sequence + 3]
    assert bases(sender, 2) == expected, "both are refused for one reason, so one frame goes the safe way"


def test_a_cloud_that_never_has_early_bases_is_asked_less_and_less() -> None:
    sender, early, under_way = DeltaSender(1), 0, []
    for _ in range(100):
        sent = sender.encode("f", "cam", PLANS[0], still())
        if sent.delivery.is_early:
            early += 1
            sender.refused(sent)
            sent = sender.encode("f", "cam", PLANS[0], still(), key=True)
        under_way.append(sent)
        if len(under_way) > 1:
            sender.acknowledged(under_way.pop(0))
    assert 3 <= early <= 8


def test_more_frames_under_way_than_are_kept_never_become_a_base() -> None:
    sender, store = DeltaSender(1, DeltaSettings(pending=2)), StreamStore()
    sent = [sender.encode("f", "cam", PLANS[0], still()) for _ in range(4)]
    for each in sent:
        arrived(store, each)
        sender.acknowledged(each)
    following = sender.encode("f", "cam", PLANS[0], still())
    assert following.base == sent[1].sequence
    arrived(store, following)


def test_a_key_frame_comes_after_so_many_frames() -> None:
    sender, store = DeltaSender(1, DeltaSettings(refresh_frames=3)), StreamStore()
    keys = [send(sender, store, still()).base == 0 for _ in range(7)]
    assert keys == [True, False, False, True, False, False, True]


def test_a_change_of_plan_begins_with_a_key_frame() -> None:
    sender, store = DeltaSender(1), StreamStore()
    plans = [PLANS[0], PLANS[0], PLANS[1], PLANS[1], PLANS[0]]
    assert [send(sender, store, still(), plan).base == 0 for plan in plans] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_a_value_outside_a_range_of_our_own_widens_it_once() -> None:
    sender, store = DeltaSender(1), StreamStore()
    values = [1.0, 1.0, 1.5, 1.2, 1.5]
    keys = [send(sender, store, still(value), PLANS[2]).base == 0 for value in values]
    assert keys[2]
    frame = decode_frame(sender.encode("f", "cam", PLANS[2], still(1.5), key=True).content)
    assert frame.tensors[0].scales[0] == pytest.approx(2.5 / 63, rel=0.02)


def test_a_forgetful_cloud_is_asked_less_and_less() -> None:
    sender, deltas = DeltaSender(1), 0
    for _ in range(100):
        sent = sender.encode("f", "cam", PLANS[0], still())
        if sent.base:
            deltas += 1
            sender.refused(sent)
            sent = sender.encode("f", "cam", PLANS[0], still(), key=True)
        sender.acknowledged(sent)
    assert 3 <= deltas <= 8


def test_a_nan_changes_nothing() -> None:
    sender, store = DeltaSender(1), StreamStore()
    for plan in (PLANS[0], PLANS[2]):
        send(sender, store, still(), plan)
        for bad in (np.nan, np.inf):
            with pytest.raises(InputError):
                sender.encode("f", "cam", plan, {**still(), "a": np.full(SHAPES["a"], bad)})
        assert send(sender, store, still(), plan).base


def test_a_mask_travels_as_it_stands_and_the_stream_goes_on() -> None:
    sender, store = DeltaSender(1), StreamStore()
    for plan in (PLANS[0], PLANS[2]):
        send(sender, store, still(), plan)
        masked = {**still(), "a": np.where(still()["a"] < 0, -np.inf, 0.5)}
        for _ in range(2):
            sent = sender.encode("f", "cam", plan, masked)
            np.testing.assert_array_equal(arrived(store, sent)["a"], masked["a"])
            sender.acknowledged(sent)
        assert sent.base, "the second mask is a delta"
        assert not send(sender, store, still(), plan).base
        assert send(sender, store, still(), plan).base


def test_only_so_many_streams_are_kept() -> None:
    sender, store = DeltaSender(1, DeltaSettings(streams=2)), StreamStore()
    for stream in ("one", "two", "three"):
        sent = sender.encode("f", stream, PLANS[0], still())
        arrived(store, sent)
        sender.acknowledged(sent)
    assert [bool(sender.encode("f", name, PLANS[0], still()).base) for name in ("two", "three", "one")] == [
        True,
        True,
        False,
    ]


def test_forgotten_streams_begin_anew() -> None:
    sender, store = DeltaSender(1), StreamStore()
    sent = send(sender, store, still())
    sender.forget("cam")
    sender.acknowledged(sent)
    assert send(sender, store, still()).base == 0


def test_raw_codecs_are_respected() -> None:
    plan = dataclasses.replace(PLANS[0], wire={name: TensorCode(8, codec="none") for name in SHAPES})
    sent = DeltaSender(1).encode("f", "cam", plan, {name: np.zeros(shape) for name, shape in SHAPES.items()})
    assert {tensor.codec for tensor in decode_frame(sent.content).tensors} == {"none"}
