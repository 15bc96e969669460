"""Profiles: seconds per layer, and of whole heads and tails, measured on this machine or read from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evosplit.edge.backends.int8 import timed_integers
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.library.cache import local_store
from evosplit.library.model import Model
from evosplit.library.progress import Progress, counting
from evosplit.library.report import Listing, Report, listing
from evosplit.shared.errors import EvoSplitError, ProfileError
from evosplit.shared.graph import Graph
from evosplit.shared.profile import Profile
from evosplit.shared.serial import from_json, to_data, to_json
from evosplit.shared.units import format_duration


@dataclass(frozen=True, repr=False)
class ProfileReport(Report):
    """The profile of a model on one device. ``notes`` say what could not be measured."""

    graph: Graph
    profile: Profile
    notes: tuple[str, ...] = ()

    @property
    def layer_s(self) -> Mapping[str, float]:
        """Median seconds of each layer run alone, by its name."""
        names = (layer.name for layer in self.graph.layers)
        return dict(zip(names, self.profile.layer_s, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """All that was measured, as `evosplit profile --json` prints it."""
        data: dict[str, Any] = to_data(self.profile)
        return data

    def listings(self) -> tuple[Listing, ...]:
        """Layers, each alone, in a head and in a tail."""
        profile = self.profile
        seconds = (profile.layer_s, profile.head_layer_s(), profile.tail_layer_s())
        rows = (
            (layer.name, layer.op, *(format_duration(value) for value in values))
            for layer, *values in zip(self.graph.layers, *seconds, strict=True)
        )
        columns = ("layer", "op", "alone", "in a head", "in a tail")
        return (listing(f"{self.graph.name}, {profile.threads} threads", columns, rows),)

    def remarks(self) -> tuple[str, ...]:
        """The whole model, and how far predictions were off."""
        profile = self.profile
        whole_s = profile.head_s[max(profile.head_s)]
        whole = f"whole model {format_duration(whole_s)}; slowdown {profile.slowdown:g}"
        if profile.residual is None:
            return (whole,)
        off = f"a head or tail at a cut that was not measured is predicted to {profile.residual:.0%}"
        return whole, off

    def save(self, path: Path | str) -> None:
        """Write what `read_profile` reads. Raises EvoSplitError."""
        try:
            Path(path).write_bytes(to_json(self.profile) + b"\n")
        except OSError as error:
            raise EvoSplitError(f"cannot write {path}: {error.strerror}") from None


def profile(
    model: Model,
    threads: int = 1,
    slowdown: float = 1.0,
    *,
    side: Literal["edge", "cloud"] = "edge",
    integers: bool = True,
    fresh: bool = False,
    progress: Progress | None = None,
) -> ProfileReport:
    """Measure a model on this machine with ONNX Runtime, once; what was measured is kept.

    ``slowdown`` plays a device so many times slower. On the ``edge`` heads may run in 8-bit integers (not
    without ``integers``), and frames are made of pictures where there is a model card: these are measured,
    too; tails in the ``cloud`` run in float32. ``fresh`` measures again. Raises CardError, EvoSplitError.
    """
    is_edge = side == "edge"
    profiler = DeviceProfiler(local_store(), threads, timed_integers if is_edge and integers else None)
    count = counting(progress, f"measuring {model.name}")
    measured = profiler.profile(model.graph, model.card if is_edge else None, slowdown, fresh, count)
    reason = profiler.reason_without_integers(model.graph.sha256)
    notes = (f"{model.name} is planned in float32 alone: {reason}",) if reason else ()
    return ProfileReport(model.graph, measured, notes)


def read_profile(path: Path | str, model: Model) -> ProfileReport:
    """Read what `ProfileReport.save` or `evosplit profile` wrote. Raises ProfileError for another model's."""
    try:
        profile = from_json(Profile, Path(path).read_bytes(), ProfileError)
    except OSError as error:
        raise ProfileError(f"cannot read the profile {path}: {error.strerror}") from None
    graph = model.graph
    if profile.model_sha256 != graph.sha256 or len(profile.layer_s) != len(graph.layers):
        raise ProfileError(f"the profile {path} is of {profile.model}, not of this {graph.name}")
    return ProfileReport(graph, profile)
