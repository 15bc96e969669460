"""Operator fusion: activations, residual sums and space-to-depth join the operation before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from evosplit.edge.backends.masked.ops import (
    Activate,
    Add,
    Concat,
    Conv,
    Gate,
    Network,
    Op,
    Scale,
    Slice,
    SpaceToDepth,
)
from evosplit.kernels.masked.activation import NONE, SIGMOID_CURVE, SILU_CURVE
from evosplit.shared.errors import ModelError


def fuse(network: Network) -> Network:
    """The same network with SiLU, activations, residuals and space-to-depth recognised.

    Raises ModelError where a product of two tensors is not a SiLU.
    """
    for rewrite in (_silu, _activations, _residuals, _activations, _space_to_depth):
        network = replace(network, ops=rewrite(network))
    products = [op.out for op in network.ops if isinstance(op, Gate)]
    if products:
        raise ModelError(f"masked kernels: {products[0]} is a product of two tensors")
    return network


def _readers(network: Network) -> Counter[str]:
    """How many read each tensor; what goes out counts too."""
    return Counter([*(name for op in network.ops for name in op.reads), *network.outputs.values()])


def _silu(network: Network) -> tuple[Op, ...]:
    """``x * sigmoid(x)``; a sigmoid that nobody else reads goes."""
    gates = {
        op.out: op.x for op in network.ops if isinstance(op, Activate) and op.activation == SIGMOID_CURVE
    }
    ops = [_gated(op, gates) if isinstance(op, Gate) else op for op in network.ops]
    used = {name for op in ops for name in op.reads}.union(network.outputs.values())
    return tuple(op for op in ops if op.out not in gates or op.out in used)


def _gated(op: Gate, gates: dict[str, str]) -> Op:
    for x, gate in ((op.a, op.b), (op.b, op.a)):
        if gates.get(gate) == x:
            return Activate(op.out, x, SILU_CURVE)
    return op


def _merge(network: Network, joined: Callable[[Op, Op], Op | None]) -> tuple[Op, ...]:
    """Replace an operation by what ``joined`` makes of it and one that makes its input for it alone."""
    readers = _readers(network)
    ops: dict[str, Op] = {}
    for op in network.ops:
        merged = None
        for name in op.reads:
            before = ops.get(name)
            if before is not None and readers[name] == 1:
                merged = joined(before, op)
            if merged is not None:
                del ops[name]
                break
        ops[op.out] = merged or op
    return tuple(ops.values())


def _activations(network: Network) -> tuple[Op, ...]:
    def joined(before: Op, op: Op) -> Op | None:
        if not isinstance(op, Activate) or not isinstance(before, Conv | Add | Scale):
            return None
        free = before.activation == NONE and not (isinstance(before, Conv) and before.residual_last)
        return replace(before, out=op.out, activation=op.activation) if free else None

    return _merge(network, joined)


def _residuals(network: Network) -> tuple[Op, ...]:
    """A sum joins the convolution that makes one of its terms, at the sum's place: both terms are there."""

    def joined(before: Op, op: Op) -> Op | None:
        if not isinstance(op, Add) or not isinstance(before, Conv) or before.residual or op.a == op.b:
            return None
        other = op.b if op.a == before.out else op.a
        if before.activation == NONE:
            return replace(before, out=op.out, residual=other, activation=op.activation)
        return (
            replace(before, out=op.out, residual=other, residual_last=True) if op.activation == NONE else None
        )

    return _merge(network, joined)


def _space_to_depth(network: Network) -> tuple[Op, ...]:
    """A concatenation of every n-th position of a model's input, as detectors begin with."""
    slices = {op.out: op for op in network.ops if isinstance(op, Slice)}
    ops = [_gathered(op, slices, network) if isinstance(op, Concat) else op for op in network.ops]
    while True:
        used = {name for op in ops for name in op.reads}.union(network.outputs.values())
        left = [op for op in ops if not isinstance(op, Slice) or op.out in used]
        if len(left) == len(ops):
            return tuple(ops)
        ops = left


def _gathered(op: Concat, slices: dict[str, Slice], network: Network) -> Op:
    views = [_unwound(part, slices, network) for part in op.parts]
    source, step = views[0][0], views[0][1].step
    size = network.shapes[source][:2]
    wholes = [(v[0], v[1].step, v[2].step, v[1].start < step, v[2].start < step) for v in views]
    fits = set(wholes) == {(source, step, step, True, True)} and source in network.inputs and step > 1
    if (
        not fits
        or size[0] % step
        or size[1] % step
        or network.shapes[op.out][:2] != (size[0] // step, size[1] // step)
    ):
        return op
    sources = tuple((c, v[1].start, v[2].start) for v in views for c in v[3])
    return SpaceToDepth(op.out, source, step, sources)


def _unwound(name: str, slices: dict[str, Slice], network: Network) -> tuple[str, range, range, range]:
    """The tensor that a chain of slices begins with, and which of its rows, columns, channels are left."""
    chain = []
    while name in slices:
        chain.append(slices[name])
        name = slices[name].x
    rows, columns, channels = (range(size) for size in network.shapes[name])
    for op in reversed(chain):
        rows, columns, channels = (
            whole[slice(*span)]
            for whole, span in zip((rows, columns, channels), (op.rows, op.columns, op.channels), strict=True)
        )
    return name, rows, columns, channels
