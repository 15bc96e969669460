"""Asynchronous client of an edge agent or a cloud tier."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

from numpy.typing import NDArray

from evosplit.library.client.answers import FrameReport, InferReport, Page, ServedPlans
from evosplit.library.client.calls import (
    Picture,
    finish_call,
    frame_call,
    infer_call,
    page_call,
    picture_bytes,
    plans_call,
    read_frame,
    read_outputs,
    read_page,
    read_plans,
    result_call,
    result_filters,
    source_call,
)
from evosplit.library.client.connection import Connection
from evosplit.library.client.retries import Retries
from evosplit.library.client.service_errors import ServiceError, ServiceUnavailableError
from evosplit.library.client.transport import Call, Reply, Transport
from evosplit.library.report import Report
from evosplit.shared.oip import FRAME_INPUT, SIZED_PICTURE_INPUT
from evosplit.shared.profile import Profile
from evosplit.shared.result import AnsweredBy
from evosplit.shared.security.tls import client_files
from evosplit.shared.serial import to_data
from evosplit.shared.token import given_token

if TYPE_CHECKING:  # they come with extras that a client may lack
    from evosplit.library.profile import ProfileReport
    from evosplit.planner.problem.limits import Limits

PAGE: Final = 100


class AsyncClient:
    """Talks to one tier: ``async with AsyncClient("http://gate:9000") as client: ...``.

    ``token`` is taken from ``EVOSPLIT_TOKEN`` unless given. The certificate of a tier behind ``https`` is
    verified against ``ca_file`` (PEM), or ``EVOSPLIT_CA_FILE``, or the system's authorities; ``certificate``
    is the client's own and its key, for tiers that ask for one. Requests that get no answer are sent again, a
    frame with the id that it had, so that it is worked on once. Methods raise ServiceUnavailableError where
    nobody answers, ServiceError for an error of the tier, InputError, AuthError, NotFoundError.
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
        kept = Retries(retries) if isinstance(retries, int) else retries
        shown, tls = token or given_token(None), client_files(ca_file, certificate)
        self._connection = Connection(Transport(url, shown, timeout_s, kept, tls))

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections."""
        await self._connection.close()

    async def is_ready(self) -> bool:
        """Whether the tier answers and can serve; it is asked once."""
        try:
            await self._connection.call(Call("GET", "/v2/health/ready"), is_repeated=False)
        except (ServiceError, ServiceUnavailableError):
            return False
        return True

    async def send(
        self,
        picture: Picture,
        *,
        stream: str | None = None,
        strategy: str = "planned",
        frame_id: str | None = None,
    ) -> FrameReport:
        """A picture to an edge agent, and its result. ``stream`` names a camera (docs/edge-api.md)."""
        return read_frame(await self._call(frame_call(picture, frame_id, stream, strategy)))

    async def send_later(
        self, picture: Picture, *, stream: str | None = None, frame_id: str | None = None
    ) -> str:
        """A picture whose answer has time, which may wait on the agent's disk; returns the frame's id."""
        call = frame_call(picture, frame_id, stream, "planned", "later")
        await self._call(call)
        return call.headers["X-Evosplit-Frame-Id"]

    async def result(self, frame_id: str) -> FrameReport:
        """A result that an edge agent keeps. Raises WaitingError for a frame that waits for the cloud."""
        return read_frame(await self._call(result_call(frame_id)))

    async def results(
        self,
        *,
        stream: str | None = None,
        answered_by: AnsweredBy | None = None,
        since: float | str | None = None,
        until: float | str | None = None,
        order: Literal["asc", "desc"] = "desc",
    ) -> AsyncIterator[FrameReport]:
        """All results of an edge agent that fit, page by page. Times are Unix seconds or ISO 8601."""
        filters = result_filters(stream, answered_by, since, until, order)
        cursor: str | None = None
        while True:
            page = await self.page(filters, cursor=cursor)
            for result in page.results:
                yield result
            cursor = page.next_cursor
            if cursor is None:
                return

    async def page(
        self, filters: Mapping[str, str | float | None], limit: int = PAGE, cursor: str | None = None
    ) -> Page:
        """One page of `results`; ``cursor`` is the page before's ``next_cursor``."""
        return read_page(await self._call(page_call(filters, limit, cursor)))

    async def plan(self) -> dict[str, Any]:
        """The plan that an edge agent uses, its link, and its table."""
        return (await self._call(Call("GET", "/v1/plan"))).json()

    async def sources(self) -> dict[str, Any]:
        """The frame sources of an edge agent, with their state."""
        return (await self._call(Call("GET", "/v1/sources"))).json()

    async def put_source(self, name: str, settings: Mapping[str, Any]) -> None:
        """Add a frame source to an edge agent, or change it: at least its ``address``."""
        await self._call(source_call(name, settings))

    async def remove_source(self, name: str) -> None:
        """Stop a frame source of an edge agent, and forget it."""
        await self._call(source_call(name, None))

    async def profile(self) -> dict[str, Any]:
        """What frames cost on an edge agent."""
        return (await self._call(Call("GET", "/v1/profile"))).json()

    async def models(self) -> dict[str, Any]:
        """The models of a cloud tier, and what is wrong with those that it cannot serve."""
        return (await self._call(Call("GET", "/v1/models"))).json()

    async def make_plans(
        self,
        model: str,
        profile: ProfileReport | Profile,
        *,
        rtt_s: float = 0.0,
        limits: Limits | None = None,
        max_drop: float | None = None,
    ) -> ServedPlans:
        """Have a cloud tier plan for the device of a profile; takes seconds to minutes, once."""
        measured = profile.to_dict() if isinstance(profile, Report) else to_data(profile)
        allowed = {} if limits is None else to_data(limits)
        request = {"profile": measured, "rtt_s": rtt_s, "limits": allowed, "max_drop": max_drop}
        return read_plans(await self._call(plans_call(model, request)))

    async def bundle(self, digest: str) -> bytes:
        """The bundle of a digest, from a cloud tier: head weights, skeleton, table and card."""
        return (await self._call(Call("GET", f"/v1/bundles/{digest}"))).body

    async def infer(self, model: str, tensors: Mapping[str, NDArray[Any]]) -> InferReport:
        """The whole network on tensors by name, on either tier.

        It is sent again only where it did not arrive: an agent records each request as a frame of its own.
        """
        return read_outputs(await self._call(infer_call(model, tensors, is_repeatable=False)))

    async def finish(self, model: str, frame: bytes) -> InferReport:
        """The tail of a network in a cloud tier, on a frame that `evosplit.encode` made."""
        return read_outputs(await self._call(finish_call(model, FRAME_INPUT, frame)))

    async def finish_picture(self, model: str, picture: Picture) -> InferReport:
        """The whole network in a cloud tier, on a picture of the network's own size."""
        return read_outputs(await self._call(finish_call(model, SIZED_PICTURE_INPUT, picture_bytes(picture))))

    async def _call(self, call: Call) -> Reply:
        return await self._connection.call(call)
