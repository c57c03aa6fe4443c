"""Levels of one calculation of a series and its levels with J > 0, computed in the same place."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pes.molecule import Molecule
from pes.potential import Surface
from pes.setup.levels.level_result import LevelsResult
from pes.setup.levels.levels import levels
from pes.setup.levels.solved import growing_minutes
from pes.setup.rotation.rotation import Rotation

__all__ = ["Job", "Submitter", "all_with_rotation"]

Job = tuple[Surface, str | Sequence[str] | Molecule | None, Mapping[str, Any]]
"""Surface, molecule and settings of `levels`."""


class Submitter(Protocol):
    """Processes that calculate: a `distributed.Client`, or an executor of concurrent.futures."""

    def submit(self, function: Any, /, *arguments: Any) -> Any:
        """A future, whose `result()` waits for what the function returns."""


def all_with_rotation(
    jobs: Sequence[Job], rotation: Mapping[str, Any], workers: Submitter | None
) -> tuple[tuple[LevelsResult, ...], tuple[Rotation, ...]]:
    """Levels of each job and its levels with J > 0, each job on one of the workers.

    Args:
        jobs: calculations.
        rotation: arguments of `LevelsResult.rotation`.
        workers: workers of Dask, which can send what these return; None calculates here.
    """
    if workers is None:
        pairs = [_with_rotation(*job, rotation) for job in jobs]
    else:
        futures = [workers.submit(_with_rotation, *job, rotation) for job in jobs]
        pairs = [future.result() for future in futures]
    return tuple(one for one, _ in pairs), tuple(turning for _, turning in pairs)


def _with_rotation(
    surface: Surface,
    molecule: str | Sequence[str] | Molecule | None,
    settings: Mapping[str, Any],
    rotation: Mapping[str, Any],
) -> tuple[LevelsResult, Rotation]:
    one = levels(surface, molecule, **settings)
    minutes = growing_minutes(settings.get("minutes"), one.task)
    return one, one.rotation(**{"minutes": minutes, **rotation})
