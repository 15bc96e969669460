"""An agent of a detector: results need few rows of the cloud's answer, clients of tensors get all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edge_support import middle_stage, picture, stage, until
from net_bundle import CARD

from evosplit.shared import oip
from evosplit.shared.answer_rows import ROWS, ROWS_OVER
from evosplit.shared.card import Card, card_from_data, check_card
from evosplit.shared.graph import Graph
from tests import models

SCORE = 0.42


def _card(graph: Graph) -> Card:
    output = {"kind": "boxes-yolov5", "score": SCORE}
    return check_card(card_from_data({**CARD, "output": output, "labels": ["car", "van"]}), graph)


OPTIONS: dict[str, Any] = {"model_of": models.detector_net, "card_of": _card, "hooks": False}


def _heard(on: Any) -> list[tuple[oip.InferRequest, oip.InferResponse]]:
    """What the cloud is asked, and answers, from now on."""
    heard: list[tuple[oip.InferRequest, oip.InferResponse]] = []
    answer = on.cloud.plane.answer

    def listening(name: str, call: Any) -> Any:
        body, length = answer(name, call)
        request = oip.parse_request(call.body, call.header_length)
        heard.append((request, oip.parse_response(body, length)))
        return body, length

    on.cloud.plane.answer = listening
    return heard


@pytest.mark.parametrize("strategy", ["cut:0", "cut:3", "cloud-raw", "cloud-jpeg"])
async def test_the_boxes_are_those_of_whole_answers(strategy: str, tmp_path: Path) -> None:
    async with middle_stage(tmp_path, **OPTIONS) as on:
        heard = _heard(on)
        status, few = await on.post(picture(3), strategy=strategy)
        assert (status, few["answered_by"]) == (200, "cloud")
        whole = on.cloud.plane.answer  # an older cloud, which answers all of it
        ((request, response),) = heard
        assert request.parameters[ROWS_OVER] == SCORE
        rows = response.arrays()[ROWS]
        assert 0 < len(rows) < 32
        assert response.arrays()["y"].shape == (1, len(rows), 7)

        def older(name: str, call: Any) -> Any:
            asked = oip.parse_request(call.body, call.header_length)
            body, length = oip.build_request(oip.InferRequest(asked.inputs, binary_default=True))
            return whole(name, type(call)(body, length, call.received_s))

        on.cloud.plane.answer = older  # type: ignore[method-assign]
        status, all_rows = await on.post(picture(3), strategy=strategy)
        assert heard[1][1].arrays()["y"].shape == (1, 64, 7)
        assert few["outcome"]["boxes"]
        assert few["outcome"] == all_rows["outcome"]


async def test_clients_of_tensors_get_all_rows(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, **OPTIONS) as on:
        heard = _heard(on)
        x = np.random.default_rng(0).standard_normal((1, 3, 16, 16)).astype(np.float32)
        body, length = oip.build_request(oip.InferRequest((oip.tensor("x", x),), binary_default=True))
        async with on.client.post(
            f"{on.url}/v2/models/net/infer", data=body, headers={oip.HEADER_LENGTH: str(length)}
        ) as response:
            assert response.status == 200
            answer = oip.parse_response(await response.read(), int(response.headers[oip.HEADER_LENGTH]))
        assert ROWS_OVER not in heard[0][0].parameters
        assert answer.arrays()["y"].shape == (1, 64, 7)
        assert answer.arrays()["y"].all()


async def test_rows_that_make_no_sense_are_no_answer(tmp_path: Path) -> None:
    async with stage(tmp_path, **OPTIONS) as on:
        answer = on.cloud.plane.answer

        def lying(name: str, call: Any) -> Any:
            body, length = answer(name, call)
            told = oip.parse_response(body, length)
            wrong = oip.tensor(ROWS, told.arrays()[ROWS] + np.int32(64))
            outputs = (oip.tensor("y", told.arrays()["y"]), wrong)
            asked = oip.InferRequest((), binary_default=True)
            return oip.build_response(oip.InferResponse("net", outputs), asked)

        on.cloud.plane.answer = lying  # type: ignore[method-assign]
        status, result = await on.post(picture(3))
        assert (status, result["answered_by"]) == (200, "edge-fallback")


async def test_frames_that_waited_are_read_from_few_rows_too(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, **OPTIONS) as on:
        heard = _heard(on)
        status, now = await on.post(picture(3), strategy="cut:3")
        assert status == 200
        status, _ = await on.post(picture(3), {"X-Evosplit-Frame-Id": "late"}, strategy="cut:3", wait="later")
        assert status == 202
        await until(lambda: len(heard) == 2)
        await until(lambda: on.agent.spool is not None and not on.agent.spool.state().frames)
        _, late = await on.get("/v1/results/late")
        assert late["late"]
        assert late["outcome"] == now["outcome"]
        assert ROWS in heard[1][1].arrays()
