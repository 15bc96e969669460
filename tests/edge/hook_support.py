"""The plan that cuts in the middle, exits, and pictures to learn from, for tests of hooks in an agent."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from edge_support import Stage, until, use_the_middle
from PIL import Image

from evosplit.edge.hooks.decisions import Exit

FITS = "evosplit.edge.hook_learning.manager.FIT_S"
"""Set to a long time where a test alone says when hooks are fitted."""
COLOURS = ((230, 20, 20), (20, 230, 20))
ALWAYS, NEVER = 1.0, 1e-9


async def with_hooks(on: Stage, *hooks: Any) -> None:
    await use_the_middle(on)
    await on.agent.plans.change_hooks(hooks)


def learner(on: Stage, name: str) -> Any:
    """The agent's learner of a kind of hook."""
    (found,) = (learner for learner in on.agent.hook_manager.learners if learner.name == name)
    return found


async def samples_exits(on: Stage) -> Any:
    """The training of exits, once the agent samples for its plan."""
    exits = learner(on, "exit")
    await until(lambda: exits.training is not None and on.agent.plans.watches(exits.training.taps))
    return exits.training


def tap(on: Stage) -> str:
    return on.cloud.graph.layers[0].outputs[0]


def sure(label: int, confidence: float = 0.97) -> Exit:
    return Exit({"y": np.eye(5, dtype=np.float32)[[label]] * 9}, confidence)


def flat(seed: int) -> bytes:
    """One of two colours, which the network tells apart, and a little noise."""
    level = np.asarray(COLOURS[seed % 2])
    noise = np.random.default_rng(seed).integers(-8, 8, (24, 32, 3))
    content = io.BytesIO()
    Image.fromarray((level + noise).astype(np.uint8)).save(content, "PNG")
    return content.getvalue()
