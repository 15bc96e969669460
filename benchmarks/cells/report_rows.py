"""Report of a cell: measured values beside the predicted ones."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from benchmarks.cells.edge_engines import TimedAnswer
from benchmarks.cells.predictions import Known
from evosplit.planner.latency_interval import latency_interval
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan
from evosplit.shared.profiler import quiet_median

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
    known: Known, bandwidth_bps: float, plan: Plan, link: Link, shots: Mapping[str, list[TimedAnswer]]
) -> dict[str, Any]:
    """One cell of the table; ``link`` as the edge saw it, ``load`` how busy the machine was otherwise."""
    expected = replace(plan, latency=plan.latency_at(link), link=link)
    interval = latency_interval(expected, known.edge, known.cloud)
    measured = {name: quiet_median([shot.latency_s for shot in taken]) for name, taken in shots.items()}
    best = min((name for name in measured if name != "ours"), key=lambda name: measured[name])
    return {
        "model": plan.model,
        "bandwidth_bps": bandwidth_bps,
        "cut": plan.cut_key,
        "wire": {name: code.codec or code.bits for name, code in plan.wire.items()},
        "error": plan.error,
        "max_error": known.problem.limits.error_limit,
        "max_drop": known.max_drop,
        "learnt_link": {"bandwidth_bps": link.bandwidth_bps, "request_s": link.rtt_s},
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
            "edge": expected.latency.edge_s,
            "uplink": expected.latency.uplink_s,
            "cloud": expected.latency.cloud_s,
            "of edge: prepare": known.edge.prepare_s,
            "of edge: frame": known.edge.frame_s,
        },
        "rounds": len(shots["ours"]),
        "load": os.getloadavg()[0],
    }


def _steps(shots: Sequence[TimedAnswer]) -> dict[str, float]:
    return {name: statistics.median(getattr(shot.breakdown, name) for shot in shots) for name in _STEPS}


def _quartiles_s(shots: Sequence[TimedAnswer]) -> list[float]:
    """Lower quartile, median, upper quartile of the latencies."""
    return statistics.quantiles((shot.latency_s for shot in shots), n=4, method="inclusive")


def line(cell: Mapping[str, Any]) -> str:
    """The cell in a line."""
    return (
        f"{cell['model']} {cell['bandwidth_bps'] / 1e6:g} Mbit/s cut {cell['cut']} {cell['wire']}: "
        f"{cell['measured_s'] * 1e3:.1f} ms, predicted {cell['predicted_s'] * 1e3:.1f} ms "
        f"({cell['off']:+.1%}); {cell['to_best_baseline']:.2f} of {cell['best_baseline']}"
    )
