"""The demo's strategies, from the plan table of an agent."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from demo_rows import answer
from net_bundle import load_net, make_plan, make_table

from evosplit.cli.demo.strategies import FLOAT_WAY, PLANNED_WAY, demo_strategies, is_split


def test_a_table_gives_its_splits_and_the_edge_in_integers(tmp_path: Path) -> None:
    graph = load_net(tmp_path)
    table = make_table(graph)
    names = [way.name for way in demo_strategies(table, "jpeg-50")]
    assert names == ["planned", "jpeg-50", "raw", "split 3"]
    whole = make_plan(graph, len(graph.layers), 0.2, 0)
    narrow = dataclasses.replace(whole, activation_bits={"r1": 8}, activation_ranges={"r1": (0.0, 1.0)})
    ways = demo_strategies(dataclasses.replace(table, fallback=narrow), "jpeg-50")
    assert [way.request for way in ways if way.name == "edge int8"] == [f"cut:{narrow.cut_key}"]


def test_a_way_took_what_its_own_tier_answered(tmp_path: Path) -> None:
    split = demo_strategies(make_table(load_net(tmp_path)), "jpeg-50")[-1]
    assert split.is_split
    assert is_split(split.name)
    assert split.took(answer(answered_by="cloud"))
    assert not split.took(answer(answered_by="edge-fallback"))
    assert FLOAT_WAY.took(answer(answered_by="edge"))
    assert not FLOAT_WAY.took(answer(answered_by="edge-fallback"))
    assert PLANNED_WAY.took(answer(answered_by="edge-fallback"))
