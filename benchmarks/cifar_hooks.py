"""Hooks on ResNet-56 and CIFAR-10, learned from its own answers: arithmetic, time and accuracy.

The first pictures of the training set stand for what a device has seen; hooks learn from the network's
scores for them, and for shifted, turned and relit copies. Thresholds come from other pictures of that set,
moved and mirrored, since the network has learned the pictures themselves by heart. The test pictures, and a
third part of the training set, are looked at only in the end.

The agreement to ask for follows from half a point that may be lost. Not every changed answer costs a right
one: the network may have been wrong, and the exit right. Which share does is measured on the pictures for
thresholds, turned and relit until the network errs as it does on new ones, by an upper bound. Here, and to
say how accurate answers are, labels of the data set are read; hooks never see any.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.cifar.augment import strong, weak
from benchmarks.cifar.evaluate import play, report
from benchmarks.cifar.fit_hooks import (
    EXIT_FEATURES,
    HeldOut,
    asked_agreement,
    calibrated,
    exit_hooks,
    skip_hook,
)
from benchmarks.cifar.network import Seen, head_of, joined, look
from benchmarks.report import write_result
from evosplit.edge.hook_learning.exit_tasks import HOOK_MACS
from evosplit.edge.hook_training.joint_thresholds import NEVER
from evosplit.edge.hooks.decisions import Skip
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.hooks.placement import HookPlace, exit_places, skip_places
from evosplit.edge.hooks.skip import SkipHook
from evosplit.shared.graph import Graph, load_graph, prefix_cut

ROOT: Final = Path(__file__).resolve().parents[1].parent / "shared"
MODEL: Final = ROOT / "models" / "resnet56_cifar10.onnx"
DATA: Final = ROOT / "data" / "cifar10" / "cifar10.npz"
TARGET_MACS: Final = 0.65
TARGET_POINTS: Final = 0.5

LEARNED: Final = 14_000
"""Pictures that hooks learn from; the next ones set the thresholds, the last ones are for evaluation."""
CALIBRATED: Final = 4_000
EVALUATED: Final = 2_000
VAIN: Final = 200
"""Pictures on which no exit may answer: what asking costs."""
PROBED: Final = 150
"""Pictures on which each block is left out once, to see which can be."""
FIRST_AGREEMENT: Final = 0.98
"""At which it is seen what changed answers cost; the agreement asked for follows from that."""
SKIP_AGREEMENT: Final = 0.985
EXITS: Final = 8
MOST_SKIPS: Final = 2


@dataclass(frozen=True)
class _Always:
    """Skips its block, whatever it reads."""

    tap: str
    until: str
    name: str = "always"
    kind: str = "skip"
    macs: int = 0

    def decide(self, tensor: NDArray[Any], stream: str) -> Skip:
        del tensor, stream
        return Skip()


@dataclass(frozen=True, eq=False)
class _Hooks:
    """What was learned: each exit by itself, all exits, those worth their time, skips, and all."""

    alone: Sequence[ExitHook]
    exits: Sequence[ExitHook]
    quick: Sequence[ExitHook]
    skips: Sequence[SkipHook]
    together: Sequence[Hook]
    agreement: float


def main() -> None:
    """Learn, measure, write the result."""
    if not MODEL.is_file() or not DATA.is_file():
        raise SystemExit("needs ../shared/models/resnet56_cifar10.onnx and ../shared/data/cifar10")
    graph, data = load_graph(MODEL), np.load(DATA)
    started_s = time.perf_counter()
    hooks = _learn(graph, data["x_train"], data["y_train"])
    learned_s = time.perf_counter() - started_s
    result = _measure(graph, data, hooks)
    asked = round(hooks.agreement, 4)
    write_result("cifar_hooks", {"learning_s": round(learned_s), "agreement_asked": asked, **result})
    together = result["exits together"]["test"]
    print(
        f"{together['macs']:.1%} of the arithmetic (target {TARGET_MACS:.0%}), {together['time']:.2f} of the"
    )
    print(f"time, {together['points_lost']} points lost (target {TARGET_POINTS})")


def _learn(graph: Graph, pictures: NDArray[np.uint8], labels: NDArray[np.integer]) -> _Hooks:
    cut = prefix_cut(graph, len(graph.layers))
    places = exit_places(graph, cut, EXITS)
    taps = [place.tap for place in places]
    mine, held = pictures[:LEARNED], pictures[LEARNED : LEARNED + CALIBRATED]
    skips = _skips(graph, mine, skip_places(graph, cut))
    head = head_of(graph, watched=taps)
    rounds = [iter(mine), weak(mine, 1), strong(mine, 2), strong(mine, 3)]
    seen = joined([look(graph, head, pictures, EXIT_FEATURES) for pictures in rounds])
    raw = exit_hooks(places, seen, graph.outputs[0])
    del seen
    plain = look(graph, head, weak(held, 4), EXIT_FEATURES)
    choices: dict[tuple[SkipHook, ...], HeldOut] = {(): _held(plain, plain, places, ())}
    hard = look(graph, head, strong(held, 7), EXIT_FEATURES)
    first = calibrated(raw, choices[()], FIRST_AGREEMENT)[0]
    agreement = asked_agreement(first, hard, labels[LEARNED : LEARNED + CALIBRATED], TARGET_POINTS / 100)
    for count in range(1, len(skips) + 1):
        some = tuple(skips[:count])
        skipping = look(graph, head_of(graph, some, taps), weak(held, 4), EXIT_FEATURES)
        choices[some] = _held(skipping, plain, places, skip_places(graph, cut))
    calibrations = {some: calibrated(raw, choice, agreement) for some, choice in choices.items()}
    best = min(
        (some for some in calibrations if some), key=lambda some: calibrations[some][1].cost, default=()
    )
    return _Hooks(
        alone=[hook for hook in raw for hook in calibrated([hook], choices[()], agreement)[0]],
        exits=calibrations[()][0],
        quick=calibrated(raw, choices[()], agreement, HOOK_MACS / graph.macs)[0],
        skips=skips,
        together=(*calibrations[best][0], *best),
        agreement=agreement,
    )


def _held(seen: Seen, plain: Seen, places: Sequence[HookPlace], blocks: Sequence[HookPlace]) -> HeldOut:
    """Costs with skips: what a block costs is saved as often as it was skipped, for all exits behind it."""
    saved = {block: block.share * seen.skipped.get(f"skip {block.until}", 0.0) for block in blocks}
    done = {
        place.tap: place.done - sum(gain for block, gain in saved.items() if block.after < place.after)
        for place in places
    }
    return HeldOut(seen, plain.answers, done, 1.0 - sum(saved.values()))


def _skips(graph: Graph, pictures: NDArray[np.uint8], places: Sequence[HookPlace]) -> list[SkipHook]:
    """Hooks for the blocks that change the answers least."""
    probe = pictures[:PROBED]
    whole = _scores(graph, (), probe)
    change = {
        place.until: np.abs(_scores(graph, (_always(place),), probe) - whole).mean() for place in places
    }
    # The nearer to the input, the more frames meet a block before an exit answers them.
    chosen = sorted(places, key=lambda place: change[place.until] / (1 - place.done))[:MOST_SKIPS]
    some = pictures[: len(pictures) // 4]
    plain = look(graph, head_of(graph, watched=[place.tap for place in chosen]), weak(some, 5), EXIT_FEATURES)
    hooks = []
    for place in chosen:
        without = _scores(graph, (_always(place),), some)
        channels = plain.features[place.tap][:, : 16 * place.channels]
        averages = channels.reshape(len(channels), place.channels, 16).mean(axis=2)
        hook = skip_hook(place, averages, plain.scores, without, SKIP_AGREEMENT)
        hooks += [hook] if hook is not None else []
    return hooks


def _always(place: HookPlace) -> _Always:
    return _Always(place.tap, place.until)


def _scores(graph: Graph, hooks: Sequence[Hook], pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    return look(graph, head_of(graph, hooks), weak(pictures, 5), EXIT_FEATURES).scores


def _measure(graph: Graph, data: Any, hooks: _Hooks) -> dict[str, Any]:  # noqa: ANN401 - an npz archive
    evaluated = slice(LEARNED + CALIBRATED, LEARNED + CALIBRATED + EVALUATED)
    kept = np.stack(list(weak(data["x_train"][evaluated], 6)))
    sets: dict[str, Sequence[Hook]] = {
        **{hook.name: (hook,) for hook in hooks.alone},
        **{hook.name: (hook,) for hook in hooks.skips},
        "exits together": hooks.exits,
        "exits together, those worth their time": hooks.quick,
        "skips together": hooks.skips,
        "all together": hooks.together,
    }
    vain = play(graph, [hook.at_threshold(NEVER) for hook in hooks.exits], data["x_test"][:VAIN])
    vain_s = float(np.median(vain.with_s - vain.without_s)) / max(len(hooks.exits), 1)
    result: dict[str, Any] = {"hook_and_border_ms": round(1000 * vain_s, 4)}
    for name, chosen in sets.items():
        result[name] = {"test": report(graph, play(graph, chosen, data["x_test"]), data["y_test"])}
        if "together" in name:
            frames = play(graph, chosen, kept)
            result[name]["held out of training"] = report(graph, frames, data["y_train"][evaluated])
        print(name, result[name]["test"], flush=True)
    return result


if __name__ == "__main__":
    main()
