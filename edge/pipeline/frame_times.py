"""Observed frame times of a plan, where they can be compared with the prediction. Pure functions.

A frame that a hook answered, or whose head left a block out, took another way than the plan predicts; where
the plan counts on exits (`Plan.reach` below 1) its prediction is a mean over all frames, and all count. Bytes
count of frames with all their bits; those of whole ones and of deltas are two measures.
"""

from __future__ import annotations

from typing import Final

from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.pipeline.stages import ENCODE, FINISH, HEAD, PREPROCESS, RECEIVE, REQUEST, SEND, StageTimes
from evosplit.shared.correction.corrections import Measured
from evosplit.shared.link import Link, LinkOf

_COUNTED: Final = ("edge", "cloud", "exit")
_SHORTER: Final = frozenset({"exit", "repeat", "skip"})
_SMALLER: Final = frozenset({"bits", "channels"})
_ALONE: Final = 0.99


def measured(job: Job, answer: Answer, links: LinkOf, is_try: bool = False) -> Measured | None:
    """None for frames of other strategies, and for those that went twice.

    ``links`` are as they were estimated when the way was chosen. A frame that tries a plan goes whole beside
    its stream, which says nothing of what deltas would have sent.
    """
    plan, times = answer.plan, job.times
    if job.strategy != "planned" or plan is None or answer.answered_by not in _COUNTED or _went_twice(times):
        return None
    kinds = frozenset[str]() if answer.run is None else frozenset(hook.kind for hook in answer.run.changed_by)
    link = links.of(plan.cloud)
    is_cloud, air_s = answer.answered_by == "cloud", 8 * answer.wire_bytes / link.bandwidth_bps
    is_whole = is_cloud and answer.sent_as in ("whole", None) and not kinds & _SMALLER
    return Measured(
        plan.digest,
        prepare_s=times.spent_s(PREPROCESS) or None,
        edge_s=times.spent_s(HEAD, ENCODE) if plan.reach < 1 or not kinds & _SHORTER else None,
        cloud_s=times.spent_s(RECEIVE, FINISH) if is_cloud else None,
        request_s=_request_s(job, answer, link) if is_cloud else None,
        air_s=air_s,
        wire_bytes=answer.wire_bytes if is_whole else None,
        sent_bytes=answer.wire_bytes if is_cloud and not is_try and not kinds & _SMALLER else None,
    )


def _request_s(job: Job, answer: Answer, link: Link) -> float | None:
    """None where others had a part of the link, or two requests were one frame's.

    The wait in the cloud is no part of it where `evosplit.shared.cloud_queue` follows that.
    """
    if job.times.link_share < _ALONE or answer.sent_as == "refused":
        return None
    return job.times.spent_s(SEND) + job.times.untold_queue_s - link.uplink_s(answer.wire_bytes)


def _went_twice(times: StageTimes) -> bool:
    """Whether a head ran once the cloud had been asked: its outputs could not be read."""
    names = [mark.name for mark in times.marks]
    return REQUEST in names and HEAD.name in names[names.index(REQUEST) :]
