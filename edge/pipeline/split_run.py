"""Split execution of one frame: preprocess and head here, the tail in the cloud where tensors cross."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

from evosplit.edge.backends.segment import Tensors
from evosplit.edge.head.apply_decisions import with_codes
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.hook_placement import BOUNDARY_HOOKS
from evosplit.edge.head.hook_trust import HookTrust
from evosplit.edge.head.run import DecisionPolicy, HeadRun, run_head
from evosplit.edge.pipeline.cloud_requests import CloudRequests
from evosplit.edge.pipeline.components import as_encoded
from evosplit.edge.pipeline.job import Answer, Feeds, Job
from evosplit.edge.pipeline.stages import HEAD, PREPROCESS, ComputeThread, StageClock
from evosplit.edge.pipeline.unsent import UnsentError
from evosplit.edge.plan_choice.serving import Route
from evosplit.edge.streams.delta import Sent
from evosplit.edge.streams.exchange import is_stream
from evosplit.edge.streams.scene_windows import SceneWindows
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError
from evosplit.shared.plan import Plan
from evosplit.shared.preprocess import sized_input
from evosplit.shared.result import AnsweredBy


@dataclass(frozen=True, eq=False)
class _Boundary:
    """Tensors that cross, in the bits of one frame's ``plan``, and the bytes that they became."""

    plan: Plan
    made: Tensors
    sent: Sent


class SplitRun:
    """Runs frames under a plan; ``card`` is None where only tensors are taken.

    ``windows`` are told what became of the frames of cameras that they follow.

    Every method raises InputError where the network does not take the values, CardError for a picture
    without a card, and what `CloudRequests.boundary` raises where tensors go to the cloud.
    """

    def __init__(
        self,
        card: Card | None,
        compute: ComputeThread,
        requests: CloudRequests,
        failures: HookFailures,
        trust: HookTrust,
        windows: SceneWindows | None = None,
    ) -> None:
        self._card = card
        self._compute = compute
        self._requests = requests
        self._failures = failures
        self._trust = trust
        self._windows = windows

    async def run(self, job: Job, route: Route, answered_by: AnsweredBy) -> Answer:
        """All of it; ``answered_by`` is who answers where no hook does and the cloud is not asked.

        Preprocessing, head and encoding are one turn of the thread that computes.
        """
        acts = self._trust.policy(job.frame_id) if route.asks_hooks else None

        def turn(clock: StageClock) -> tuple[HeadRun, _Boundary | None]:
            run = self._head(job, route, acts, clock)
            return run, self._encoded(job, route, run, clock)

        return await self._answer(job, route, *await job.turn(self._compute, turn), answered_by)

    async def head(self, job: Job, route: Route, acts: DecisionPolicy | None) -> HeadRun:
        """Run the head; ``acts`` as in `run_head`."""
        turn = functools.partial(self._head, job, route, acts)
        return await job.turn(self._compute, turn)

    async def finish(self, job: Job, route: Route, run: HeadRun, answered_by: AnsweredBy) -> Answer:
        """From what the head made to the answer: a hook's, the head's own outputs, or the tail's."""
        boundary = None
        if _crosses(route, run):
            turn = functools.partial(self._encoded, job, route, run)
            boundary = await job.turn(self._compute, turn)
        return await self._answer(job, route, run, boundary, answered_by)

    async def feeds(self, job: Job) -> Feeds:
        """The network's inputs, made of the picture once."""
        if job.feeds is not None:
            return job.feeds
        return await job.turn(self._compute, functools.partial(self._feeds, job))

    def _feeds(self, job: Job, clock: StageClock) -> Feeds:
        if job.feeds is not None:
            return job.feeds
        card, picture = self._card, job.picture
        if card is None or picture is None:
            raise CardError(
                f"model {job.model} has no card, so it takes tensors but no pictures: docs/model-card.md"
            )
        step = functools.partial(sized_input, card, picture.pixels)
        return job.keep(dict(clock.run_stage(PREPROCESS, job.times, step)))

    def _head(self, job: Job, route: Route, acts: DecisionPolicy | None, clock: StageClock) -> HeadRun:
        """Where deltas go, codes have to mean the same from frame to frame: no boundary hook is asked."""
        feeds = self._feeds(job, clock)
        read = {name: feeds[name] for name in route.head.reads}
        without = BOUNDARY_HOOKS if is_stream(job.stream, route.plan) else ()
        options = (self._failures, acts, without, _windows(self._card, job))
        step = functools.partial(run_head, route.head, read, job.stream, *options)
        run = clock.run_stage(HEAD, job.times, step)
        if self._windows is not None and job.picture is not None and not route.is_extra:
            changed = next((float(blocks.mean()) for blocks in run.changes.values()), 0.0)
            self._windows.learn(job.stream, next(iter(run.spacings.values()), None), changed)
        return run

    def _encoded(self, job: Job, route: Route, run: HeadRun, clock: StageClock) -> _Boundary | None:
        if not _crosses(route, run):
            return None
        plan = with_codes(route.plan, run.codes)
        made = as_encoded(job, plan, route.head, run.tensors, run.keep, clock)
        return _Boundary(plan, made, self._requests.encoded(job, plan, made, clock, route.is_extra))

    async def _answer(
        self, job: Job, route: Route, run: HeadRun, boundary: _Boundary | None, answered_by: AnsweredBy
    ) -> Answer:
        plan, head = route.plan, route.head
        if run.exit is not None:
            hook, sure = run.exit_hook, run.exit.confidence
            return Answer(run.exit.outputs, "exit", plan, plan.cut_key, 0, hook, sure, head, run)
        outputs = {name: run.tensors[name] for name in head.outputs}
        if boundary is None:
            return Answer(outputs, answered_by, plan, plan.cut_key, 0, head=head, run=run)
        try:
            reply = await self._requests.boundary(job, boundary.plan, boundary.made, boundary.sent)
        except UnsentError as later:
            raise UnsentError(str(later), replace(later.unsent, plan=plan, outputs=outputs)) from None
        whole, size = self._requests.checked(reply.reply, outputs), reply.wire_bytes
        return Answer(
            *(whole, "cloud", plan, plan.cut_key, size),
            head=head,
            run=run,
            sent_as=reply.sent_as,
            cloud=reply.reply.cloud,
        )


def _windows(card: Card | None, job: Job) -> dict[str, tuple[int, int]]:
    """By input, where it shows the stream's scene."""
    picture, tensor = job.picture, None if card is None else card.input.tensor
    known = None if picture is None else picture.window
    return {} if known is None or tensor is None else {tensor: known}


def _crosses(route: Route, run: HeadRun) -> bool:
    """Whether tensors go to the cloud."""
    return run.exit is None and bool(route.plan.boundary)
