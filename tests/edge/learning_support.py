"""Samples that can be learned from, and a job that trains on them."""

from __future__ import annotations

import numpy as np

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.hook_learning.exit_trainer import ExitTrainer, TrainingSettings
from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.samples import Sample
from evosplit.edge.hook_training.trained_classifier import TrainingTask
from evosplit.edge.hook_training.training_process import TrainingJob

TASKS = (TrainingTask("early", 0, 3, 0.3), TrainingTask("late", 0, 6, 0.6))


def fill(sampler, count, classes=3):
    random = np.random.default_rng(0)
    for i in range(count):
        label = i % classes
        features = np.eye(3, dtype=np.float32)[label].repeat(2) + random.normal(size=6, scale=0.3)
        outputs = {"logits": np.eye(3, dtype=np.float32)[label][None]}
        sampler.offer(Sample(features.astype(np.float32), f"class {label}", outputs))
    return sampler


def job(folder, count=1500, **changes):
    fill(Sampler(2_000_000), count).save(folder / "samples.npz")
    settings = {"tasks": TASKS, "target": 0.9, "trainers": ("logistic",), **changes}
    return TrainingJob(folder / "samples.npz", folder / "learned.npz", **settings)


def trainer(folder, sampler=None, pause=None, **changes):
    settings = TrainingSettings(**{"target": 0.9, "trainers": ("logistic",), "idle_s": 0.0, **changes})
    return ExitTrainer(
        sampler or fill(Sampler(2_000_000), 1500), TASKS, folder, settings, pause or BackgroundPause()
    )
