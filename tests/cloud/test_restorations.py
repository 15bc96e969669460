"""Restorations in the cloud: tails behind them, refusals in one line, and learning when nobody waits."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cloud_support import blob_request, seeded_feeds

from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.plan_service import PlanRequest
from evosplit.cloud.planned_tails import PlannedTail
from evosplit.cloud.registry import Model, Registry
from evosplit.cloud.restoration_learner import RestorationLearner
from evosplit.cloud.restorations import Lesson, Restorations
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache
from evosplit.edge.streams.delta import DeltaSender
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.planner.restoration.learn import Learned
from evosplit.planner.restoration.restorations import StepRestoration, TensorRestorations
from evosplit.shared import oip
from evosplit.shared.errors import InputError, RestorationError
from evosplit.shared.graph import Cut, prefix_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from evosplit.shared.profile import Machine, Profile
from evosplit.shared.restoration.network import Restoration, build_restoration, build_undoing
from evosplit.shared.restoration.restored_tail import restored_tail
from evosplit.shared.restoration.transform import transform_of
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model
from evosplit.shared.storage.file_objects import FileObjects
from evosplit.shared.wire import Frame, encode_frame

STOP = 2
STEP = TensorCode(4, -3.0, 4.5, "rans")


@pytest.fixture(scope="module")
def model(registry: Registry) -> Model:
    return registry.get("chain")


@pytest.fixture(scope="module")
def cut(model: Model) -> Cut:
    return prefix_cut(model.graph, STOP)


def network(model: Model, cut: Cut, step: float = 0.5, sha256: str | None = None) -> Restoration:
    (tensor,) = cut.boundary
    shape = model.graph.tensors[tensor].shape
    kernel = np.random.default_rng(0).normal(size=(shape[1], 1, 3, 3)).astype(np.float32) / 9
    bias = np.zeros(shape[1], np.float32)
    return build_restoration(sha256 or model.graph.sha256, tensor, shape, step, [kernel], bias, 0.25, False)


@pytest.fixture
def kept(model: Model, cut: Cut, tmp_path: Path) -> tuple[Restorations, Restoration]:
    restorations, made = Restorations(FileObjects(tmp_path)), network(model, cut)
    restorations.networks.keep(made)
    return restorations, made


def plane_of(registry: Registry, restorations: Restorations) -> DataPlane:
    return DataPlane(registry, TailCache(10**9), TailBuilder(1), restoration_of=restorations.networks)


def crossing(model: Model, cut: Cut, seed: int = 0) -> dict[str, np.ndarray]:
    return Runner(head_model(model.graph, cut)).run(seeded_feeds(model, seed))


def frame(model: Model, cut: Cut, name: str) -> bytes:
    (tensor,) = cut.boundary
    encoded = encode_tensor(tensor, crossing(model, cut)[tensor], STEP)
    return encode_frame(Frame("f", model.graph.sha256, cut.key, (encoded,), None, (name,) if name else ()))


def ask(plane: DataPlane, content: bytes) -> np.ndarray:
    body, length = oip.build_request(blob_request(oip.FRAME_INPUT, content))
    return oip.parse_response(*plane.answer("chain", Call(body, length, time.perf_counter()))).arrays()["y"]


def test_a_frame_is_answered_behind_the_restoration_that_it_names(registry, model, cut, kept) -> None:
    restorations, made = kept
    plane = plane_of(registry, restorations)
    (tensor,) = cut.boundary
    decoded = {tensor: decode_tensor(encode_tensor(tensor, crossing(model, cut)[tensor], STEP))}
    tail = tail_model(model.graph, cut)
    restored = ask(plane, frame(model, cut, made.name))
    np.testing.assert_allclose(restored, Runner(restored_tail(tail, [made])).run(decoded)["y"], rtol=1e-4)
    np.testing.assert_allclose(ask(plane, frame(model, cut, "")), Runner(tail).run(decoded)["y"], rtol=1e-4)
    assert np.abs(restored - ask(plane, frame(model, cut, ""))).max() > 1e-3
    assert plane.tails == 2


def test_components_of_any_step_are_undone(registry, model, cut, tmp_path) -> None:
    restorations, (tensor,) = Restorations(FileObjects(tmp_path)), cut.boundary
    shape = model.graph.tensors[tensor].shape
    matrix, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(shape[1], shape[1])))
    fields = (tensor, shape, matrix.astype(np.float32), np.ones(shape[1], np.float32))
    undoing = build_undoing(model.graph.sha256, *fields)
    restorations.networks.keep(undoing)
    values, transform = crossing(model, cut)[tensor], transform_of(undoing)
    answers = []
    for half in (6.0, 12.0):
        encoded = encode_tensor(tensor, transform.components(values), TensorCode(8, -half, half, "rans"))
        content = encode_frame(Frame("f", model.graph.sha256, cut.key, (encoded,), None, (undoing.name,)))
        answers.append(ask(plane_of(registry, restorations), content))
    wanted = Runner(tail_model(model.graph, cut)).run({tensor: values})["y"]
    for answer in answers:
        np.testing.assert_allclose(answer, wanted, atol=0.1 * np.abs(wanted).max())
    other = build_undoing("1" * 64, *fields)
    restorations.networks.keep(other)
    content = encode_frame(Frame("f", model.graph.sha256, cut.key, (encoded,), None, (other.name,)))
    with pytest.raises(RestorationError, match="another model, tensor or step"):
        ask(plane_of(registry, restorations), content)


def test_deltas_are_restored_as_whole_frames_are(registry, model, cut, kept) -> None:
    restorations, made = kept
    plane, sender = plane_of(registry, restorations), DeltaSender(7)
    (tensor,) = cut.boundary
    code = replace(STEP, restoration=made.name)
    plan = Plan(
        *("chain", model.graph.sha256, cut.key, cut.boundary, {}, {}, {tensor: code}),
        latency=Latency(0.1, 0.1, 0.1),
        link=Link(1e6, 0.0),
        wire_bytes=1,
        edge_memory_bytes=1,
        error=0.0,
    )
    wanted = ask(plane, frame(model, cut, made.name))
    for _ in range(2):
        sent = sender.encode("f", "gate", plan, crossing(model, cut))
        np.testing.assert_allclose(ask(plane, sent.content), wanted, rtol=1e-4)
        sender.acknowledged(sent)
    assert sent.base


def test_a_tail_is_built_ahead_behind_its_restoration(registry, model, cut, kept) -> None:
    restorations, made = kept
    plane = plane_of(registry, restorations)
    plane.prefetch(PlannedTail("chain", model.graph.sha256, cut.key, (made.name,)))
    ask(plane, frame(model, cut, made.name))
    assert (plane.tails, plane.late_builds) == (1, 0)
    with pytest.raises(RestorationError, match="no restoration"):
        plane.prefetch(PlannedTail("chain", model.graph.sha256, cut.key, ("ab" * 8,)))


def test_what_does_not_belong_to_the_frame_is_refused(registry, model, cut, kept) -> None:
    restorations, _ = kept
    plane = plane_of(registry, restorations)
    other_step, other_model = network(model, cut, 0.25), network(model, cut, sha256="1" * 64)
    for wrong in (other_step, other_model):
        restorations.networks.keep(wrong)
        with pytest.raises(RestorationError, match="another model, tensor or step"):
            ask(plane, frame(model, cut, wrong.name))
    with pytest.raises(RestorationError, match="no restoration ababababab"):
        ask(plane, frame(model, cut, "ab" * 8))
    with pytest.raises(RestorationError, match="nothing is restored"):
        ask(DataPlane(registry, TailCache(10**9), TailBuilder(1)), frame(model, cut, "ab" * 8))
    assert RestorationError.http_status == 422


def test_what_was_learned_is_found_by_its_inputs(model, cut, tmp_path) -> None:
    restorations, lesson = Restorations(FileObjects(tmp_path)), Lesson(model.graph.sha256, "these", "card")
    (tensor,) = cut.boundary
    made = network(model, cut)
    known = TensorRestorations(model.graph.sha256, tensor, (StepRestoration(STEP, made.name, 0.5, 1e-4),))
    assert restorations.state(model.graph.sha256) == ""
    restorations.keep(lesson, Learned(known, (made,)))
    assert Restorations(FileObjects(tmp_path)).known(lesson) == {tensor: known}
    assert restorations.known(Lesson(model.graph.sha256, "others", "card")) == {}
    assert restorations.known(Lesson(model.graph.sha256, "these", "another card")) == {}
    assert restorations.networks(made.name) == made
    assert not restorations.is_done(lesson)
    restorations.finish(lesson)
    assert restorations.is_done(lesson)
    first = restorations.state(model.graph.sha256)
    restorations.finish(Lesson(model.graph.sha256, "others", "card"))
    assert len({"", first, restorations.state(model.graph.sha256)}) == 3
    assert restorations.state("2" * 64) == ""


def asked(model: Model, **more: object) -> PlanRequest:
    machine = Machine("", 1, 1, "", "")
    profile = Profile("chain", model.graph.sha256, machine, 1, 1.0, (), {}, {}, 0.0, 0.0)
    return PlanRequest(profile, **{"restores": True, **more})


class Lessons:
    """Counts down what is left to learn; says when nothing is."""

    def __init__(self, left: int, problem: Exception | None = None) -> None:
        self.left, self.problem, self.calls = left, problem, 0
        self.done = threading.Event()

    def __call__(self, model: Model, request: PlanRequest) -> int:
        self.calls += 1
        self.left -= 1
        if self.left == 0:
            self.done.set()
        if self.problem is not None:
            raise self.problem
        return self.left


def test_tensor_after_tensor_is_learned(model) -> None:
    lessons = Lessons(3)
    with ThreadPoolExecutor(1) as pool:
        learner = RestorationLearner(pool, lessons, 0.0, 0.0)
        learner.notice(model, asked(model))
        assert lessons.done.wait(30)
        learner.close()
    assert lessons.calls == 3


def test_a_failure_is_logged_and_ends_it(model, caplog) -> None:
    lessons = Lessons(1, InputError("the inputs do not fit"))
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(1) as pool:
        learner = RestorationLearner(pool, lessons, 0.0, 0.0)
        learner.notice(model, asked(model))
        assert lessons.done.wait(30)
        learner.close()
    assert "the inputs do not fit" in caplog.text
    assert lessons.calls == 1


def test_nothing_is_learned_for_edges_that_cannot_use_it(model) -> None:
    started: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        learner = RestorationLearner(pool, lambda *_: started.append(1) or 0, 0.0, 0.0)
        learner.notice(model, asked(model, restores=False))
        learner.close()
        learner.notice(model, asked(model))
    assert not started
