"""Training in a process of its own: what it hands back, and what is left when it dies."""

from __future__ import annotations

import asyncio
import os

import psutil
import pytest
from child_processes import children_beside, own_children
from learning_support import TASKS, fill, job, trainer

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.hook_learning.sampler import Sampler, open_sampler
from evosplit.edge.hook_training import training_process as process
from evosplit.edge.hook_training.classifier_file import read_learned
from evosplit.edge.hook_training.training_process import TrainingJob, train
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
        await train(TrainingJob(tmp_path / "samples.npz", tmp_path / "learned.npz", TASKS, 0.9))


async def test_a_killed_process_leaves_the_old_classifiers(tmp_path):
    wanted = job(tmp_path)
    before = await train(wanted)
    content = wanted.learned.read_bytes()
    others = own_children()
    running = asyncio.create_task(train(wanted))
    for child in await children_beside(others):
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
    others = own_children()
    running = asyncio.create_task(train(job(tmp_path, trainers=())))
    found = await children_beside(others)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not any(child.is_running() for child in found)


async def test_the_process_makes_way(tmp_path):
    others = own_children()
    running = asyncio.create_task(train(job(tmp_path, trainers=())))
    (child,) = await children_beside(others)
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


async def test_it_is_due_when_idle_and_not_again_without_news(tmp_path):
    pause, sampler = BackgroundPause(), fill(Sampler(2_000_000), 1500)
    watched = trainer(tmp_path, sampler, pause)
    with pause.frame():
        assert not trainer(tmp_path, sampler, pause, idle_s=1e-9).is_due
    assert not trainer(tmp_path, sampler, pause, idle_s=1e9).is_due
    assert watched.is_due
    learned = await watched.train()
    assert [exit_.name for exit_ in learned] == ["early", "late"]
    assert not watched.is_training
    assert not watched.is_due
    assert len(open_sampler(watched.samples_path, 2_000_000).samples()) == 1500
    fill(sampler, 750)
    assert watched.is_due
    sampler.forget()
    fill(sampler, 600)
    assert watched.is_due


def test_too_few_samples_are_not_tried(tmp_path):
    assert not trainer(tmp_path, fill(Sampler(2_000_000), 300)).is_due
    assert list(tmp_path.iterdir()) == []


async def test_without_samples_there_is_nothing_to_train(tmp_path):
    assert await trainer(tmp_path, Sampler(2_000_000)).train() is None


async def test_after_a_failure_it_waits_for_more_samples(tmp_path):
    sampler = fill(Sampler(2_000_000), 1000, classes=1)
    watched = trainer(tmp_path, sampler)
    with pytest.raises(LearningError, match="there is only one answer, nothing can be learned"):
        await watched.train()
    assert not watched.is_due
    fill(sampler, 2000)
    assert watched.is_due
    assert len(await watched.train()) == 2


async def test_a_disk_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LearningError, match=r"cannot write samples\.npz"):
        await trainer(tmp_path / "file").train()
