"""Typed errors: ours, or the peer's. Each carries one clear line and its HTTP status.

``http_status`` is the answer to a request that ran into the error; ``exit_status`` that of a command
(1: the work failed, 2: wrong usage).
"""

from __future__ import annotations


class EvoSplitError(Exception):
    """The root of every error that EvoSplit raises on purpose."""

    http_status = 500
    exit_status = 1


class UsageError(EvoSplitError):
    """A command or a request that was written wrongly."""

    http_status = 400
    exit_status = 2


class MissingExtraError(EvoSplitError, ImportError):
    """Something that needs a package which another extra installs."""

    exit_status = 2

    def __init__(self, what: str, module: str, extra: str) -> None:
        super().__init__(f"{what} needs {module}, which is not here: pip install 'evosplit[{extra}]'")


class ModelError(EvoSplitError):
    """An ONNX file that is unreadable, empty or not supported."""

    http_status = 422


class CardError(EvoSplitError):
    """A model card that is malformed or does not fit its model."""

    http_status = 422


class ProfileError(EvoSplitError):
    """A profile that is malformed or belongs to another model."""

    http_status = 422


class BundleError(EvoSplitError):
    """A bundle whose content does not match its digest or its manifest."""


class InfeasibleError(EvoSplitError):
    """No plan meets the limits; the message names the limit and by how much it is missed."""

    http_status = 422


class SolverError(EvoSplitError):
    """A solver that stopped without an optimum and without a proof that there is none."""


class StoreError(EvoSplitError):
    """The result store cannot be read or written."""


class LearningError(EvoSplitError):
    """Samples that cannot be learned from, or a file of them that cannot be read or written."""


class PortInUseError(EvoSplitError):
    """The address to listen on is taken."""


class PeerError(EvoSplitError):
    """Something that the other side did wrong, or did not do."""

    http_status = 502


class InputError(PeerError):
    """A tensor of the wrong name, shape or type, or a picture that is none."""

    http_status = 400


class SlowBodyError(InputError):
    """A body that did not arrive in time."""

    http_status = 408


class UnknownKindError(InputError):
    """A file that is no picture of a known kind."""

    http_status = 415


class WireError(PeerError):
    """An encoded frame that is truncated, corrupted, or lies about its content."""

    http_status = 400


class AuthError(PeerError):
    """A missing, wrong, expired or revoked bearer token; ``holder`` is whose it was, where that is known."""

    http_status = 401

    def __init__(self, message: str, holder: str = "-") -> None:
        super().__init__(message)
        self.holder = holder


class ForbiddenError(PeerError):
    """A ``holder`` of a token without the scope that a request needs."""

    http_status = 403

    def __init__(self, message: str, holder: str = "-") -> None:
        super().__init__(message)
        self.holder = holder


class RateLimitError(PeerError):
    """A ``holder`` that asks more often than it may; ``wait_s`` is when it may again."""

    http_status = 429

    def __init__(self, message: str, holder: str, wait_s: float) -> None:
        super().__init__(message)
        self.holder = holder
        self.wait_s = wait_s


class NotFoundError(PeerError):
    """A model, bundle or result that is not there."""

    http_status = 404


class RestorationError(PeerError):
    """A restoration network that is not here, is damaged, or belongs to another tensor, step or model."""

    http_status = 422


class DeadlineError(PeerError):
    """Work that would be done later than its sender can wait: it is not begun."""

    http_status = 504


class CloudUnavailableError(PeerError):
    """The cloud did not answer in time, or not at all."""

    http_status = 503


class FrameBudgetError(CloudUnavailableError):
    """A frame that fits its budget of bytes at no step; the edge answers as if the cloud were away."""


class NotOurCloudError(CloudUnavailableError):
    """Something else answered in the cloud's place: a login page of the network, a proxy."""


class OversizedAnswerError(NotOurCloudError):
    """An answer larger than any that a cloud could give: it is not read to its end."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"the cloud's answer is larger than the {most_bytes} bytes that it can have")


class CloudRefusedError(PeerError):
    """The cloud answered with an error of its own."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class UnknownBaseError(CloudRefusedError):
    """A delta frame on a base that the cloud does not hold: send it again as a key frame."""

    http_status = 409

    def __init__(self, message: str) -> None:
        super().__init__(message, self.http_status)


class StaleModelError(CloudRefusedError):
    """A frame of a version of a model that is not served, or not any more: the edge needs other plans."""

    http_status = 410

    def __init__(self, message: str) -> None:
        super().__init__(message, self.http_status)
