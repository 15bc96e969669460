"""Self-distillation of exit and skip hooks from the network's own answers, without labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.cifar.evaluate import paired_interval
from benchmarks.cifar.network import Floats, Seen
from evosplit.edge.hook_training.joint_thresholds import NEVER, ExitRow, Outcome, worthwhile
from evosplit.edge.hook_training.skip_fit import fit_skip
from evosplit.edge.hook_training.soft_targets import softened
from evosplit.edge.hook_training.trainers.hidden import fit_hidden
from evosplit.edge.hooks.classifiers.softmax import softmax
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.edge.hooks.placement import HookPlace
from evosplit.edge.hooks.skip import SkipHook

EXIT_FEATURES = FeatureSpec()
ONE_SIDED_95 = 1.645
SMALL_CHANGE = 0.1
"""Of the likeliest class's probability: what a block may do and still count as doing nothing."""


def exit_hooks(places: Sequence[HookPlace], seen: Seen, output: str) -> list[ExitHook]:
    """One hook per place, without thresholds yet."""
    wanted, answers = softened(seen.scores), seen.answers
    means = np.stack([seen.scores[answers == label].mean(axis=0)[None] for label in range(10)])
    names = tuple(str(label) for label in range(10))
    hooks = []
    for place in places:
        classifier = fit_hidden(seen.features[place.tap], wanted, seed=0)
        name = f"exit {place.tap}"
        hooks.append(ExitHook(name, place.tap, EXIT_FEATURES, classifier, names, {output: means}, NEVER))
    return hooks


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out pictures: what was ``seen`` with some skips at work, and the ``answers`` of the whole network.

    ``done`` is the share of the arithmetic up to each tap, ``rest`` that of all layers, less what is skipped.
    """

    seen: Seen
    answers: NDArray[np.int64]
    done: Mapping[str, float]
    rest: float


def calibrated(
    hooks: Sequence[ExitHook], held: HeldOut, target: float, hook_cost: float = 0.0
) -> tuple[list[ExitHook], Outcome]:
    """Thresholds of all exits together, without exits that cost those who pass more than they save."""
    agrees = held.seen.answers == held.answers
    rest = ExitRow(np.ones(len(agrees)), agrees, held.rest)
    chosen = worthwhile([_row(hook, held) for hook in hooks], rest, target, hook_cost)
    limits = zip(hooks, chosen.thresholds, strict=True)
    return [hook.at_threshold(limit) for hook, limit in limits if limit < NEVER], chosen


def asked_agreement(
    hooks: Sequence[ExitHook], hard: Seen, labels: NDArray[np.integer], points: float
) -> float:
    """The agreement at which at most ``points`` (a share) of right answers are expected to go.

    ``hooks`` answer pictures on which the network errs: of the answers that they change, some cost a right
    one and some mend a wrong one. Their difference per change is bounded from above, 95 %, for paired shares
    with half a pair added to either side (Agresti and Min 2005).
    """
    answers = hard.answers.copy()
    alive = np.ones(len(answers), bool)
    for hook in hooks:
        scores = hook.classifier.scores(hard.features[hook.tap])
        leaves = alive & (scores.max(axis=1) >= hook.threshold)
        answers[leaves] = scores[leaves].argmax(axis=1)
        alive &= ~leaves
    changed = int((answers != hard.answers).sum())
    lost = int(((answers != labels) & (hard.answers == labels)).sum())
    won = int(((answers == labels) & (hard.answers != labels)).sum())
    cost = paired_interval(lost, won, changed, ONE_SIDED_95)[1]
    return 1 - points / min(max(cost, points), 1.0)


def skip_hook(
    place: HookPlace, features: Floats, whole: Floats, without: Floats, target: float
) -> SkipHook | None:
    """A hook from what skipping does to the answers; None where it cannot keep ``target`` agreement.

    ``features`` `(n, C)`, ``whole`` and ``without`` `(n, 10)` scores; a third of the rows is held out.
    """
    same = whole.argmax(axis=1) == without.argmax(axis=1)
    sure = np.take_along_axis(softmax(whole), whole.argmax(axis=1)[:, None], axis=1)
    left = np.take_along_axis(softmax(without), whole.argmax(axis=1)[:, None], axis=1)
    small = same & (np.abs(sure - left)[:, 0] < SMALL_CHANGE)
    return fit_skip(f"skip {place.until}", (place.tap, place.until), features, small, same, target)


def _row(hook: ExitHook, held: HeldOut) -> ExitRow:
    scores = hook.classifier.scores(held.seen.features[hook.tap])
    return ExitRow(scores.max(axis=1), scores.argmax(axis=1) == held.answers, held.done[hook.tap])
