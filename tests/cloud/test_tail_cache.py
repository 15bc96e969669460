"""The tail cache: one build each, the longest unused given up first."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from evosplit.cloud.batching.batch_runner import BatchRunner
from evosplit.cloud.registry import Registry
from evosplit.cloud.tail_cache import Tail, TailCache, TailKey
from evosplit.shared.errors import ModelError
from evosplit.shared.graph import prefix_cut
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model


class Builder:
    """Counts how often it is asked for a tail."""

    def __init__(self, runner: BatchRunner, memory_bytes: int = 10) -> None:
        self.tail = Tail(runner, memory_bytes)
        self.calls = 0

    def __call__(self) -> Tail:
        self.calls += 1
        time.sleep(0.02)
        return self.tail


@pytest.fixture(scope="module")
def runner(registry: Registry) -> BatchRunner:
    graph = registry.get("chain").graph
    return BatchRunner(Runner(tail_model(graph, prefix_cut(graph, 0))))


def key(name: str) -> TailKey:
    return TailKey("0" * 64, name)


def test_many_callers_one_build(runner: BatchRunner) -> None:
    cache, builder = TailCache(100), Builder(runner)
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: cache.get(key("1"), builder), range(32)))
    assert builder.calls == 1
    assert all(tail is builder.tail for tail in got)


def test_different_tails_are_built_side_by_side(runner: BatchRunner) -> None:
    cache, both = TailCache(100), threading.Barrier(2, timeout=10)

    def build() -> Tail:
        both.wait()  # would time out if one build kept the other waiting
        return Tail(runner, 1)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: cache.get(key(name), build), ["1", "2"]))
    assert len(cache) == 2


def test_the_longest_unused_goes_first(runner: BatchRunner) -> None:
    cache = TailCache(20)
    builders = {name: Builder(runner) for name in "abc"}
    for name in "abac":  # a was used after b, so b goes
        cache.get(key(name), builders[name])
    assert cache.memory_bytes == 20
    cache.get(key("a"), builders["a"])
    assert builders["a"].calls == 1
    cache.get(key("b"), builders["b"])
    assert builders["b"].calls == 2


def test_a_tail_beyond_the_limit_stays_alone(runner: BatchRunner) -> None:
    cache, large = TailCache(20), Builder(runner, 1000)
    cache.get(key("small"), Builder(runner))
    cache.get(key("large"), large)
    cache.get(key("large"), large)
    assert large.calls == 1
    assert len(cache) == 1


def test_a_failed_build_is_tried_again(runner: BatchRunner) -> None:
    cache = TailCache(20)

    def fail() -> Tail:
        raise ModelError("broken")

    with pytest.raises(ModelError, match="broken"):
        cache.get(key("1"), fail)
    assert len(cache) == 0
    assert cache.get(key("1"), Builder(runner)).memory_bytes == 10


def test_what_is_built_ahead_is_there_when_asked_for(runner: BatchRunner) -> None:
    cache, builder = TailCache(100), Builder(runner)
    assert cache.prefetch(key("1"), 10, builder) is builder.tail
    assert cache.prefetch(key("1"), 10, builder) is None
    assert cache.get(key("1"), builder) is builder.tail
    assert (builder.calls, cache.late_builds) == (1, 0)
    cache.get(key("2"), builder)
    cache.get(key("3"), builder, is_awaited=False)
    assert (cache.builds, cache.late_builds) == (3, 1)


def test_nothing_is_given_up_for_what_is_built_ahead(runner: BatchRunner) -> None:
    cache, held = TailCache(25), Builder(runner, 20)
    cache.get(key("held"), held)
    assert cache.prefetch(key("ahead"), 10, Builder(runner)) is None
    assert key("held") in cache
    assert key("ahead") not in cache
