"""Log lines of a tier on standard error, as `evosplit edge: MESSAGE`: what it does now, and what is wrong."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def log_lines(name: str) -> Iterator[None]:
    """Lines of our own modules, from INFO on, under the command's name; others as Python has them.

    Tracebacks of what a supervisor caught are printed as well: they are bugs to be reported.
    """
    ours = logging.getLogger("evosplit")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"evosplit {name}: %(message)s"))
    level = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        ours.removeHandler(handler)
        ours.setLevel(level)
