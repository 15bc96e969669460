"""Observed frame times of a plan, where they can be compared with the prediction. Pure functions.

A frame that a hook answered, or whose head left a block out, took another way than the plan predicts; where
the plan counts on exits (`Plan.reach` below 1) its prediction is a mean over all frames, and all count. Bytes
count of frames that went whole and with all their bits: what deltas spare is `Plan.wire_share`'s to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evosplit.edge.pipeline.job import Answer, Job
from evosplit.shared.correction.corrections import Measured
from evosplit.shared.link import Link

_COUNTED: Final = ("edge", "cloud", "exit")
_SHORTER: Final = frozenset({"exit", "repeat", "skip"})
_SMALLER: Final = frozenset({"bits", "channels"})
_ALONE: Final = 0.99


def measured(job: Job, before_s: Mapping[str, float], answer: Answer, link: Link) -> Measured | None:
    """None for frames of other strategies, and for those that went twice.

    ``before_s`` was spent before the way was chosen; ``link`` is as it was estimated then.
    """
    plan = answer.plan
    if job.strategy != "planned" or plan is None or answer.answered_by not in _COUNTED:
        return None
    kinds = frozenset[str]() if answer.run is None else frozenset(hook.kind for hook in answer.run.changed_by)
    spent = {name: value - before_s.get(name, 0.0) for name, value in job.times.by_field().items()}
    edge_s = spent.get("head_s", 0.0) + spent.get("encode_s", 0.0)
    is_cloud, air_s = answer.answered_by == "cloud", 8 * answer.wire_bytes / link.bandwidth_bps
    is_whole = is_cloud and answer.sent_as in ("whole", None) and not kinds & _SMALLER
    return Measured(
        plan.digest,
        prepare_s=spent.get("preprocess_s"),
        edge_s=edge_s if plan.reach < 1 or not kinds & _SHORTER else None,
        cloud_s=spent.get("decode_s", 0.0) + spent.get("tail_s", 0.0) if is_cloud else None,
        request_s=_request_s(job, spent, answer, link) if is_cloud else None,
        air_s=air_s,
        wire_bytes=answer.wire_bytes if is_whole else None,
    )


def _request_s(job: Job, spent: Mapping[str, float], answer: Answer, link: Link) -> float | None:
    """None where others had a part of the link, or two requests were one frame's."""
    if job.times.link_share < _ALONE or answer.sent_as == "refused":
        return None
    return spent.get("uplink_s", 0.0) + job.times.cloud_queue_s - link.uplink_s(answer.wire_bytes)
