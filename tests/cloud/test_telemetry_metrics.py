"""Prometheus metrics of the cloud: what they count of requests over HTTP, read by the parser of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud_support import Client, app_client, blob_request, frame_bytes, plain_request, seeded_feeds
from prometheus_client.parser import text_string_to_metric_families

from evosplit.cloud.registry import Registry
from evosplit.cloud.telemetry.label_limit import LabelLimit
from evosplit.cloud.telemetry.metrics import ReplicaMetrics, StepTimes
from evosplit.shared import oip
from evosplit.shared.graph import prefix_cut

ENOUGH = 30
TIMES = StepTimes(0.1, 0.2, 0.3, 0.4)


@pytest.fixture
def own_client(tiny_models: Path) -> Iterator[Client]:
    with app_client(tiny_models) as made:
        yield made


def figure(text: bytes, name: str, **labels: str) -> float:
    """The sum of all samples of the name that have the labels."""
    samples = [each for family in text_string_to_metric_families(text.decode()) for each in family.samples]
    return sum(
        each.value
        for each in samples
        if each.name == f"evosplit_cloud_{name}" and labels.items() <= each.labels.items()
    )


def test_requests_are_counted_by_outcome_cut_and_kind(own_client: Client, registry: Registry) -> None:
    model = registry.get("residual")
    cut, feeds = prefix_cut(model.graph, 2), seeded_feeds(model)
    frame = frame_bytes(model, cut, feeds)
    own_client.infer("residual", blob_request(oip.FRAME_INPUT, frame))
    own_client.infer("residual", plain_request(feeds))
    own_client.infer("residual", blob_request(oip.FRAME_INPUT, frame[:-9]))
    own_client.infer("residual", plain_request(feeds), {oip.TIME_LEFT: "0"})
    answer = own_client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.body
    for outcome, count in {"answered": 2, "WireError": 1, "DeadlineError": 1}.items():
        assert figure(text, "requests_total", model="residual", outcome=outcome) == count
    for kind, key in {"frame": cut.key, "tensors": "0"}.items():
        assert figure(text, "inputs_total", model="residual", cut=key, kind=kind) == 1
    for step in ("queue", "decode", "tail", "encode"):
        assert figure(text, "step_seconds_count", model="residual", cut=cut.key, step=step) == 1
        assert figure(text, "step_seconds_sum", model="residual", cut=cut.key, step=step) > 0
    assert figure(text, "run_seconds_count", model="residual", cut=cut.key, batch="1") == 1
    assert figure(text, "tail_builds_total") == figure(text, "tail_late_builds_total") == 2
    assert figure(text, "tails") == 2
    assert figure(text, "tail_memory_bytes") > 0
    assert figure(text, "requests_waiting") == figure(text, "expected_wait_seconds") == 0


def test_every_sample_names_its_replica() -> None:
    families = list(text_string_to_metric_families(ReplicaMetrics().text().decode()))
    assert len({each.labels["replica"] for family in families for each in family.samples}) == 1


@pytest.mark.parametrize(("count", "batch"), [(1, "1"), (3, "4"), (16, "16"), (99, "16")])
def test_runs_are_told_apart_by_batch_size(count: int, batch: str) -> None:
    metrics = ReplicaMetrics()
    metrics.ran("net", "3", count, 0.01)
    assert figure(metrics.text(), "run_seconds_count", model="net", cut="3", batch=batch) == 1


def test_cuts_that_nobody_plans_do_not_become_series_without_end() -> None:
    metrics = ReplicaMetrics(limit=2)
    for cut in range(ENOUGH):
        metrics.answered("net", str(cut), "frame", TIMES)
    text = metrics.text()
    assert figure(text, "inputs_total", model="net") == 2
    assert figure(text, "inputs_total", model="other", cut="other") == ENOUGH - 2


def test_a_known_pair_stays_itself_beyond_the_limit() -> None:
    pairs = LabelLimit(1)
    assert [pairs.pair("net", cut) for cut in "121"] == [("net", "1"), ("other", "other"), ("net", "1")]


def test_a_defect_is_counted_and_raised() -> None:
    metrics = ReplicaMetrics()
    with pytest.raises(ZeroDivisionError), metrics.request("net"):
        raise ZeroDivisionError
    assert figure(metrics.text(), "requests_total", model="net", outcome="failed") == 1
