"""`python -m benchmarks [NAME ...]`: run all benchmarks, or the named ones, and write their results."""

from __future__ import annotations

import sys
from importlib import import_module

ALL = (
    *("quantise", "split_overhead", "overhead", "fixed_costs", "edge_memory", "demo_time"),
    *("first_frame", "cloud_throughput", "secure_overhead"),
    *("plan_switches", "cloud_outage", "spool_crash", "soak", "history"),
    *("masked_conv", "int8_heads", "head_borders", "cifar_hooks", "easy_frames"),
    *("dashboard", "rtsp_streams", "agent_memory", "sinks_away"),
    *("hall_change", "hall_delta", "hall_pan", "late_requests"),
    *("gate_hooks", "idle_training"),
    *("trainers", "sampler_memory"),
    *("planner_speed", "planner_compare", "planner_accuracy"),
    *("measured_cells", "mobile_traces", "band_charts"),
    "feature_codec",
    *("promise", "fresh_agent", "drift_guard", "wrong_profile", "better_plans", "first_plan", "closed_loop"),
)


def main() -> int:
    """Run them one after another, so that none disturbs another."""
    chosen = sys.argv[1:] or ALL
    unknown = sorted(set(chosen) - set(ALL))
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    for name in chosen:
        print(f"== {name}", flush=True)
        import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
