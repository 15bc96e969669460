"""Choice of the plan of each frame, as values: corrections, regret owed, exploration budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evosplit.shared.correction.carry_over import carried
from evosplit.shared.correction.corrected_latency import Prices, prices
from evosplit.shared.correction.corrections import Corrections, Measured
from evosplit.shared.correction.exploration import Tries, worth_trying
from evosplit.shared.edge_pace import AS_PROFILED, EdgePace
from evosplit.shared.link import LinkOf
from evosplit.shared.plan import Plan
from evosplit.shared.replan import owing


@dataclass(frozen=True, eq=False)
class Course:
    """``frame`` counts frames that went as planned, with tries; ``owed`` as in `evosplit.shared.replan`.

    ``pace`` is that of the edge. A course that does not learn holds to the predictions and tries nothing.
    """

    known: Corrections
    tries: Tries = field(default_factory=Tries)
    owed: float = 0.0
    frame: int = 0
    learns: bool = True
    pace: EdgePace = AS_PROFILED

    def priced(self, links: LinkOf) -> Prices:
        """Corrected latencies over links."""
        return prices(self.known, links, self.pace.factor if self.learns else 1.0)

    def learn(self, seen: Measured) -> Course:
        """After what one frame took."""
        if not self.learns:
            return self
        pace = self.pace if seen.edge_s is None else self.pace.measured()
        return Course(self.known.learn(seen), self.tries, self.owed, self.frame, pace=pace)

    def paced(self, slowdown: float) -> Course:
        """After a reading of how much slower the device is."""
        return dataclasses.replace(self, pace=self.pace.read(slowdown))

    def under(self, plans: Sequence[Plan]) -> Course:
        """With the plans of another table; what is known moves on, and no budget is won by it."""
        tries, known = self.tries.given_up(), carried(self.known, plans)
        return dataclasses.replace(self, known=known, tries=tries, owed=0.0)

    def changed(self) -> Course:
        """After a change of plan: nothing is owed."""
        return dataclasses.replace(self, owed=0.0)

    def next_frame(
        self, priced: Prices, current: Plan, best: Plan, usable: Callable[[Plan], bool] | None
    ) -> tuple[Course, Plan]:
        """The plan of one more frame: the one in use, or one that is tried beside the ``best``.

        ``usable`` is asked of few plans; without it nothing is tried on this frame, nor while the one in use
        is none of these plans.
        """
        if not self.learns or current.digest not in self.known.terms.index:
            return self, current
        owed = owing(self.owed, priced(current), priced(best))
        tries = self.tries if usable else self.tries.given_up()
        if usable and tries.may_begin(self.frame):
            tries = self._perhaps_begun(priced, current, best, usable)
        plan = current if tries.plan is None or not tries.left else self.known.terms.plans[tries.plan]
        if tries.left:
            tries = tries.spent(self.frame)
        return Course(self.known, tries, owed, self.frame + 1, pace=self.pace), plan

    def _perhaps_begun(
        self, priced: Prices, current: Plan, best: Plan, usable: Callable[[Plan], bool]
    ) -> Tries:
        terms, tries = priced.terms, self.tries
        mine, fastest = terms.index[current.digest], terms.index[best.digest]
        candidates = worth_trying(priced, mine, fastest, tries.waited(self.frame))
        place = next((place for place in candidates if usable(terms.plans[place])), None)
        return tries if place is None else tries.begun(place)
