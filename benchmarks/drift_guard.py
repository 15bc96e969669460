"""Drift detection by audits: ImageNet photographs, darker and more blurred step by step.

An agent with default settings serves plans that are calibrated on photographs as they are. Every answer is
compared with the float network's, here, beside the agent. What counts is the longest stretch of frames that
is shown to agree less than promised: by the guard's own test, but on every frame, where the guard sees audits
alone, and at 95 %.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from benchmarks.cells.inputs import SHARED
from benchmarks.report import write_result
from evosplit.cli.demo.processes import new_token
from evosplit.cli.demo.tiers import cloud_tier
from evosplit.cli.shaper import Shaper
from evosplit.edge.agent import Agent
from evosplit.edge.enrolment.enrol import enrol
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.lifecycle import running_agent
from evosplit.edge.pipeline.intake import Ticket
from evosplit.edge.settings import EdgeSettings
from evosplit.library.card_files import find_card
from evosplit.shared.agreement import agreement
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link
from evosplit.shared.pictures import decode_picture
from evosplit.shared.preprocess import preprocess
from evosplit.shared.sequential_test import evidence
from evosplit.shared.session import Runner

NETWORKS: Final = ("squeezenet1.1", "mobilenetv2")
CALIBRATION: Final = 64
STEPS: Final = 6
FRAMES: Final = 150
"""Per step, each photograph at most once."""
DARKER: Final = 0.15
"""A step takes so much of the light ..."""
BLUR: Final = 0.8
"""... and adds so many pixels to the radius of a Gaussian blur."""
LINK: Final = Link(2e7, 0.01)
SLOWDOWN: Final = 8.0
REST_S: Final = 0.05
SHOWN: Final = 20.0
"""Evidence that shows a stretch to be below the promise, at 95 %."""
TARGET_FRAMES: Final = 100


@dataclass(frozen=True)
class Seen:
    """One frame: the plan that answered it, and what share of the float network's answer it ``kept``."""

    step: int
    plan: str
    kept: float


def main() -> None:
    """Measure and write the result."""
    results = {name: _summary(asyncio.run(_measure(name))) for name in NETWORKS}
    write_result("drift_guard", {"target_frames": TARGET_FRAMES, "frames_per_step": FRAMES, **results})


async def _measure(name: str) -> tuple[list[Seen], dict[str, Any]]:
    photographs = sorted((SHARED / "data" / "imagenet").rglob("*.JPEG"))
    photographs = photographs or sorted((SHARED / "data" / "imagenet").rglob("*.jp*g"))
    random = np.random.default_rng(0)
    order = random.permutation(len(photographs))
    known, others = order[:CALIBRATION], order[CALIBRATION:]
    async with _agent(name, [photographs[index] for index in known]) as (agent, graph, card):
        whole, seen = Runner(graph.model), list[Seen]()
        for step in range(STEPS):
            for index in random.permutation(others)[:FRAMES]:
                pixels = drifted(decode_picture(photographs[index].read_bytes()), step)
                feeds = dict(preprocess(card, pixels))
                finished = await agent.frames.take_tensors(feeds, Ticket(f"{step}-{index}"))
                kept = agreement(card, whole.run(feeds), finished.outputs)
                seen.append(Seen(step, (finished.result.plan_digest or "")[:12], kept))
                await asyncio.sleep(REST_S)
        await agent.frames.drain()
        state = agent.plan_audits.state if agent.plan_audits is not None else None
        return seen, {
            "max_drop": None if state is None else state.max_drop,
            "distrusted_at_the_end": [] if state is None else list(state.distrusted),
            "table_changes": agent.plans.table_changes,
        }


def drifted(pixels: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """A picture (H, W, 3) uint8 after so many steps."""
    image = ImageEnhance.Brightness(Image.fromarray(pixels)).enhance(1 - DARKER * step)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(BLUR * step)))


def longest_stretch(losses: Sequence[float], max_drop: float) -> int:
    """Frames of the longest run that is shown to lose more than is promised."""
    longest = 0
    for stop in range(1, len(losses) + 1):
        against, start = evidence(np.asarray(losses[:stop]), max_drop)
        longest = max(longest, stop - start if against >= SHOWN else 0)
    return longest


def _summary(measured: tuple[list[Seen], dict[str, Any]]) -> dict[str, Any]:
    seen, state = measured
    steps = [[frame for frame in seen if frame.step == step] for step in range(STEPS)]
    losses = [1 - frame.kept for frame in seen]
    return {
        **state,
        "agreement_by_step": [float(np.mean([frame.kept for frame in some])) for some in steps],
        "plans_by_step": [list(dict.fromkeys(frame.plan for frame in some)) for some in steps],
        "longest_below_promise_frames": longest_stretch(losses, state["max_drop"] or 0.01),
    }


@contextlib.asynccontextmanager
async def _agent(name: str, calibration: Sequence[Path]) -> AsyncIterator[tuple[Agent, Graph, Card]]:
    model = SHARED / "models" / f"{name}.onnx"
    with tempfile.TemporaryDirectory(prefix="evosplit-drift-") as place:
        folder, token = Path(place), new_token()
        card_file = _install(model, calibration, folder / "models")
        async with contextlib.AsyncExitStack() as stack:
            cloud = await stack.enter_async_context(cloud_tier(folder, token))
            shaper = await stack.enter_async_context(Shaper.between(cloud.url, LINK))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            data = folder / "edge"
            settings = EdgeSettings(
                cloud_url=shaper.url,
                model=name,
                data=data,
                token=token,
                slowdown=SLOWDOWN,
                hooks=False,
                enrol_wait_s=600.0,
            )
            bundle = await enrol(settings, PlannerClient(session, shaper.url, name, token))
            agent = await stack.enter_async_context(running_agent(settings, bundle, token, session))
            graph = load_graph(model)
            yield agent, graph, check_card(load_card(card_file), graph)


def _install(model: Path, calibration: Sequence[Path], models: Path) -> Path:
    """Lay model, card and calibration pictures into a models folder; the card's place there."""
    beside = models / f"{model.stem}.calibration"
    beside.mkdir(parents=True)
    card = models / f"{model.stem}.yaml"
    shutil.copy(model, models / model.name)
    shutil.copy(find_card(model), card)
    for path in calibration:
        shutil.copy(path, beside / path.name)
    return card
