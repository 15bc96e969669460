"""Near and far cloud and agents, real processes: the near one stands still and dies; a bad roll-out ends."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from cloud_process import Running, start
from edge_process import edge_process

from evosplit.shared.free_ports import free_ports
from tests.compose.chain_network import NAME, model_folder
from tests.frame_traffic import Door, traffic, until

pytestmark = [pytest.mark.faults, pytest.mark.ray, pytest.mark.timeout(600)]

TOKEN = "a-token-of-the-tests"
SLOWDOWN = "--slowdown=30"
"""So that plans use a cloud."""
DISTANCE = """
import asyncio, sys
from evosplit.cli.shaper import Shaper
from evosplit.shared.link import Link

async def main():
    async with Shaper.between(sys.argv[1], Link(1e8, 0.05)) as shaper:
        print(shaper.url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def clouds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Running]]:
    folder = tmp_path_factory.mktemp("clouds")
    (folder / "token").write_text(TOKEN)

    with contextlib.ExitStack() as running:
        yield [running.enter_context(started(folder, name)) for name in ("near", "far")]


@contextlib.contextmanager
def started(folder: Path, name: str) -> Iterator[Running]:
    (folder / name).mkdir()
    temp = Path(tempfile.mkdtemp(prefix="evt-", dir="/tmp"))
    models = model_folder(folder / name)
    cloud = start(models, temp, free_ports(1)[0], token_file=folder / "token", heartbeat_s=1)
    try:
        yield cloud
    finally:
        cloud.stop()
        shutil.rmtree(temp, ignore_errors=True)


def address(cloud: Running) -> str:
    return f"http://127.0.0.1:{cloud.port}"


@contextlib.contextmanager
def from_afar(cloud: Running) -> Iterator[str]:
    """The address of a cloud behind a round trip of 50 ms."""
    command = [sys.executable, "-c", DISTANCE, address(cloud)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as shaper:
        assert shaper.stdout is not None
        yield shaper.stdout.readline().strip()
        shaper.terminate()


def all_of(cloud: Running) -> Sequence[psutil.Process]:
    first = psutil.Process(cloud.process.pid)
    return (*first.children(recursive=True), first)


def send(cloud: Running, number: signal.Signals) -> None:
    for process in all_of(cloud):
        process.send_signal(number)


def fleet(cloud: Running, *arguments: str) -> Any:
    """What `evosplit fleet` says."""
    command = [sys.executable, "-m", "evosplit.cli", "fleet", "--cloud", address(cloud), "--json"]
    where = ["--token-file", str(cloud.folder.parent.parent / "token")]
    done = subprocess.run([*command, *where, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def plan_in_use(edge: Door) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(edge.call("/v1/plan")[0])
    return state


def spoilt(table: dict[str, Any]) -> dict[str, Any]:
    """The table with whatever is sent in two bits of a range in which nothing of it lies."""
    plans = [
        {
            **plan,
            "wire": {name: {"bits": 2, "low": 50.0, "high": 90.0, "codec": None} for name in plan["wire"]},
        }
        for plan in table["plans"]
        if plan["boundary"]
    ]
    return {**table, "plans": plans[:1], "breakpoints_bps": []}


def test_a_roll_out_that_spoils_answers_is_taken_back(clouds: list[Running], tmp_path: Path) -> None:
    cloud = clouds[1]
    with edge_process(tmp_path, TOKEN, [address(cloud)], NAME, SLOWDOWN, "--no-hooks") as edge:
        before = plan_in_use(edge)
        path = tmp_path / "table.json"
        path.write_text(json.dumps(spoilt(before["table"])))
        with traffic(edge, "rollout") as made:
            rolled_out = fleet(cloud, "rollout", str(path), "--share", "99.999%", "--agreement", "99%")
            assert rolled_out["state"] == "watched"
            until(lambda: state_of(cloud)["state"] == "rolled back", "the roll-out is taken back")
            reason = state_of(cloud)["rejected"][-1]["reason"]
            assert "guard of an edge" in reason or "answers agree in" in reason, reason
            own = {plan["plan_digest"] for plan in before["predictions"]}
            until(lambda: plan_in_use(edge)["plan_digest"] in own, "the edge has its own plans again")
            back = made.sent
            until(lambda: made.answered("cloud", back) >= 3, "the cloud answers by them")
        assert made.repeated == 0


def state_of(cloud: Running) -> dict[str, Any]:
    (status,) = fleet(cloud)["rollouts"]
    assert status["model"] == NAME
    return dict(status)


def test_a_near_cloud_stands_still_goes_on_and_dies(clouds: list[Running], tmp_path: Path) -> None:
    near = clouds[0]
    with from_afar(clouds[1]) as far:
        edge = edge_process(tmp_path, TOKEN, [address(near), far], NAME, SLOWDOWN, "--no-hooks")
        with edge as door, traffic(door, "frame") as made:
            until(lambda: made.answered("cloud", cloud=address(near)) >= 3, "the near cloud answers")
            still = made.sent
            send(near, signal.SIGSTOP)
            until(lambda: made.answered("cloud", still, far) >= 5, "the far cloud answers")
            send(near, signal.SIGCONT)
            again = made.sent
            until(lambda: made.answered("cloud", again, address(near)) >= 3, "the near cloud is used again")
            dead = made.sent
            send(near, signal.SIGKILL)
            until(lambda: made.answered("cloud", dead, far) >= 5, "the far cloud answers again")
        assert made.repeated == 0
