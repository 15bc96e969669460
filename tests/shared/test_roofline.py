import json

import pytest
from click.testing import CliRunner

from evosplit.cli.commands.roofline import roofline
from evosplit.library.plots.figure import file_axes, save_axes
from evosplit.library.plots.roofline_plot import plot_roofline
from evosplit.shared.errors import EvoSplitError, ProfileError, UsageError
from evosplit.shared.graph import load_graph
from evosplit.shared.layer_rates import layer_rates
from evosplit.shared.roofline import Roofs, measure_roofs
from tests import models

ROOFS = Roofs(threads=1, peak_flops=100e9, peak_bytes_per_s=10e9)


@pytest.fixture
def chain(tmp_path):
    return load_graph(models.save(models.chain_net(), tmp_path))


def test_the_roofs_meet_at_the_ridge():
    assert ROOFS.attainable_flops(5) == 50e9
    assert ROOFS.attainable_flops(10) == ROOFS.attainable_flops(1000) == 100e9


@pytest.mark.parametrize("threads", [1, 2])
def test_measured_roofs_are_those_of_a_computer(threads):
    roofs = measure_roofs(threads, gemm_size=256, copy_bytes=8 << 20, budget_s=0.1)
    assert roofs.threads == threads
    assert 1e8 < roofs.peak_flops < 1e15
    assert 1e7 < roofs.peak_bytes_per_s < 1e14


def test_rates_by_hand(chain):
    first, *_ = layer_rates(chain, [1e-3] * len(chain.layers), ROOFS)
    moved = 4 * (3 * 16 * 16 + 8 * 16 * 16 + 8 * 3 * 9 + 8)
    flops = 2 * 16 * 16 * 8 * 27
    assert (first.flops, first.bytes_moved) == (flops, moved)
    assert first.intensity == flops / moved
    assert first.flops_per_s == pytest.approx(flops * 1e3)
    assert (first.bound, first.roof_share) == (
        "memory" if flops / moved < 10 else "compute",
        first.roof_share,
    )


def test_a_layer_without_arithmetic_is_held_against_the_bandwidth(chain):
    rates = layer_rates(chain, [1e-3] * len(chain.layers), ROOFS)
    pool = next(rate for rate in rates if rate.op == "MaxPool")
    assert (pool.flops, pool.intensity, pool.bound) == (0, 0.0, "memory")
    assert pool.roof_share == pytest.approx(pool.bytes_moved / 1e-3 / 10e9)


@pytest.mark.parametrize("layer_s", [[1e-3], [0.0] * 5, []])
def test_a_profile_that_does_not_fit_is_refused(chain, layer_s):
    with pytest.raises(ProfileError, match="one time above zero per layer"):
        layer_rates(chain, layer_s, ROOFS)


def test_the_plot_is_a_picture(chain, tmp_path):
    rates = layer_rates(chain, [1e-3] * len(chain.layers), ROOFS)
    axes = plot_roofline("net", ROOFS, rates, file_axes())
    save_axes(axes, tmp_path / "roofline.svg")
    assert b"<svg" in (tmp_path / "roofline.svg").read_bytes()
    with pytest.raises(UsageError, match=r"use \.svg, \.pdf or \.png"):
        save_axes(axes, tmp_path / "roofline.doc")
    with pytest.raises(EvoSplitError, match="cannot write"):
        save_axes(axes, tmp_path / "missing" / "roofline.svg")


def test_the_command_prints_one_json_object(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("evosplit.cli.commands.roofline.measure_roofs", lambda threads: ROOFS)
    path = models.save(models.chain_net(), tmp_path)
    result = CliRunner().invoke(roofline, [str(path), "--json", "--plot", str(tmp_path / "plot.png")])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["peak_flops"], told["peak_bytes_per_s"]) == (100e9, 10e9)
    assert {"name", "op", "intensity", "flops_per_s", "bound"} <= set(told["layers"][0])
    assert (tmp_path / "plot.png").stat().st_size > 1000
