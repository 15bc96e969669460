"""Linear sums of what the decisions spend: milliseconds, millijoules, bytes and error."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from evosplit.planner.problem.costs import Linear
from evosplit.planner.problem.linear_bounds import row_ends
from evosplit.planner.program.decision_variables import Decisions
from evosplit.planner.program.milp_arrays import ONE, ZERO, Sum, Terms, added
from evosplit.planner.program.spending_limits import Goal
from evosplit.shared.link import Link


class Measures:
    """Sums over the variables of some decisions, with rows of their own where a largest is meant."""

    def __init__(self, made: Decisions, link: Link) -> None:
        self.made, self.link = made, link
        self.costs, self.bounds, self.program = made.costs, made.bounds, made.program
        self._stored = {tensor.name: tensor.activation for tensor in made.costs.tensors}

    def sums(self, goal: Goal) -> dict[str, Terms]:
        """Error (as a share of its limit), milliseconds and millijoules."""
        wants = {goal} | {
            name
            for name, limit in (("throughput", self.bounds.period_s), ("energy", self.bounds.energy_j))
            if limit is not None
        }
        times = {"latency", "throughput"} & wants or self.bounds.deadline_s is not None
        edge_ms = self._edge_ms() if times else {}
        cloud_ms, sent = self._cloud_ms(), self._sent_bytes()
        air_ms = {variable: 8e3 * size / self.link.bandwidth_bps for variable, size in sent.items()}
        measures = {
            "error": self._error(),
            "cloud": cloud_ms,
            "latency": added(edge_ms, cloud_ms, air_ms, {self.made.u: 1e3 * self.link.rtt_s}),
        }
        if "throughput" in wants:
            measures["throughput"] = {self._largest(edge_ms, cloud_ms, air_ms): 1.0}
        if "energy" in wants:
            measures["energy"] = added(self._compute_mj(), self._radio_mj(sent))
        return measures

    def _edge_ms(self) -> Terms:
        total = Sum(1e3)
        total.add(ONE, self.costs.always_s)
        total.add(self.made.u, self.costs.pack_s)
        for index, layer in enumerate(self.costs.layers):
            self._spend(total, index, layer.edge_s)
        for choice, variable in chain.from_iterable(self.made.wire):
            total.add(variable, self.costs.sending_s(choice))
        return total.terms

    def _cloud_ms(self) -> Terms:
        total = Sum(1e3)
        for layer, x in zip(self.costs.layers, self.made.x, strict=True):
            total.add(ONE, layer.cloud_s)
            total.add(x, -layer.cloud_s)
        for choice, variable in chain.from_iterable(self.made.wire):
            total.add(variable, choice.cloud_s)
        return total.terms

    def _compute_mj(self) -> Terms:
        total = Sum(1e3)
        for index, layer in enumerate(self.costs.layers):
            self._spend(total, index, (layer.energy_j,))
        return total.terms

    def _radio_mj(self, sent: Terms) -> Terms:
        energy = self.costs.energy
        per_byte_j = energy.uplink_j(1, 8 / self.link.bandwidth_bps) if energy else 0.0
        return {variable: 1e3 * per_byte_j * size for variable, size in sent.items()}

    def _sent_bytes(self) -> Terms:
        total = Sum()
        total.add(self.made.u, self.costs.overhead_bytes)
        for choice, variable in chain.from_iterable(self.made.wire):
            total.add(variable, choice.size_bytes)
        return total.terms

    def _largest(self, *sums: Terms) -> int:
        largest = self.program.variable()
        for addend in sums:
            self.program.row(added(addend, {largest: -1.0}), high=0.0)
        return largest

    def _spend(self, total: Sum, index: int, rows: Sequence[Linear]) -> None:
        """Add the largest of a layer's rows when it runs on the edge, nothing when it does not.

        A layer on the edge takes no less than nothing (`accepts`), so that an amount of at least zero
        and of every row is the layer's own there. In the cloud all terms vanish but those of tensors that are
        stored for another layer: what these can add at most is taken off, what they take off the zero holds.
        """
        if self.made.x[index] == ZERO:
            return
        rows = self._needed(index, rows)
        if len(rows) == 1 and not self._is_foreign(index, rows[0]):
            for variable, factor in self._row_terms(index, rows[0])[0].items():
                total.add(variable, factor)
            return
        amount = self.program.variable()
        for terms, slack in (self._row_terms(index, row) for row in rows):
            switch = {ONE: -1e3 * slack, self.made.x[index]: 1e3 * slack} if slack else {}
            scaled = {variable: 1e3 * factor for variable, factor in terms.items()}
            self.program.row(added(scaled, switch, {amount: -1.0}), high=0.0)
        total.add(amount, 1e-3)

    def _is_foreign(self, index: int, row: Linear) -> bool:
        """Whether a row has terms that do not vanish with the layer: bits of a tensor made elsewhere."""
        tensors = (self.costs.tensors[self.made.place[name]] for name, slope in row.per_bit.items() if slope)
        return self.made.x[index] != ONE and any(
            len(tensor.activation) > 1 and tensor.producer != index for tensor in tensors
        )

    def _row_terms(self, index: int, row: Linear) -> tuple[Terms, float]:
        """The terms of one row, and the most that tensors of other layers can add to it."""
        x, total, slack = self.made.x[index], Sum(), 0.0
        total.add(x, row.fixed)
        for choice, variable in self.made.weights[index]:
            total.add(variable, row.per_weight_bit * choice.bits)
        for name, slope in row.per_bit.items():
            place = self.made.place[name]
            choices = self.costs.tensors[place].activation
            if len(choices) == 1:
                total.add(x, slope * choices[0].bits)
                continue
            for choice, variable in self.made.activations[place]:
                total.add(variable, slope * choice.bits)
            if x != ONE and self.costs.tensors[place].producer != index:
                slack += max(slope, 0.0) * max(choice.bits for choice in choices)
        return total.terms, slack

    def _needed(self, index: int, rows: Sequence[Linear]) -> Sequence[Linear]:
        """Without a row that another one exceeds whatever the bits."""
        if len(rows) == 1:
            return rows
        weights = self.costs.layers[index].weights
        ranges = [row_ends(row, weights, self._stored) for row in rows]
        most = max(low for low, _ in ranges)
        first = next(index for index, (low, _) in enumerate(ranges) if low == most)
        return [row for index, row in enumerate(rows) if index == first or ranges[index][1] > most]

    def _error(self) -> Terms:
        total = Sum(self.error_scale)
        for picks in (self.made.weights, self.made.activations, self.made.wire):
            for choice, variable in chain.from_iterable(picks):
                total.add(variable, choice.error)
        return total.terms

    @property
    def error_scale(self) -> float:
        """What turns an error into a share of its limit."""
        return 1 / self.bounds.error if self.bounds.error else 1.0
