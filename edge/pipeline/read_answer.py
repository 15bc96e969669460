"""Reading of an answer's outputs by the model card, into a stored result."""

from __future__ import annotations

import functools

from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.finished import Finished
from evosplit.edge.pipeline.job import Answer, Job, success
from evosplit.edge.pipeline.stages import READ, StageClock
from evosplit.edge.results.store import Store
from evosplit.shared.errors import InputError
from evosplit.shared.postprocess import Reading, postprocess


class AnswerReader:
    """Reads outputs and stores the result in one turn of the thread that computes."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store

    async def read(self, job: Job, answer: Answer) -> tuple[Answer, Finished]:
        """The result, and the answer that it is of.

        Where what the cloud computed from few bits is NaN, the edge alone computes the frame again. Raises
        StoreError, and InputError where its outputs are NaN as well or no plan has it compute alone.
        """
        try:
            return answer, await self._finish(job, answer)
        except InputError:
            alone = None if answer.cloud is None else await self._engine.alone(job)
            if alone is None:
                raise
        return alone, await self._finish(job, alone)

    async def _finish(self, job: Job, answer: Answer) -> Finished:
        card = self._engine.plans.model.card

        def turn(clock: StageClock) -> Finished:
            reading = Reading(None, None)
            if card is not None:
                nowhere = (card.input.size or (0, 0), (0.0, 0.0))
                geometry = nowhere if job.picture is None else job.picture.geometry
                read = functools.partial(postprocess, card, answer.outputs, *geometry)
                reading = clock.run_stage(READ, job.times, read)
            result = success(job, answer, reading.outcome, reading.confidence)
            return Finished(result, answer.outputs, self._store.finish_here(result))

        return await job.turn(self._engine.compute, turn)
