"""Plans that send the picture itself, and what becomes of frames that are tensors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from edge_support import picture, stage, until
from hook_doubles import Pupil, Told
from hook_support import FITS, learner
from net_bundle import LABELS, make_table

from evosplit.edge.hooks.decisions import Exit
from evosplit.edge.link.payloads import picture_codec, without_pictures
from evosplit.edge.pipeline.intake import Ticket
from evosplit.shared.graph import Graph
from evosplit.shared.pictures import decode_picture
from evosplit.shared.plan import PlanTable, TensorCode
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner


def picture_table(graph: Graph, with_fallback: bool, codec: str = "png", alone: bool = False) -> PlanTable:
    """In the cloud by a picture at any bandwidth; with others beside it unless ``alone``."""
    table = make_table(graph, with_fallback)
    (name,) = graph.inputs
    sent = dataclasses.replace(table.plans[-1], wire={name: TensorCode(8, codec=codec)})
    # So fast that every link is fast enough.
    sent = dataclasses.replace(sent, wire_bytes=1, latency=dataclasses.replace(sent.latency, cloud_s=0.0))
    others = () if alone else table.plans[:-1]
    points = () if alone else table.breakpoints_bps
    return dataclasses.replace(table, plans=(*others, sent), breakpoints_bps=points)


@pytest.mark.parametrize("codec", ["raw8", "png", "jpeg-98"])
async def test_the_picture_goes_as_the_plan_says(tmp_path: Path, codec: str) -> None:
    async with stage(tmp_path, table_of=lambda *on: picture_table(*on, codec)) as on:
        content = picture(1)
        status, answer = await on.post(content)
        assert (status, answer["answered_by"], answer["cut_key"]) == (200, "cloud", "0"), answer
        outputs = Runner(on.cloud.graph.model).run(preprocess(on.cloud.card, decode_picture(content)))
        if codec != "jpeg-98":
            label = LABELS[int(np.argmax(next(iter(outputs.values()))))]
            assert answer["outcome"]["top"][0]["label"] == label
        if codec == "raw8":
            assert 0 < answer["wire_bytes"] - 16 * 16 * 3 < 20
        assert answer["plan_digest"] == on.agent.plans.plan.digest
        assert answer["breakdown"]["head_s"] == 0.0
        assert answer["breakdown"]["encode_s"] > 0.0


async def test_tensors_take_the_best_plan_that_sends_tensors(tmp_path: Path) -> None:
    async with stage(tmp_path, table_of=picture_table) as on:
        assert picture_codec(on.agent.plans.plan) == "png"
        feeds = preprocess(on.cloud.card, decode_picture(picture(3)))
        finished = await on.agent.frames.take_tensors(feeds, Ticket("a"))
        assert finished.result.answered_by in ("edge", "cloud")
        (found,) = finished.outputs.values()
        (right,) = Runner(on.cloud.graph.model).run(feeds).values()
        np.testing.assert_allclose(found, right, atol=0.1)
        assert finished.result.plan_digest != on.agent.plans.plan.digest


async def test_tensors_go_raw_where_every_plan_sends_a_picture(tmp_path: Path) -> None:
    def only(graph: Graph, with_fallback: bool) -> PlanTable:
        return picture_table(graph, with_fallback, alone=True)

    async with stage(tmp_path, with_fallback=False, table_of=only) as on:
        feeds = preprocess(on.cloud.card, decode_picture(picture(3)))
        finished = await on.agent.frames.take_tensors(feeds, Ticket("a"))
        assert (finished.result.answered_by, finished.result.plan_digest) == ("cloud", None)
        assert 16 * 16 * 3 <= finished.result.wire_bytes <= 16 * 16 * 3 + 250


async def test_the_edge_answers_alone_without_the_cloud(tmp_path: Path) -> None:
    async with stage(tmp_path, table_of=picture_table) as on:
        on.cloud.mode = "500"
        status, answer = await on.post(picture(1))
        assert (status, answer["answered_by"]) == (200, "edge-fallback")


def test_a_table_without_its_pictures(tmp_path: Path) -> None:
    from edge_support import load_net

    graph = load_net(tmp_path)
    kept = without_pictures(picture_table(graph, True))
    assert kept is not None
    assert all(picture_codec(plan) is None for plan in kept.plans)
    assert without_pictures(picture_table(graph, False, alone=True)) is None


async def test_a_hook_on_the_input_is_asked_before_a_picture_goes(tmp_path: Path) -> None:
    async with stage(tmp_path, table_of=picture_table, audit_share=1e-9) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        pupil = Pupil("x", name="repeat", kind="repeat")
        await on.agent.plans.change_hooks((pupil,))
        status, answer = await on.post(picture(1), stream="gate")
        await on.agent.frames.drain()
        assert (status, answer["answered_by"], answer["breakdown"]["head_s"] > 0) == (200, "cloud", True)
        assert [(stream, list(outputs)) for stream, _, outputs in pupil.learnt] == [("gate", ["y"])]
        assert pupil.seen[0].shape == (1, 3, 16, 16)
        asked = len(on.cloud.calls)
        pupil.decision = Exit({"y": np.eye(5, dtype=np.float32)[[2]]}, 0.9)
        status, answer = await on.post(picture(1), stream="gate")
        assert (status, answer["answered_by"], answer["hook"]) == (200, "exit", "repeat")
        assert not any(path.endswith("infer") for path in on.cloud.calls[asked:])


async def test_an_audit_of_a_hook_before_a_picture_sends_it(tmp_path: Path) -> None:
    async with stage(tmp_path, table_of=picture_table, audit_share=1.0) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        told = Told("x", Exit({"y": np.eye(5, dtype=np.float32)[[2]]}, 0.9), name="repeat", kind="repeat")
        await on.agent.plans.change_hooks((told,))
        assert (await on.post(picture(1)))[1]["answered_by"] == "cloud"
        await on.agent.frames.drain()
        audits = on.agent.hook_manager.audits
        assert audits.agreed["repeat"] + audits.disagreed["repeat"] == 1


async def test_a_standing_picture_is_learned_under_a_plan_that_sends_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FITS, 1e9)
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)
    async with stage(tmp_path, table_of=picture_table, audit_share=1e-9, exit_agreement=0.9) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        assert picture_codec(on.agent.plans.plan) == "png"
        for _ in range(220):
            await on.post(picture(1), headers={"X-Evosplit-Stream": "gate"})
        await on.agent.frames.drain()
        await on.agent.hook_manager.fit(learner(on, "repeat"))
        assert [hook.kind for hook in on.agent.plans.heads.hooks] == ["repeat"]
        asked = [
            (await on.post(picture(1), headers={"X-Evosplit-Stream": "gate"}))[1]["answered_by"]
            for _ in range(4)
        ]
        assert asked[-1] == "exit"
