import pytest
from baseline_problems import measured_problem, simulated_problem

from evosplit.planner.compare import STRATEGIES, compare, edge_model_bytes
from evosplit.planner.solve import solve
from evosplit.shared.errors import InfeasibleError

NAMES = ["neurosurgeon", "qdmp", "qdmp-quantised", "auto-split", "u8", "edge", "cloud16", "cloud-jpeg"]


@pytest.mark.parametrize("make", [measured_problem, simulated_problem])
@pytest.mark.parametrize("start", range(0, 60, 15))
def test_ours_is_never_worse_than_a_baseline_within_the_limits(make, start: int) -> None:
    for seed in range(start, start + 15):
        problem = make(seed, 6, "any" if seed % 3 else "prefix")
        ours, *others = compare(problem)
        assert [ours.strategy, *(row.strategy for row in others)] == ["ours", *NAMES]
        within = [row.latency_s for row in others if row.feasible]
        if not ours.feasible:
            assert not within, seed
            with pytest.raises(InfeasibleError):
                solve(problem)
            continue
        assert all(ours.latency_s <= latency_s * (1 + 1e-9) + 2e-9 for latency_s in within), seed


def test_rows_say_what_a_strategy_costs() -> None:
    problem = measured_problem(7, memory_bytes=10**9, max_error=10.0)
    rows = {row.strategy: row for row in compare(problem)}
    assert set(rows) == {"ours", *STRATEGIES}
    assert rows["edge"].cut == str(len(problem.graph.layers))
    assert rows["edge"].wire_bytes == 0
    assert rows["cloud16"].cut == "0"
    assert rows["cloud16"].edge_model_bytes == 0
    assert 0 < rows["u8"].edge_model_bytes < rows["edge"].edge_model_bytes
    assert rows["cloud-jpeg"].latency_s is None
    assert not rows["cloud-jpeg"].feasible


def test_the_edge_model_is_the_packed_weights_of_the_head() -> None:
    problem = measured_problem(7, memory_bytes=10**9, max_error=10.0)
    plan = solve(problem).plan
    assert 0 <= edge_model_bytes(problem, plan) <= plan.edge_memory_bytes
