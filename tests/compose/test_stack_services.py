"""Services of others beside the stack, by the real programs: Prometheus, Mosquitto, PostgreSQL."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from typing import Any

import pytest

from tests.compose.stack import FOLDER, Stack
from tests.frame_traffic import until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1500)]

DASHBOARDS = sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))
KINDS = "select distinct kind from documents"
LATER = {"evosplit_plan_agreement", "evosplit_plan_agreement_promised", "evosplit_hook_decisions_total"}
"""Series that begin with the first audit or hook."""


def query(stack: Stack, expression: str) -> list[dict[str, Any]]:
    port = stack.environment["EVOSPLIT_PROMETHEUS_PORT"]
    url = f"http://localhost:{port}/api/v1/query?query={urllib.parse.quote(expression)}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        content = json.loads(answer.read())
    assert content["status"] == "success", content
    return content["data"]["result"]


def test_prometheus_scrapes_the_edge_over_tls_with_its_own_token(stack: Stack) -> None:
    up = 'up{job="evosplit-edge"}'
    until(lambda: [row["value"][1] for row in query(stack, up)] == ["1"], "the edge is scraped", 60)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_of_a_dashboard_has_data(stack: Stack, path: Any) -> None:
    """Grafana's own variables are replaced by what it would put there."""
    panels = json.loads(path.read_text())["panels"]
    for counted in ("frames", "cloud_requests"):
        rate = f"rate(evosplit_{counted}_total[5m])"
        until(lambda asked=rate: query(stack, asked) != [], "there are rates", 60)
    for panel in panels:
        for target in panel["targets"]:
            expression = (
                target["expr"]
                .replace("$__rate_interval", "5m")
                .replace("$instance", ".*")
                .replace("$model", ".*")
            )
            rows = query(stack, expression)
            is_later = set(re.findall(r"evosplit_\w+", expression)) & LATER
            assert rows or is_later, (panel["title"], expression)


def test_the_broker_keeps_what_is_told_it(stack: Stack) -> None:
    stack.inside("mosquitto", "mosquitto_pub", "-t", "gate/1", "-m", "open", "-r")
    assert stack.inside("mosquitto", "mosquitto_sub", "-t", "gate/1", "-C", "1", "-W", "20").strip() == "open"


def test_the_database_asks_for_its_password(stack: Stack) -> None:
    password = stack.secret("database/password")
    url = f"postgresql://evosplit:{password}@127.0.0.1/evosplit"
    assert stack.inside("database", "psql", url, "-tAc", "select 6 * 7").strip() == "42"
    wrong = url.replace(password, "wrong")
    with pytest.raises(AssertionError, match="password authentication failed"):
        stack.inside("database", "psql", wrong, "-c", "select 1")


def test_what_the_cloud_knows_is_in_the_database(stack: Stack) -> None:
    def kinds() -> set[str]:
        rows = stack.inside("database", "psql", "-h/run/postgresql", "-Uevosplit", "-tAc", KINDS)
        return set(rows.split())

    until(lambda: {"EdgeRecord", "PlanAnswer", "ReleaseSequence"} <= kinds(), "plans and fleet are there", 90)
    assert "records.sqlite" not in stack.inside("cloud", "ls", "/data").split()
    password = stack.secret("database/password")
    assert password not in stack.inside("cloud", "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/1/environ")
