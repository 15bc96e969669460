"""`evosplit mlperf`: MLPerf Inference scenarios against an edge agent or a cloud tier."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import click

from evosplit.cli.mlperf.play import Played, play
from evosplit.cli.mlperf.samples import Sample, noise_samples, picture_samples, preprocessed_samples
from evosplit.cli.mlperf.scenario import SCENARIOS, Scenario
from evosplit.cli.mlperf.system_under_test import SystemUnderTest
from evosplit.cli.options import DURATION, FILE, FOLDER, ca_option, json_option, token_option
from evosplit.cli.output import print_json, print_table
from evosplit.library.client.retries import Retries
from evosplit.library.client.transport import Call, Transport
from evosplit.shared.errors import UsageError
from evosplit.shared.security.tls import client_files
from evosplit.shared.token import given_token

_TIMEOUT_S: Final = 60.0
_SHOWN: Final = (
    "Result is",
    "percentile latency",
    "per second",
    "Mean latency",
    "Min latency",
    "Max latency",
)


@click.command()
@click.argument("url")
@click.option("--model", required=True, help="Name of the model that the tier serves.")
@click.option("--scenario", type=click.Choice(list(SCENARIOS)), default="single-stream", show_default=True)
@click.option(
    "--duration", "duration_s", type=DURATION, default="60s", show_default=True, help="At least so long."
)
@click.option("--queries", type=click.IntRange(1), default=100, show_default=True, help="At least so many.")
@click.option("--rate", "rate_hz", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True,
              help="Queries a second: those of `server`, and what is expected of `offline`.")  # fmt: skip
@click.option("--latency-bound", "bound_s", type=DURATION, default="100ms", show_default=True,
              help="What `server` has to keep for 99 % of its queries.")  # fmt: skip
@click.option(
    "--streams",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Samples in a query of `multi-stream`.",
)
@click.option(
    "--concurrency", type=click.IntRange(1), default=8, show_default=True, help="Requests under way at once."
)
@click.option(
    "--images", type=FOLDER, help="Pictures to send, to an agent as they are. [default: noise tensors]"
)
@click.option("--onnx", "onnx_file", type=FILE, help="With --card: send pictures as tensors, to either tier.")
@click.option("--card", "card_file", type=FILE, help="How pictures become tensors.")
@click.option(
    "--out",
    "folder",
    type=FOLDER,
    default="mlperf-logs",
    show_default=True,
    help="Folder for LoadGen's logs.",
)
@token_option
@ca_option
@json_option
def mlperf(
    url: str, model: str, scenario: str, duration_s: float, queries: int, rate_hz: float, bound_s: float,
    streams: int, concurrency: int, images: Path | None, onnx_file: Path | None, card_file: Path | None,
    folder: Path, token_file: Path | None, ca_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    r"""Measure a tier by MLPerf's LoadGen; the exit status is 1 where the run is not valid.

    \b
    Example: evosplit mlperf http://gate:9000 --model gate --scenario server --rate 20 --images pictures/
    """
    asked = Scenario(scenario, duration_s, queries, rate_hz, bound_s, streams)
    transport = Transport(url, given_token(token_file), _TIMEOUT_S, Retries(0), client_files(ca_file, None))
    with SystemUnderTest(transport, concurrency) as system:
        samples = _samples(system, model, images, onnx_file, card_file)
        system.ask(samples[0].call())  # what is wrong with the address, the token or the pictures is said now
        played = play(system, samples, asked, folder)
    _show(played, folder, as_json)
    sys.exit(0 if played.is_valid else 1)


def _samples(
    system: SystemUnderTest, model: str, images: Path | None, onnx_file: Path | None, card_file: Path | None
) -> Sequence[Sample]:
    if (onnx_file is None) != (card_file is None) or (onnx_file is not None and images is None):
        raise UsageError("--images, --onnx and --card go together: pictures become tensors by both")
    if images is None:
        metadata = system.ask(Call("GET", f"/v2/models/{quote(model, safe='')}")).body
        return noise_samples(model, json.loads(metadata))
    if onnx_file is None or card_file is None:
        return picture_samples(images)
    return preprocessed_samples(images, model, onnx_file, card_file)


def _show(played: Played, folder: Path, as_json: bool) -> None:
    if as_json:
        failed = {"failures": played.failures, "last_failure": played.last_failure}
        print_json({"valid": played.is_valid, **failed, "summary": played.summary})
        return
    rows = [(name, value) for name, value in played.summary.items() if any(part in name for part in _SHOWN)]
    print_table(f"LoadGen ({folder})", ("what", "value"), rows)
    if played.failures:
        click.echo(f"{played.failures} requests failed, the last one: {played.last_failure}", err=True)
