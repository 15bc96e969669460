"""Settings of an edge agent: options, environment (``EVOSPLIT_EDGE_*``) and files, from one definition."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from evosplit.edge.settings.cloud_access import CloudAccess
from evosplit.edge.settings.computing import Computing
from evosplit.edge.settings.frames_and_results import FramesAndResults
from evosplit.edge.settings.learning import Learning
from evosplit.edge.settings.plan_limits import PlanLimits
from evosplit.edge.settings.serving import Serving
from evosplit.shared.config.fields import option as _option
from evosplit.shared.config.fields import parsed_by
from evosplit.shared.config.load import how_to_give
from evosplit.shared.errors import UsageError
from evosplit.shared.fleet.agent_identity import NAME
from evosplit.shared.fleet.place import Place, parse_place
from evosplit.shared.measurement_store import cache_folder
from evosplit.shared.token import given_token, read_token, stored_token

_MODEL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

PlaceText: TypeAlias = Annotated[Place, NoDecode, parsed_by(parse_place)]


class EdgeSettings(  # the order of fields: bases from the last to the first
    FramesAndResults, Computing, Learning, PlanLimits, Serving, CloudAccess, BaseSettings
):
    """One agent: one model, one data directory, one cloud or several.

    What is not given is taken from the environment (``EVOSPLIT_EDGE_PORT``), then from the file
    ``_env_file`` of such lines, then from here; `evosplit.shared.config.load` adds a YAML file. A setting
    with a flag is an option of the command. Raises UsageError.
    """

    model_config = SettingsConfigDict(
        env_prefix="EVOSPLIT_EDGE_",
        dotenv_filtering="match_prefix",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
    )

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

    @model_validator(mode="wrap")
    @classmethod
    def _typed_errors(cls, given: Any, validate: Callable[[Any], EdgeSettings]) -> EdgeSettings:  # noqa: ANN401
        try:
            return validate(given)
        except ValidationError as invalid:
            first = invalid.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            how = how_to_give(cls, place, first["type"])
            raise UsageError(f"setting {place}: {first['msg'].lower()}{how}") from None

    @model_validator(mode="after")
    def _check_names(self) -> EdgeSettings:
        if not _MODEL_NAME.fullmatch(self.model):
            raise UsageError(f"not a model name: {self.model!r}")
        if self.name and not NAME.fullmatch(self.name):
            raise UsageError(f"not the name of an agent: {self.name[:80]!r} (letters, digits, dots, - and _)")
        return self

    def changed(self, **changes: Any) -> EdgeSettings:  # noqa: ANN401 - as the settings are
        """With other values, checked as they all are."""
        return type(self)(**{**dict(self), **changes})

    @property
    def folder(self) -> Path:
        """Where this model's bundle and results are kept."""
        return self.data / self.model

    @property
    def cloud_folder(self) -> Path:
        """Where what the cloud made and signed is kept."""
        return self.folder


def cloud_token(settings: EdgeSettings, token: str) -> str:
    """What the cloud is shown: its own token's file, else the ``token`` of this agent."""
    return token if settings.cloud_token_file is None else read_token(settings.cloud_token_file)


def bearer_token(settings: EdgeSettings) -> tuple[str, bool]:
    """What clients must show, and the cloud unless it has its own; and whether it was generated just now.

    The settings' own token, the token file's, that of the environment, or one kept in the data directory.
    """
    given = settings.token or given_token(settings.token_file)
    return (given, False) if given else stored_token(settings.data / "token")
