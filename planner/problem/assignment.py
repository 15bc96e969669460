"""Assignment: a decision on every variable of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evosplit.planner.problem.costs import Choice, TensorCost


@dataclass(frozen=True)
class Assignment:
    """Layers on the edge, and bits by layer name (weights) and tensor name (activations, wire).

    ``codecs`` says how a tensor travels where that is not the usual way: ``zstd``, ``none``, or an encoding
    of the model's input (`evosplit.planner.encodings`).
    """

    layers: frozenset[int]
    weights: Mapping[str, int]
    activations: Mapping[str, int]
    wire: Mapping[str, int]
    codecs: Mapping[str, str] = field(default_factory=dict)


def crosses(tensor: TensorCost, layers: frozenset[int]) -> bool:
    """Whether a tensor is made on the edge (or given) and read in the cloud."""
    return is_made(tensor, layers) and any(reader not in layers for reader in tensor.consumers)


def is_made(tensor: TensorCost, layers: frozenset[int]) -> bool:
    """Whether a tensor is there on the edge: made, or given."""
    return tensor.producer < 0 or tensor.producer in layers


def wire_choice(tensor: TensorCost, chosen: Assignment) -> Choice:
    """The choice of a tensor that crosses."""
    codec = chosen.codecs.get(tensor.name)
    offered = tuple(choice for choice in tensor.wire if codec in (None, choice.codec))
    return choice_of(offered, chosen.wire[tensor.name])


def choice_of(choices: tuple[Choice, ...], bits: int | None) -> Choice:
    """The choice of that width; what cannot be quantised has one choice alone, whatever is asked."""
    if len(choices) == 1:
        return choices[0]
    return next(choice for choice in choices if choice.bits == bits)
