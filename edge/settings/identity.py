"""Settings of what an agent is: its model, its name and place, and the folder of its data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, Field, model_validator
from pydantic_settings import NoDecode

from evosplit.shared.config.fields import option as _option
from evosplit.shared.config.fields import parsed_by
from evosplit.shared.errors import UsageError
from evosplit.shared.fleet.agent_identity import NAME
from evosplit.shared.fleet.place import Place, parse_place
from evosplit.shared.measurement_store import cache_folder

_MODEL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

PlaceText: TypeAlias = Annotated[Place, NoDecode, parsed_by(parse_place)]


class Identity(BaseModel):
    """One model and one data directory, under one name."""

    model: str = _option(..., "--model", "Name of a model that the cloud tier serves.")
    name: str = _option(
        "",
        "--name",
        "Name of this agent. [default: in the fleet its token's or a random one, in events its host's]",
    )
    place: PlaceText | None = _option(
        None,
        "--place",
        "Where this device is, for the fleet's map, as in 51.5,-0.12 or 'North gate 51.5,-0.12'.",
        metavar="[name] lat,lon",
    )
    data: Path = Field(
        default_factory=lambda: cache_folder() / "edge",
        description="Folder for the bundle, the results and the token.",
    )

    @model_validator(mode="after")
    def _check_names(self) -> Identity:
        if not _MODEL_NAME.fullmatch(self.model):
            raise UsageError(f"not a model name: {self.model!r}")
        if self.name and not NAME.fullmatch(self.name):
            raise UsageError(f"not the name of an agent: {self.name[:80]!r} (letters, digits, dots, - and _)")
        return self

    @property
    def folder(self) -> Path:
        """Where this model's bundle and results are kept."""
        return self.data / self.model

    @property
    def cloud_folder(self) -> Path:
        """Where what the cloud made and signed is kept."""
        return self.folder
