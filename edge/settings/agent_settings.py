"""Settings of an edge agent: options, environment (``EVOSPLIT_EDGE_*``) and files, from one definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from evosplit.edge.settings.cloud_access import CloudAccess
from evosplit.edge.settings.computing import Computing
from evosplit.edge.settings.frames_and_results import FramesAndResults
from evosplit.edge.settings.identity import Identity
from evosplit.edge.settings.learning import Learning
from evosplit.edge.settings.plan_limits import PlanLimits
from evosplit.edge.settings.serving import Serving
from evosplit.shared.config.load import how_to_give
from evosplit.shared.errors import UsageError
from evosplit.shared.token import given_token, read_token, stored_token
from evosplit.shared.validation_line import problem_place, validation_line


class EdgeSettings(  # the order of fields: bases from the last to the first
    FramesAndResults, Computing, Learning, PlanLimits, Serving, Identity, CloudAccess, BaseSettings
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

    @model_validator(mode="wrap")
    @classmethod
    def _typed_errors(cls, given: Any, validate: Callable[[Any], EdgeSettings]) -> EdgeSettings:  # noqa: ANN401
        try:
            return validate(given)
        except ValidationError as invalid:
            first = invalid.errors()[0]
            place = problem_place(first)
            how = how_to_give(cls, place, first["type"])
            raise UsageError(f"setting {place}: {validation_line(first)}{how}") from None

    def changed(self, **changes: Any) -> EdgeSettings:  # noqa: ANN401 - as the settings are
        """With other values, checked as they all are."""
        return type(self)(**{**dict(self), **changes})


def cloud_token(settings: EdgeSettings, token: str) -> str:
    """What the cloud is shown: its own token's file, else the ``token`` of this agent."""
    return token if settings.cloud_token_file is None else read_token(settings.cloud_token_file)


def bearer_token(settings: EdgeSettings) -> tuple[str, bool]:
    """What clients must show, and the cloud unless it has its own; and whether it was generated just now.

    The settings' own token, the token file's, that of the environment, or one kept in the data directory.
    """
    given = settings.token or given_token(settings.token_file)
    return (given, False) if given else stored_token(settings.data / "token")
