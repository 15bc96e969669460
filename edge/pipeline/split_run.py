"""Split execution of one frame: preprocess and head here, the tail in the cloud where tensors cross."""

from __future__ import annotations

import functools

from evosplit.edge.head.apply_decisions import kept_channels, with_codes
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.hook_placement import BOUNDARY_HOOKS
from evosplit.edge.head.hook_trust import HookTrust
from evosplit.edge.head.run import DecisionPolicy, HeadRun, run_head
from evosplit.edge.pipeline.cloud_requests import CloudRequests
from evosplit.edge.pipeline.job import Answer, Feeds, Job
from evosplit.edge.pipeline.serving import Route
from evosplit.edge.pipeline.stages import HEAD, PREPROCESS, ComputeThread
from evosplit.edge.streams.exchange import is_stream
from evosplit.shared.card import Card
from evosplit.shared.errors import CardError
from evosplit.shared.preprocess import sized_input
from evosplit.shared.result import AnsweredBy


class SplitRun:
    """Runs frames under a plan; ``card`` is None where only tensors are taken.

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
    ) -> None:
        self._card = card
        self._compute = compute
        self._requests = requests
        self._failures = failures
        self._trust = trust

    async def run(self, job: Job, route: Route, answered_by: AnsweredBy) -> Answer:
        """All of it; ``answered_by`` is who answers where no hook does and the cloud is not asked."""
        acts = self._trust.policy(job.frame_id) if route.asks_hooks else None
        return await self.finish(job, route, await self.head(job, route, acts), answered_by)

    async def head(self, job: Job, route: Route, acts: DecisionPolicy | None) -> HeadRun:
        """Run the head; ``acts`` as in `run_head`.

        Where deltas go, codes have to mean the same from frame to frame: no hook on the boundary is asked.
        """
        feeds = await self.feeds(job)
        read = {name: feeds[name] for name in route.head.reads}
        without = BOUNDARY_HOOKS if is_stream(job.stream, route.plan) else ()
        step = functools.partial(run_head, route.head, read, job.stream, self._failures, acts, without)
        return await self._compute.run_stage(HEAD, job.times, step)

    async def finish(self, job: Job, route: Route, run: HeadRun, answered_by: AnsweredBy) -> Answer:
        """From what the head made to the answer: a hook's, the head's own outputs, or the tail's."""
        plan, head = route.plan, route.head
        if run.exit is not None:
            hook, sure = run.exit_hook, run.exit.confidence
            return Answer(run.exit.outputs, "exit", plan, plan.cut_key, 0, hook, sure, head, run)
        outputs = {name: run.tensors[name] for name in head.outputs}
        if not plan.boundary:
            return Answer(outputs, answered_by, plan, plan.cut_key, 0, head=head, run=run)
        reduced, made = with_codes(plan, run.codes), kept_channels(run.tensors, run.keep)
        sent = await self._requests.boundary(job, reduced, made, route.is_extra)
        whole, size = self._requests.checked({**sent.reply.outputs, **outputs}), sent.wire_bytes
        return Answer(whole, "cloud", plan, plan.cut_key, size, head=head, run=run, sent_as=sent.sent_as)

    async def feeds(self, job: Job) -> Feeds:
        """The network's inputs, made of the picture once."""
        if job.feeds is not None:
            return job.feeds
        card, picture = self._card, job.picture
        if card is None or picture is None:
            raise CardError(f"model {job.model} has no card, so it takes tensors but no pictures")
        step = functools.partial(sized_input, card, picture.pixels)
        return job.keep(dict(await self._compute.run_stage(PREPROCESS, job.times, step)))
