"""What a restoration is worth on CIFAR's ResNet-20, on pictures that nothing was learned from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.errors.coded_steps import coded_steps
from evosplit.planner.restoration.learn import learn_restorations
from evosplit.planner.restoration.restorable_tensors import Restorable
from evosplit.shared.card import load_card
from evosplit.shared.graph import load_graph, prefix_cut
from evosplit.shared.plan import TensorCode
from evosplit.shared.preprocess import preprocess
from evosplit.shared.restoration.network import Restoration
from evosplit.shared.restoration.restored_tail import restored_tail
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model

CARDS = Path(__file__).parents[2] / "cli" / "cards"
STEPS = slice(1, 3)
"""Of the ladder: 2 and 1.4 standard deviations."""


def test_the_output_errs_less_at_the_same_bytes(shared_models: Path, shared_data: Path) -> None:
    """Half to two thirds of the squared error are left (0.49 at the larger step, 0.66)."""
    graph = load_graph(shared_models / "resnet20_cifar10.onnx")
    card = load_card(CARDS / "resnet20_cifar10.yaml")
    cut = next(cut for cut in (prefix_cut(graph, stop) for stop in range(8, 20)) if len(cut.boundary) == 1)
    (tensor,) = cut.boundary
    head, tail = Runner(head_model(graph, cut)), tail_model(graph, cut)
    with np.load(shared_data / "cifar10" / "cifar10.npz") as archive:
        seen, unseen = (
            [dict(preprocess(card, picture)) for picture in archive[name][:count]]
            for name, count in (("x_train", 64), ("x_test", 100))
        )
    values = np.concatenate([head.run(feeds)[tensor] for feeds in seen])
    steps = coded_steps(values.reshape(-1), float(values.min()), float(values.max()))[STEPS]
    learned = learn_restorations(graph, card, Restorable(cut, tensor), steps, seen)
    networks = {
        step.code: network for step, network in zip(learned.known.steps, learned.networks, strict=True)
    }
    arrays = [head.run(feeds)[tensor] for feeds in unseen]
    by_itself = Runner(tail)
    right = np.stack([by_itself.run({tensor: array})[graph.outputs[0]] for array in arrays])

    def sent(code: TensorCode, restoration: Restoration | None = None) -> float:
        """Squared error of the output."""
        runner = Runner(restored_tail(tail, [restoration] if restoration else []))
        arrived = [decode_tensor(encode_tensor(tensor, array, code)) for array in arrays]
        made = [runner.run({tensor: array})[graph.outputs[0]] for array in arrived]
        return float(np.square(np.stack(made) - right).mean())

    for step in steps:
        assert sent(step.code, networks[step.code]) < 0.85 * sent(step.code)
