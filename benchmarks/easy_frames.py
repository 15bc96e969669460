"""Rate control per frame: bytes and agreement of a bits hook over the larger steps that a plan carries.

ResNet-56 on CIFAR-10 at its smallest boundary near half of the arithmetic, entropy coded at 0.7 standard
deviations. The hook is learned and its thresholds are proven on moved, turned and relit copies of training
pictures (as they are, the network knows them too well to tell easy from hard); figures come from copies of
others, and from test pictures, which are easier than the copies. Agreement is with the plan's own answers;
beside it stand those of every larger step for all frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.cifar.augment import strong
from benchmarks.cifar.network import feeds
from benchmarks.cifar_hooks import DATA, MODEL
from benchmarks.report import write_result
from evosplit.edge.hook_learning.bits_learner import FEATURES
from evosplit.edge.hook_training.bits_fit import bits_hook
from evosplit.edge.hook_training.trainers import logistic
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.decisions import Bits
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.errors.tensor_statistics import Watch, observed
from evosplit.planner.problem.plans import EASIER_STEPS
from evosplit.shared.graph import Cut, Graph, load_graph, prefix_cuts
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model

AGREEMENT: Final = 0.98
OWN: Final = 4
"""The plan's step in the ladder."""
LEARNED: Final = 4000
UNSEEN: Final = slice(16000, 17000)
CALIBRATED: Final = 100
TESTED: Final = 500
BAND: Final = (0.35, 0.65)

Tensor = NDArray[np.float32]


@dataclass(frozen=True)
class Rows:
    """Of n pictures: the boundary tensors, and by code whether the plan's answer stays, and the bytes."""

    tensors: Sequence[Tensor]
    stays: NDArray[np.bool_]
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """The network in two parts; one tensor crosses."""

    name: str
    head: Runner
    tail: Runner
    output: str

    def cross(self, graph: Graph, pictures: NDArray[np.uint8]) -> list[Tensor]:
        """What crosses of each picture."""
        return [self.head.run(feeds(graph, picture))[self.name] for picture in pictures]

    def answer(self, tensor: NDArray[Any]) -> int:
        """The likeliest class."""
        return int(self.tail.run({self.name: tensor})[self.output].argmax())

    def sent(self, tensor: Tensor, code: TensorCode) -> tuple[int, int]:
        """The answer to what arrives, and the payload's bytes."""
        encoded = encode_tensor(self.name, tensor, code)
        return self.answer(decode_tensor(encoded)), len(encoded.payload)

    def rows(self, tensors: Sequence[Tensor], codes: Sequence[TensorCode]) -> Rows:
        """Every tensor in every code, the plan's last; coarser ones than one that fails fail."""
        sent = np.array([[self.sent(tensor, code) for code in codes] for tensor in tensors])
        same = sent[:, :, 0] == sent[:, -1:, 0]
        stays = np.flip(np.logical_and.accumulate(np.flip(same, 1), axis=1), 1)
        return Rows(tensors, stays, sent[:, :, 1])


def main() -> None:
    """Learn, measure, write the result."""
    if not MODEL.is_file() or not DATA.is_file():
        raise SystemExit("needs ../shared/models/resnet56_cifar10.onnx and ../shared/data/cifar10")
    graph, data = load_graph(MODEL), np.load(DATA)
    part = _part(graph)
    pictures = {"unseen": _copies(data["x_train"][UNSEEN]), "test": data["x_test"][:TESTED]}
    learned = part.cross(graph, _copies(data["x_train"][:LEARNED]))
    watch = Watch()
    for tensor in learned[:CALIBRATED]:
        watch.add(observed(tensor, CALIBRATED))
    ladder = [step.code for step in watch.steps() if step.lagrange_multiplier is None]
    codes = tuple(ladder[OWN - EASIER_STEPS : OWN + 1])
    seen = np.stack([FEATURES.of(tensor) for tensor in learned])
    stays = part.rows(learned, codes).stays
    hook = bits_hook("bits", part.name, FEATURES, codes, seen, stays, logistic, AGREEMENT)
    results = {
        kind: _figures(hook, codes, part.rows(part.cross(graph, some), codes))
        for kind, some in pictures.items()
    }
    asked = {"agreement": AGREEMENT, "learned": LEARNED, "step": codes[-1].step}
    write_result("easy_frames", {**asked, **results})


def _copies(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.stack(list(strong(pictures, 1)))


def _part(graph: Graph) -> Part:
    macs = np.cumsum([0, *(layer.macs for layer in graph.layers)])
    shares = [(cut, macs[len(cut.layers)] / macs[-1]) for cut in prefix_cuts(graph)]
    single = [cut for cut, share in shares if BAND[0] <= share < BAND[1] and len(cut.boundary) == 1]
    cut: Cut = min(single, key=lambda cut: graph.tensors[cut.boundary[0]].elements)
    head, tail = Runner(head_model(graph, cut), 1), Runner(tail_model(graph, cut), 1)
    return Part(cut.boundary[0], head, tail, graph.outputs[0])


def _figures(hook: BitsHook | None, codes: Sequence[TensorCode], rows: Rows) -> dict[str, Any]:
    """Agreement and bytes with the hook; of every code for all frames beside it."""
    chosen = np.array([_chosen(hook, codes, tensor) for tensor in rows.tensors])
    each, own = np.arange(len(chosen)), rows.sizes[:, -1].mean()
    return {
        "agreement": float(rows.stays[each, chosen].mean()),
        "bytes": float(rows.sizes[each, chosen].mean()),
        "plan_bytes": float(own),
        "ratio": float(rows.sizes[each, chosen].mean() / own),
        "frames_by_code": np.bincount(chosen, minlength=len(codes)).tolist(),
        "agreement_by_code": rows.stays.mean(axis=0).round(4).tolist(),
        "ratio_by_code": (rows.sizes.mean(axis=0) / own).round(3).tolist(),
    }


def _chosen(hook: BitsHook | None, codes: Sequence[TensorCode], tensor: Tensor) -> int:
    decision = None if hook is None else hook.decide(tensor, "frames")
    return codes.index(decision.codes[hook.tap]) if hook and isinstance(decision, Bits) else len(codes) - 1


if __name__ == "__main__":
    main()
