"""Shared steps of the convolution micro-kernels: a loop over registers, and what follows the sums."""

from __future__ import annotations

from evosplit.kernels.masked.vectors import (
    I64,
    LANES,
    VECTOR,
    VECTOR_BYTES,
    Llvm,
    lanes_below,
    load,
    load_some,
    number,
    splat,
    store,
    store_some,
)


class Tile:
    """What tiles share: a loop, residual, limits, stores. ``self.b`` is LLVM's builder."""

    b: Llvm
    places: int
    vectors: int
    outs: Llvm
    adds: Llvm
    out_shift: Llvm
    lanes: Llvm
    """Output channels to write, more than 16 (``vectors`` - 1)."""
    low: Llvm
    high: Llvm

    def loop(self, stop: Llvm, step: int, state: list[Llvm], body: Llvm) -> list[Llvm]:
        """``while index + step <= stop: state = body(index, state)``; state[0] is the index."""
        b = self.b
        before, head, inside, after = b.block, *(b.append_basic_block() for _ in range(3))
        b.branch(head)
        b.position_at_end(head)
        phis = [b.phi(value.type) for value in state]
        for phi, value in zip(phis, state, strict=True):
            phi.add_incoming(value, before)
        b.cbranch(b.icmp_signed("<=", b.add(phis[0], I64(step)), stop), inside, after)
        b.position_at_end(inside)
        following = [b.add(phis[0], I64(step)), *body(phis[0], phis[1:])]
        for phi, value in zip(phis, following, strict=True):
            phi.add_incoming(value, b.block)
        b.branch(head)
        b.position_at_end(after)
        return phis

    def finish(self, sums: list[Llvm]) -> None:
        """Residual, limits, store."""
        self._write([self._limit(value) for value in self._with_residual(sums)])

    def _with_residual(self, sums: list[Llvm]) -> list[Llvm]:
        b = self.b
        before, adding, after = b.block, b.append_basic_block(), b.append_basic_block()
        b.cbranch(b.icmp_signed("!=", self.adds, I64(0)), adding, after)
        b.position_at_end(adding)
        total = [b.fadd(value, other) for value, other in zip(sums, self._residuals(), strict=True)]
        b.branch(after)
        end = b.block
        b.position_at_end(after)
        return [self._either(a, before, c, end) for a, c in zip(sums, total, strict=True)]

    def _either(self, first: Llvm, first_block: Llvm, second: Llvm, second_block: Llvm) -> Llvm:
        phi = self.b.phi(VECTOR)
        phi.add_incoming(first, first_block)
        phi.add_incoming(second, second_block)
        return phi

    def _residuals(self) -> list[Llvm]:
        """All are read before anything is written."""
        b, flags = self.b, self._last_lanes()
        values = []
        for p in range(self.places):
            place = b.add(number(b, self.adds, p), self.out_shift)
            values += [load(b, place, v * VECTOR_BYTES) for v in range(self.vectors - 1)]
            values.append(load_some(b, b.add(place, I64((self.vectors - 1) * VECTOR_BYTES)), flags))
        return values

    def _last_lanes(self) -> Llvm:
        return lanes_below(self.b, self.b.sub(self.lanes, I64((self.vectors - 1) * LANES)))

    def _limit(self, value: Llvm) -> Llvm:
        """Comparisons in this order keep a NaN."""
        b, low, high = self.b, splat(self.b, self.low), splat(self.b, self.high)
        value = b.select(b.fcmp_ordered("<", value, low), low, value)
        return b.select(b.fcmp_ordered(">", value, high), high, value)

    def _write(self, values: list[Llvm]) -> None:
        b, all_lanes = self.b, I64(self.vectors * LANES)
        with b.if_else(b.icmp_signed(">=", self.lanes, all_lanes)) as (whole, part):
            with whole:
                self._write_rows(values, None)
            with part:
                self._write_rows(values, self._last_lanes())

    def _write_rows(self, values: list[Llvm], flags: Llvm) -> None:
        b, last = self.b, self.vectors - 1
        for p in range(self.places):
            place = b.add(number(b, self.outs, p), self.out_shift)
            for v in range(self.vectors):
                value = values[p * self.vectors + v]
                if v == last and flags is not None:
                    store_some(b, value, b.add(place, I64(v * VECTOR_BYTES)), flags)
                else:
                    store(b, value, place, v * VECTOR_BYTES)
