"""Hooks in a whole agent: exits answer, audits compare, learning ends in hooks, nonsense costs no answer."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edge_support import middle_stage, picture, stage, until
from hook_doubles import Pupil, Told
from hook_support import ALWAYS, NEVER, flat, samples_exits, sure, tap, with_hooks
from net_bundle import LABELS

from evosplit.edge.hook_learning.examples import FittedHooks
from evosplit.edge.hook_learning.exit_tasks import fitted_exits
from evosplit.edge.hooks.decisions import Bits, Exit, Keep, Skip
from evosplit.edge.hooks.hook_file import load_hooks
from evosplit.shared.plan import TensorCode


async def test_an_exit_answers_without_the_cloud(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER) as on:
        await with_hooks(on, Told(tap(on), sure(3), name="exit-0"))
        asked = len([path for path in on.cloud.calls if path.endswith("infer")])
        status, answer = await on.post(picture(1), stream="gate")
        assert (status, answer["answered_by"], answer["hook"]) == (200, "exit", "exit-0")
        assert answer["outcome"]["top"][0]["label"] == LABELS[3]
        assert answer["confidence"] == pytest.approx(0.97)
        assert answer["wire_bytes"] == 0
        assert len([path for path in on.cloud.calls if path.endswith("infer")]) == asked
        assert (await on.get(f"/v1/results/{answer['frame_id']}"))[1] == answer
        whole = (await on.post(picture(1), strategy="edge"))[1]
        assert (whole["answered_by"], whole["hook"]) == ("edge", None)
        _, page = await on.get("/v1/results", answered_by="exit")
        assert len(page["results"]) == 1


async def test_an_exit_answers_while_the_cloud_is_away(tmp_path: Path) -> None:
    async with stage(tmp_path, cloud_up=False, audit_share=NEVER) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        await on.agent.plans.change_hooks((Told(tap(on), sure(1), name="exit-0"),))
        status, answer = await on.post(picture(1))
        assert (status, answer["answered_by"], answer["hook"]) == (200, "exit", "exit-0")


async def test_an_audited_frame_goes_the_full_way_and_the_guard_hears_of_it(tmp_path: Path) -> None:
    async with stage(tmp_path, audit_share=ALWAYS) as on:
        whole = (await on.post(picture(1), strategy="edge"))[1]["outcome"]["top"][0]["class"]
        wrong, right = (
            Told(tap(on), sure((whole + 1) % 5), name="wrong"),
            Told(tap(on), sure(whole), name="right"),
        )
        await with_hooks(on, wrong, right)
        for _ in range(25):
            _, answer = await on.post(picture(1))
            assert answer["answered_by"] == "cloud"
        await on.agent.frames.drain()
        audits = on.agent.hook_manager.audits
        assert (audits.disagreed["wrong"], audits.agreed["right"]) == (25, 25)
        assert (audits.verdict("wrong"), audits.verdict("right")) == ("off", "ok")


async def test_a_shorter_way_is_gone_as_well_and_compared(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=ALWAYS) as on:
        boundary = on.agent.plans.plan.boundary[0]
        none = Keep(boundary, np.zeros(on.cloud.graph.tensors[boundary].shape[1], bool))
        await with_hooks(
            on,
            Told(boundary, none, name="nothing", kind="channels"),
            Told(boundary, Bits({boundary: TensorCode(16)}), name="finer", kind="bits"),
        )
        answers = [(await on.post(picture(seed)))[1] for seed in range(4)]
        assert {answer["answered_by"] for answer in answers} == {"cloud"}
        await on.agent.frames.drain()
        audits = on.agent.hook_manager.audits
        assert audits.agreed["nothing"] + audits.disagreed["nothing"] == 4
        assert audits.agreed["finer"] + audits.disagreed["finer"] == 4


async def test_kept_channels_and_fewer_bits_make_frames_shorter(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER) as on:
        boundary = on.agent.plans.plan.boundary[0]
        plain = (await on.post(picture(1)))[1]
        await with_hooks(on, Told(boundary, Bits({boundary: TensorCode(2)}), name="b", kind="bits"))
        coarse = (await on.post(picture(1)))[1]
        channels = np.arange(on.cloud.graph.tensors[boundary].shape[1]) < 2
        await with_hooks(on, Told(boundary, Keep(boundary, channels), name="k", kind="channels"))
        few = (await on.post(picture(1)))[1]
        assert coarse["wire_bytes"] < 0.8 * plain["wire_bytes"]
        assert few["wire_bytes"] < 0.8 * plain["wire_bytes"]
        assert {plain["answered_by"], coarse["answered_by"], few["answered_by"]} == {"cloud"}


@pytest.mark.parametrize("decision", [RuntimeError("gone mad"), Skip(), 7, Exit({}, 2.0)])
async def test_a_hook_that_misbehaves_is_dropped_and_serving_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, decision: Any
) -> None:
    async with middle_stage(tmp_path) as on:
        await with_hooks(on, Told(tap(on), decision, name="mad"))
        with caplog.at_level(logging.WARNING):
            answers = [(await on.post(picture(seed)))[1] for seed in range(3)]
        assert {answer["answered_by"] for answer in answers} == {"cloud"}
        assert len([record for record in caplog.records if "mad" in record.message]) == 1
        _, profile = await on.get("/v1/profile")
        assert list(profile["dropped_hooks"]) == ["mad"]


async def test_full_answers_are_taught_and_exits_are_not(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER) as on:
        pupil = Pupil("x", name="repeat", kind="repeat")
        await with_hooks(on, pupil)
        await on.post(picture(1), stream="gate")
        await on.agent.frames.drain()
        ((stream, tensor, outputs),) = pupil.learnt
        assert (stream, tensor.shape, list(outputs)) == ("gate", (1, 3, 16, 16), ["y"])
        pupil.decision = sure(2)
        assert (await on.post(picture(1), stream="gate"))[1]["answered_by"] == "exit"
        await on.agent.frames.drain()
        assert len(pupil.learnt) == 1


async def test_a_pupil_that_raises_is_dropped(tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise KeyError("no")

    async with middle_stage(tmp_path) as on:
        pupil = Pupil("x", name="bad")
        pupil.learn_answer = refuse  # type: ignore[method-assign]
        await with_hooks(on, pupil)
        assert (await on.post(picture(1)))[1]["answered_by"] == "cloud"
        await on.agent.frames.drain()
        assert set(on.agent.engine.hook_failures.dropped) == {"bad"}


async def test_the_device_learns_an_exit_from_the_clouds_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two kinds of picture; the network's answers to them are all that is learned from."""
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)
    options = {"exit_agreement": 0.8, "audit_share": NEVER}
    async with middle_stage(tmp_path, **options) as on:
        training = await samples_exits(on)
        for seed in range(120):
            assert (await on.post(flat(seed)))[0] == 200
        await on.agent.frames.drain()
        assert training.sampler.offered >= 60
        fitted = fitted_exits(training.tasks, await training.trainer.train())
        await on.agent.hook_manager.adopt(fitted)
        path = tmp_path / "data" / "net" / "hooks.evh"
        seen = [(await on.post(flat(seed)))[1] for seed in range(200, 220)]
        assert sum(answer["answered_by"] == "exit" for answer in seen) >= 10
        for seed, answer in zip(range(200, 220), seen, strict=True):
            whole = (await on.post(flat(seed), strategy="edge"))[1]
            assert answer["outcome"]["top"][0]["class"] == whole["outcome"]["top"][0]["class"]
        names = {hook.name for hook in load_hooks(path, on.cloud.graph.sha256)}
    async with middle_stage(tmp_path, **options) as again:
        assert {hook.name for hook in again.agent.plans.heads.hooks} == names
        assert (await again.post(flat(300)))[1]["answered_by"] == "exit"


