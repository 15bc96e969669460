"""HTTP routes of previews: streams that had frames, their newest picture, thumbnails of results."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from evosplit.edge.api.authentication import HandlerScopes
from evosplit.edge.api.pages import AGENT, json_page
from evosplit.edge.previews.change_grid import CHANGES, packed_changes
from evosplit.edge.previews.latest_pictures import LatestFrame
from evosplit.edge.previews.preview import Preview


def routes() -> list[web.RouteDef]:
    """What a page shows beside results."""
    return [
        web.get("/v1/streams", get_streams),
        web.get("/v1/streams/{stream}/picture", get_picture),
        web.get("/v1/results/{frame_id}/thumbnail", get_thumbnail),
    ]


def scopes() -> HandlerScopes:
    """Whoever may read what frames showed may see it."""
    return dict.fromkeys((get_streams, get_picture, get_thumbnail), "read")


async def get_streams(request: web.Request) -> web.Response:
    """Streams that had an answered frame since the agent's start, the newest first."""
    frames = request.app[AGENT].agent.previews.latest.frames()
    return json_page({"streams": [_shown(frame) for frame in frames]})


async def get_picture(request: web.Request) -> web.Response:
    """A preview of the newest frame of a stream; with ``?changes=1``, what of it was computed anew, too."""
    frame, preview = await request.app[AGENT].agent.previews.live(request.match_info["stream"])
    response = _picture(frame.frame_id, preview)
    if request.query.get("changes") == "1" and frame.changes is not None:
        response.headers[CHANGES] = packed_changes(frame.changes, preview.placed)
    return response


async def get_thumbnail(request: web.Request) -> web.Response:
    """What is kept of a frame's picture."""
    frame_id = request.match_info["frame_id"]
    return _picture(frame_id, await request.app[AGENT].agent.previews.thumbnail(frame_id))


def _shown(frame: LatestFrame) -> dict[str, Any]:
    return {
        "stream": frame.stream,
        "frame_id": frame.frame_id,
        "received_at_s": frame.received_at_s,
        "has_picture": frame.picture is not None,
    }


def _picture(frame_id: str, preview: Preview) -> web.Response:
    height, width = preview.original
    headers = {
        "Cache-Control": "no-store",
        "X-Evosplit-Frame-Id": frame_id,
        "X-Evosplit-Picture": f"{width}x{height}",
        "X-Evosplit-Region": ",".join(f"{side:.6g}" for side in preview.region),
    }
    return web.Response(body=preview.jpeg, content_type="image/jpeg", headers=headers)
