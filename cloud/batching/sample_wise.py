"""Rules of ONNX operators: which ones treat the samples of a batch, the first dimension, apart.

An operator without a rule does not. All that counts beside the data is known ahead: axes and shapes that are
computed, or that follow the batch, are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import onnx

from evosplit.cloud.batching.operands import Operands, Use

Rule: TypeAlias = Callable[[Use], bool]


def is_sample_wise(node: onnx.NodeProto, operands: Operands, carried: frozenset[str]) -> bool:
    """Whether the node keeps samples apart; ``carried`` are the tensors with the batch in front."""
    rule = _RULES.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    made = [name for name in node.output if name]
    if rule is None or not all(operands.has_batch(name) for name in made):
        return False
    return rule(Use(node, operands, carried))


def _elementwise(use: Use) -> bool:
    """All that carry the batch have one rank; constants broadcast along it."""
    ranks = {use.operands.rank(name) for name in use.node.input if name in use.carried}
    constants = [name for name in use.node.input if name and name not in use.carried]
    rank = max(ranks)
    return len(ranks) == 1 and all(_broadcasts(use.operands.shapes.get(name), rank) for name in constants)


def _broadcasts(shape: tuple[int, ...] | None, rank: int) -> bool:
    return shape is not None and (len(shape) < rank or (len(shape) == rank and shape[0] == 1))


def _first_alone(use: Use) -> bool:
    return use.is_data(0) and not use.attribute("training_mode", 0)


def _one_axis(default: int | None) -> Rule:
    def rule(use: Use) -> bool:
        axis = use.attribute("axis", default)
        return use.is_data(0) and axis is not None and use.spares_batch((axis,))

    return rule


def _axes(index: int, attribute: str = "axes") -> Rule:
    def rule(use: Use) -> bool:
        return use.is_data(0) and use.spares_batch(use.numbers(index, attribute))

    return rule


def _concat(use: Use) -> bool:
    return set(use.node.input) <= use.carried and use.spares_batch((use.attribute("axis", 0),))


def _flatten(use: Use) -> bool:
    return bool(use.attribute("axis", 1) == 1)


def _reshape(use: Use) -> bool:
    """The batch stays first: it is written as 1, copied by 0, or whatever is left, -1."""
    target = use.numbers(1, "shape")
    if not target or use.attribute("allowzero", 0) or not use.is_data(0):
        return False
    return target[0] in (0, 1) or (target[0] == -1 and 0 not in target)


def _transpose(use: Use) -> bool:
    return tuple(use.attribute("perm", ()))[:1] == (0,)


def _pad(use: Use) -> bool:
    """Nothing is added before the first sample and after the last; all axes are named."""
    pads = use.numbers(1, "pads")
    is_whole = len(use.node.input) <= 3 and len(pads) == 2 * use.rank
    return use.is_data(0) and is_whole and pads[0] == 0 == pads[use.rank]


def _unsqueeze(use: Use) -> bool:
    axes = use.numbers(1, "axes")
    made = use.rank + len(axes)
    return use.is_data(0) and bool(axes) and all(int(axis) % made != 0 for axis in axes)


def _resize(use: Use) -> bool:
    """By factors, not to sizes, and without a region of interest."""
    factors = use.numbers(2 if use.node.op_type == "Resize" else 1, "scales")
    is_whole = len(use.node.input) <= 3 and len(factors) == use.rank
    return use.is_data(0) and is_whole and float(factors[0]) == 1.0


def _matmul(use: Use) -> bool:
    """A matrix of weights on the right side, or products of matrices sample by sample."""
    left, right = use.node.input
    if left in use.carried and right in use.carried:
        return use.operands.rank(left) == use.operands.rank(right) >= 3
    return use.is_data(0) and use.rank >= 2 and use.operands.rank(right) == 2


def _gemm(use: Use) -> bool:
    added = [use.operands.shapes.get(name, (0,)) for name in use.node.input[2:]]
    return (
        use.is_data(0)
        and not use.attribute("transA", 0)
        and all(len(shape) < 2 or shape[0] == 1 for shape in added)
    )


def _softmax(use: Use) -> bool:
    return use.spares_batch((use.attribute("axis", -1),))


def _many(rule: Rule, *operators: str) -> dict[str, Rule]:
    return dict.fromkeys(operators, rule)


_RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        **_many(
            _elementwise,
            *("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "Where", "PRelu", "Mod"),
            *("Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Selu", "Celu", "Gelu", "Mish", "Clip", "Erf"),
            *("Sigmoid", "HardSigmoid", "HardSwish", "Swish", "Tanh", "Softplus", "Softsign", "Identity"),
            *("Abs", "Neg", "Exp", "Log", "Sqrt", "Reciprocal", "Floor", "Ceil", "Round", "Sign", "Cast"),
            *("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Not", "Xor"),
            *("Sin", "Cos", "IsNaN", "Dropout"),
        ),
        **_many(
            _first_alone,
            *("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool"),
            *("GlobalMaxPool", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN"),
            *("DepthToSpace", "SpaceToDepth"),
        ),
        **_many(_softmax, "Softmax", "LogSoftmax", "Hardmax"),
        **_many(_one_axis(0), "Split", "Gather", "ArgMax", "ArgMin"),
        **_many(_one_axis(-1), "LayerNormalization", "RMSNormalization", "LpNormalization", "TopK"),
        **_many(_axes(1), "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "Squeeze"),
        **_many(_axes(3), "Slice"),
        **_many(_resize, "Resize", "Upsample"),
        "Concat": _concat,
        "Flatten": _flatten,
        "Reshape": _reshape,
        "Transpose": _transpose,
        "Pad": _pad,
        "Unsqueeze": _unsqueeze,
        "MatMul": _matmul,
        "Gemm": _gemm,
    }
)
