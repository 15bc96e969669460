"""Shadow requests: a few frames' variants are sent to the cloud as well, to learn what may be left out.

No client waits for them.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from evosplit.edge.audits.answer_agreement import agree
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import HeadRun, run_head
from evosplit.edge.hook_learning.examples import Example, TriedVariant, Variant
from evosplit.edge.hook_learning.learner import VariantLearner
from evosplit.edge.hooks.decisions import Bits, Keep
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.streams.exchange import is_stream
from evosplit.shared.lru import Lru
from evosplit.shared.plan import TensorCode
from evosplit.shared.time_budget import TokenBucket

MOST_STREAMS: Final = 64


class ShadowRequests:
    """Tries variants within a budget of bytes. All of it belongs to the event loop.

    Frames that follow each other with one answer count once; deltas, which need codes that mean the same, are
    left alone.
    """

    def __init__(self, engine: Engine, budget: TokenBucket) -> None:
        self._engine = engine
        self._budget = budget
        self._last_keys: Lru[str, str] = Lru(MOST_STREAMS)

    def admits(self, example: Example) -> bool:
        """Whether a frame may be asked about just now. It is asked for every frame: each earns some bytes."""
        answer = example.answer
        is_whole = answer.plan is not None and answer.sent_as == "whole"
        if not is_whole or answer.plan is None or is_stream(example.stream, answer.plan):
            return False
        self._budget.earn(answer.wire_bytes)
        is_poor = self._budget.left < answer.wire_bytes
        is_plain = example.key is not None and not example.run.changed_by
        is_new = self._last_keys.get(example.stream) != example.key
        return is_plain and is_new and not is_poor and not self._engine.clouds.are_busy

    async def try_variants(self, example: Example, learner: VariantLearner) -> tuple[TriedVariant, ...]:
        """The learner's variants, up to the first that changes the answer.

        Raises CloudUnavailableError, CloudRefusedError, InputError.
        """
        if example.key is not None:
            self._last_keys.put(example.stream, example.key)
        tried: list[TriedVariant] = []
        for variant in learner.variants(example):
            tried.append(await self._try_variant(example, variant))
            if not tried[-1].agrees:
                break
        return tuple(tried)

    async def _try_variant(self, example: Example, variant: Variant) -> TriedVariant:
        answer, run = example.answer, example.run
        codes, channels = noted_reductions(run)
        if variant.head is not None:
            run = await self._run(example, variant)
            answer, codes, channels = dataclasses.replace(answer, head=variant.head, run=run), {}, {}
        outputs, sent_bytes = await self._engine.extra.shadow(
            answer, {**codes, **variant.codes}, {**channels, **variant.channels}
        )
        self._budget.spend(sent_bytes)
        agrees = agree(self._engine.plans.model.card, outputs, example.answer.outputs)
        return TriedVariant(variant, run, agrees)

    async def _run(self, example: Example, variant: Variant) -> HeadRun:
        head = variant.head
        if head is None:
            return example.run
        feeds = {name: example.run.tensors[name] for name in head.reads}
        work = functools.partial(run_head, head, feeds, "", HookFailures())
        return (await self._engine.compute.run(work)).value


def noted_reductions(run: HeadRun) -> tuple[Mapping[str, TensorCode], Mapping[str, NDArray[Any]]]:
    """Codes and channels that hooks at work chose in an audited frame: what is tried comes on top of them."""
    codes: dict[str, TensorCode] = {}
    channels: dict[str, NDArray[Any]] = {}
    for noted in run.noted:
        if isinstance(noted.decision, Bits):
            codes.update(noted.decision.codes)
        elif isinstance(noted.decision, Keep):
            channels[noted.decision.tensor] = noted.decision.channels
    return codes, channels
