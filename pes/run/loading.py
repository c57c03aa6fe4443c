"""Imports of a command, sooner."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["loading"]


@contextmanager
def loading() -> Iterator[None]:
    """No look for garbage while modules are imported, which takes a quarter of the time.

    Everything that torch and SciPy make as they load stays until the process ends.

    Example:
        >>> with loading():
        ...     import json
        >>> gc.isenabled()
        True
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()
