"""Fits hooks for the gate camera to one stream's frames and the cloud's answers, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.gate.bits_fit import fit_bits
from benchmarks.gate.channels_fit import Asked, after, fit_channels
from benchmarks.gate.testbed import AGREEMENT
from evosplit.edge.agent import Agent
from evosplit.edge.audits.answer_key import answer_key
from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.repeat_fit import AnswerPairs
from evosplit.edge.hook_training.samples import Sample
from evosplit.edge.hook_training.trained_classifier import TrainingTask
from evosplit.edge.hook_training.trainers import logistic
from evosplit.edge.hook_training.training import learn
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.channels import ChannelsHook
from evosplit.edge.hooks.exit import OTHER, ExitHook
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.hooks.reduced import Reduction
from evosplit.edge.pipeline.job import Job
from evosplit.shared.card import Card
from evosplit.shared.graph import Graph, parse_cut
from evosplit.shared.input_picture import picture_of
from evosplit.shared.plan import Plan
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model

REGION: Final = (0.3, 0.5, 0.75, 0.85)
"""(left, top, right, bottom): where the plate of a car is that stands at the barrier, as a user draws it."""
LOSSY_AGREEMENT: Final = 0.995
FEATURES: Final = FeatureSpec(grid=6)
SAMPLER_BYTES: Final = 16 << 20

Tensor = NDArray[Any]
Outputs = Mapping[str, Tensor]


@dataclass
class Observations:
    """What the learning stream has brought so far."""

    card: Card
    plan: Plan
    trials: AnswerPairs = field(default_factory=lambda: AnswerPairs(Reduction(region=REGION)))
    sampler: Sampler = field(default_factory=lambda: Sampler(SAMPLER_BYTES))
    crossed: list[Tensor] = field(default_factory=list)
    """Of frames far enough apart that most show another car: what channels and bits are learned from."""

    @property
    def tap(self) -> str:
        """The one tensor that crosses."""
        (name,) = self.plan.boundary
        return name

    def add(self, image: Tensor, crossed: Tensor, outputs: Mapping[str, Tensor]) -> None:
        """One frame of a stream without gaps, and the cloud's answer to it."""
        key = answer_key(self.card, outputs)
        if key is not None:
            self.trials.offer("gate", image, key)
            self.sampler.offer(Sample(FEATURES.of(crossed), key, outputs))

    def add_sparse(self, image: Tensor, crossed: Tensor, outputs: Mapping[str, Tensor]) -> None:
        """One of frames far apart."""
        del image, outputs
        self.crossed.append(crossed)


async def collect(
    agent: Agent, frames: Iterable[NDArray[np.uint8]], add: Callable[[Tensor, Tensor, Outputs], None]
) -> None:
    """Have an agent without hooks answer the frames one after another by its one plan; note each answer."""
    model = agent.plans.model
    assert model.card is not None
    for index, pixels in enumerate(frames):
        job = Job(str(index), "default", model.graph.name, "planned", picture_of(model.card, pixels))
        answer = await agent.engine.answer(job)
        assert job.feeds is not None
        assert answer.run is not None
        assert answer.plan is not None
        (tap,) = answer.plan.boundary
        add(next(iter(job.feeds.values())), answer.run.tensors[tap], answer.outputs)


def build_hooks(graph: Graph, seen: Observations) -> tuple[dict[str, Hook], tuple[Hook, ...]]:
    """Each hook by itself, by kind, and all that serve together, those that could be learned.

    ``graph`` has all weights; its tail is the cloud's. Channels and bits cost every car that they misread,
    so together with the others they have to keep `LOSSY_AGREEMENT`.
    """
    tail = Runner(tail_model(graph, parse_cut(graph, seen.plan.cut_key)))

    def ask(tensor: Tensor) -> str | None:
        return answer_key(seen.card, tail.run({seen.tap: tensor}))

    steady: dict[str, Hook | None] = {
        "repeat": seen.trials.hook("repeat", graph.inputs[0], AGREEMENT),
        "exit": _exit(seen),
    }
    lossy: dict[str, Hook | None] = {
        "channels": _channels(seen, ask, AGREEMENT),
        "bits": _bits(seen, ask, AGREEMENT),
    }
    channels = _channels(seen, ask, LOSSY_AGREEMENT)
    bits = _bits(seen, _behind(channels, ask), LOSSY_AGREEMENT)
    alone = {kind: hook for kind, hook in {**steady, **lossy}.items() if hook is not None}
    return alone, tuple(hook for hook in (*steady.values(), channels, bits) if hook is not None)


def _channels(seen: Observations, ask: Asked, agreement: float) -> ChannelsHook | None:
    return fit_channels("channels", seen.tap, seen.crossed, ask, agreement)


def _bits(seen: Observations, ask: Asked, agreement: float) -> BitsHook | None:
    code = seen.plan.wire[seen.tap]
    return fit_bits("bits", seen.tap, code, seen.crossed, ask, logistic, agreement, features=FEATURES)


def _exit(seen: Observations) -> ExitHook | None:
    samples = seen.sampler.samples()
    width = samples.features.shape[1]
    (learned,) = learn(samples, [TrainingTask("exit", 0, width)], AGREEMENT, trainers={"logistic": logistic})
    if learned.threshold is None or set(learned.answers) == {OTHER}:
        return None
    named = (learned.classifier, learned.answers, learned.outputs, learned.threshold)
    return ExitHook("exit", seen.tap, FEATURES, *named)


def _behind(channels: ChannelsHook | None, ask: Asked) -> Asked:
    """Ask about what arrives when the channels hook has decided, too."""
    return ask if channels is None else lambda tensor: ask(after(channels, tensor))
