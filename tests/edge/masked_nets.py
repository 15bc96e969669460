"""Random small graphs of everything that the masked kernels run."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """Grows a graph of one input `x` (1, 3, H, W); tensors are (name, channels, height, width)."""

    def __init__(self, seed, size):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights = [], []
        self.size = size
        self.tensors = [("x", 3, *size)]

    def weight(self, values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def normal(self, *shape, scale=1.0):
        return self.weight((self.rng.standard_normal(shape) * scale).astype(np.float32))

    def node(self, op, inputs, channels, height, width, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=f"n{name}", **attributes))
        return name, channels, height, width

    def pick(self, *items):
        return items[self.rng.integers(len(items))]

    def window(self, height, width, most=3):
        kernel = [min(int(self.rng.integers(1, most + 1)), n) for n in (height, width)]
        stride = [int(self.rng.integers(1, 3)) for _ in range(2)]
        pads = [int(self.rng.integers(0, k // 2 + 1)) for k in (*kernel, *kernel)]
        sizes = [
            (n + pads[i] + pads[i + 2] - kernel[i]) // stride[i] + 1 for i, n in enumerate((height, width))
        ]
        return sizes, {"kernel_shape": kernel, "strides": stride, "pads": pads}

    def conv(self, t):
        name, channels, height, width = t
        groups = self.pick(1, 1, channels)
        out = channels if groups > 1 else int(self.rng.integers(1, 20))
        sizes, window = self.window(height, width)
        kernel = window["kernel_shape"]
        w = self.normal(out, channels // groups, *kernel, scale=(channels * kernel[0] * kernel[1]) ** -0.5)
        made = self.node("Conv", [name, w, self.normal(out)], out, *sizes, group=groups, **window)
        return self.activation(made) if self.rng.random() < 0.8 else made

    def activation(self, t):
        name, *shape = t
        kind = self.pick("Relu", "Clip", "LeakyRelu", "SiLU", "Sigmoid")
        if kind == "SiLU":
            gate = self.node("Sigmoid", [name], *shape)
            return self.node("Mul", [name, gate[0]] if self.rng.random() < 0.5 else [gate[0], name], *shape)
        if kind == "Clip":
            ends = [self.weight(np.array(v, np.float32)) for v in (-0.5, 0.75)]
            return self.node("Clip", [name, *ends], *shape)
        return self.node(kind, [name], *shape, **({"alpha": 0.2} if kind == "LeakyRelu" else {}))

    def pool(self, t):
        name, channels, height, width = t
        sizes, window = self.window(height, width)
        kind = self.pick("MaxPool", "AveragePool")
        extra = {"count_include_pad": int(self.rng.integers(2))} if kind == "AveragePool" else {}
        return self.node(kind, [name], channels, *sizes, **window, **extra)

    def norm(self, t):
        name, channels, height, width = t
        variance = self.weight((1 + self.rng.random(channels)).astype(np.float32))
        values = [self.normal(channels) for _ in range(3)]
        return self.node("BatchNormalization", [name, *values, variance], channels, height, width)

    def upsample(self, t):
        name, channels, height, width = t
        factor = [int(self.rng.integers(1, 4)) for _ in range(2)]
        scales = self.weight(np.array([1, 1, *factor], np.float32))
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor", "mode": "nearest"}
        return self.node("Resize", [name, "", scales], channels, height * factor[0], width * factor[1], **how)

    def shift(self, t):
        name, channels, height, width = t
        constant = self.normal(1, channels, 1, 1)
        return self.node(self.pick("Add", "Mul"), [name, constant], channels, height, width)

    def every(self, t):
        """A strided slice."""
        name, channels, height, width = t
        starts = [int(self.rng.integers(0, min(2, n))) for n in (height, width)]
        parts = [np.array(v, np.int64) for v in (starts, [height, width], [2, 3], [2, 2])]
        sizes = [len(range(s, n, 2)) for s, n in zip(starts, (height, width), strict=True)]
        return self.node("Slice", [name, *map(self.weight, parts)], channels, *sizes)

    def add(self, t):
        others = [o for o in self.tensors if o[1:] == t[1:]]
        other = others[self.rng.integers(len(others))]
        made = self.node("Add", [t[0], other[0]], *t[1:])
        return self.activation(made) if self.rng.random() < 0.5 else made

    def concat(self, t):
        others = [o for o in self.tensors if o[2:] == t[2:]]
        chosen = [t, *(others[self.rng.integers(len(others))] for _ in range(self.rng.integers(1, 3)))]
        return self.node("Concat", [o[0] for o in chosen], sum(o[1] for o in chosen), *t[2:], axis=1)

    def widen(self, t):
        name, channels, height, width = t
        pads = self.weight(np.array([0, 1, 0, 0, 0, 2, 0, 0], np.int64))
        return self.node("Pad", [name, pads], channels + 3, height, width)

    def grow(self):
        t = (
            self.tensors[-1]
            if self.rng.random() < 0.7
            else self.tensors[self.rng.integers(len(self.tensors))]
        )
        steps = [
            *[self.conv] * 4,
            self.pool,
            self.norm,
            self.add,
            self.add,
            self.concat,
            self.shift,
            self.widen,
        ]
        if t[2] * t[3] < 600:
            steps.append(self.upsample)
        if min(t[2:]) > 3:
            steps.append(self.every)
        self.tensors.append(self.pick(*steps)(t))

    def model(self):
        used = {name for node in self.nodes for name in node.input}
        outputs = {t[0]: t for t in self.tensors[1:] if t[0] not in used or self.rng.random() < 0.2}
        made = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape])
            for name, *shape in outputs.values()
        ]
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, *self.size])
        graph = helper.make_graph(self.nodes, "random", [x], made, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def random_net(seed, size=(14, 17), steps=9):
    """A model with input `x` (1, 3, *size*) float32."""
    builder = Builder(seed, size)
    for _ in range(steps):
        builder.grow()
    return builder.model()
