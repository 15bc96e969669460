"""A real agent with a wrong profile: planned frames, and every plan of its table by name."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from benchmarks.wrong.misled_simulation import NEARLY
from evosplit.cli.demo.board import Board
from evosplit.cli.demo.client import DemoFrame, EdgeClient
from evosplit.cli.demo.processes import new_token
from evosplit.cli.demo.scenario import Scenario, gate_scenario
from evosplit.cli.demo.tiers import cloud_tier, edge_agent
from evosplit.cli.shaper import Shaper
from evosplit.kernels.device_profile import IntegerMeasurement
from evosplit.shared.errors import ProfileError
from evosplit.shared.frame_costs import FrameCosts
from evosplit.shared.link import Link
from evosplit.shared.profile import Profile
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.slowdown import slowed

T = TypeVar("T")
NO_INTEGERS: Final = ("--no-integers",)
EVERY: Final = 10
"""So many planned frames, then one of each plan by name, so that noise meets all alike."""


async def agent_told(wrong: float, link: Link, slowdown: float, frames: int) -> dict[str, Any]:
    """The built-in network on one link; ``wrong`` multiplies every second of the profile."""
    scenario, token = gate_scenario(), new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-wrong-") as name:
        folder = Path(name)
        scenario.install(folder / "models")
        async with cloud_tier(folder, token) as cloud, Shaper.between(cloud.url, link) as shaper:
            async with edge_agent(folder, shaper.url, scenario, Board(slowdown), token, NO_INTEGERS):
                pass  # it measures itself
            _mistell(folder / "edge" / scenario.model.stem, wrong)
            async with edge_agent(
                folder, shaper.url, scenario, Board(slowdown), token, NO_INTEGERS
            ) as client:
                return await _play(client, scenario, frames)


def _mistell(folder: Path, wrong: float) -> None:
    """Every measurement that the agent keeps of itself, and nothing that was made of them."""
    assert any((folder / "profile").glob("*.json")), "the agent keeps its profile elsewhere"
    _rewrite(folder / "profile", Profile, lambda kept: replace(slowed(kept, wrong), slowdown=kept.slowdown))
    _rewrite(folder / "frame", FrameCosts, lambda kept: _slowed_frame(kept, wrong))
    _rewrite(folder / "integers", IntegerMeasurement, lambda kept: _slowed_integers(kept, wrong))
    for made_of_it in ("enrolment.json", "corrections.json"):
        (folder / made_of_it).unlink(missing_ok=True)


def _rewrite(folder: Path, kind: type[T], change: Callable[[T], T]) -> None:
    """Nothing where the agent has measured nothing of the kind, as integers where it runs without them."""
    for path in folder.glob("*.json"):
        path.write_bytes(to_json(change(from_json(kind, path.read_bytes(), ProfileError))))


def _slowed_frame(kept: FrameCosts, wrong: float) -> FrameCosts:
    pictures = {codec: seconds * wrong for codec, seconds in kept.picture_s.items()}
    return replace(kept, frame_s=kept.frame_s * wrong, prepare_s=kept.prepare_s * wrong, picture_s=pictures)


def _slowed_integers(kept: IntegerMeasurement, wrong: float) -> IntegerMeasurement:
    return replace(kept, times=None if kept.times is None else kept.times.slowed(wrong))


async def _play(client: EdgeClient, scenario: Scenario, frames: int) -> dict[str, Any]:
    state = await client.agent.plan()
    every = [prediction["plan_digest"] for prediction in state["predictions"]]
    show = scenario.frame_source()(0)
    planned: list[tuple[str, float]] = []
    by_name: dict[str, list[float]] = {digest: [] for digest in every}
    for number in range(frames):
        planned.append(await _send(client, show, "planned"))
        if number % EVERY == EVERY - 1:
            for digest, seconds in by_name.items():
                seconds.append((await _send(client, show, f"plan:{digest}"))[1])
    return _row(planned, {digest: statistics.median(seconds) for digest, seconds in by_name.items()})


def _row(planned: list[tuple[str, float]], every: dict[str, float]) -> dict[str, Any]:
    """A planned frame counts as the median of its plan's named frames; their own times are beside it."""
    best_s = min(every.values())
    took_s = [every[digest] for digest, _ in planned]
    return {
        "plans": len(every),
        "plans_s": sorted(every.values()),
        "first_plan_off": took_s[0] / best_s - 1,
        "frames_off_the_best": sum(one_s > NEARLY * best_s for one_s in took_s),
        "of_the_first_50": sum(one_s > NEARLY * best_s for one_s in took_s[:50]),
        "regret": statistics.fmean(took_s) / best_s - 1,
        "planned_p50_s": statistics.median(seconds for _, seconds in planned),
        "best_s": best_s,
    }


async def _send(client: EdgeClient, show: Iterator[DemoFrame], strategy: str) -> tuple[str, float]:
    """Digest and seconds of one frame, of no stream, so that all go whole."""
    result = (await client.agent.send(next(show).picture, strategy=strategy)).result
    return result.plan_digest or "", result.breakdown.total_s
