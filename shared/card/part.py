"""Parts of a model card: values that refuse unknown fields (pydantic)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A value: unknown fields are refused, so that a slip of the pen is not silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=())


Share = Annotated[float, Field(ge=0, le=1)]
"""A probability, or an overlap of two boxes."""


class OneTensor(Part):
    """An output kind that reads one tensor."""

    tensor: str | None = None
    """The graph's output to read; needed only where there are several."""
