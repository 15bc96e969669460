"""A slow decoder of entropy-coded deltas, written from docs/wire-format.md in plain Python."""

from __future__ import annotations

import math
import struct

from rans_oracle import codes_of, frequencies, token_of

DECAYS = (1, 1, 1, 2, 3, 14, 32, 48, 69, 96, 125, 156, 182, 199, 216, 233)
AROUND = {(y, x): (2 - abs(y)) * (2 - abs(x)) for y in (-1, 0, 1) for x in (-1, 0, 1)}


def log(number):
    return round(16 * math.log2(number))


def assumed(decay):
    powers = [1 << 20]
    while len(powers) < 129:
        powers.append(max(powers[-1] * decay >> 8, 1))
    row = [0] * 24
    for number in range(256):
        row[token_of(number)] += powers[(number + 1) // 2]
    return [weight * 768 // sum(row) for weight in row]


class Decoder:
    def __init__(self, payload, base, shape, bits):
        *outer, self.rows, self.cols = (1, 1, *shape)
        self.planes, self.base, self.top = math.prod(outer), list(base), 2**bits - 1
        self.lanes = 4 if len(self.base) >= 8192 and self.rows % 4 == 0 else 1
        self.tokens = payload[0]
        self.states = list(struct.unpack_from(f"<{self.lanes}I", payload, 1))
        rest = payload[1 + 4 * self.lanes :]
        self.words = list(struct.unpack(f"<{len(rest) // 2}H", rest))
        self.counts = [assumed(decay) for decay in DECAYS]
        self.built, self.tables = [0] * 16, [[]] * 16
        places = [(row, col) for row in range(self.rows) for col in range(self.cols)]
        self.moved, self.textures = dict.fromkeys(places, 256), dict.fromkeys(places, 2048)
        self.codes = list(self.base)

    def __call__(self):
        self.refresh()
        coded, due = 0, 256
        band = self.rows // self.lanes
        for plane in range(self.planes):
            self.changes = {}
            texture = {place: self.texture(plane, *place) for place in self.moved}
            for step in range(band):
                for col in range(self.cols):
                    for lane in range(self.lanes):
                        self.decode(plane, lane * band + step, col, step == 0, texture, lane)
                coded += self.lanes * self.cols
                if coded >= due:
                    self.refresh()
                    due = 2 * coded
            self.remember(self.moved, self.changes, 4)
            self.remember(self.textures, texture, 1)
        assert not self.words
        assert self.states == [1 << 16] * self.lanes
        return self.codes

    def at_base(self, plane, row, col):
        row, col = min(max(row, 0), self.rows - 1), min(max(col, 0), self.cols - 1)
        return self.base[(plane * self.rows + row) * self.cols + col]

    def texture(self, plane, row, col):
        across = abs(self.at_base(plane, row, col + 1) - self.at_base(plane, row, col - 1))
        along = abs(self.at_base(plane, row + 1, col) - self.at_base(plane, row - 1, col))
        return min(across + along, 64) + 4

    def remember(self, memory, values, factor):
        for (row, col), known in memory.items():
            near = sum(weight * values.get((row + y, col + x), 0) for (y, x), weight in AROUND.items())
            memory[row, col] = known - known // 8 + factor * near

    def context(self, row, col, is_first, texture):
        above = {} if is_first else self.changes
        left, up = self.changes.get((row, col - 1), 0), above.get((row - 1, col), 0)
        corners = above.get((row - 1, col - 1), 0) + above.get((row - 1, col + 1), 0)
        place = row, col
        moved = log(self.moved[place]) - log(self.textures[place])
        scale = log(3 * (2 * left + 2 * up + corners) + 1) + 3 * moved + 2 * log(texture[place])
        return min(max((scale + 240) // 32, 0), 15)

    def refresh(self):
        for context, row in enumerate(self.counts):
            total = sum(row[: self.tokens])
            if 2 * total >= 3 * self.built[context]:
                self.built[context] = total
                self.tables[context] = frequencies(row, self.tokens)

    def decode(self, plane, row, col, is_first, texture, lane):
        context = self.context(row, col, is_first, texture)
        number = self.pop(lane, self.tables[context])
        self.counts[context][number] += 32
        if number >= 16:
            octave, second = 4 + (number - 16) // 2, number % 2
            values = 2 ** (octave - 1)
            number = (2 + second) * values + self.pop(lane, [4096 // values] * values)
        index = (plane * self.rows + row) * self.cols + col
        self.codes[index] = codes_of(self.base[index], self.top)[number]
        self.changes[row, col] = min(abs(self.codes[index] - self.base[index]), 16)

    def pop(self, lane, shares):
        state = self.states[lane]
        slot, start, token = state % 4096, 0, 0
        while start + shares[token] <= slot:
            start += shares[token]
            token += 1
        state = shares[token] * (state // 4096) + slot - start
        if state < 1 << 16:
            state = (state << 16) + self.words.pop(0)
        self.states[lane] = state
        return token
