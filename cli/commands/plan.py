"""`evosplit plan`: the best cut and bits for a link, and the table over all links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.calibration import error_table
from cli.options import (
    BANDWIDTH,
    DURATION,
    FILE,
    SIZE,
    json_option,
    model_argument,
    slowdown_option,
    threads_option,
)
from cli.output import print_json, print_table, stdout
from cli.profiles import measured_profile, read_profile
from planner.limits import Limits
from planner.problem import Problem
from planner.solve import Solution, solve
from planner.table import plan_table
from shared.graph import Graph, load_graph, parse_cut
from shared.link import Link
from shared.plan import Plan, PlanTable
from shared.profile import Profile
from shared.serial import to_data
from shared.units import format_bandwidth, format_duration, format_size


@click.command()
@model_argument
@click.option("--bandwidth", "bandwidth_bps", type=BANDWIDTH, required=True, help="Uplink, as in 5mbit.")
@click.option("--rtt", "rtt_s", type=DURATION, default="20ms", show_default=True, help="Round-trip time.")
@click.option("--memory", "memory_bytes", type=SIZE, help="Memory that the head may take on the edge.")
@click.option("--max-error", type=click.FloatRange(min=0), help="Quantisation error that is allowed.")
@click.option("--edge", "edge_file", type=FILE, help="Profile of the edge; this machine without it.")
@click.option("--cloud", "cloud_file", type=FILE, help="Profile of the cloud; this machine without it.")
@click.option("--card", "card_file", type=FILE, help="Model card; MODEL's name with .yaml when it is there.")
@click.option(
    "--calibration", type=click.Path(path_type=Path), help="Folder of pictures, or an .npz of inputs."
)
@slowdown_option
@threads_option
@json_option
def plan(
    model: Path,
    bandwidth_bps: float,
    rtt_s: float,
    memory_bytes: int | None,
    max_error: float | None,
    edge_file: Path | None,
    cloud_file: Path | None,
    card_file: Path | None,
    calibration: Path | None,
    slowdown: float,
    threads: int,
    as_json: bool,
) -> None:
    r"""Choose where to cut MODEL and how many bits everything gets, for one link.

    \b
    Example: evosplit plan model.onnx --bandwidth 5mbit --rtt 20ms --memory 64MB --slowdown 8
    """
    graph = load_graph(model)
    problem = Problem(
        graph=graph,
        edge=_profile(edge_file, graph, threads, slowdown),
        cloud=_profile(cloud_file, graph, threads, 1.0),
        errors=error_table(graph, model, card_file, calibration),
        link=Link(bandwidth_bps, rtt_s),
        limits=Limits(memory_bytes=memory_bytes, max_error=max_error),
    )
    solution, table = solve(problem), plan_table(problem)
    if as_json:
        print_json(_data(graph, solution, table))
    else:
        _print(graph, solution, table)


def _profile(path: Path | None, graph: Graph, threads: int, slowdown: float) -> Profile:
    return read_profile(path, graph) if path else measured_profile(graph, threads, slowdown)


def _data(graph: Graph, solution: Solution, table: PlanTable) -> dict[str, Any]:
    chosen = solution.plan
    return {
        "model": chosen.model,
        "cut": {"index": parse_cut(graph, chosen.cut_key).index, "boundary": list(chosen.boundary)},
        "weight_bits": dict(chosen.weight_bits),
        "activation_bits": dict(chosen.activation_bits),
        "wire_bits": {name: code.bits for name, code in chosen.wire.items()},
        "latency_s": _latency(chosen),
        "wire_bytes": chosen.wire_bytes,
        "edge_memory_bytes": chosen.edge_memory_bytes,
        "error": chosen.error,
        "solver": solution.solver,
        "solve_time_s": solution.solve_time_s,
        "limits": [to_data(status) for status in solution.limits],
        "table": {
            "breakpoints_bps": list(table.breakpoints_bps),
            "cuts": [one.cut_key for one in table.plans],
        },
    }


def _latency(chosen: Plan) -> dict[str, float]:
    latency = chosen.latency
    return {
        "edge": latency.edge_s,
        "uplink": latency.uplink_s,
        "cloud": latency.cloud_s,
        "total": latency.total_s,
    }


def _print(graph: Graph, solution: Solution, table: PlanTable) -> None:
    chosen = solution.plan
    title = f"Plan for {graph.name} at {format_bandwidth(chosen.link.bandwidth_bps)}"
    print_table(title, ("what", "value"), _facts(graph, chosen))
    print_table("Bits", ("what", "name", "bits"), _bits(chosen))
    for status in solution.limits:
        stdout.print(str(status))
    _print_table(graph, table)
    stdout.print(f"solved by {solution.solver} in {format_duration(solution.solve_time_s)}")


def _facts(graph: Graph, chosen: Plan) -> list[tuple[str, str]]:
    return [
        ("cut", _where(graph, chosen)),
        *((f"latency, {part}", format_duration(value)) for part, value in _latency(chosen).items()),
        ("on the wire", format_size(chosen.wire_bytes)),
        ("edge memory", format_size(chosen.edge_memory_bytes)),
        ("error", f"{chosen.error:.3g}"),
    ]


def _bits(chosen: Plan) -> list[tuple[str, str, int]]:
    wire = [("wire", name, code.bits) for name, code in chosen.wire.items()]
    return wire + [("weights", name, bits) for name, bits in chosen.weight_bits.items()]


def _print_table(graph: Graph, table: PlanTable) -> None:
    ends = (*(format_bandwidth(value) for value in table.breakpoints_bps), "any more")
    rows = (
        (f"up to {end}", _where(graph, one), format_size(one.wire_bytes))
        for end, one in zip(ends, table.plans, strict=True)
    )
    print_table("Plans over bandwidth", ("bandwidth", "cut", "on the wire"), rows)


def _where(graph: Graph, chosen: Plan) -> str:
    cut = parse_cut(graph, chosen.cut_key)
    if not cut.layers:
        return "0: all in the cloud"
    if len(cut.layers) == len(graph.layers):
        return f"{cut.key}: all on the edge"
    return f"{cut.key}: after {graph.layers[cut.layers[-1]].name}"
