"""What streams, disks and trainers can do wrong, in a whole agent: one clear record, and serving goes on."""

from __future__ import annotations

import asyncio
import logging
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edge_support import Stage, middle_stage, picture
from hook_doubles import Told
from hook_support import NEVER, flat, samples_exits, sure, tap
from net_bundle import middle_only

from evosplit.edge.hook_learning.examples import FittedHooks
from evosplit.edge.hook_learning.exit_trainer import ExitTrainer
from evosplit.edge.hook_training import training_process as process
from evosplit.edge.hooks.hook_file import MAGIC, encode_hooks
from evosplit.edge.hooks.reduced import Reduction
from evosplit.edge.hooks.repeat import RepeatHook
from evosplit.edge.pipeline.finished import FrameRefusedError
from evosplit.edge.pipeline.intake import Ticket
from evosplit.edge.streams.stream_ends import QUIET_S, StreamEnds
from evosplit.shared.errors import LearningError

GATE = {"X-Evosplit-Stream": "gate"}
ALL: dict[str, Any] = {"change_threshold": 0.0, "audit_share": NEVER, "table_of": middle_only}


async def with_everything(on: Stage) -> None:
    """Masked segments, deltas, and a hook that repeats what has not changed at all."""
    still = RepeatHook("repeat", "x", Reduction(block=2), 0.9999)
    await on.agent.hook_manager.adopt(FittedHooks("repeat", (still,)))


def scores(result: Any) -> dict[str, float]:
    return {each["label"]: each["score"] for each in result["outcome"]["top"]}


async def same_as_the_whole(on: Stage, content: bytes) -> str:
    """Who answered a frame of the stream; the answer is checked against that of the whole network."""
    status, answer = await on.post(content, headers=GATE)
    assert status == 200, answer
    await on.agent.frames.drain()
    whole = (await on.post(content, strategy="edge", stream="other"))[1]
    assert scores(answer) == pytest.approx(scores(whole), abs=0.03)
    return str(answer["answered_by"])


async def test_pictures_that_change_size_in_a_stream(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, **ALL) as on:
        await with_everything(on)
        sizes = [(24, 32), (24, 32), (48, 64), (48, 64), (17, 90), (24, 32)]
        seen = [await same_as_the_whole(on, picture(1, size)) for size in sizes]
        assert seen == ["cloud", "exit", "cloud", "exit", "cloud", "cloud"]


async def test_a_stream_that_jumps(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, **ALL) as on:
        await with_everything(on)
        scenes = [flat(0), flat(0), flat(1), picture(1), picture(1), flat(0), picture(2)]
        seen = [await same_as_the_whole(on, scene) for scene in scenes]
        assert seen == ["cloud", "exit", "cloud", "cloud", "exit", "cloud", "cloud"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
async def test_activations_that_are_no_numbers_are_one_failure(tmp_path: Path, value: float) -> None:
    async with middle_stage(tmp_path, **ALL) as on:
        await with_everything(on)
        before = await same_as_the_whole(on, picture(1))
        bad = {"x": np.full((1, 3, 16, 16), value, np.float32)}
        with pytest.raises(FrameRefusedError, match=r"^[^\n]+$"):
            await on.agent.frames.take_tensors(bad, Ticket("bad", stream="gate"))
        kept = on.agent.store.get("bad")
        assert (kept.answered_by, bool(kept.error)) == ("nobody", True)
        assert not on.agent.cloud.circuit.is_open
        assert on.agent.engine.hook_failures.dropped == {}
        assert before == "cloud"
        assert [await same_as_the_whole(on, picture(seed)) for seed in (2, 3)] == ["cloud", "cloud"]


@pytest.mark.parametrize("kind", ["another model", "another version", "torn"])
async def test_a_file_of_hooks_that_does_not_fit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    folder = tmp_path / "data" / "net"
    folder.mkdir(parents=True)
    content = encode_hooks("0" * 64, ())
    if kind == "another version":
        content = struct.pack("<4sI", MAGIC, 99) + content[8:]
    (folder / "hooks.evh").write_bytes(content[:-3] if kind == "torn" else content)
    (folder / "hooks.evh.partial").write_bytes(b"half")
    with caplog.at_level(logging.WARNING):
        async with middle_stage(tmp_path, audit_share=NEVER) as on:
            assert (await on.post(picture(1)))[0] == 200
            await on.agent.hook_manager.adopt(FittedHooks("exit", (Told(tap(on), sure(0), name="exit-0"),)))
            assert (await on.post(picture(1)))[1]["answered_by"] == "exit"
    assert sum("hooks are dropped" in record.message for record in caplog.records) == 1


async def taught(on: Stage, frames: int = 40) -> ExitTrainer:
    """Some samples, in any number, and what trains on them."""
    training = await samples_exits(on)
    for seed in range(frames):
        await on.post(flat(seed))
    await on.agent.frames.drain()
    assert training.sampler.offered
    trainer: ExitTrainer = training.trainer
    return trainer


async def test_a_trainer_that_is_killed_while_it_saves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)
    async with middle_stage(tmp_path, audit_share=NEVER) as on:
        trainer = await taught(on)
        folder = trainer.samples_path.parent
        start = asyncio.create_subprocess_exec

        async def dying(*_: Any, **options: Any) -> Any:
            (folder / "learned.npz.partial").write_bytes(b"PK half")
            return await start("sh", "-c", "cat > /dev/null; kill -9 $$", **options)

        monkeypatch.setattr(process.asyncio, "create_subprocess_exec", dying)
        with pytest.raises(LearningError):
            await trainer.train()
        assert (await on.post(flat(1)))[0] == 200
        trainer.samples_path.write_bytes(trainer.samples_path.read_bytes()[:-100])
    caplog.clear()
    async with middle_stage(tmp_path, audit_share=NEVER) as again:
        await taught(again, 4)
        assert "samples start anew" in caplog.text
        assert not (folder / "learned.npz").exists()


async def test_a_disk_that_is_full_while_samples_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)
    async with middle_stage(tmp_path, audit_share=NEVER) as on:
        trainer = await taught(on)
        with monkeypatch.context() as patch:
            patch.setattr("evosplit.shared.array_file.write_arrays", full)
            with pytest.raises(LearningError, match=r"cannot write samples\.npz: No space left on device"):
                await trainer.train()
        assert not list(trainer.samples_path.parent.glob("*.partial"))
        assert (await on.post(flat(1)))[0] == 200


async def test_what_is_kept_of_quiet_streams_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later_s, see = [0.0], StreamEnds.see
    monkeypatch.setattr(
        StreamEnds, "see", lambda self, stream, size, now_s: see(self, stream, size, now_s + later_s[0])
    )
    async with middle_stage(tmp_path, **ALL) as on:
        await with_everything(on)
        answers = []
        for pause_s in (0.0, 0.0, QUIET_S + 1):
            later_s[0] += pause_s
            if pause_s:
                await on.post(picture(2), stream="another")
            answers.append((await on.post(picture(1), headers=GATE))[1])
            await on.agent.frames.drain()
        assert [answer["answered_by"] for answer in answers] == ["cloud", "exit", "cloud"]
        assert answers[2]["wire_bytes"] == answers[0]["wire_bytes"]  # whole again
