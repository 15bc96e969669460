"""Overhead of a secure cloud: one encoded inference over TLS and token, against a bare handler with its tail.

Three servers take turns, request by request, so that a busy machine meets all alike: the cloud tier over TLS
with a token of the scope ``infer``, the cloud tier over plain HTTP with its admin token, and a bare aiohttp
handler (`benchmarks.cloud.bare_handler`). One client, keep-alive, loopback. Target: p50 at most 1.5 times the
bare one's.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import ssl
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiohttp

from benchmarks.cells.inputs import SHARED
from benchmarks.cloud.bare_handler import bare_handler
from benchmarks.cloud.planned_cloud import frame_body
from benchmarks.report import write_result
from evosplit.cli.demo.processes import new_token, service
from evosplit.cli.demo.tiers import cloud_tier
from evosplit.shared.free_ports import free_port
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.security.certificate_files import write_issued
from evosplit.shared.security.certificates import issue_server
from evosplit.shared.security.tls import ClientFiles
from evosplit.shared.security.token_file import add_token, token_file
from evosplit.shared.security.token_records import TokenRecord
from evosplit.shared.token import bearer

NETWORKS: Final = {"squeezenet1.1": "10", "mobilenetv2": "20", "yolox_nano": "20"}
"""Networks, and the cuts behind which their tails run."""
REQUESTS: Final = 200
WARM_UP: Final = 30
TARGET: Final = 1.5
BARE: Final = "bare"
SECURE: Final = "tls and token"


_Ask: TypeAlias = "tuple[str, str, ssl.SSLContext | None]"
"""Address, token, and what the certificate is verified by."""


def main() -> None:
    """Measure and write the result."""
    rows = asyncio.run(_rows())
    worst = max(row["secure_ratio"] for row in rows)
    load = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    write_result(
        "secure_overhead", {"target": TARGET, "worst_ratio": worst, "load_per_core": load, "rows": rows}
    )


async def _rows() -> list[dict[str, Any]]:
    token, threads = new_token(), len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="evosplit-secure-") as name:
        folder, models = Path(name), Path(name) / "models"
        models.mkdir()
        for network in NETWORKS:
            shutil.copy(SHARED / "models" / f"{network}.onnx", models)
        async with cloud_tier(folder, token) as plain, _secure_cloud(folder / "secure", models) as secure:
            tiers: dict[str, _Ask] = {"plain": (plain.url, token, None), SECURE: secure}
            return [
                await _row(models / f"{network}.onnx", cut_key, threads, tiers)
                for network, cut_key in NETWORKS.items()
            ]


async def _row(model: Path, cut_key: str, threads: int, tiers: Mapping[str, _Ask]) -> dict[str, Any]:
    with bare_handler(model, cut_key, threads) as url:
        times_s = await _played(load_graph(model), cut_key, {BARE: (url, "", None), **tiers})
    return _summary(model.stem, cut_key, times_s)


@contextlib.asynccontextmanager
async def _secure_cloud(folder: Path, models: Path) -> AsyncIterator[_Ask]:
    """Address, a token for inference alone, and what the certificate is verified by."""
    now, hosts = dt.datetime.now(dt.timezone.utc), ["127.0.0.1"]
    issued = write_issued(
        folder, "server", now, lambda authority: issue_server(authority, hosts, now, dt.timedelta(days=1))
    )
    token = add_token(token_file(folder), TokenRecord("edge", "", now.timestamp(), ("infer",)))
    options = ("--models", str(models), "--data", str(folder))
    secure = ("--tls-cert", str(issued[0]), "--tls-key", str(issued[1]))
    tls = ClientFiles(folder / "ca.pem").context()
    async with service(
        "cloud", (*options, *secure), free_port(), new_token(), folder / "log", tls
    ) as started:
        yield started.url, token, tls


async def _played(graph: Graph, cut_key: str, asks: Mapping[str, _Ask]) -> dict[str, list[float]]:
    body, headers = frame_body(graph, cut_key)
    times_s: dict[str, list[float]] = {label: [] for label in asks}
    async with contextlib.AsyncExitStack() as stack:
        sessions = {
            label: await stack.enter_async_context(
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=tls or True),
                    headers=headers | (bearer(token) if token else {}),
                )
            )
            for label, (_, token, tls) in asks.items()
        }
        for index in range(WARM_UP + REQUESTS):
            for label, session in sessions.items():
                url = f"{asks[label][0]}/v2/models/{graph.name}/infer"
                started_s = time.perf_counter()
                async with session.post(url, data=body) as answer:
                    await answer.read()
                    answer.raise_for_status()
                if index >= WARM_UP:
                    times_s[label].append(time.perf_counter() - started_s)
    return times_s


def _summary(network: str, cut_key: str, times_s: Mapping[str, list[float]]) -> dict[str, Any]:
    """Medians, and the lowest deciles: on a busy machine those say what a request takes undisturbed."""
    p50_s = {label: statistics.median(values) for label, values in times_s.items()}
    p10_s = {label: statistics.quantiles(values, n=10)[0] for label, values in times_s.items()}
    ratios = {label: p50_s[label] / p50_s[BARE] for label in p50_s}
    calm_ratios = {label: p10_s[label] / p10_s[BARE] for label in p10_s}
    row = {"network": network, "cut": cut_key, "p50_s": p50_s, "p10_s": p10_s}
    print(row, flush=True)
    return {**row, "ratios": ratios, "calm_ratios": calm_ratios, "secure_ratio": ratios[SECURE]}


if __name__ == "__main__":
    main()
