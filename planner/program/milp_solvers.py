"""Solvers that prove optima: HiGHS, or the CBC that PuLP finds. The only file that touches either."""

from __future__ import annotations

import functools
import math
import warnings
from typing import Any

import numpy as np
import pulp

from evosplit.planner.program.milp_arrays import ONE, ZERO, Program
from evosplit.shared.errors import SolverError

_TOLERANCE = 1e-9


@functools.cache
def solver_name() -> str:
    """``HiGHS`` where it is installed, ``CBC`` (which comes with PuLP) otherwise."""
    try:
        import highspy  # noqa: F401 - optional
    except ImportError:
        return "CBC"
    return "HiGHS"


def minimum(
    program: Program, relative_gap: float, absolute_gap: float, solver: str | None = None
) -> list[float] | None:
    """The values of all variables at a proven optimum; None: infeasible.

    Raises SolverError where the solver gives neither.
    """
    if program.impossible:
        return None
    engine = _highs if (solver or solver_name()) == "HiGHS" else _cbc
    return engine(program, relative_gap, absolute_gap)


def _highs(program: Program, relative_gap: float, absolute_gap: float) -> list[float] | None:
    import highspy

    engine = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("mip_rel_gap", relative_gap),
        ("mip_abs_gap", absolute_gap),
        ("primal_feasibility_tolerance", _TOLERANCE),
        ("mip_feasibility_tolerance", _TOLERANCE),
    ):
        engine.setOptionValue(name, value)
    engine.passModel(_highs_model(highspy, program))
    engine.run()
    status = engine.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty):
        raise SolverError(f"HiGHS stopped: {engine.modelStatusToString(status)}")
    return list(engine.getSolution().col_value)


def _highs_model(highspy: Any, program: Program) -> Any:  # noqa: ANN401 - HiGHS has no types of use
    model = highspy.HighsLp()
    cost = np.zeros(len(program.low))
    cost[list(program.cost)] = list(program.cost.values())
    model.num_col_, model.num_row_ = len(program.low), len(program.row_low)
    model.col_cost_, model.offset_ = cost, program.constant
    model.col_lower_ = np.array(program.low)
    model.col_upper_ = np.array(program.high)
    model.row_lower_, model.row_upper_ = np.array(program.row_low), np.array(program.row_high)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.array(program.starts, np.int32)
    model.a_matrix_.index_ = np.array(program.columns, np.int32)
    model.a_matrix_.value_ = np.array(program.factors)
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    model.integrality_ = [kinds[whole] for whole in program.whole]
    return model


def _cbc(program: Program, relative_gap: float, absolute_gap: float) -> list[float] | None:
    problem, variables = _pulp_problem(program)
    status = problem.solve(_cbc_engine(relative_gap, absolute_gap))
    if status == pulp.LpStatusInfeasible:
        return None
    if status != pulp.LpStatusOptimal:
        raise SolverError(f"CBC stopped: {pulp.LpStatus[status]}")
    return [variable.varValue or 0.0 for variable in variables]


def _pulp_problem(program: Program) -> tuple[Any, list[Any]]:
    problem = pulp.LpProblem("plan", pulp.LpMinimize)
    variables = [
        problem.add_variable(
            f"v{index}",
            low,
            None if math.isinf(high) else high,
            pulp.LpInteger if whole else pulp.LpContinuous,
        )
        for index, (low, high, whole) in enumerate(zip(program.low, program.high, program.whole, strict=True))
    ]
    # CBC leaves out variables of no row or cost, and these two may be in none.
    variables[ONE].setInitialValue(1.0)
    variables[ZERO].setInitialValue(0.0)
    cost = {variables[column]: factor for column, factor in program.cost.items()}
    problem.setObjective(pulp.LpAffineExpression(cost))
    for row, (low, high) in enumerate(zip(program.row_low, program.row_high, strict=True)):
        inside = slice(program.starts[row], program.starts[row + 1])
        terms = {
            variables[column]: factor
            for column, factor in zip(program.columns[inside], program.factors[inside], strict=True)
        }
        for sense, bound in ((pulp.LpConstraintGE, low), (pulp.LpConstraintLE, high)):
            if math.isfinite(bound):
                problem.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, None, bound))
    return problem, variables


def _cbc_engine(relative_gap: float, absolute_gap: float) -> Any:  # noqa: ANN401
    """The CBC on the machine, or else the one inside PuLP 3, which warns that PuLP 4 will not have it."""
    exact = [f"{name} {_TOLERANCE}" for name in ("primalTolerance", "integerTolerance")]
    options = {"msg": False, "threads": 1, "gapRel": relative_gap, "gapAbs": absolute_gap, "options": exact}
    if pulp.COIN_CMD(msg=False).available():
        return pulp.COIN_CMD(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pulp.PULP_CBC_CMD(**options)
