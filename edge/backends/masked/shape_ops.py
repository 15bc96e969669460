"""Conversion of ONNX shape nodes: upsampling, slicing, concatenation, channel padding."""

from __future__ import annotations

from evosplit.edge.backends.masked.onnx_nodes import Node, Shapes
from evosplit.edge.backends.masked.ops import Concat, Op, Shape, Slice, Span, Upsample, Zeros


def upsample(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """Nearest neighbour by whole factors."""
    size = shapes[reads[0]]
    factors = _factors(node, size)
    whole = [round(factor) for factor in factors]
    if any(abs(a - b) > 1e-6 for a, b in zip(whole, factors, strict=True)) or whole[:2] != [1, 1]:
        raise node.refuse("only whole factors of rows and columns")
    if min(whole) < 1 or not _is_floor(node, max(whole[2:])):
        raise node.refuse("not nearest neighbour by position // factor")
    return Upsample(node.outputs[0], reads[0], (whole[2], whole[3]))


def _factors(node: Node, size: Shape) -> list[float]:
    if node.op == "Resize" and node.opset > 10 and len(node.inputs) > 3 and node.inputs[3]:
        sizes = node.required(3)
        return [a / b for a, b in zip(sizes, (1, size[2], size[0], size[1]), strict=True)]
    scales = node.constant(2 if node.op == "Resize" and node.opset > 10 else 1, "scales")
    if scales is None or scales.size != 4:
        raise node.refuse("scales are not four numbers")
    return [float(value) for value in scales]


def _is_floor(node: Node, factor: int) -> bool:
    """Whether the nearest source of position p is p // factor for every p."""
    if node.attributes.get("mode", b"nearest") != b"nearest":
        return False
    if node.op == "Upsample" or node.opset < 11:
        return True
    how = node.attributes.get("coordinate_transformation_mode", b"half_pixel")
    rounding = node.attributes.get("nearest_mode", b"round_prefer_floor")
    if how == b"asymmetric":
        return bool(rounding == b"floor" or (rounding == b"round_prefer_floor" and factor <= 2))
    return how in (b"half_pixel", b"pytorch_half_pixel") and rounding.startswith(b"round")


def slice_op(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """A slice of channels, rows and columns."""
    height, width, channels = shapes[reads[0]]
    starts, ends = node.constant(1, "starts"), node.constant(2, "ends")
    if starts is None or ends is None:
        raise node.refuse("starts or ends are missing")
    axes, steps = node.constant(3, "axes"), node.constant(4, "steps")
    where = range(len(starts)) if axes is None else axes.tolist()
    by = [1] * len(starts) if steps is None else steps.tolist()
    spans: dict[int, Span] = {1: (0, channels, 1), 2: (0, height, 1), 3: (0, width, 1)}
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), where, by, strict=True):
        index = axis % 4
        if index not in spans or step < 1:
            raise node.refuse("only forwards along channels, rows and columns")
        spans[index] = slice(start, end, step).indices((channels, height, width)[index - 1])
        if not len(range(*spans[index])):
            raise node.refuse("nothing is left")
    return Slice(node.outputs[0], reads[0], spans[2], spans[3], spans[1])


def concat(node: Node, reads: list[str], shapes: Shapes) -> Op:
    """Channels side by side."""
    if node.attributes.get("axis", 1) not in (1, -3) or len({shapes[name][:2] for name in reads}) != 1:
        raise node.refuse("only along channels")
    return Concat(node.outputs[0], tuple(reads))


def pad_channels(node: Node, x: str, shapes: dict[str, Shape]) -> list[Op]:
    """Zeros beside the channels, as shortcuts of residual networks have them."""
    pads, value = node.constant(1, "pads"), node.constant(2, "value")
    plain = node.attributes.get("mode", b"constant") == b"constant" and (value is None or not value.any())
    if x not in shapes or pads is None or pads.size != 8 or not plain or pads.min() < 0:
        raise node.refuse("only zeros")
    before, after = int(pads[1]), int(pads[5])
    if pads.sum() != before + after:
        raise node.refuse("only channels")
    out, parts, ops = node.outputs[0], [x], list[Op]()
    for place, count in ((0, before), (2, after)):
        if count:
            zeros = Zeros(f"{out}:zeros{place}")
            shapes[zeros.out] = (*shapes[x][:2], count)
            parts.insert(place, zeros.out)
            ops.append(zeros)
    return [*ops, Concat(out, tuple(parts))]
