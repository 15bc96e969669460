"""A slow decoder of entropy-coded payloads, written from docs/wire-format.md in plain Python."""

from __future__ import annotations

import struct
from functools import lru_cache
from math import prod

DECAYS, LEVELS, UNREST = (110, 130, 150, 180), (1, 3, 5, 8, 13), (1, 2, 5)
MIDDLES, ALIKE = (0, 0, 1, 2, 3, 6), (0, 2, 2, 2, 4, 8)


def layout(shape):
    *outer, rows, cols = (1, 1, *shape)
    planes = prod(outer)
    if planes * rows * cols < 8192:
        return planes, rows, cols, 1
    if planes < 4:
        planes, rows = (planes * 4, rows // 4) if rows % 4 == 0 else (planes * rows, 1)
    if planes < 4 and cols % 4 == 0:
        planes, cols = planes * 4, cols // 4
    return planes, rows, cols, 4 if planes >= 4 else 1


def folded(code, centre, top):
    distance, both = code - centre, min(centre, top - centre)
    if abs(distance) > both:
        return abs(distance) + both
    return 2 * abs(distance) - (distance > 0)


@lru_cache
def codes_of(reference, top):
    return {folded(code, reference, top): code for code in range(top + 1)}


def token_of(number):
    if number < 16:
        return number
    octave = number.bit_length() - 1
    return 16 + 2 * (octave - 4) + (number >> (octave - 1) & 1)


def assumed(centre, bits, shift):
    counts = []
    for context in range(44):
        level, unrest = context // 4 - 5, context % 4
        middle = (MIDDLES if unrest else ALIKE)[abs(level)] * (1 if level > 0 else -1)
        reference = centre if unrest else min(max(centre + (middle // 2 << shift), 0), 2**bits - 1)
        middle <<= shift
        powers = [1 << 20]
        while len(powers) < 64:
            powers.append(max(powers[-1] * DECAYS[unrest] >> 8, 16))
        row = [0] * 24
        for code in range(2**bits):
            away = abs(2 * (code - centre) - middle) >> shift
            row[token_of(folded(code, reference, 2**bits - 1))] += powers[min(away, 63)]
        counts.append([one * 32 * 24 // sum(row) for one in row])
    return counts


def frequencies(row, tokens):
    room = 4096 - tokens
    shares = [1 + one * room // max(sum(row[:tokens]), 1) for one in row[:tokens]]
    shares[shares.index(max(shares))] += 4096 - sum(shares)
    return shares


class Decoder:
    def __init__(self, payload, shape, bits):
        self.planes, self.rows, self.cols, self.lanes = layout(shape)
        self.centre, self.tokens, self.shift = payload[:3]
        self.top = 2**bits - 1
        self.states = list(struct.unpack_from(f"<{self.lanes}I", payload, 3))
        rest = payload[3 + 4 * self.lanes :]
        self.words = list(struct.unpack(f"<{len(rest) // 2}H", rest))
        self.counts = assumed(self.centre, bits, self.shift)
        self.built = [0] * 44
        self.tables = [[]] * 44
        self.codes = {}

    def refresh(self):
        for context, row in enumerate(self.counts):
            total = sum(row[: self.tokens])
            if 2 * total >= 3 * self.built[context]:
                self.built[context] = total
                self.tables[context] = frequencies(row, self.tokens)

    def near(self, plane, row, col):
        code = self.codes.get((plane, row, col))
        if code is None:
            return 0
        distance = code - self.centre
        seen = min(abs(distance) >> self.shift, 15)
        return seen if distance > 0 else -seen

    def context(self, plane, row, col):
        left, up_left = self.near(plane, row, col - 1), self.near(plane, row - 1, col - 1)
        up, up_right = self.near(plane, row - 1, col), self.near(plane, row - 1, col + 1)
        prediction = 3 * left + 3 * up - 2 * up_left + up_right
        unrest = abs(left - up_left) + abs(up - up_left) + abs(up_right - up)
        level = sum(abs(prediction) >= one for one in LEVELS) * (1 if prediction > 0 else -1)
        return 4 * (level + 5) + sum(unrest >= one for one in UNREST)

    def feed(self, lane):
        if self.states[lane] < 1 << 16:
            self.states[lane] = self.states[lane] << 16 | self.words.pop(0)

    def read(self, lane, plane, row, col):
        context, slot = self.context(plane, row, col), self.states[lane] % 4096
        token, start = 0, 0
        while start + self.tables[context][token] <= slot:
            start += self.tables[context][token]
            token += 1
        self.states[lane] = self.tables[context][token] * (self.states[lane] // 4096) + slot - start
        self.feed(lane)
        number = token
        if token >= 16:
            extra = (token - 16) // 2 + 3
            width = 12 - extra
            value = self.states[lane] % 4096
            number = (((token & 1) | 2) << extra) + (value >> width)
            self.states[lane] = (self.states[lane] // 4096 << width) + value % (1 << width)
            self.feed(lane)
        self.counts[context][token] += 32
        left = self.codes.get((plane, row, col - 1), self.centre)
        reference = self.centre if context % 4 else left
        self.codes[plane, row, col] = codes_of(reference, self.top)[number]

    def __call__(self):
        self.refresh()
        coded, due, least = 0, 256, self.planes // self.lanes
        starts = [lane * self.planes // self.lanes for lane in range(self.lanes + 1)]
        together = [(plane, row, range(self.lanes)) for plane in range(least) for row in range(self.rows)]
        over = [
            (least, row, [lane])
            for lane in range(self.lanes)
            if starts[lane] + least < starts[lane + 1]
            for row in range(self.rows)
        ]
        for plane, row, lanes in together + over:
            for col in range(self.cols):
                for lane in lanes:
                    self.read(lane, starts[lane] + plane, row, col)
            coded += self.cols * len(lanes)
            if coded >= due:
                self.refresh()
                due = 2 * coded
        assert not self.words
        assert set(self.states) == {1 << 16}
        return [self.codes[place] for place in sorted(self.codes)]
