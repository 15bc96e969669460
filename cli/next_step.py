"""Next step behind an error message: what a beginner does about an error that names its cause alone.

Most errors name it themselves, where they are raised. Those here come from the other side, or from the
library, which know nothing of options.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evosplit.library.client.service_errors import ServiceUnavailableError
from evosplit.shared.errors import AuthError, EvoSplitError, ForbiddenError

_STEPS: Final[Mapping[type[EvoSplitError], str]] = {
    AuthError: "show a token by --token-file or EVOSPLIT_TOKEN (a tier's own lies in its --data, as `token`)",
    ForbiddenError: "show a token with that scope: evosplit tokens add NAME --scopes SCOPE",
    ServiceUnavailableError: "start it, or correct the address (--edge, --cloud)",
}


def with_next_step(error: EvoSplitError) -> str:
    """The message in one line; with what to do behind it where the error's kind says that."""
    text = " ".join(str(error).split())
    steps = [step for kind, step in _STEPS.items() if isinstance(error, kind)]
    return "; ".join((text, *steps))
