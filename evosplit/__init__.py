"""Split inference of ONNX networks: an edge head, a cloud tail, an exact planner for the cut and the bits.

`load` a model, `profile` and `calibrate` it, then `plan` for one link or `table` for all of them, list what
can be had with `pareto` and `compare`, run both parts after `split`, and talk to agents and cloud tiers with
`Client` or `AsyncClient`. Names are imported when they are first used (PEP 562): an edge board needs its own
extra alone, and what is missing is named in one line.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from evosplit.kernels.errors.error_options import ErrorOptions as ErrorOptions
    from evosplit.library.calibrate import CalibrationReport as CalibrationReport
    from evosplit.library.calibrate import calibrate as calibrate
    from evosplit.library.client.answers import FrameReport as FrameReport
    from evosplit.library.client.answers import InferReport as InferReport
    from evosplit.library.client.answers import ServedPlans as ServedPlans
    from evosplit.library.client.asynchronous import AsyncClient as AsyncClient
    from evosplit.library.client.retries import Retries as Retries
    from evosplit.library.client.service_errors import ServiceError as ServiceError
    from evosplit.library.client.service_errors import ServiceUnavailableError as ServiceUnavailableError
    from evosplit.library.client.service_errors import WaitingError as WaitingError
    from evosplit.library.client.synchronous import Client as Client
    from evosplit.library.compare import CompareReport as CompareReport
    from evosplit.library.compare import compare as compare
    from evosplit.library.frames import decode as decode
    from evosplit.library.frames import encode as encode
    from evosplit.library.model import Model as Model
    from evosplit.library.model import load as load
    from evosplit.library.pareto import ParetoReport as ParetoReport
    from evosplit.library.pareto import pareto as pareto
    from evosplit.library.plan import plan as plan
    from evosplit.library.plan_report import PlanReport as PlanReport
    from evosplit.library.profile import ProfileReport as ProfileReport
    from evosplit.library.profile import profile as profile
    from evosplit.library.profile import read_profile as read_profile
    from evosplit.library.report import Listing as Listing
    from evosplit.library.report import Report as Report
    from evosplit.library.setting import PlanningOptions as PlanningOptions
    from evosplit.library.split import Head as Head
    from evosplit.library.split import Split as Split
    from evosplit.library.split import Tail as Tail
    from evosplit.library.split import split as split
    from evosplit.library.table import TableReport as TableReport
    from evosplit.library.table import table as table
    from evosplit.planner.problem.limits import Limits as Limits
    from evosplit.shared.errors import EvoSplitError as EvoSplitError
    from evosplit.shared.expectation import Expectation as Expectation

_MODULES: Final = {
    "library.model": ("load", "Model"),
    "library.profile": ("profile", "read_profile", "ProfileReport"),
    "library.calibrate": ("calibrate", "CalibrationReport"),
    "library.plan": ("plan",),
    "library.plan_report": ("PlanReport",),
    "library.table": ("table", "TableReport"),
    "library.pareto": ("pareto", "ParetoReport"),
    "library.compare": ("compare", "CompareReport"),
    "library.setting": ("PlanningOptions",),
    "library.report": ("Report", "Listing"),
    "planner.problem.limits": ("Limits",),
    "shared.expectation": ("Expectation",),
    "kernels.errors.error_options": ("ErrorOptions",),
    "library.split": ("split", "Split", "Head", "Tail"),
    "library.frames": ("encode", "decode"),
    "library.client.synchronous": ("Client",),
    "library.client.asynchronous": ("AsyncClient",),
    "library.client.answers": ("FrameReport", "InferReport", "ServedPlans"),
    "library.client.retries": ("Retries",),
    "library.client.service_errors": ("ServiceError", "ServiceUnavailableError", "WaitingError"),
    "shared.errors": ("EvoSplitError",),
}
"""Public names by module, in the order in which one meets them."""
_PLACES: Final = {name: module for module, names in _MODULES.items() for name in names}

__all__ = list(_PLACES)


def __getattr__(name: str) -> object:
    """A public name. Raises AttributeError, and MissingExtraError where its packages are not installed."""
    if name not in _PLACES:
        raise AttributeError(f"module 'evosplit' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"evosplit.{_PLACES[name]}"), name)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] == "evosplit":
            raise
        from evosplit.shared.errors import MissingExtraError

        raise MissingExtraError(f"evosplit.{name}", missing.name, "library") from None


def __dir__() -> list[str]:
    return [*globals(), *__all__]
