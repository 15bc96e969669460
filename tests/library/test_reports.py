"""What the library answers: typed values that become plain data, HTML and axes; nothing is printed."""

from __future__ import annotations

import html.parser
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

import evosplit
from evosplit.cli.main import main
from evosplit.library.plots.figure import file_axes
from evosplit.library.report import MOST_ROWS, Report
from evosplit.shared.errors import InputError, ModelError, ProfileError, UsageError
from tests.models import branch_net, chain_net, residual_net, save


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("MPLBACKEND", "agg")
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> evosplit.Model:
    return evosplit.load(save(chain_net(), tmp_path_factory.mktemp("net")))


@pytest.fixture(scope="module")
def options(model: evosplit.Model) -> evosplit.PlanningOptions:
    inputs = np.random.default_rng(0).normal(size=(24, 3, 16, 16)).astype(np.float32)
    return {"edge": "eyeriss", "cloud": "tpu", "calibration": evosplit.calibrate(model, inputs)}


class Cells(html.parser.HTMLParser):
    """Counts rows and checks that what is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows = 0
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.rows += tag == "tr"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def check(found: Report) -> None:
    """Data that JSON holds, and HTML with a row for each row and one for each head."""
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()
    cells = Cells(found._repr_html_())
    assert cells.rows == sum(1 + len(one.rows) for one in found.listings())
    lines = repr(found).splitlines()
    assert len(lines) <= len(found.remarks()) + sum(3 + MOST_ROWS for _ in found.listings())
    assert all(one.title in lines for one in found.listings())


def test_every_answer_is_data_and_html(
    model: evosplit.Model, options: evosplit.PlanningOptions, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = evosplit.plan(model, 3e6, **options)
    table = evosplit.table(model, **options)
    front = evosplit.pareto(model, 3e6, **options)
    rows = evosplit.compare(model, 3e6, **options)
    profile = evosplit.profile(model, slowdown=8)
    known = options["calibration"]
    assert known is not None
    for found in (model, plan, table, front, rows, profile, known, evosplit.split(model, plan.plan)):
        check(found)
    assert table.best(3e6).cut_key == plan.plan.cut_key
    assert plan.table is not None
    assert known.to_dict()["inputs"] == 24
    assert rows.rows[0].latency_s == pytest.approx(plan.plan.latency.total_s, rel=0.2)
    assert profile.layer_s.keys() == {layer.name for layer in model.layers}
    assert len(model.cuts) == len(model.layers) + 1
    assert capfd.readouterr() == ("", "")


def test_a_command_prints_what_the_library_answers(
    model: evosplit.Model, options: evosplit.PlanningOptions, tmp_path: Path
) -> None:
    given = ["--devices", "paper", "--calibration", str(_inputs(tmp_path)), "--json"]
    found = evosplit.table(model, **options).to_dict()
    result = CliRunner().invoke(main, ["table", str(model.path), *given])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {**found, "devices": "paper"}
    known = evosplit.compare(model, 3e6, **options).to_dict()
    result = CliRunner().invoke(main, ["compare", str(model.path), "--bandwidth", "3mbit", *given])
    assert json.loads(result.stdout) == {**known, "devices": "paper"}


def _inputs(folder: Path) -> Path:
    inputs = np.random.default_rng(0).normal(size=(24, 3, 16, 16)).astype(np.float32)
    np.savez(folder / "inputs.npz", x=inputs)
    return folder / "inputs.npz"


def test_texts_from_models_are_escaped() -> None:
    class Odd(Report):
        def to_dict(self) -> dict[str, object]:
            return {}

        def listings(self) -> tuple[evosplit.Listing, ...]:
            return (evosplit.Listing("<b>", ("a&b",), (("<script>",),)),)

        def remarks(self) -> tuple[str, ...]:
            return ("1 < 2",)

    text = Odd()._repr_html_()
    assert "<script>" not in text
    assert Cells(text).text == ["<b>", "a&b", "<script>", "1 < 2"]
    assert repr(Odd()) == "<b>\na&b\n<script>\n1 < 2"


def test_plots_are_axes(model: evosplit.Model, options: evosplit.PlanningOptions) -> None:
    from matplotlib import pyplot as plt

    axes = file_axes()
    for found in (evosplit.table(model, **options), evosplit.compare(model, 3e6, **options)):
        axes = file_axes()
        assert found.plot(axes) is axes
        assert axes.get_title()
    front = evosplit.pareto(model, 3e6, **options)
    drawn = front.plot()
    assert len(drawn.texts) == len(front.plans)
    assert evosplit.plan(model, 3e6, **options).plot().patches
    plt.close("all")


def test_a_profile_is_written_and_read(model: evosplit.Model, tmp_path: Path) -> None:
    measured = evosplit.profile(model)
    measured.save(tmp_path / "edge.json")
    assert evosplit.read_profile(tmp_path / "edge.json", model) == measured
    assert evosplit.profile(model, side="cloud").profile.layer_s == measured.profile.layer_s
    other = evosplit.load(save(residual_net(), tmp_path, "other"))
    with pytest.raises(ProfileError, match="is of net"):
        evosplit.read_profile(tmp_path / "edge.json", other)
    found = evosplit.plan(model, 5e6, edge=measured, cloud=measured.profile, rtt_s=0.0)
    assert found.plan.link.rtt_s == 0.0


def test_limits_and_promises_hold(model: evosplit.Model, options: evosplit.PlanningOptions) -> None:
    limits = evosplit.Limits(min_depth=1, memory_bytes=10**6)
    found = evosplit.plan(model, 3e6, max_drop=0.2, limits=limits, **options)
    assert found.plan.cut_key != "0"
    assert found.promised.data == {"calibration": "card", "max_drop": 0.2, "drop_is_shown": True}
    assert any("holds" in line for line in found.notes)


def test_models_in_memory_are_those_of_files(tmp_path: Path) -> None:
    path = save(chain_net(), tmp_path, "model")
    from_file, from_bytes = evosplit.load(path), evosplit.load(path.read_bytes())
    assert from_bytes.graph == from_file.graph
    assert from_bytes.path is None
    assert evosplit.calibrate(from_bytes).calibration.kind == "none"
    named = evosplit.load(onnx.load(path), (1, 3, 16, 16), name="mine")
    assert (named.name, named.layers) == ("mine", from_file.layers)
    assert "Layers of mine.onnx" in named._repr_html_()
    with pytest.raises(ModelError, match="not an ONNX file"):
        evosplit.load(b"nothing of the kind")


def test_shapes_cards_and_what_is_wrong(tmp_path: Path) -> None:
    path = save(chain_net(), tmp_path)
    card = {"version": 1, "name": "net", "input": {"colour": "RGB", "resize": {"kind": "stretch"}}}
    assert evosplit.load(path, card=card).card is not None
    assert evosplit.load(str(path), (1, 3, 16, 16)).graph == evosplit.load(path).graph
    assert evosplit.load(path, {"x": (1, 3, 16, 16)}).layers == evosplit.load(path).layers
    with pytest.raises(ModelError):
        evosplit.load(tmp_path / "absent.onnx", (1, 3))
    with pytest.raises(UsageError, match="has the inputs"):
        evosplit.load(save(branch_net(), tmp_path, "branch"), (1, 3))
    with pytest.raises(UsageError, match="labels are given with arrays"):
        evosplit.calibrate(evosplit.load(path), labels=[1])
    with pytest.raises(InputError):
        evosplit.calibrate(evosplit.load(path), np.zeros((4, 2, 2), np.float32))
    with pytest.raises(UsageError, match="no device"):
        evosplit.plan(evosplit.load(path), 1e6, edge="toaster", cloud="tpu")
