"""Base class of the parts of a model card."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A value: unknown fields are refused, so that a slip of the pen is not silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=())


Share = Annotated[float, Field(ge=0, le=1)]
"""A probability, or an overlap of two boxes."""
