"""Server process of `evosplit edge`: enrol, serve, and finish the frames under way when stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import warnings
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import uvloop
from aiohttp import web

from evosplit.edge.api import control_pages as control_api
from evosplit.edge.api import dashboard as dashboard_api
from evosplit.edge.api import oip as oip_api
from evosplit.edge.api import pages as api
from evosplit.edge.api import preview_pages as preview_api
from evosplit.edge.api import sources_pages as sources_api
from evosplit.edge.api.address import bound_socket
from evosplit.edge.api.authentication import HandlerScopes, require_token
from evosplit.edge.api.event_stream import add_event_stream
from evosplit.edge.api.event_stream import scopes as event_scopes
from evosplit.edge.api.http_errors import errors_as_json
from evosplit.edge.api.listening import listening
from evosplit.edge.certificate_watch import following
from evosplit.edge.control.build_controls import controlled, wanted_brokers
from evosplit.edge.directory_lock import locked
from evosplit.edge.enrolment.enrol_all import enrol_all
from evosplit.edge.enrolment.note import client_id
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.lifecycle import AgentSlot, serving_agent
from evosplit.edge.link.reply import cloud_session
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.settings.agent_settings import bearer_token, cloud_token
from evosplit.edge.sinks.build_sinks import wanted_sinks
from evosplit.edge.sources.sources import fixed_sources
from evosplit.shared.security.audit_log import AuditLog, audit_file
from evosplit.shared.security.changing_context import ChangingContext
from evosplit.shared.security.tls import ServerFiles
from evosplit.shared.security.token_file import token_file
from evosplit.shared.security.token_verifier import TokenVerifier

__all__ = ["EdgeSettings", "serve_edge"]

T = TypeVar("T")

FINISH_S: Final = 30.0
"""Requests under way at the end get so long."""

_log = logging.getLogger(__name__)


def serve_edge(settings: EdgeSettings) -> None:
    """Serve until SIGTERM or SIGINT; blocks.

    Raises PortInUseError, UsageError, StoreError, and what `evosplit.edge.enrolment.enrol.enrol` raises.
    """
    for malformed in (aiohttp.BadContentDispositionHeader, aiohttp.BadContentDispositionParam):
        warnings.filterwarnings("ignore", category=malformed)  # else each one's text is kept for ever
    with locked(settings.folder), bound_socket(settings.host, settings.port) as listener:
        uvloop.run(_serve(settings, listener))


def make_app(slot: AgentSlot, token: str, data: Path, max_body_bytes: int) -> web.Application:
    """The agent's HTTP face. ``data`` has its other tokens and the audit log."""
    verifier, audit = TokenVerifier(token, token_file(data)), AuditLog(audit_file(data))
    middlewares = [errors_as_json, require_token(verifier, _scopes(), audit)]
    app = web.Application(middlewares=middlewares, client_max_size=max_body_bytes)
    app[api.AGENT] = slot
    app.add_routes([*oip_api.routes(), *api.routes()])
    app.add_routes(
        [*sources_api.routes(), *control_api.routes(), *preview_api.routes(), *dashboard_api.routes()]
    )
    add_event_stream(app)
    return app


def _scopes() -> HandlerScopes:
    control = {**sources_api.scopes(), **control_api.scopes(), **preview_api.scopes()}
    reading = {**dashboard_api.scopes(), **event_scopes()}
    return {**oip_api.scopes(), **api.scopes(), **control, **reading}


async def _serve(settings: EdgeSettings, listener: socket.socket) -> None:
    wanted_sinks(settings)  # what is wrong with them is said before the work of a first start, too
    wanted_brokers(settings)
    fixed_sources(settings)
    token, is_new = bearer_token(settings)
    if is_new:
        _log.warning("no token was given: generated one, kept in %s", settings.data / "token")
    shown, stop, files = cloud_token(settings, token), _stop_event(), settings.server_tls
    if files is not None:
        files.context()  # what is wrong with them is said before the work of a first start
    async with _cloud_session(settings) as session:
        name = settings.name or await asyncio.to_thread(client_id, settings.data)
        clients = [PlannerClient(session, url, settings.model, shown, name) for url in settings.cloud_url]
        bundles = await _unless(stop, enrol_all(settings, clients))
        if bundles is None:
            return
        async with serving_agent(settings, bundles, shown, session) as slot:
            app = make_app(slot, token, settings.data, settings.max_body_bytes)
            async with _beside(slot.follow(clients[0])), controlled(settings, slot):
                await _serve_agent(app, listener, files, stop)


@contextlib.asynccontextmanager
async def _cloud_session(settings: EdgeSettings) -> AsyncIterator[aiohttp.ClientSession]:
    """The session to the cloud; authority and certificate are those of their files. Raises UsageError."""
    files = settings.cloud_tls
    context = None if files is None else ChangingContext(files)

    async def renew() -> None:
        if context is not None:
            await asyncio.to_thread(context.take_up)

    paths = () if files is None else files.paths
    async with cloud_session(context) as session, following(paths, renew):
        yield session


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """With work that goes on meanwhile, and is cancelled then."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _serve_agent(
    app: web.Application, listener: socket.socket, files: ServerFiles | None, stop: asyncio.Event
) -> None:
    runner = web.AppRunner(app, shutdown_timeout=FINISH_S)
    await runner.setup()
    try:
        async with listening(runner, listener, files):
            host, port = listener.getsockname()[:2]
            _log.info("listening on %s://%s:%d", "http" if files is None else "https", host, port)
            await stop.wait()
            _log.info("stopping: finishing the frames under way")
    finally:
        await runner.cleanup()


def _stop_event() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives, or None when the stop comes first; the work is then cancelled."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return None
