"""Direct dispatch: what is an inference, and what is left to the routes."""

from __future__ import annotations

from cloud_support import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from evosplit.cloud.direct_route import DirectRoute


async def infer(request: Request) -> Response:
    raise AssertionError("a defect")


def test_other_methods_and_paths_are_left_to_the_routes(client: Client) -> None:
    assert client.get("/v2/models/chain/infer").status == 405
    for path in ("/v2/models/a/b/infer", "/v2/models/chain/infer/", "/v2/models//infer"):
        assert client.post(path, b"").status in (307, 404)


def test_errors_are_lines_of_json(client: Client) -> None:
    for path, status in (("/v2/models/none/infer", 404), ("/v2/models/chain/infer", 400)):
        answer = client.post(path, b"{")
        assert (answer.status, list(answer.json())) == (status, ["error"])


def test_a_defect_is_told_and_reaches_the_servers_log(client: Client) -> None:
    broken = Client(DirectRoute(infer, Starlette()), client.services)
    answer = broken.call_raising("POST", "/v2/models/chain/infer", AssertionError)
    assert (answer.status, answer.json()) == (500, {"error": "internal error; the cloud's log has it"})
