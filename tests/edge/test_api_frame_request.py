"""Pictures as stock clients send them: forms of curl and of aiohttp, all kinds of files; what is refused."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from edge_support import Stage, picture, stage, until
from fake_cloud import TOKEN

from evosplit.edge.link.circuit import LONGEST_PAUSE_S

LIMIT_BYTES = 50_000


@pytest_asyncio.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path, max_body_bytes=LIMIT_BYTES) as running:
        yield running


async def _post(on: Stage, **request: object) -> tuple[int, dict[str, object]]:
    async with on.client.post(f"{on.url}/v1/frames", **request) as response:  # type: ignore[arg-type]
        assert response.content_type == "application/json"
        return response.status, await response.json()


async def test_a_form_is_answered_as_its_file_alone(on: Stage) -> None:
    form = aiohttp.FormData({"comment": "the gate", "camera": "7"})
    form.add_field("image", picture(1), filename="photo.png", content_type="image/png")
    status, answer = await _post(on, data=form)
    plain = (await on.post(picture(1)))[1]
    assert (status, answer["outcome"]) == (200, plain["outcome"])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("how", ["-F image=@{}", "--data-binary @{}", "-T {} -X POST"])
async def test_curl(on: Stage, tmp_path: Path, how: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(picture(1, (120, 160), "JPEG"))
    arguments = ["-sS", "-H", f"Authorization: Bearer {TOKEN}", *how.format(path).split()]
    process = await asyncio.create_subprocess_exec(
        "curl", *arguments, f"{on.url}/v1/frames", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(output)["outcome"]["top"]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
async def test_every_kind_is_answered(on: Stage, kind: str) -> None:
    status, answer = await on.post(picture(1, kind=kind), strategy="edge")
    assert (status, answer["error"]) == (200, None)


async def test_a_mistyped_parameter_is_told(on: Stage) -> None:
    status, answer = await on.post(picture(1), strateggy="edge")
    assert (status, "'strateggy'" in answer["error"], "strategy" in answer["error"]) == (400, True, True)
    assert "frame_id" not in answer


BOUNDARY = "XX"
HEAD = b'--XX\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "not a whole form"),
        (b"--XX--\r\n", 400, "0 files"),
        (HEAD + picture(1), 400, "not a whole form"),
        (HEAD + b"\r\n--XX--\r\n", 400, "empty"),
        (HEAD + picture(1)[:99] + b"\r\n--XX--\r\n", 400, "not a whole PNG"),
        (HEAD + b"a text\r\n--XX--\r\n", 415, "known kind"),
        (HEAD + picture(1) + b"\r\n" + HEAD + picture(2) + b"\r\n--XX--\r\n", 400, "2 files"),
        (HEAD.replace(b'; filename="a.png"', b"") + picture(1) + b"\r\n--XX--\r\n", 400, "0 files"),
        (HEAD[:30], 400, "not a whole form"),
        (b"no form at all", 400, "not a whole form"),
        (HEAD + bytes(LIMIT_BYTES + 1) + b"\r\n--XX--\r\n", 413, "too large"),
        (b"--XX\r\nContent-Type: multipart/mixed; boundary=Y\r\n\r\n--Y--\r\n--XX--\r\n", 400, "form"),
    ],
)
async def test_a_form_that_is_none(on: Stage, body: bytes, status: int, says: str) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    got, answer = await _post(on, data=body, headers=headers)
    assert (got, says in str(answer["error"])) == (status, True), answer
    assert set(answer) == {"error"}
    assert "\n" not in str(answer["error"])


async def test_a_form_without_a_boundary(on: Stage) -> None:
    status, answer = await _post(on, data=picture(1), headers={"Content-Type": "multipart/form-data"})
    assert (status, "not a whole form" in str(answer["error"])) == (400, True)


async def test_many_fields_count_for_the_limit(on: Stage) -> None:
    form = aiohttp.FormData({f"field{at}": "x" * 9_000 for at in range(6)})
    form.add_field("image", picture(1), filename="photo.png")
    assert (await _post(on, data=form))[0] == 413


async def test_the_right_method_is_named(on: Stage) -> None:
    async with on.client.put(f"{on.url}/v1/frames", data=picture(1)) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert set(await response.json()) == {"error"}


async def test_every_503_says_when_to_come_again(tmp_path: Path) -> None:
    async with stage(tmp_path, with_fallback=False, max_in_flight=1, probe_interval_s=60.0) as on:
        on.cloud.mode = "hang"
        on.cloud.go_on.clear()

        async def retry_s(seed: int) -> tuple[int, bool, int]:
            async with on.client.post(f"{on.url}/v1/frames?wait=now", data=picture(seed)) as response:
                is_accepted = "frame_id" in await response.json()
                return response.status, is_accepted, int(response.headers["Retry-After"])

        frames = [asyncio.ensure_future(retry_s(seed)) for seed in range(3)]
        await until(lambda: sum(frame.done() for frame in frames) == 2)
        on.cloud.go_on.set()
        answers = await asyncio.gather(*frames)
        assert {status for status, _, _ in answers} == {503}
        assert {is_accepted for _, is_accepted, _ in answers} == {True, False}
        circuit = on.agent.cloud.circuit
        while circuit.pause_s < LONGEST_PAUSE_S:
            circuit.silent(circuit.probe_at_s)
        most_s = circuit.wait_s(time.monotonic())
        told_s = (await retry_s(9))[2]
        assert math.ceil(circuit.wait_s(time.monotonic())) <= told_s <= math.ceil(most_s)
