"""A head's runner acts on every kind of decision, and drops hooks that misbehave without losing a frame."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hook_doubles import Told, ToldBlock
from net_bundle import load_net, make_plan

from evosplit.edge.head.apply_decisions import kept_channels, with_codes
from evosplit.edge.head.assemble import HeadOptions, HeadSource, assemble
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import HeadRun, always, run_head
from evosplit.edge.head.steps import Head
from evosplit.edge.hooks.decisions import GO, Bits, Exit, Keep, Mask, Skip
from evosplit.shared.graph import Graph, load_graph, prefix_cut
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner
from tests import models

BLOCK_START, BLOCK_END = "t0", "t1"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return load_graph(models.save(models.residual_net(), tmp_path_factory.mktemp("net"), "net"), "net")


def head_of(graph: Graph, hooks: Sequence[Any], layers: int | None = None) -> Head:
    cut = prefix_cut(graph, len(graph.layers) if layers is None else layers)
    return assemble(HeadSource(graph, cut), hooks, HeadOptions())


def run(graph: Graph, head: Head, hook_failures: HookFailures | None = None, acts: Any = always) -> HeadRun:
    return run_head(head, models.feeds(graph.model), "s", hook_failures or HookFailures(), acts)


def answer(graph: Graph) -> np.ndarray:
    return Runner(graph.model).run(models.feeds(graph.model))["y"]


def test_hooks_that_say_go_change_nothing(graph: Graph) -> None:
    hooks = [Told("x", name="a"), Told(BLOCK_END, name="b"), Told(BLOCK_END, name="c", kind="mask")]
    head = head_of(graph, hooks)
    made = run(graph, head)
    np.testing.assert_allclose(made.tensors["y"], answer(graph), rtol=1e-5)
    assert made.changed_by == ()
    assert [step.name for step in made.trace.steps] == ["a", "0", "b", "c", "1"]
    assert all(step.seconds >= 0 for step in made.trace.steps)
    np.testing.assert_array_equal(hooks[1].seen[0], made.tensors[BLOCK_END])


def test_an_exit_ends_the_head(graph: Graph) -> None:
    known = np.arange(5, dtype=np.float32)[None]
    head = head_of(graph, [Told(BLOCK_END, Exit({"y": known}, 0.9), name="sure")])
    made = run(graph, head)
    assert made.exit is not None
    assert made.exit.outputs["y"] is known
    assert made.exit_hook == "sure"
    assert "y" not in made.tensors
    full = run(graph, head, acts=None)
    assert full.exit is None
    np.testing.assert_allclose(full.tensors["y"], answer(graph), rtol=1e-5)


def test_a_decision_that_is_only_noted_changes_nothing(graph: Graph) -> None:
    known = Exit({"y": np.zeros((1, 5), np.float32)}, 0.9)
    hooks = [
        ToldBlock(BLOCK_START, Skip(), until=BLOCK_END, name="skips"),
        Told(BLOCK_END, known, name="sure"),
    ]
    made = run(graph, head_of(graph, hooks), acts=lambda hook, decision: False)
    np.testing.assert_allclose(made.tensors["y"], answer(graph), rtol=1e-5)
    assert [(note.hook.name, type(note.decision)) for note in made.noted] == [
        ("skips", Skip),
        ("sure", Exit),
    ]
    assert made.changed_by == ()


def test_a_skipped_block_is_its_shortcut(graph: Graph) -> None:
    inner, behind = Told("a0.swish", name="inner"), Told(BLOCK_END, name="behind")
    if inner.tap not in graph.tensors:
        pytest.fail(f"no such tensor; there are {sorted(graph.tensors)}")
    head = head_of(
        graph, [ToldBlock(BLOCK_START, Skip(), until=BLOCK_END), inner, behind, Told(BLOCK_START, name="z")]
    )
    made = run(graph, head)
    np.testing.assert_array_equal(made.tensors[BLOCK_END], made.tensors[BLOCK_START])
    assert not inner.seen
    assert len(behind.seen) == 1
    assert [step.decision for step in made.trace.steps if step.kind == "hook"] == ["go", "skip", "go"]
    assert np.abs(made.tensors["y"] - answer(graph)).max() > 1e-4


@pytest.mark.parametrize(
    ("tap", "until"), [(BLOCK_START, "pool"), ("x", BLOCK_START), (BLOCK_END, BLOCK_START)]
)
def test_what_is_no_block_is_never_skipped(
    graph: Graph, caplog: pytest.LogCaptureFixture, tap: str, until: str
) -> None:
    made = run(graph, head_of(graph, [ToldBlock(tap, Skip(), until=until)]))
    np.testing.assert_allclose(made.tensors["y"], answer(graph), rtol=1e-5)
    assert "no block that can be skipped" in caplog.text


@pytest.mark.parametrize(
    "decision",
    [
        ValueError("broken"),
        KeyError("gone"),
        None,
        "exit",
        Skip(),
        Exit({}, 0.9),
        Exit({"y": np.zeros((1, 4), np.float32)}, 0.9),
        Exit({"y": np.zeros((1, 5), np.float64)}, 0.9),
        Exit({"y": np.full((1, 5), np.nan, np.float32)}, 0.9),
        Exit({"y": np.zeros((1, 5), np.float32)}, float("nan")),
        Exit({"y": np.zeros((1, 5), np.float32)}, 1.5),
        Exit(None, 0.5),  # type: ignore[arg-type]
        Keep("elsewhere", np.ones(8, bool)),
        Bits({"elsewhere": 4}),
        Mask(np.ones((3, 3), bool)),
        Mask(np.ones((16, 16), np.uint8)),  # type: ignore[arg-type]
    ],
)
def test_a_hook_that_misbehaves_is_dropped_once_and_the_answer_is_right(
    graph: Graph, caplog: pytest.LogCaptureFixture, decision: Any
) -> None:
    bad, good = Told(BLOCK_END, decision, name="bad"), Told(BLOCK_END, name="good")
    head, hook_failures = head_of(graph, [bad, good]), HookFailures()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            np.testing.assert_allclose(run(graph, head, hook_failures).tensors["y"], answer(graph), rtol=1e-5)
    assert (len(bad.seen), len(good.seen)) == (1, 3)
    assert len(caplog.records) == 1
    assert "hook bad is dropped" in caplog.text
    assert set(hook_failures.dropped) == {"bad"}


def test_masks_reach_the_segments_behind(graph: Graph) -> None:
    positions = np.zeros((16, 16), bool)
    made = run(graph, head_of(graph, [Told("x", Mask(positions), kind="mask", name="m")]))
    np.testing.assert_allclose(made.tensors["y"], answer(graph), rtol=1e-5)  # ONNX Runtime computes all
    assert [hook.name for hook in made.changed_by] == ["m"]


def test_kept_channels_and_bits_reach_the_encoder(graph: Graph) -> None:
    name = prefix_cut(graph, 3).boundary[0]
    channels = np.arange(graph.tensors[name].shape[1]) % 2 == 0
    more = np.arange(len(channels)) < 4
    hooks = [
        Told(name, Keep(name, channels), name="k1", kind="channels"),
        Told(name, Keep(name, more), name="k2", kind="channels"),
        Told(name, Bits({name: TensorCode(4)}), name="b", kind="bits"),
        Told("x", GO, name="g"),
    ]
    made = run(graph, head_of(graph, hooks, 3))
    assert dict(made.codes) == {name: TensorCode(4)}
    plan = make_plan(graph, 3, 0.01, 100)
    sent = kept_channels(plan, made.tensors, made.keep)
    assert not sent[name][:, ~(channels & more)].any()
    np.testing.assert_array_equal(sent[name][:, channels & more], made.tensors[name][:, channels & more])
    other = kept_channels(plan, made.tensors, {name: np.ones(3, bool)})
    assert other[name] is made.tensors[name]
    of_components = dataclasses.replace(plan, wire={name: TensorCode(4, -1.0, 1.0, transform="0f" * 8)})
    assert kept_channels(of_components, made.tensors, made.keep)[name] is made.tensors[name]


def test_hooks_on_what_crosses_are_not_asked_where_it_does_not(graph: Graph) -> None:
    name = prefix_cut(graph, 3).boundary[0]
    hooks = [
        Told(name, Bits({name: TensorCode(4)}), kind="bits"),
        Told(name, Keep(name, np.ones(8, bool)), kind="channels"),
    ]
    hook_failures = HookFailures()
    made = run(graph, head_of(graph, hooks), hook_failures)
    assert not hook_failures.dropped
    assert not made.codes
    assert not any(hook.seen for hook in hooks)


def test_only_larger_steps_replace_entropy_coded_ones(tmp_path: Path) -> None:
    plan = make_plan(load_net(tmp_path), 3, 0.01, 100)
    name = plan.boundary[0]
    planned = dataclasses.replace(plan, wire={name: TensorCode(5, -1.0, 1.0, "rans")})
    for code, taken in (
        (TensorCode(4, -1.0, 1.0, "rans"), True),
        (TensorCode(6, -1.0, 1.0, "rans"), False),
        (TensorCode(2), False),
        (TensorCode(4, -1.0, 1.0, "rans", transform="0f" * 8), False),
    ):
        assert with_codes(planned, {name: code, "elsewhere": code}).wire[name] == (
            code if taken else planned.wire[name]
        )


def test_bits_replace_only_what_they_name(tmp_path: Path) -> None:
    plan = make_plan(load_net(tmp_path), 3, 0.01, 100)
    name = plan.boundary[0]
    assert with_codes(plan, {}) is plan
    changed = with_codes(plan, {name: TensorCode(3)})
    assert changed.wire[name].bits == 3
    assert plan.wire[name].bits == 8
