"""Restorations as options of the planner: learned where they help, refused where not, and never elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evosplit.kernels.errors.calibration_inputs import Feeds
from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.planner.drop.split_run import SplitRun
from evosplit.planner.restoration.feature_pairs import enough_inputs
from evosplit.planner.restoration.learn import Learned, learn_restorations
from evosplit.planner.restoration.restorable_tensors import Restorable, restorable_tensors
from evosplit.planner.restoration.restorations import TensorRestorations, with_restorations
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import Graph, load_graph, parse_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from evosplit.shared.session import Runner
from tests.models import save
from tests.smooth_net import smooth_feeds, two_stage_net

SIZE = 12
FEW = 48


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> Graph:
    return load_graph(save(two_stage_net(SIZE), tmp_path_factory.mktemp("net"), "net"))


@pytest.fixture(scope="module")
def errors(graph: Graph) -> ErrorTable:
    return measure_errors(graph, smooth_feeds(SIZE, 8), threads=1)


@pytest.fixture(scope="module")
def learned(graph: Graph, errors: ErrorTable) -> Learned:
    (place,) = (place for place in restorable_tensors(graph, errors) if place.tensor == "t")
    return learn_restorations(graph, None, place, ladder(errors), calibration())


def calibration() -> list[Feeds]:
    return smooth_feeds(SIZE, FEW)


def ladder(errors: ErrorTable) -> tuple[CodedStep, ...]:
    return tuple(step for step in errors.activations["t"].coded if step.lagrange_multiplier is None)[:5]


def plan_of(graph: Graph, cut_key: str, step: CodedStep) -> Plan:
    cut = parse_cut(graph, cut_key)
    return Plan(
        *(graph.name, graph.sha256, cut.key, cut.boundary, {}, {}, dict.fromkeys(cut.boundary, step.code)),
        latency=Latency(0.1, 0.1, 0.1),
        link=Link(1e6, 0.0),
        wire_bytes=1,
        edge_memory_bytes=1,
        error=0.0,
    )


def test_the_output_errs_less_behind_what_was_kept_on_other_inputs(graph, errors, learned) -> None:
    networks = {network.name: network for network in learned.networks}
    table = with_restorations(errors, [learned.known])
    ladder, coded = errors.activations["t"].coded, table.activations["t"].coded
    assert coded[: len(ladder)] == ladder
    by_code = {step.code: step for step in coded if not step.is_corrected}
    pairs = [
        (by_code[replace(step.code, restoration=step.transform)], step) for step in coded if step.is_corrected
    ]
    assert len(pairs) >= 3
    unseen = smooth_feeds(SIZE, 16, seed=9)
    whole = Runner(graph.model)
    right = np.stack([whole.run(feeds)["y"] for feeds in unseen])
    for plain, restored in pairs:
        noise = []
        for step in (plain, restored):
            run = SplitRun(graph, plan_of(graph, "1", step), restoration_of=networks.__getitem__)
            noise.append(float(np.square(np.stack([run.run(feeds)["y"] for feeds in unseen]) - right).mean()))
        assert noise[1] < noise[0]
        assert restored.error < plain.error
        assert restored.wire_bytes == plain.wire_bytes + (8 if restored.transform is None else 0)


def test_what_was_learned_for_moved_codes_serves_nearest_ones_as_well(graph, errors) -> None:
    """Frames of a stream are rounded to nearest whatever the plan does, and have to keep what it promises."""
    moved = [step for step in errors.activations["t"].coded if step.lagrange_multiplier is not None][3:9:2]
    learned = learn_restorations(
        graph, None, Restorable(parse_cut(graph, "1"), "t"), moved, smooth_feeds(SIZE, 128)
    )
    networks = {network.name: network for network in learned.networks}
    assert networks
    unseen, whole = smooth_feeds(SIZE, 64, seed=9), Runner(graph.model)
    right = [whole.run(feeds) for feeds in unseen]

    def noise(step: CodedStep) -> float:
        run = SplitRun(graph, plan_of(graph, "1", step), restoration_of=networks.__getitem__)
        return noise_to_signal(right, [run.run(feeds) for feeds in unseen])

    for kept in learned.known.steps:
        (plain,) = (step for step in moved if step.code == kept.code)
        nearest = replace(plain, restoration=kept.name, lagrange_multiplier=None)
        assert noise(nearest) < 1.25 * kept.gain * noise(plain)


def test_features_without_structure_are_left_alone(tmp_path) -> None:
    """White noise tells nothing of what its neighbours were rounded by."""
    graph = load_graph(save(two_stage_net(SIZE, picks=True), tmp_path, "picking"))
    rng = np.random.default_rng(1)
    noise = [{"x": rng.uniform(-1, 1, size=(1, 3, SIZE, SIZE)).astype(np.float32)} for _ in range(FEW)]
    table = measure_errors(graph, noise[:8], threads=1)
    fine = table.activations["t"].coded[5:7]
    assert all(0.005 < step.relative < 0.03 for step in fine)
    kept = learn_restorations(graph, None, Restorable(parse_cut(graph, "1"), "t"), fine, noise)
    assert kept == Learned(TensorRestorations(graph.sha256, "t"), ())


def test_what_belongs_to_another_model_tensor_or_step_is_left_out(errors, learned) -> None:
    known = learned.known
    other_model = replace(known, model_sha256="0" * 64)
    other_tensor = replace(known, tensor="elsewhere")
    assert known.transformed
    other_step = replace(
        known,
        steps=tuple(replace(step, code=_moved(step.code)) for step in known.steps),
        transformed=tuple(replace(step, plain=_moved(step.plain)) for step in known.transformed),
    )
    assert with_restorations(errors, [other_model, other_tensor, other_step]) == errors
    assert with_restorations(errors, []) == errors


def _moved(code: TensorCode) -> TensorCode:
    return replace(code, high=(code.high or 0.0) + 1.0)


def test_small_tensors_of_worthwhile_cuts_are_restorable(graph, errors) -> None:
    places = restorable_tensors(graph, errors)
    assert [place.tensor for place in places][:1] == ["t"]
    assert all(len(graph.tensors[place.tensor].shape) == 4 for place in places)
    assert not enough_inputs(smooth_feeds(SIZE, 8))


def test_a_split_run_needs_the_networks_of_its_plan(graph, errors, learned) -> None:
    table = with_restorations(errors, [learned.known])
    restored = next(step for step in table.activations["t"].coded if step.restoration)
    with pytest.raises(UsageError, match="networks"):
        SplitRun(graph, plan_of(graph, "1", restored))


def test_an_empty_lesson_changes_nothing(errors) -> None:
    nothing = TensorRestorations(errors.model_sha256, "t")
    assert with_restorations(errors, [nothing]) == errors
