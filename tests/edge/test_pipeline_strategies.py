"""Strategies that name a picture codec."""

from __future__ import annotations

from pathlib import Path

import pytest
from edge_support import picture, stage

from evosplit.edge.pipeline.strategies import named_codec, names_plan
from evosplit.shared.errors import UsageError


@pytest.mark.parametrize("text", ["planned", "edge", "cloud-jpeg", "cut:3", "plan:ab"])
def test_other_strategies_name_no_codec(text: str) -> None:
    assert named_codec(text) is None


@pytest.mark.parametrize("codec", ["jpeg-50", "png", "raw8"])
def test_a_codec_is_named(codec: str) -> None:
    assert named_codec(f"picture:{codec}") == codec
    assert not names_plan(f"picture:{codec}")


@pytest.mark.parametrize("text", ["picture:", "picture:gif", "picture:png "])
def test_a_codec_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no codec"):
        named_codec(text)


async def test_an_agent_sends_fewer_bytes_at_less_quality(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        sent = []
        for codec in ("jpeg-30", "jpeg-98"):
            status, answer = await on.post(picture(1), strategy=f"picture:{codec}")
            assert (status, answer["answered_by"], answer["cut_key"]) == (200, "cloud", "0")
            sent.append(answer["wire_bytes"])
        assert 0 < sent[0] < sent[1]
        for wrong in ("picture:gif", "picture:jpeg-999"):
            assert (await on.post(picture(1), strategy=wrong))[0] == 400


async def test_a_private_agent_sends_no_picture(tmp_path: Path) -> None:
    async with stage(tmp_path, min_depth=1) as on:
        assert (await on.post(picture(1), strategy="picture:png"))[0] == 400
