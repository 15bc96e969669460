"""Dashboards of Grafana: every figure that a panel asks for is one that an agent or the cloud tells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from evosplit.cloud.dataplane import DataPlane
from evosplit.cloud.inference import Inference
from evosplit.cloud.registry import registry_of
from evosplit.cloud.tail_builder import TailBuilder
from evosplit.cloud.tail_cache import TailCache
from evosplit.edge.telemetry.metrics import Metrics

FOLDER = Path(__file__).parents[2] / "compose" / "grafana"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    return json.loads(request.param.read_text())


def cloud_text() -> bytes:
    plane = DataPlane(registry_of([]), TailCache(0), TailBuilder(1))
    Inference(plane, 1, 1.0).close()
    return plane.metrics.text()


def told() -> set[str]:
    """Names of an agent's and the cloud's figures, with those that a histogram is made of."""
    described = re.findall(r"# TYPE (\w+) (\w+)", (Metrics("net", "1").text() + cloud_text()).decode())
    buckets = {f"{name}_{part}" for name, kind in described for part in ("bucket", "sum", "count")}
    return {name for name, _ in described} | {name for name in buckets if name.startswith("evosplit")}


def test_every_panel_asks_for_what_is_told(dashboard: dict[str, Any]) -> None:
    names = told()
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            asked = set(re.findall(r"\b(?:evosplit|process)_\w+", target["expr"]))
            assert asked, panel["title"]
            assert asked <= names, panel["title"]


def test_panels_have_ids_titles_and_places_of_their_own(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    for key in (
        lambda panel: panel["id"],
        lambda panel: panel["title"],
        lambda panel: (panel["gridPos"]["x"], panel["gridPos"]["y"]),
    ):
        assert len({key(panel) for panel in panels}) == len(panels)
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in panels)


def test_the_source_is_provisioned(dashboard: dict[str, Any]) -> None:
    (source,) = yaml.safe_load((FOLDER / "datasources.yaml").read_text())["datasources"]
    used = {panel["datasource"]["uid"] for panel in dashboard["panels"]}
    used |= {variable["datasource"]["uid"] for variable in dashboard["templating"]["list"]}
    assert used == {source["uid"]}


def test_the_folder_of_dashboards_is_the_one_that_is_mounted() -> None:
    (provider,) = yaml.safe_load((FOLDER / "dashboards.yaml").read_text())["providers"]
    services = yaml.safe_load((FOLDER.parent / "compose.yaml").read_text())["services"]
    place = f"./grafana/dashboards:{provider['options']['path']}:ro"
    assert place in services["grafana"]["volumes"]
