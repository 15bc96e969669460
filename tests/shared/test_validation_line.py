"""Words of validation errors: what they quote is quoted as it is."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from evosplit.shared.validation_line import problem_place, validation_line


class _Settings(BaseModel):
    name: str = Field("a", pattern="^[A-Z]+$")
    layout: Literal["NCHW", "NHWC"] = "NCHW"


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({"name": "b"}, "string should match pattern '^[A-Z]+$'"),
        ({"name": "B", "layout": "nchw"}, "input should be 'NCHW' or 'NHWC'"),
    ],
)
def test_what_a_message_quotes_keeps_its_letters(told: dict[str, str], line: str) -> None:
    with pytest.raises(ValidationError) as invalid:
        _Settings.model_validate(told)
    assert validation_line(invalid.value.errors()[0]) == line
    assert problem_place(invalid.value.errors()[0]) == list(told)[-1]
