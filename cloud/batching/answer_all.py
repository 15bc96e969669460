"""Answers of a group of requests in one turn of a thread: each decoded, then all of one tail run together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from evosplit.cloud.dataplane import Call, DataPlane
from evosplit.cloud.prepared import Answer, Prepared
from evosplit.cloud.tail_cache import TailKey
from evosplit.shared.errors import EvoSplitError

Outcome: TypeAlias = Answer | Exception


def answer_all(plane: DataPlane, name: str, calls: Sequence[Call]) -> list[Outcome]:
    """What becomes of each request to a model, in their order. What is wrong with one is its own alone."""
    outcomes: dict[int, Outcome] = {}
    groups: dict[TailKey, list[tuple[int, Prepared]]] = {}
    for index, call in enumerate(calls):
        try:
            prepared = plane.prepare(name, call)
        except Exception as problem:  # noqa: BLE001, PERF203 - raised where the answer is awaited
            outcomes[index] = problem
        else:
            groups.setdefault(prepared.key, []).append((index, prepared))
    for group in groups.values():
        answers = _run(plane, [prepared for _, prepared in group])
        outcomes |= {index: answer for (index, _), answer in zip(group, answers, strict=True)}
    return [outcomes[index] for index in range(len(calls))]


def _run(plane: DataPlane, group: list[Prepared]) -> Sequence[Outcome]:
    try:
        return plane.run(group)
    except EvoSplitError as problem:  # a tail that cannot be built
        return [problem] * len(group)
