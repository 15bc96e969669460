"""Roll-outs to the edges of one model, played with edges that do as they are told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from evosplit.cloud.fleet.edge_record import EdgeRecord, News, news
from evosplit.cloud.fleet.model_rollout import ModelRollout
from evosplit.shared.errors import InputError, UsageError
from evosplit.shared.fleet.heartbeat import Audited, Heartbeat

SHA = "5" * 64
BUNDLES = [digit * 64 for digit in "abc"]


@dataclass
class PlayedEdge:
    """An edge that renews when it is told to: the cloud gives it what is assigned, or its own plans."""

    name: str
    bundle: str = ""
    own: str = field(init=False)

    def __post_init__(self) -> None:
        self.own = self.bundle = f"own-{self.name}"

    def beat(self, state: ModelRollout) -> None:
        if state.reason_to_renew(self.name, self.bundle):
            self.bundle = state.assigned(self.name) or self.own


STEPS = some.one_of(
    some.tuples(some.just("begin"), some.sampled_from(BUNDLES), some.floats(0.05, 0.95)),
    some.tuples(some.just("promote"), some.just(""), some.just(0.0)),
    some.tuples(some.just("roll back"), some.just(""), some.just(0.0)),
    some.tuples(some.just("beat"), some.just(""), some.just(0.0)),
    some.tuples(some.just("bad news"), some.just(""), some.just(0.0)),
)


def changed(state: ModelRollout, what: str, bundle: str, share: float) -> ModelRollout:
    try:
        if what == "begin":
            return state.begun(bundle, SHA, share, 0.99, 1.0)
        if what == "promote":
            return state.promoted()
        return state.rolled_back("by hand") if what == "roll back" else state
    except UsageError:
        return state


@given(some.lists(STEPS, max_size=15))
def test_every_edge_ends_with_the_one_bundle_that_is_meant_for_it(
    steps: list[tuple[str, str, float]],
) -> None:
    state, edges = ModelRollout(), [PlayedEdge(f"gate-{number}") for number in range(12)]
    for what, bundle, share in steps:
        state = changed(state, what, bundle, share)
        if what == "bad news" and state.rollout.candidate is not None:
            state = state.heard(state.rollout.candidate, News(audits=50, losses=50.0))
            assert state.rollout.candidate is None
        if what == "beat":
            for edge in edges:
                edge.beat(state)
    for edge in edges:
        edge.beat(state)
        assert edge.bundle == (state.assigned(edge.name) or edge.own)
        assert not state.reason_to_renew(edge.name, edge.bundle), "it would renew for ever"
    active = {edge.bundle for edge in edges if edge.bundle != edge.own}
    assert active <= {state.rollout.current, state.rollout.candidate}


@given(some.floats(0.02, 0.98), some.integers(0, 9))
def test_the_share_is_met(share: float, salt: int) -> None:
    """Within four standard deviations of a binomial: the hash is fixed, the examples are as well."""
    state = ModelRollout().begun(f"{salt}" * 64, SHA, share, 0.99, 0.0)
    count = sum(bool(state.assigned(f"gate-{number}")) for number in range(1000))
    assert abs(count - 1000 * share) <= 4 * (1000 * share * (1 - share)) ** 0.5


def test_a_larger_share_keeps_those_that_have_it_and_what_is_known() -> None:
    small = ModelRollout().begun(BUNDLES[0], SHA, 0.1, 0.99, 1.0).heard(BUNDLES[0], News(audits=5))
    large = small.begun(BUNDLES[0], SHA, 0.5, 0.99, 2.0)
    names = [f"gate-{number}" for number in range(200)]
    assert {name for name in names if small.assigned(name)} < {name for name in names if large.assigned(name)}
    assert large.trial == small.trial
    assert (large.started_s, len(large.trial.agreements)) == (1.0, 5)


def played(agreement: float, seed: int, audits: int = 1000, per_beat: int = 20) -> int | None:
    """After how many audits a candidate of this agreement is rolled back; None: it is not."""
    rng, state = np.random.default_rng(seed), ModelRollout().begun(BUNDLES[0], SHA, 0.1, 0.99, 0.0)
    for heard in range(per_beat, audits + 1, per_beat):
        losses = float((rng.random(per_beat) >= agreement).sum())
        state = state.heard(BUNDLES[0], News(per_beat, losses, 100, 0))
        state = state.heard("other", News(frames=100))
        if state.rollout.candidate is None:
            return heard
    return None


def test_a_worse_bundle_is_rolled_back_and_an_equal_one_seldom() -> None:
    equal = [played(0.99, seed) for seed in range(40)]
    assert sum(taken_back is not None for taken_back in equal) <= 2
    for agreement, most in ((0.0, 40), (0.5, 60), (0.9, 300)):
        worse = [played(agreement, seed) for seed in range(20)]
        assert all(taken_back is not None and taken_back <= most for taken_back in worse), (agreement, worse)


def test_a_plan_that_an_edge_has_left_is_enough() -> None:
    """The edge goes on with another plan then, of which the cloud may never hear anything bad."""
    state = ModelRollout().begun(BUNDLES[0], SHA, 0.1, 0.99, 0.0)
    assert state.heard("other", News(distrusted=1)).rollout.candidate == BUNDLES[0]
    left = state.heard(BUNDLES[0], News(13, 3.0, 20, 0, 1))
    assert (left.rollout.candidate, left.state) == (None, "rolled back")
    assert left.rollout.rejected[-1][1] == "the guard of an edge has left 1 of its plans"


def test_an_edge_that_fails_more_often_is_enough() -> None:
    state = ModelRollout().begun(BUNDLES[0], SHA, 0.1, 0.99, 0.0)
    for _ in range(40):
        state = state.heard(BUNDLES[0], News(frames=10, failures=3)).heard("other", News(frames=10))
    assert state.rollout.candidate is None
    assert "answers failed" in state.rollout.rejected[-1][1]


def test_as_many_failures_on_both_sides_say_nothing() -> None:
    state, rng = ModelRollout().begun(BUNDLES[0], SHA, 0.1, 0.99, 0.0), np.random.default_rng(1)
    for _ in range(300):
        failures = rng.random(2) < 0.3
        state = state.heard(BUNDLES[0], News(frames=10, failures=int(failures[0])))
        state = state.heard("other", News(frames=10, failures=int(failures[1])))
    assert state.rollout.candidate == BUNDLES[0]


@given(some.integers(1, 30), some.floats(0, 1), some.integers(0, 2**32))
def test_a_sum_says_no_more_than_what_it_is_the_sum_of(audits: int, mean: float, seed: int) -> None:
    """Rolled back by sums, rolled back by each loss: never the other way round."""
    rng = np.random.default_rng(seed)
    alone = together = ModelRollout().begun(BUNDLES[0], SHA, 0.1, 0.99, 0.0)
    for _ in range(6):
        losses = np.sort(np.clip(rng.normal(mean, 0.2, audits), 0, 1))[::-1]
        for loss in losses:
            alone = alone.heard(BUNDLES[0], News(1, float(loss)))
        together = together.heard(BUNDLES[0], News(audits, float(losses.sum())))
        if together.rollout.candidate is None:
            assert alone.rollout.candidate is None


def test_promote_and_back() -> None:
    first = ModelRollout().begun(BUNDLES[0], SHA, 0.5, 0.99, 0.0)
    assert (first.state, first.promoted().state) == ("watched", "promoted")
    assert first.promoted().assigned("anybody") == BUNDLES[0]
    assert first.promoted().assigned("anybody", exempt=BUNDLES[0]) == ""
    back = first.promoted().rolled_back("by hand")
    assert (back.state, back.assigned("anybody")) == ("rolled back", "")
    assert "no longer" in back.reason_to_renew("anybody", BUNDLES[0])
    assert back.reason_to_renew("anybody", "its own") == ""
    with pytest.raises(UsageError, match="no bundle to roll back"):
        back.rolled_back("again")
    with pytest.raises(UsageError, match="no candidate to promote"):
        back.promoted()


def test_another_version_of_the_model_begins_anew() -> None:
    old = ModelRollout().begun(BUNDLES[0], SHA, 0.5, 0.99, 0.0).promoted()
    new = old.begun(BUNDLES[1], "6" * 64, 0.5, 0.99, 0.0)
    assert (new.rollout.current, new.rollout.candidate) == ("", BUNDLES[1])


BEAT = Heartbeat("0000000000000000", "boot", 1, BUNDLES[0], audited=Audited(10, 9.5), answered_by={"edge": 7})


def test_news_is_what_is_new() -> None:
    more = replace(BEAT, beat=2, audited=Audited(14, 11.5), answered_by={"edge": 9, "nobody": 2})
    assert news(None, BEAT) == News(10, 0.5, 7, 0)
    assert news(BEAT, more) == News(4, 2.0, 4, 2)
    assert news(BEAT, BEAT) == News()
    assert news(BEAT, replace(more, table=1, bundle=BUNDLES[1], audited=Audited(3, 3.0))) == News(3, 0.0)
    assert news(BEAT, replace(more, boot="again", audited=Audited(1, 0.0))) == News(1, 1.0, 11, 2)
    left = replace(more, audited=Audited(14, 11.5, 0.99, 2))
    assert (news(BEAT, left).distrusted, news(left, left).distrusted) == (2, 0)
    assert news(more, BEAT) == News(), "counters never go back within a run; an odd one says nothing"


def test_a_heartbeat_that_was_heard_is_known() -> None:
    record = EdgeRecord("gate", "net", BEAT, 0.0, 0.0)
    assert record.is_known(BEAT)
    assert not record.is_known(replace(BEAT, beat=2))
    assert not record.is_known(replace(BEAT, boot="again"))
    assert record.is_away(100.0, 30.0)
    assert not record.is_away(80.0, 30.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"beat": -1},
        {"bandwidth_bps": float("nan")},
        {"rtt_s": float("inf")},
        {"answered_by": {"edge": -1}},
        {"audited": Audited(1, 2.0)},
        {"audited": Audited(1, float("nan"))},
    ],
)
def test_a_heartbeat_that_lies_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError, match="a heartbeat has"):
        replace(BEAT, **changes)
