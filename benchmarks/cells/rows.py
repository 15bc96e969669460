"""What a cell gave, beside what was predicted."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.cells.edge import Shot
from benchmarks.cells.predict import Known
from planner.prediction import latency_interval
from planner.problem.limits import DEFAULT_MAX_ERROR
from shared.plan import Plan
from shared.profiler import quiet_median

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


def row(known: Known, bandwidth_bps: float, plan: Plan, shots: Mapping[str, list[Shot]]) -> dict[str, Any]:
    """One cell of the table; ``load`` says how busy the machine was with other things."""
    interval = latency_interval(plan, known.edge, known.cloud)
    measured = {name: quiet_median([shot.latency_s for shot in taken]) for name, taken in shots.items()}
    best = min((name for name in measured if name != "ours"), key=lambda name: measured[name])
    return {
        "model": plan.model,
        "bandwidth_bps": bandwidth_bps,
        "cut": plan.cut_key,
        "wire": {name: code.codec or code.bits for name, code in plan.wire.items()},
        "error": plan.error,
        "max_error": max(DEFAULT_MAX_ERROR, known.jpeg.error),
        "wire_bytes": plan.wire_bytes,
        "predicted_s": interval.expected_s,
        "interval_s": [interval.low_s, interval.high_s],
        "measured_s": measured["ours"],
        "quartiles_s": _quartiles_s(shots["ours"]),
        "off": measured["ours"] / interval.expected_s - 1,
        "best_baseline": best,
        "to_best_baseline": measured["ours"] / measured[best],
        "latency_s": measured,
        "steps_s": _steps(shots["ours"]),
        "predicted_steps_s": {
            "edge": plan.latency.edge_s,
            "uplink": plan.latency.uplink_s,
            "cloud": plan.latency.cloud_s,
            "frame": known.edge.frame_s,
            "request": known.request_s,
        },
        "rounds": len(shots["ours"]),
        "load": os.getloadavg()[0],
    }


def _steps(shots: Sequence[Shot]) -> dict[str, float]:
    return {name: statistics.median(getattr(shot.breakdown, name) for shot in shots) for name in _STEPS}


def _quartiles_s(shots: Sequence[Shot]) -> list[float]:
    """Lower quartile, median, upper quartile of the latencies."""
    return statistics.quantiles((shot.latency_s for shot in shots), n=4, method="inclusive")


def line(cell: Mapping[str, Any]) -> str:
    """The cell in a line."""
    return (
        f"{cell['model']} {cell['bandwidth_bps'] / 1e6:g} Mbit/s cut {cell['cut']} {cell['wire']}: "
        f"{cell['measured_s'] * 1e3:.1f} ms, predicted {cell['predicted_s'] * 1e3:.1f} ms "
        f"({cell['off']:+.1%}); {cell['to_best_baseline']:.2f} of {cell['best_baseline']}"
    )
