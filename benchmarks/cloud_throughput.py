"""Throughput of the cloud tier over that of a bare loop on the same processor.

The tier and all of Ray run on the first processor, the clients on the others; the bare loop runs the same
tails at their measured batch sizes on the first processor. Both take turns, so that what else the machine
does meets both alike. First 16 edges that mix four cuts, each with one frame under way (closed loop, frames
encoded before); then 1, 4 and 16 stock clients with whole models in processes of their own.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np

from benchmarks.cloud.edge_load import Load, Played, http_request
from benchmarks.cloud.planned_cloud import CARDS, cloud_of, frame_body
from benchmarks.report import write_result
from evosplit.cli.demo.processes import new_token
from evosplit.cloud.batching.batch_runner import BatchRunner
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.shared.card import load_card
from evosplit.shared.graph import Graph, prefix_cut
from evosplit.shared.serial import to_json
from evosplit.shared.session import random_feeds
from evosplit.shared.split import tail_model
from evosplit.shared.token import TOKEN_VARIABLE, bearer

NETWORKS: Final = ("mobilenetv2", "squeezenet1.1", "yolox_nano")
SHARES: Final = (0.2, 0.4, 0.6, 0.8)
"""Where the cuts are, as shares of the layers."""
EDGES: Final = 16
CLIENTS: Final = (1, 4, 16)
ROUNDS: Final = 5
ROUND_S: Final = 4.0
TARGETS: Final = {"edges": 0.85, "clients": 0.80}
SERVER: Final = 0


def main() -> None:
    """Measure and write the result."""
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[SERVER]})  # what is started from here inherits it
    others = tuple(processors[SERVER + 1 :]) or (processors[SERVER],)
    rows = [row for network in NETWORKS for row in asyncio.run(_measured(network, others))]
    write_result("cloud_throughput", {"targets": TARGETS, "rows": rows})


async def _measured(network: str, others: tuple[int, ...]) -> list[dict[str, Any]]:
    token = new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-rate-") as name:
        async with cloud_of(Path(name), network, token) as (started, graph):
            rows = [_edges(graph, started.url, token, Path(name), others)]
            rows += [_clients(graph, started.url, token, count, others) for count in CLIENTS]
    for row in rows:
        print(row, flush=True)
    return rows


def _edges(graph: Graph, url: str, token: str, folder: Path, others: tuple[int, ...]) -> dict[str, Any]:
    cuts = [str(round(share * len(graph.layers))) for share in SHARES]
    files = []
    for cut_key in cuts:
        body, headers = frame_body(graph, cut_key, card=load_card(CARDS / f"{graph.name}.yaml"))
        files.append(str(folder / f"{cut_key}.http"))
        path = f"/v2/models/{graph.name}/infer"
        Path(files[-1]).write_bytes(http_request(path, body, {**headers, **bearer(token)}))
    place = urlsplit(url)
    load = Load(str(place.hostname), int(place.port or 80), tuple(files), EDGES, ROUND_S, others)
    (folder / "load.json").write_bytes(to_json(load))
    rounds = EDGES // len(cuts)
    tails = [_measured_tail(graph, int(cut_key)) for cut_key in cuts]
    served, bare = _in_turn(
        lambda: _rate(_play(folder / "load.json")), lambda: _bare_rate(tails, [rounds] * len(tails))
    )
    return _row(graph, "edges", EDGES, served, bare, {"cuts": cuts})


def _clients(graph: Graph, url: str, token: str, count: int, others: tuple[int, ...]) -> dict[str, Any]:
    name = graph.inputs[0]
    shape = "x".join(map(str, graph.tensors[name].shape))
    where = (urlsplit(url).netloc, graph.name, name, shape, f"{ROUND_S}")
    whole = _measured_tail(graph, 0)
    served, bare = _in_turn(
        lambda: _stock_rate(where, token, count, others), lambda: _bare_rate([whole], [count])
    )
    return _row(graph, "clients", count, served, bare, {})


Tail = tuple[BatchRunner, dict[str, np.ndarray]]


def _measured_tail(graph: Graph, cut: int) -> Tail:
    place = prefix_cut(graph, cut)
    tail = TailBuilder(1).build_measured(graph, place)
    return tail.runner, random_feeds(tail_model(graph, place))


def _in_turn(serve: Callable[[], float], loop: Callable[[], float]) -> tuple[list[float], list[float]]:
    serve()
    pairs = [(serve(), loop()) for _ in range(ROUNDS)]
    return [served for served, _ in pairs], [bare for _, bare in pairs]


def _bare_rate(tails: Sequence[Tail], counts: Sequence[int]) -> float:
    """Samples a second of a loop that runs so many of each tail in turn."""
    started_s, done = time.perf_counter(), 0
    while time.perf_counter() - started_s < ROUND_S:
        for (runner, feeds), count in zip(tails, counts, strict=True):
            done += len(runner.run([feeds] * count))
    return done / (time.perf_counter() - started_s)


def _play(spec: Path) -> Played:
    command = [sys.executable, "-m", "benchmarks.cloud.edge_load", str(spec)]
    answers, refusals, seconds = subprocess.run(command, capture_output=True, check=True).stdout.split()
    return Played(int(answers), int(refusals), float(seconds))


def _rate(played: Played) -> float:
    if played.refusals:
        raise SystemExit(f"{played.refusals} frames were refused")
    return played.answers / played.seconds


def _stock_rate(where: Sequence[str], token: str, count: int, others: tuple[int, ...]) -> float:
    """Answers a second of so many stock clients, each a process on one of the other processors."""
    environment = {**os.environ, TOKEN_VARIABLE: token}
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.cloud.triton_load", *where, str(others[index % len(others)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for index in range(count)
    ]
    rate = 0.0
    for client in clients:
        assert client.stdout
        assert client.stdout.readline() == "ready\n"
    for client in clients:
        assert client.stdin
        client.stdin.write("go\n")
        client.stdin.flush()
    for client in clients:
        answers, seconds = client.communicate()[0].split()
        rate += int(answers) / float(seconds)
    return rate


def _row(
    graph: Graph, kind: str, count: int, served: list[float], bare: list[float], more: dict[str, Any]
) -> dict[str, Any]:
    ratios = [there / here for there, here in zip(served, bare, strict=True)]
    rates = {"served_per_s": statistics.median(served), "bare_per_s": statistics.median(bare)}
    share = statistics.median(ratios)
    return {"network": graph.name, "load": kind, "count": count, **rates, "ratio": share, **more}
