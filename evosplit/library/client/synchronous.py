"""Synchronous client of an edge agent or a cloud tier: the asynchronous one on an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from numpy.typing import NDArray

from evosplit.library.client.answers import FrameReport, InferReport, Page, ServedPlans
from evosplit.library.client.asynchronous import PAGE, AsyncClient
from evosplit.library.client.calls import Picture, result_filters
from evosplit.library.client.retries import Retries
from evosplit.shared.profile import Profile
from evosplit.shared.result import AnsweredBy

if TYPE_CHECKING:  # they come with extras that a client may lack
    from evosplit.library.profile import ProfileReport
    from evosplit.planner.problem.limits import Limits

T = TypeVar("T")


class Client:
    """As `AsyncClient`, for scripts and notebooks: each method waits for its answer.

    ``with Client("http://gate:9000") as client: ...``. Safe to share between threads, whose requests go at
    the same time. The event loop runs in a thread of its own, so it works where a loop runs already.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout_s: float = 60.0,
        retries: Retries | int = Retries(),  # noqa: B008 - a frozen value
        ca_file: Path | str | None = None,
        certificate: tuple[Path | str, Path | str] | None = None,
    ) -> None:
        self._client = AsyncClient(
            url, token, timeout_s=timeout_s, retries=retries, ca_file=ca_file, certificate=certificate
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="evosplit client", daemon=True)
        self._thread.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all connections and the thread; a second time does nothing."""
        if self._loop.is_closed():
            return
        self._wait(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def is_ready(self) -> bool:
        """Whether the tier answers and can serve; it is asked once."""
        return self._wait(self._client.is_ready())

    def send(
        self,
        picture: Picture,
        *,
        stream: str | None = None,
        strategy: str = "planned",
        frame_id: str | None = None,
    ) -> FrameReport:
        """A picture to an edge agent, and its result. ``stream`` names a camera (docs/edge-api.md)."""
        sent = self._client.send(picture, stream=stream, strategy=strategy, frame_id=frame_id)
        return self._wait(sent)

    def send_later(self, picture: Picture, *, stream: str | None = None, frame_id: str | None = None) -> str:
        """A picture whose answer has time; returns the frame's id, as `AsyncClient.send_later`."""
        return self._wait(self._client.send_later(picture, stream=stream, frame_id=frame_id))

    def result(self, frame_id: str) -> FrameReport:
        """A result that an edge agent keeps. Raises WaitingError for a frame that waits for the cloud."""
        return self._wait(self._client.result(frame_id))

    def results(
        self,
        *,
        stream: str | None = None,
        answered_by: AnsweredBy | None = None,
        since: float | str | None = None,
        until: float | str | None = None,
        order: Literal["asc", "desc"] = "desc",
    ) -> Iterator[FrameReport]:
        """All results of an edge agent that fit, page by page. Times are Unix seconds or ISO 8601."""
        filters = result_filters(stream, answered_by, since, until, order)
        cursor: str | None = None
        while True:
            page = self.page(filters, cursor=cursor)
            yield from page.results
            cursor = page.next_cursor
            if cursor is None:
                return

    def page(
        self, filters: Mapping[str, str | float | None], limit: int = PAGE, cursor: str | None = None
    ) -> Page:
        """One page of `results`; ``cursor`` is the page before's ``next_cursor``."""
        return self._wait(self._client.page(filters, limit, cursor))

    def plan(self) -> dict[str, Any]:
        """The plan that an edge agent uses, its link, and its table."""
        return self._wait(self._client.plan())

    def sources(self) -> dict[str, Any]:
        """The frame sources of an edge agent, with their state."""
        return self._wait(self._client.sources())

    def put_source(self, name: str, settings: Mapping[str, Any]) -> None:
        """Add a frame source to an edge agent, or change it: at least its ``address``."""
        self._wait(self._client.put_source(name, settings))

    def remove_source(self, name: str) -> None:
        """Stop a frame source of an edge agent, and forget it."""
        self._wait(self._client.remove_source(name))

    def profile(self) -> dict[str, Any]:
        """What frames cost on an edge agent."""
        return self._wait(self._client.profile())

    def models(self) -> dict[str, Any]:
        """The models of a cloud tier, and what is wrong with those that it cannot serve."""
        return self._wait(self._client.models())

    def make_plans(
        self,
        model: str,
        profile: ProfileReport | Profile,
        *,
        rtt_s: float = 0.0,
        limits: Limits | None = None,
        max_drop: float | None = None,
    ) -> ServedPlans:
        """Have a cloud tier plan for the device of a profile; takes seconds to minutes, once."""
        made = self._client.make_plans(model, profile, rtt_s=rtt_s, limits=limits, max_drop=max_drop)
        return self._wait(made)

    def bundle(self, digest: str) -> bytes:
        """The bundle of a digest, from a cloud tier: head weights, skeleton, table and card."""
        return self._wait(self._client.bundle(digest))

    def infer(self, model: str, tensors: Mapping[str, NDArray[Any]]) -> InferReport:
        """The whole network on tensors by name, on either tier; sent again only where it did not arrive."""
        return self._wait(self._client.infer(model, tensors))

    def finish(self, model: str, frame: bytes) -> InferReport:
        """The tail of a network in a cloud tier, on a frame that `evosplit.encode` made."""
        return self._wait(self._client.finish(model, frame))

    def finish_picture(self, model: str, picture: Picture) -> InferReport:
        """The whole network in a cloud tier, on a picture of the network's own size."""
        return self._wait(self._client.finish_picture(model, picture))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
