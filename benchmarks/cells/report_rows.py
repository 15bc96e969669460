"""Report of a cell: measured values beside the predicted ones."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from benchmarks.cells.predictions import Known
from evosplit.cli.measured.playback import Shots
from evosplit.cli.measured.timed_edge import TimedAnswer
from evosplit.library.band_rows import PLANNED, fastest_single
from evosplit.planner.latency_interval import latency_interval
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan

_STEPS: Final = (
    "preprocess_s",
    "queue_s",
    "head_s",
    "encode_s",
    "uplink_s",
    "decode_s",
    "tail_s",
    "postprocess_s",
)


def row(
    known: Known, bandwidth_bps: float, plan: Plan, link: Link, shots: Mapping[str, Shots]
) -> dict[str, Any]:
    """One cell of the table; ``link`` as the edge saw it, ``load`` how busy the machine was otherwise."""
    expected = replace(plan, latency=plan.latency_at(link), link=link)
    interval = latency_interval(expected, known.edge, known.cloud)
    latency_s = {name: taken.latency_s for name, taken in shots.items() if taken.latency_s is not None}
    best = fastest_single(latency_s) or PLANNED
    ours = shots[PLANNED].answers
    return {
        "model": plan.model,
        "slowdown": known.edge.slowdown,
        "bandwidth_bps": bandwidth_bps,
        "cut": plan.cut_key,
        "is_split": is_split(plan),
        "wire": {name: code.codec or code.bits for name, code in plan.wire.items()},
        "error": plan.error,
        "max_error": known.problem.limits.error_limit,
        "max_drop": known.max_drop,
        "learnt_link": {"bandwidth_bps": link.bandwidth_bps, "request_s": link.rtt_s},
        "wire_bytes": plan.wire_bytes,
        "predicted_s": interval.expected_s,
        "interval_s": [interval.low_s, interval.high_s],
        "measured_s": latency_s[PLANNED],
        "quartiles_s": _quartiles_s(ours),
        "off": latency_s[PLANNED] / interval.expected_s - 1,
        "best": best,
        "to_best": latency_s[PLANNED] / latency_s[best],
        "latency_s": latency_s,
        "steps_s": _steps(ours),
        "predicted_steps_s": {
            "edge": expected.latency.edge_s,
            "uplink": expected.latency.uplink_s,
            "cloud": expected.latency.cloud_s,
            "of edge: prepare": known.edge.prepare_s,
            "of edge: frame": known.edge.frame_s,
        },
        "rounds": len(ours),
        "load": os.getloadavg()[0],
    }


def is_split(plan: Plan) -> bool:
    """Whether both sides run a layer (0 < cut < all)."""
    return bool(plan.boundary) and plan.cut_key != "0"


def _steps(shots: Sequence[TimedAnswer]) -> dict[str, float]:
    return {name: statistics.median(getattr(shot.breakdown, name) for shot in shots) for name in _STEPS}


def _quartiles_s(shots: Sequence[TimedAnswer]) -> list[float]:
    """Lower quartile, median, upper quartile of the latencies."""
    return statistics.quantiles((shot.latency_s for shot in shots), n=4, method="inclusive")


def line(cell: Mapping[str, Any]) -> str:
    """The cell in a line."""
    return (
        f"{cell['model']} x{cell['slowdown']:g} {cell['bandwidth_bps'] / 1e6:g} Mbit/s cut {cell['cut']} "
        f"{cell['wire']}: {cell['measured_s'] * 1e3:.1f} ms, predicted {cell['predicted_s'] * 1e3:.1f} ms "
        f"({cell['off']:+.1%}); {cell['to_best']:.2f} of {cell['best']}"
    )
