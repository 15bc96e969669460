"""Cloud-only with JPEG: what most cameras do, and the published comparison leaves out."""

from __future__ import annotations

from dataclasses import replace

from evosplit.planner.baselines.cloud16 import cloud16
from evosplit.planner.baselines.float_costs import RAW_INPUT_BITS
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment


def cloud_jpeg(problem: Problem) -> Assignment | None:
    """All in the cloud, the picture as the fastest JPEG whose error is allowed, else the most accurate.

    None where there is no JPEG: it needs ``problem.encodings``, so a model whose one input is a picture.
    """
    offered = [encoding for encoding in problem.encodings if encoding.name.startswith("jpeg")]
    if not offered:
        return None
    allowed = [encoding for encoding in offered if encoding.error <= problem.limits.error_limit]
    best = (
        min(allowed, key=lambda encoding: _seconds(problem, encoding)) if allowed else _most_accurate(offered)
    )
    (name,) = problem.graph.inputs
    return replace(cloud16(problem), wire={name: RAW_INPUT_BITS}, codecs={name: best.name})


def _seconds(problem: Problem, encoding: InputEncoding) -> float:
    return 8 * encoding.wire_bytes / problem.link.bandwidth_bps + encoding.encode_s + encoding.decode_s


def _most_accurate(offered: list[InputEncoding]) -> InputEncoding:
    return min(offered, key=lambda encoding: encoding.error)
