"""Accuracy of a fresh agent without card or calibration, fed by tritonclient, from its first frame on.

The models folder holds ONNX files alone. Every network's pictures are dealt into two halves: frames of the
first one are sent until a table that is calibrated from them serves, then those of the other one; where
there are few, their mirror images are frames as well. Answers are compared with the float network's in this
process. `python -m benchmarks.fresh_agent NAME ...` plays some, and keeps the rows of the others.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray
from tritonclient.http import InferenceServerClient, InferInput

from benchmarks.report import RESULTS, write_result
from evosplit.cli.demo.processes import new_token, service
from evosplit.cli.demo.tiers import cloud_tier
from evosplit.library.card_files import find_card
from evosplit.shared.agreement import agreement
from evosplit.shared.card import Card, check_card, load_card
from evosplit.shared.free_ports import free_port
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.oip import datatype_of
from evosplit.shared.pictures import decode_picture
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner

SHARED: Final = Path(__file__).resolve().parents[2] / "shared"
PICTURES: Final[Mapping[str, str]] = {
    "squeezenet1.1": "imagenet",
    "mobilenetv2": "imagenet",
    "resnet56_cifar10": "cifar10",
    "lprnet": "plates",
    "vit_cifar10": "cifar10",
    "ultraface_rfb320": "coco",
    "yolox_nano": "coco",
}
SLOWDOWN: Final = 8.0
FIRST: Final = 50
BASELINE: Final = 60
MOST_PICTURES: Final = 400
FEW_PICTURES: Final = 64
LIMIT_S: Final = 300.0

Feeds = dict[str, NDArray[Any]]


@dataclass
class Player:
    """Sends frames to one agent, one after the other, and compares its answers."""

    graph: Graph
    card: Card
    url: str
    token: str
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._runner = Runner(self.graph.model, 1)
        self._client = InferenceServerClient(urlparse(self.url).netloc, network_timeout=60.0)

    def play(self, feeds: Feeds) -> float:
        """The share of the float network's answer that the agent's keeps."""
        inputs = []
        for name, array in feeds.items():
            given = InferInput(name, list(array.shape), datatype_of(array.dtype.name))
            given.set_data_from_numpy(array)
            inputs.append(given)
        started_s = time.perf_counter()
        answer = self._client.infer(
            self.graph.name, inputs, headers={"Authorization": f"Bearer {self.token}"}
        )
        self.seconds.append(time.perf_counter() - started_s)
        answered = {name: answer.as_numpy(name) for name in self.graph.outputs}
        return agreement(self.card, self._runner.run(feeds), answered)

    def plan(self) -> dict[str, Any]:
        """The agent's own page."""
        asked = Request(f"{self.url}/v1/plan", headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310
        with urlopen(asked, timeout=60.0) as answer:  # noqa: S310 - our own agent
            page: dict[str, Any] = json.load(answer)
            return page


def main() -> None:
    """Measure and write the result."""
    chosen = [name for name in sys.argv[1:] if name in PICTURES] or list(PICTURES)
    asyncio.run(_measure(chosen))


async def _measure(chosen: Sequence[str]) -> None:
    rows = {row["model"]: row for row in _earlier_rows() if row["model"] not in chosen}
    with tempfile.TemporaryDirectory(prefix="evosplit-fresh-") as name:
        folder, token = Path(name), new_token()
        (folder / "models").mkdir()
        for model in chosen:
            shutil.copy(SHARED / "models" / f"{model}.onnx", folder / "models")
        async with cloud_tier(folder, token) as cloud:
            for model in chosen:
                rows[model] = await _row(folder, cloud.url, model, token)
                ordered = [rows[name] for name in PICTURES if name in rows]
                write_result("fresh_agent", {"slowdown": SLOWDOWN, "first_frames": FIRST, "rows": ordered})


def _earlier_rows() -> list[dict[str, Any]]:
    path = RESULTS / "fresh_agent.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else []
    return rows


async def _row(folder: Path, cloud_url: str, model: str, token: str) -> dict[str, Any]:
    path = SHARED / "models" / f"{model}.onnx"
    graph = load_graph(path, model)
    card = check_card(load_card(find_card(path)), graph)
    pictures = _pictures(PICTURES[model])
    seen, unseen = (_feeds(card, half) for half in (pictures[::2], pictures[1::2]))
    arguments = ("--cloud", cloud_url, "--model", model, "--slowdown", f"{SLOWDOWN:g}", "--no-hooks")
    data = ("--data", str(folder / f"edge-{model}"))
    log = folder / f"{model}.log"
    uncalibrated = (*arguments, *data, "--calibration-bytes", "0B")
    async with service("edge", uncalibrated, free_port(), token, log) as edge:
        before = await asyncio.to_thread(_baseline, Player(graph, card, edge.url, token), seen)
    async with service("edge", (*arguments, *data), free_port(), token, log) as edge:
        row = await asyncio.to_thread(_played, Player(graph, card, edge.url, token), seen, unseen)
    row = {"model": model, **row, "p95_before_s": before, "log": log.read_text("utf-8").splitlines()}
    print(row, flush=True)
    return row


def _baseline(player: Player, seen: Sequence[Feeds]) -> float:
    """The 95th percentile of frames while nothing else is done; the first ones warm up."""
    for feeds in itertools.islice(itertools.cycle(seen), 2 * BASELINE):
        player.play(feeds)
    return _p95(player.seconds[BASELINE:])


def _played(player: Player, seen: Sequence[Feeds], unseen: Sequence[Feeds]) -> dict[str, Any]:
    started_s = time.perf_counter()
    kept = list(_until_calibrated(player, seen))
    calibrated_s, frames = time.perf_counter() - started_s, len(player.seconds)
    page = player.plan()
    meanwhile = player.seconds[min(BASELINE // 2, frames // 2) :]
    later = [player.play(feeds) for feeds in unseen]
    used = player.plan()
    return {
        "first_frames_kept": float(np.mean(kept[:FIRST])),
        "frames_until_calibrated": frames if page["calibration"] == "live" else None,
        "seconds_until_calibrated": calibrated_s if page["calibration"] == "live" else None,
        "kept_until_calibrated": float(np.mean(kept)),
        "p95_meanwhile_s": _p95(meanwhile),
        "unseen_frames": len(later),
        "unseen_kept": float(np.mean(later)),
        "cut_before_and_after": [page["cut_key"], used["cut_key"]],
        "wire": {name: code["bits"] for name, code in used["plan"]["wire"].items()},
        "activation_bits": sorted(set(used["plan"]["activation_bits"].values())),
        "calibrating": used["calibrating"],
    }


def _until_calibrated(player: Player, seen: Sequence[Feeds]) -> Iterator[float]:
    deadline_s = time.perf_counter() + LIMIT_S
    for index, feeds in enumerate(itertools.cycle(seen)):
        yield player.play(feeds)
        is_looked_at = index >= FIRST - 1 and index % 5 == 0
        if is_looked_at and (player.plan()["calibration"] == "live" or time.perf_counter() > deadline_s):
            return


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def _feeds(card: Card, pictures: Sequence[NDArray[np.uint8]]) -> list[Feeds]:
    """Mirror images come second, so that one shown late is no near-duplicate of one shown just now."""
    mirrored = [picture[:, ::-1].copy() for picture in pictures] if len(pictures) < FEW_PICTURES else []
    return [preprocess(card, picture) for picture in (*pictures, *mirrored)]


def _pictures(folder: str) -> list[NDArray[np.uint8]]:
    """Evenly spread over the folder, or over the test images of CIFAR-10."""
    archive = SHARED / "data" / folder / "cifar10.npz"
    if archive.exists():
        images = np.load(archive)["x_test"]
        return [images[index] for index in np.linspace(0, len(images) - 1, MOST_PICTURES).astype(int)]
    paths = sorted(
        path for path in archive.parent.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"}
    )
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(MOST_PICTURES, len(paths))).astype(int))
    return [decode_picture(paths[index].read_bytes()) for index in chosen]


if __name__ == "__main__":
    main()
