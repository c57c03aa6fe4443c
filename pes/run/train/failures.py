"""A fit that fails keeps its last state and says what to change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from pes.memory import is_full

__all__ = ["safe_stop"]


@contextmanager
def safe_stop(save: Callable[[], str | None]) -> Iterator[None]:
    """Save the state before a loss that is NaN, full memory or a lost rank ends the run.

    Args:
        save: writes the last good state; says where it is, None if there is none yet.

    Raises:
        ValueError, FloatingPointError, ConnectionError: what happened, in one line.
    """
    try:
        yield
    except FloatingPointError as error:
        raise FloatingPointError(f"{error}{_saved(save())}") from None
    except ConnectionError as error:
        raise ConnectionError(f"{error}{_saved(save())}") from None
    except (MemoryError, RuntimeError) as error:
        if not is_full(error):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise ValueError(
            f"out of memory ({(str(error) or 'MemoryError').splitlines()[0][:100]}); lower "
            "`training.memory`, make `surface.hidden` smaller or set `training.optimizer: lbfgs`"
            f"{_saved(save())}"
        ) from None


def _saved(place: str | None) -> str:
    return "" if place is None else f"; {place}"
