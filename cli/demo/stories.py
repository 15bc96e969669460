"""Stories of the demo: the built-in gate, and known networks that a folder of models provides."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from evosplit.cli.demo.scenario import Scenario, gate_scenario, user_scenario
from evosplit.shared.errors import UsageError
from evosplit.shared.shape_text import Shape

GATE: Final = "gate"
STORIES: Final[Mapping[str, str]] = {"plates": "lprnet", "photos": "mobilenetv2", "boxes": "yolox_nano"}
"""Each by the name of its network's file; the cards come with EvoSplit, models and pictures do not."""


def story_scenario(story: str, models: Path | None, images: Path | None) -> Scenario:
    """The scenario of a story. Raises UsageError for folders that are missing, and as `user_scenario`."""
    if story == GATE:
        if models is not None:
            raise UsageError("the gate brings its own network: --models goes with another --story")
        return gate_scenario()
    file = f"{STORIES[story]}.onnx"
    if models is None or images is None:
        raise UsageError(
            f"--story {story} needs --models, a folder with {file}, and --images, a folder of pictures for it"
        )
    if not (models / file).is_file():
        raise UsageError(f"there is no {file} in {models}, which --story {story} plays")
    return user_scenario(models / file, images, {})


def own_scenario(model: Path, images: Path | None, shapes: Mapping[str, Shape]) -> Scenario:
    """The user's own model and pictures. Raises UsageError without pictures, and as `user_scenario`."""
    if images is None:
        raise UsageError("--model and --images go together")
    return user_scenario(model, images, shapes)
