"""Chains of layers with tables from the planner, and devices whose times are not those of the profile."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

from evosplit.kernels.errors.measure_table import ActivationErrors, ErrorTable, WeightErrors
from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.table import plan_table
from evosplit.shared.correction.corrections import Measured, corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.correction.predicted_terms import Beside
from evosplit.shared.graph import Graph, Layer, Tensor
from evosplit.shared.link import Link
from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.profile import Machine, Profile
from evosplit.shared.replan import choices, fastest, replan

SHA256 = "5" * 64
WIRE = (4, 8, 16)
Factors = tuple[float, float, float]
"""What edge, cloud and request take more than at first, at some frame."""


@dataclass(frozen=True)
class World:
    """A network with its profiles and its table."""

    problem: Problem
    edge: Profile
    cloud: Profile
    table: PlanTable


def world(seed: int) -> World:
    """16 to 30 layers whose tensors shrink, so that the table has three to seven plans."""
    rng = random.Random(seed)  # noqa: S311
    graph = _chain(rng, rng.randint(16, 30))
    edge_s, faster = 10 ** rng.uniform(-2, -0.5), 10 ** rng.uniform(0.7, 2)
    shares = [rng.uniform(0.3, 1.7) for _ in graph.layers]
    layer_s = tuple(edge_s * share / sum(shares) for share in shares)
    codec_s = edge_s * 0.02 / 8000
    edge = dataclasses.replace(
        _profile(layer_s, codec_s), frame_s=0.01 * edge_s, prepare_s=0.03 * edge_s, pack_s=0.01 * edge_s
    )
    cloud = _profile(tuple(one / faster for one in layer_s), codec_s / faster)
    bits = BitChoices(weights=(8, 32), activations=(32,), wire=WIRE)
    problem = Problem(
        graph=graph,
        edge=edge,
        cloud=cloud,
        errors=_errors(graph, rng),
        link=Link(1e6, edge_s * rng.uniform(0.02, 0.2)),
        limits=Limits(max_error=10 ** rng.uniform(-4, -1)),
        bits=bits,
        cuts="prefix",
    )
    return World(problem, edge, cloud, plan_table(problem))


def contested(here: World, rng: random.Random) -> Link:
    """A link between the first and the last change of plan, or a little beyond."""
    ends = here.table.breakpoints_bps or (1e6,)
    bandwidth_bps = math.exp(rng.uniform(math.log(0.7 * ends[0]), math.log(1.4 * ends[-1])))
    return Link(bandwidth_bps, here.problem.link.rtt_s)


class Device:
    """Edge, cloud and requests as they really are: each group of layers off by a factor of its own.

    Times are noisy, and now and then a step takes three times as long. Boundaries send ``share`` of their
    bytes, as deltas, which are whole now and then.
    """

    def __init__(
        self,
        here: World,
        link: Link,
        rng: random.Random,
        span: float = 2.0,
        groups: int = 3,
        noise: float = 0.05,
        factors: Callable[[int], Factors] = lambda frame: (1.0, 1.0, 1.0),
        share: float = 1.0,
    ) -> None:
        self.share = share
        self.rng, self.noise, self.factors, self.link = rng, noise, factors, link
        count = len(here.problem.graph.layers)
        ends = sorted(rng.sample(range(1, count), groups - 1))
        group = [sum(at >= end for end in ends) for at in range(count)]

        def off() -> float:
            return span ** rng.uniform(-1, 1)

        edge_off, cloud_off = [off() for _ in range(groups)], [off() for _ in range(groups)]
        edge_s = [one * edge_off[at] for one, at in zip(here.edge.head_layer_s(), group, strict=True)]
        cloud_s = [one * cloud_off[at] for one, at in zip(here.cloud.tail_layer_s(), group, strict=True)]
        self.frame_s, self.prepare_s = here.edge.frame_s, here.edge.prepare_s * off()
        self.request_s, coding = link.rtt_s * (off() - 1), off()
        self.truth = {}
        for plan in choices(here.table):
            at = int(plan.cut_key)
            beside_s = plan.latency.edge_s - here.edge.frame_s - here.edge.prepare_s
            encode_s = beside_s - sum(here.edge.head_layer_s()[:at])
            decode_s = plan.latency.cloud_s - sum(here.cloud.tail_layer_s()[at:])
            head_s = coding * encode_s + sum(edge_s[:at])
            tail_s = coding * decode_s + sum(cloud_s[at:]) if plan.wire_bytes else 0.0
            self.truth[plan.digest] = plan, head_s, tail_s

    def mean_s(self, plan: Plan, frame: int) -> float:
        """What a frame takes without noise."""
        edge, cloud, request = self.factors(frame)
        _, head_s, tail_s = self.truth[plan.digest]
        sent_s = (
            self.link.uplink_s(self._sent_bytes(plan)) + request * self.request_s if plan.wire_bytes else 0.0
        )
        return self.frame_s + edge * (self.prepare_s + head_s) + sent_s + cloud * tail_s

    def shoot(self, plan: Plan, frame: int) -> Measured:
        """One frame."""
        edge, cloud, request = self.factors(frame)
        _, head_s, tail_s = self.truth[plan.digest]
        prepare_s, head_s = edge * self.prepare_s * self._noise(), edge * head_s * self._noise()
        if not plan.wire_bytes:
            return Measured(plan.digest, prepare_s, head_s)
        is_whole = self._sent_bytes(plan) == plan.wire_bytes or frame % 20 == 0
        sent_bytes = plan.wire_bytes if is_whole else self._sent_bytes(plan)
        jitter_s = self.rng.expovariate(1 / (0.02 * self.link.rtt_s + 1e-9))
        return Measured(
            plan.digest,
            prepare_s,
            head_s,
            cloud * tail_s * self._noise(),
            request * self.request_s + jitter_s,
            8 * sent_bytes / self.link.bandwidth_bps,
            sent_bytes if is_whole else None,
            sent_bytes,
        )

    def _sent_bytes(self, plan: Plan) -> int:
        is_delta = bool(plan.wire_bytes) and not any(is_picture(code.codec) for code in plan.wire.values())
        return round(plan.wire_bytes * self.share) if is_delta else plan.wire_bytes

    def _noise(self) -> float:
        off = math.exp(self.rng.gauss(0, self.noise) - self.noise**2 / 2)
        return off * 3 if self.rng.random() < 0.02 else off


def play(here: World, link: Link, device: Device, frames: int, learns: bool = True) -> list[Plan]:
    """The plan of each frame, by the agent's own rules."""
    beside = Beside(here.edge.frame_s, here.edge.prepare_s)
    course = Course(corrections_of(choices(here.table), beside), learns=learns)
    current, used = replan(here.table, link, None), []
    for frame in range(frames):
        priced = course.priced(link)
        best = fastest(here.table, link, priced)
        course, plan = course.next_frame(priced, current, best, lambda plan: True)
        used.append(plan)
        course = course.learn(device.shoot(plan, frame))
        wanted = replan(here.table, link, current, course.priced(link), course.owed)
        course, current = (course if wanted is current else course.changed()), wanted
    return used


