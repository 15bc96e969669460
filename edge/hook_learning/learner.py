"""The protocol of hook learners: examples in, hooks out. Each kind of hook has one learner, in one file."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from evosplit.edge.hook_learning.examples import Example, FittedHooks, TriedVariant, Variant
from evosplit.edge.telemetry.hook_state import SamplerState
from evosplit.shared.plan import Plan


class HookLearner(Protocol):
    """Collects examples of one kind of hook, and fits hooks once there are enough.

    ``name`` is that of the settings and of the file of hooks. With ``is_sampled`` examples may be left out:
    those that the time budget does not allow. ``rests_on`` are kinds of hooks without which its examples were
    seen: when one of those comes to work, `reset` is called.

    `wants` and `fit` are called by the event loop, `observe` and `reset` by the thread that computes.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def is_sampled(self) -> bool: ...  # noqa: D102

    @property
    def rests_on(self) -> frozenset[str]: ...  # noqa: D102

    def wants(self, example: Example) -> bool:
        """Whether the example would teach anything; asked for every frame, and cheap."""
        ...

    def observe(self, example: Example, tried: tuple[TriedVariant, ...]) -> None:
        """Collect one example; ``tried`` are of the variants that it asked for."""
        ...

    async def fit(self) -> FittedHooks | None:
        """Hooks that the examples show to be safe; None without enough new ones, or where none is.

        Heavy work belongs to another thread or process. Raises LearningError, OSError.
        """
        ...

    def reset(self) -> None:
        """Forget the examples."""
        ...


@runtime_checkable
class VariantLearner(HookLearner, Protocol):
    """A learner that needs the cloud's answers to variants of a frame, which takes bytes.

    Of several that want an example, the one of the fewest rows gets it.
    """

    def variants(self, example: Example) -> tuple[Variant, ...]:
        """What to ask about, the mildest first; asking ends with the first that changes the answer."""
        ...

    def __len__(self) -> int:
        """How many rows it has."""
        ...


@runtime_checkable
class PlanFollower(HookLearner, Protocol):
    """A learner that turns to the plan in use, and may read tensors that heads hand out for it alone."""

    def taps(self, plan: Plan) -> tuple[str, ...]:
        """The tensors to hand out in a plan's head."""
        ...

    async def follow(self, plan: Plan) -> tuple[str, ...]:
        """Turn to the plan in use; the tensors to hand out. Raises LearningError, OSError."""
        ...


@runtime_checkable
class SamplingLearner(HookLearner, Protocol):
    """A learner that keeps a sample of frames."""

    @property
    def sampler_state(self) -> SamplerState:
        """For metrics and the profile."""
        ...
