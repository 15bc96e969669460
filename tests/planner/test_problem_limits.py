import math
from dataclasses import replace

import pytest
from graphs import random_problem

from evosplit.planner.problem.limits import DEFAULT_MAX_ERROR, Limits, LimitStatus
from evosplit.planner.solve import solve
from evosplit.shared.errors import ProfileError, UsageError
from evosplit.shared.link import Link


def test_no_error_limit_means_the_default_one() -> None:
    assert Limits().error_limit == DEFAULT_MAX_ERROR
    assert Limits(None, 0.5).error_limit == 0.5
    assert Limits(None, 0.0).error_limit == 0.0


@pytest.mark.parametrize("limits", [(-1, None), (None, -0.1), (None, math.nan)])
def test_limits_below_zero(limits: tuple[int | None, float | None]) -> None:
    with pytest.raises(UsageError, match="limit must be zero or more"):
        Limits(*limits)


def test_slack() -> None:
    assert LimitStatus("memory", 10, 4, "B").slack == 6
    assert LimitStatus("memory", None, 4, "B").slack is None


@pytest.mark.parametrize("bandwidth", [0.0, -5e6, math.nan, math.inf])
def test_links_without_bandwidth(bandwidth: float) -> None:
    with pytest.raises(UsageError, match="bandwidth must be above zero"):
        replace(random_problem(0), link=Link(bandwidth))


def test_profiles_and_tables_of_other_models() -> None:
    problem = random_problem(0)
    other = "6" * 64
    with pytest.raises(ProfileError, match="edge profile is of model 666666666666"):
        replace(problem, edge=replace(problem.edge, model_sha256=other))
    with pytest.raises(ProfileError, match="error table is of model"):
        replace(problem, errors=replace(problem.errors, model_sha256=other))
    with pytest.raises(ProfileError, match="cloud profile has 0 layers"):
        replace(problem, cloud=replace(problem.cloud, layer_s=()))


def test_times_that_are_none() -> None:
    problem = random_problem(0)
    broken = replace(problem.cloud, layer_s=(math.nan,) * len(problem.cloud.layer_s), tail_s={})
    with pytest.raises(ProfileError, match="not finite"):
        solve(replace(problem, cloud=broken))