def regret(here: World, device: Device, used: list[Plan]) -> float:
    """Mean latency beyond that of the best fixed plan, as a share of it."""
    spent_s = sum(device.mean_s(plan, frame) for frame, plan in enumerate(used))
    return spent_s / best_s(here, device, len(used)) - 1


def best_s(here: World, device: Device, frames: int) -> float:
    """What all frames take under the best fixed plan."""
    every = choices(here.table)
    return min(sum(device.mean_s(plan, frame) for frame in range(frames)) for plan in every)


def _chain(rng: random.Random, count: int) -> Graph:
    tensors = {"x": Tensor("x", (1, rng.randint(2000, 4000)), "float32")}
    elements = tensors["x"].shape[1] * rng.uniform(0.8, 2)
    layers, last = [], "x"
    model = onnx.ModelProto()
    for at in range(count):
        elements *= rng.uniform(0.72, 0.98)
        made = Tensor(f"t{at}", (1, max(int(elements * rng.uniform(0.85, 1.15)), 4)), "float32")
        tensors[made.name] = made
        model.graph.initializer.append(numpy_helper.from_array(np.zeros((2, 128), np.float32), f"w{at}"))
        layers.append(Layer(at, f"l{at}", "Op", (), (at,), (last,), (made.name,), (f"w{at}",), 1, 1))
        last = made.name
    return Graph("net", SHA256, tuple(layers), tensors, ("x",), (last,), model)


def _profile(layer_s: tuple[float, ...], codec_s: float) -> Profile:
    return Profile("net", SHA256, Machine("-", 1, 1, "-", "-"), 1, 1.0, layer_s, {}, {}, codec_s, codec_s)


def _errors(graph: Graph, rng: random.Random) -> ErrorTable:
    def by_bits(widths: tuple[int, ...]) -> dict[int, float]:
        size = 10 ** rng.uniform(-1, 1)
        return {width: size * 4.0**-width for width in widths}

    weights = {
        layer.name: WeightErrors(found, found, found) for layer in graph.layers for found in [by_bits((8,))]
    }
    activations = {}
    for name, tensor in graph.tensors.items():
        found = by_bits(WIRE)
        sizes = {width: tensor.elements * width / 8 * rng.uniform(0.5, 1) for width in (*WIRE, 32)}
        lows, highs = dict.fromkeys(found, -1.0), dict.fromkeys(found, 1.0)
        activations[name] = ActivationErrors(found, found, found, lows, highs, sizes)
    return ErrorTable("net", SHA256, 1, weights, activations, {})
