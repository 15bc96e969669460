"""Band report: its tables, data, remarks and plot."""

from __future__ import annotations

import json
from pathlib import Path

from evosplit.library.band_rows import BandRow
from evosplit.library.bands import BandReport
from evosplit.library.plots.figure import file_axes, save_axes

ROWS = (
    BandRow(1e6, "planned", "5", "rans", 0.11, 1000.0, 9, 0),
    BandRow(1e6, "edge", "9", "", 0.2, 0.0, 9, 0),
    BandRow(1e6, "cloud-raw", "", "", None, None, 0, 2),
    BandRow(1e6, "split:5", "5", "rans", 0.1, 1000.0, 9, 0),
    BandRow(1e6, "split:7", "7", "rans", 0.3, 500.0, 9, 0),
    BandRow(8e6, "planned", "0", "jpeg-80", 0.05, 9000.0, 9, 0),
    BandRow(8e6, "edge", "9", "", 0.2, 0.0, 9, 0),
    BandRow(8e6, "cloud-raw", "0", "", 0.04, 150e3, 9, 0),
    BandRow(8e6, "split:5", "5", "rans", 0.09, 1000.0, 9, 0),
    BandRow(8e6, "split:7", "7", "rans", 0.3, 500.0, 9, 0),
)


def report(speedup: float = 1.0) -> BandReport:
    return BandReport("net", 20.0, speedup, 0.02, False, ROWS, ("a note",))


def test_the_tables_name_the_winner_and_how_far_the_plan_is_behind() -> None:
    latencies, sent, won = report().listings()
    assert latencies.columns == (
        "uplink",
        "planned",
        "edge",
        "cloud-raw",
        "split:5",
        "fastest",
        "planned to it",
    )
    assert latencies.rows[0] == ("1 Mbit/s", "110 ms", "200 ms", "-", "100 ms", "split:5", "+10.0%")
    assert latencies.rows[1][-2:] == ("cloud-raw", "+25.0%")
    assert sent.rows[0][1:4] == ("1 kB at 5", "0 B at 9", "-")
    assert [line[1] for line in won.rows] == ["split", "cloud-raw"]


def test_the_data_is_plain_and_complete() -> None:
    data = json.loads(json.dumps(report().to_dict()))
    assert len(data["rows"]) == len(ROWS)
    assert data["best_split"] == "split:5"
    assert [band["kind"] for band in data["bands"]] == ["split", "cloud-raw"]
    assert [round(pair["ratio"], 3) for pair in data["planned_to_best"]] == [1.1, 1.25]


def test_remarks_say_how_the_devices_were_played() -> None:
    assert "waits 19 times as long" in report().remarks()[0]
    assert report().remarks()[1:] == ("a note",)
    assert "75% are taken off each frame: a cloud 4 times faster" in report(4.0).remarks()[1]
    assert report(4.0).title.startswith("net: edge 20 times slower, cloud 4 times faster")


def test_the_plot_shades_each_winner_once(tmp_path: Path) -> None:
    axes = report().plot(file_axes())
    labels = axes.get_legend_handles_labels()[1]
    assert labels == [
        "planned",
        "edge",
        "cloud-raw",
        "split at 5",
        "split is the fastest",
        "cloud-raw is the fastest",
    ]
    save_axes(axes, tmp_path / "bands.svg")
    assert "svg" in (tmp_path / "bands.svg").read_text()
