"""`evosplit results`: filters, counts and exports, of a real agent."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from edge_support import picture, stage
from fake_cloud import TOKEN

from evosplit.cli.main import main
from evosplit.cli.results.export import COLUMNS, export_rows, exported
from evosplit.shared.errors import UsageError


async def run(url: str, *arguments: object) -> Result:
    runner = CliRunner(env={"EVOSPLIT_TOKEN": TOKEN})
    return await asyncio.to_thread(runner.invoke, main, ["results", "--edge", url, *map(str, arguments)])


async def test_filters_counts_and_exports(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        for seed in range(5):
            await on.post(picture(seed), stream="gate" if seed % 2 else "yard")
        told = json.loads((await run(on.url, "--stream", "gate", "--json")).stdout)
        assert [row["stream"] for row in told["results"]] == ["gate", "gate"]
        label = told["results"][0]["outcome"]["top"][0]["label"]
        sure = json.loads((await run(on.url, "--label", label, "--min-confidence", "1", "--json")).stdout)
        assert sure["results"] == []
        counted = json.loads((await run(on.url, "--counts", "day", "--split", "stream", "--json")).stdout)
        assert {each["value"]: each["count"] for each in counted["counts"]} == {"gate": 2, "yard": 3}
        assert "gate" in (await run(on.url, "--counts", "hour", "--split", "stream")).stdout
        for name in ("all.csv", "all.parquet"):
            result = await run(on.url, "--export", tmp_path / name)
            assert result.stderr == f"5 results in {tmp_path / name}\n"
        _, page = await on.get("/v1/results", order="asc")
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "all.parquet")
    assert [row["frame_id"] for row in rows] == [row["frame_id"] for row in page["results"]]
    assert table.to_pylist() == [exported(row) for row in page["results"]]
    assert [json.loads(row["outcome"]) for row in rows] == [row["outcome"] for row in page["results"]]
    assert table.column_names == list(rows[0]) == list(COLUMNS)


async def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        for arguments, said in (
            (("--export", tmp_path / "x.txt"), "to .csv or .parquet"),
            (("--export", tmp_path / "none" / "x.csv"), "cannot write"),
            (("--split", "label"), "goes with --counts"),
            (("--region", "1,2"), "not a region"),
            (("--since", "never"), "not a time"),
        ):
            result = await run(on.url, *arguments)
            assert result.exit_code != 0
            assert said in result.stderr
            assert result.stderr.count("\n") == 1
        assert list(tmp_path.glob("*.partial")) == []


def test_an_export_that_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "kept.csv"
    file.write_text("old")
    with pytest.raises(UsageError):
        export_rows([{"frame_id": 1}], file)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]
