"""Deltas over links that reorder requests: bytes of a frame, and frames that are refused, by kind of delay.

A camera sends a frame each 40 ms; each request takes half of the round trip and a delay of its own, each
answer the other half. Sender and store are the agent's and the cloud's; time is played. A frame that the
cloud refuses is sent again whole, and both count. The picture has noise that changes 27 % of the codes from
one frame to the next and 37 % in three, as in hall.mp4 through YOLOX-nano at 8 bits (`hall_delta`).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import write_result
from evosplit.cloud.stream_state import StreamStore, restore
from evosplit.edge.streams.delta import DeltaSender, Sent
from evosplit.shared.errors import UnknownBaseError
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from evosplit.shared.wire import decode_frame

FRAMES: Final = 2000
FRAME_S: Final = 0.04
BASE_WAIT_S: Final = 0.05
"""For so long the store waits for a base, which is played here."""
RTTS_S: Final = (0.06, 0.14, 0.24)
SHAPE: Final = (1, 8, 26, 26)
NOISE_STEPS: Final = 0.36
CORRELATION: Final = 0.56
"""Of the noise from one frame to the next."""
STEP: Final = 8 / 255
PLAN: Final = Plan(
    model="net",
    model_sha256="0" * 64,
    cut_key="1",
    boundary=("x",),
    weight_bits={},
    activation_bits={},
    wire={"x": TensorCode(8, -4.0, 4.0)},
    latency=Latency(0.0, 0.0, 0.0),
    link=Link(1e6, 0.1),
    wire_bytes=0,
    edge_memory_bytes=0,
    error=0.0,
)

DELAYS_S: Final[Mapping[str, Callable[[np.random.Generator], float]]] = {
    "none": lambda _: 0.0,
    "1 % by 0.12 to 0.36 s": lambda random: _late_s(random, 0.01),
    "5 % by 0.12 to 0.36 s": lambda random: _late_s(random, 0.05),
    "exponential, mean 0.02 s": lambda random: random.exponential(0.02),
    "exponential, mean 0.06 s": lambda random: random.exponential(0.06),
}
"""What one request takes beside half of the round trip: nothing, a retransmission at times, or jitter."""


def _late_s(random: np.random.Generator, share: float) -> float:
    return random.uniform(0.12, 0.36) if random.random() < share else 0.0


def main() -> None:
    """Play all links and write the result."""
    rows = [_row(rtt_s, name) for rtt_s in RTTS_S for name in DELAYS_S]
    write_result("late_requests", {"frames": FRAMES, "frame_s": FRAME_S, "rows": rows})
    for row in rows:
        print("rtt {rtt_s:.2f} s, late {late:<26} bytes {ratio:.2f}, refused {refused:.3f}".format(**row))


def _row(rtt_s: float, late: str) -> dict[str, Any]:
    play = Play(rtt_s, DELAYS_S[late])
    play.run()
    return {
        "rtt_s": rtt_s,
        "late": late,
        "ratio": play.wire_bytes / (FRAMES * play.whole_bytes),
        "refused": play.refused / FRAMES,
    }


def camera(frames: int) -> Iterator[NDArray[np.float32]]:
    """A picture that stands still, with noise."""
    random = np.random.default_rng(0)
    scene, noise = random.normal(0.0, 1.0, SHAPE), random.normal(0.0, NOISE_STEPS, SHAPE)
    fresh_steps = NOISE_STEPS * (1 - CORRELATION**2) ** 0.5
    for _ in range(frames):
        noise = CORRELATION * noise + random.normal(0.0, fresh_steps, SHAPE)
        yield (scene + STEP * noise).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Request:
    """A frame under way, and until when the cloud waits for its base."""

    sent: Sent
    values: NDArray[np.float32]
    until_s: float


Event = tuple[float, int, Literal["request", "answer", "refusal"], Request]


@dataclass
class Play:
    """One stream over one link."""

    rtt_s: float
    delay_s: Callable[[np.random.Generator], float]
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    sender: DeltaSender = field(default_factory=lambda: DeltaSender(1))
    store: StreamStore = field(default_factory=lambda: StreamStore(on_its_way_s=0.0))
    events: list[Event] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    wire_bytes: int = 0
    whole_bytes: int = 0
    refused: int = 0

    def run(self) -> None:
        """All frames, each when it is taken, and what becomes of them meanwhile."""
        for number, values in enumerate(camera(FRAMES)):
            self._until(number * FRAME_S)
            self._send(number * FRAME_S, values)
        self._until(float("inf"))

    def _until(self, end_s: float) -> None:
        while self.events and self.events[0][0] <= end_s:
            now_s, _, what, request = heapq.heappop(self.events)
            match what:
                case "request":
                    self._receive(now_s, request)
                case "answer":
                    self.sender.acknowledged(request.sent)
                case "refusal":
                    self.refused += 1
                    self.sender.refused(request.sent)
                    self._send(now_s, request.values, key=True)

    def _send(self, now_s: float, values: NDArray[np.float32], key: bool = False) -> None:
        sent = self.sender.encode("f", "camera", PLAN, {"x": values}, key)
        self.wire_bytes += len(sent.content)
        self.whole_bytes = max(self.whole_bytes, len(sent.content))
        arrives_s = now_s + self.rtt_s / 2 + self.delay_s(self.random)
        self._later(arrives_s, "request", Request(sent, values, arrives_s + BASE_WAIT_S))

    def _receive(self, now_s: float, request: Request) -> None:
        frame = decode_frame(request.sent.content)
        assert frame.stream is not None
        try:
            restore(self.store, frame, frame.stream)
        except UnknownBaseError:
            if now_s < request.until_s:
                self._later(request.until_s, "request", request)
            else:
                self._later(now_s + self.rtt_s / 2, "refusal", request)
        else:
            self._later(now_s + self.rtt_s / 2, "answer", request)

    def _later(self, at_s: float, what: Literal["request", "answer", "refusal"], request: Request) -> None:
        heapq.heappush(self.events, (at_s, next(self.numbers), what, request))
