"""HTTP routes of the fleet's results: kept as edges send them, and asked for."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evosplit.cloud.fleet_routes import holder_name
from evosplit.cloud.request_body import read_body
from evosplit.cloud.services import in_pool, services_of
from evosplit.cloud.storage.result_records import EdgeResult
from evosplit.shared.errors import InputError
from evosplit.shared.fleet.posted_result import MOST_BYTES, PostedResult
from evosplit.shared.result_query import parse_filter
from evosplit.shared.result_query.count_request import parse_counts
from evosplit.shared.serial import from_json, json_text, to_data


async def post_result(request: Request) -> Response:
    """Keep one result event; one that is there already changes nothing."""
    services = services_of(request)
    body = await read_body(request, MOST_BYTES, services.settings.body_timeout_s)
    posted, holder = from_json(PostedResult, body, InputError), holder_name(request)
    return _json({"new": await in_pool(request, lambda: services.results.add(holder, posted))})


async def get_results(request: Request) -> Response:
    """A page of results, each with its edge."""
    wanted, known = parse_filter(request.query_params), services_of(request).results
    page = await in_pool(request, lambda: known.page(wanted))
    return _json({"results": [_shown(kept) for kept in page.results], "next_cursor": page.next_cursor})


async def get_counts(request: Request) -> Response:
    """How many results came in each minute, hour or day."""
    asked, known = parse_counts(request.query_params), services_of(request).results
    counts = await in_pool(request, lambda: known.counts(asked))
    return _json({"by": asked.by, "split": asked.split, "counts": to_data(counts)})


def _shown(kept: EdgeResult) -> dict[str, Any]:
    return {"edge": kept.edge, **to_data(kept.result)}


def _json(data: dict[str, Any]) -> Response:
    """With null for numbers that are not finite."""
    return Response(json_text(data), media_type=JSONResponse.media_type)