@pytest.mark.parametrize("content", [b"", b"EVSH but broken", None])
async def test_hooks_of_another_model_are_dropped_with_one_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    from evosplit.edge.hooks.hook_file import encode_hooks

    folder = tmp_path / "data" / "net"
    folder.mkdir(parents=True)
    (folder / "hooks.evh").write_bytes(encode_hooks("0" * 64, ()) if content is None else content)
    with caplog.at_level(logging.WARNING):
        async with stage(tmp_path) as on:
            assert (await on.post(picture(1)))[0] == 200
    assert len([record for record in caplog.records if "hooks are dropped" in record.message]) == 1


async def test_a_full_disk_costs_the_file_but_not_the_hooks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evosplit.edge.hook_learning.kept_hooks.save_hooks", full)
    async with middle_stage(tmp_path, audit_share=NEVER) as on:
        await on.agent.hook_manager.adopt(FittedHooks("exit", (Told(tap(on), sure(0), name="exit-0"),)))
        assert (await on.post(picture(1)))[1]["answered_by"] == "exit"
    assert "cannot be saved" in caplog.text


async def test_streams_that_change_size_or_hold_nan_are_answered_or_refused_clearly(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, change_threshold=0.0, region=(0.0, 0.0, 1.0, 0.5)) as on:
        for seed, size in enumerate([(24, 32), (48, 64), (24, 32), (17, 90)]):
            status, answer = await on.post(picture(seed, size), stream="gate")
            assert (status, answer["answered_by"]) == (200, "cloud")


async def test_without_hooks_nothing_of_them_is_there(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, hooks=False) as on:
        assert (await on.post(picture(1)))[1]["answered_by"] == "cloud"
        assert on.agent.hook_manager is None
        _, profile = await on.get("/v1/profile")
        assert (profile["hooks"], profile["learning"]) == ([], None)


async def test_the_profile_tells_segments_and_hooks(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER) as on:
        await on.agent.hook_manager.adopt(FittedHooks("exit", (Told(tap(on), sure(3), name="exit-0"),)))
        for seed in range(3):
            await on.post(picture(seed))
        _, profile = await on.get("/v1/profile")
        assert profile["frames"] == 3
        assert profile["answered_by"] == {"exit": 3}
        assert [one["segment"] for one in profile["segments"]] == [0]
        segment = profile["segments"][0]
        assert (segment["backend"], segment["seconds"]["count"]) == ("onnxruntime", 3)
        assert (segment["density"]["mean"], segment["made_bytes"]["mean"] > 0) == (1.0, True)
        (hook,) = profile["hooks"]
        assert (hook["hook"], hook["fire_rate"], hook["state"]) == ("exit-0", 1.0, "ok")
        assert profile["expected"] == {"exit_rate": {"exit-0": 1.0}, "density": {"0": 1.0}}
        text = on.agent.metrics.text().decode()
        assert 'evosplit_hook_decisions_total{decision="exit",hook="exit-0"} 3.0' in text
        assert 'evosplit_segment_seconds_count{segment="0"} 3.0' in text
