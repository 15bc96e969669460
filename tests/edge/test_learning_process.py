"""Training in a process of its own: what it hands back, and what is left when it dies."""

from __future__ import annotations

import asyncio
import logging
import os

import psutil
import pytest
from edge_support import until
from learning_support import TASKS, fill, job, loop

from evosplit.edge.hook_learning.sampler import Sampler, open_sampler
from evosplit.edge.hook_training import training_process as process
from evosplit.edge.hook_training.learned_file import read_learned
from evosplit.edge.hook_training.training_process import Job, train
from evosplit.shared.errors import LearningError


async def test_it_trains_and_hands_back(tmp_path):
    one, two = await train(job(tmp_path))
    assert (one.name, two.name) == ("early", "late")
    assert one.trainer == two.trainer == "logistic"
    assert sorted(one.answers) == ["class 0", "class 1", "class 2"]
    assert one.threshold is not None
    assert one.exit_rate > 0.5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["learned.npz", "samples.npz"]


async def test_a_process_that_may_not_take_the_memory_says_so(tmp_path):
    with pytest.raises(LearningError, match="memory"):
        await train(job(tmp_path, memory_bytes=1 << 20))


async def test_samples_that_cannot_be_learned_from_are_one_line(tmp_path):
    with pytest.raises(LearningError, match="too few"):
        await train(job(tmp_path, count=1))
    (tmp_path / "samples.npz").write_bytes(b"nonsense")
    with pytest.raises(LearningError, match=r"cannot read samples\.npz"):
        await train(Job(tmp_path / "samples.npz", tmp_path / "learned.npz", TASKS, 0.9))


async def children(count):
    """This process's own processes, once there are so many."""
    for _ in range(2000):
        found = psutil.Process().children()
        if len(found) >= count:
            return found
        await asyncio.sleep(0.005)
    raise AssertionError("no process came")


async def test_a_killed_process_leaves_the_old_classifiers(tmp_path):
    wanted = job(tmp_path)
    before = await train(wanted)
    content = wanted.learned.read_bytes()
    running = asyncio.create_task(train(wanted))
    for child in await children(1):
        child.kill()
    with pytest.raises(LearningError, match="status -9"):
        await running
    assert wanted.learned.read_bytes() == content
    assert read_learned(wanted.learned)[0].threshold == before[0].threshold


def test_killed_in_the_middle_of_writing(tmp_path):
    """What a half-written file looks like to the next reader, and to the next writer."""
    wanted = job(tmp_path)
    process.perform(wanted)
    whole = wanted.learned.read_bytes()
    part = wanted.learned.with_name("learned.npz.partial")
    part.write_bytes(whole[: len(whole) // 2])
    assert len(read_learned(wanted.learned)) == 2
    process.perform(wanted)
    assert not part.exists()
    assert wanted.learned.read_bytes() == whole  # the same samples and seed, the same classifiers


async def test_cancelling_ends_the_process(tmp_path):
    running = asyncio.create_task(train(job(tmp_path, trainers=())))
    found = await children(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not any(child.is_running() for child in found)


async def test_the_process_makes_way(tmp_path):
    running = asyncio.create_task(train(job(tmp_path, trainers=())))
    child = (await children(1))[0]
    nice, policy = 0, None
    while not running.done() and nice != 19:
        try:
            nice, policy = child.nice(), os.sched_getscheduler(child.pid)
        except (psutil.NoSuchProcess, ProcessLookupError):
            break
        await asyncio.sleep(0.002)
    await running
    assert nice == 19
    assert policy in (os.SCHED_IDLE, os.SCHED_OTHER)  # between the two calls


class Looked(Sampler):
    """Counts how often the loop looks whether there is something new."""

    looks = 0

    @property
    def offered(self) -> int:
        self.looks += 1
        return super().offered

    async def is_looked_at(self) -> None:
        """Wait for some whole looks of the loop."""
        before = self.looks
        await until(lambda: self.looks > before + 10)


async def test_the_loop_trains_when_idle_and_not_again_without_news(tmp_path):
    seen, sampler = [], Looked(2_000_000)
    watched = loop(tmp_path, seen.append, fill(sampler, 1500))
    running = asyncio.create_task(watched.run())
    with watched.frame():
        await sampler.is_looked_at()
        assert not watched.training
    await until(lambda: seen, 60.0)
    await sampler.is_looked_at()
    running.cancel()
    assert [one.name for one in seen[0]] == ["early", "late"]
    assert len(seen) == 1
    assert not watched.training
    assert len(open_sampler(watched.samples_path, 2_000_000).samples()) == 1500


async def test_too_few_samples_are_not_tried(tmp_path):
    sampler = Looked(2_000_000)
    watched = loop(tmp_path, lambda _: None, fill(sampler, 300), idle_s=0.0)
    running = asyncio.create_task(watched.run())
    await sampler.is_looked_at()
    running.cancel()
    assert list(tmp_path.iterdir()) == []


async def test_a_failure_is_one_line_and_the_next_attempt_works(tmp_path, caplog):
    seen = []
    sampler = fill(Sampler(2_000_000), 1000, classes=1)
    watched = loop(tmp_path, seen.append, sampler)
    with caplog.at_level(logging.WARNING):
        await watched.train_now()
    assert [record.message for record in caplog.records] == [
        "hooks were not trained: there is only one answer, nothing can be learned"
    ]
    fill(sampler, 2000)
    await watched.train_now()
    assert len(seen) == 1


async def test_a_disk_that_cannot_be_written_is_one_line(tmp_path, caplog):
    (tmp_path / "file").write_bytes(b"")
    watched = loop(tmp_path / "file", lambda _: None)
    await watched.train_now()
    assert len(caplog.records) == 1
    assert "cannot write samples.npz" in caplog.text
