"""Several calculations of levels in one run: settings, workers, rotation and lines of each."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pes.config import Vibration
from pes.potential import Surface
from pes.run.levels.additions import Additions, additions
from pes.setup.inputs.dipoles import check_vectors, dipole_surface
from pes.setup.levels.level_result import LevelsResult
from pes.setup.lines.line_list import check_lines
from pes.setup.rotation.rotation import Rotation
from pes.setup.rotation.rotation_checks import check_size

__all__ = [
    "all_additions",
    "check_single",
    "checked_dipole",
    "level_settings",
    "print_more",
    "rotation_for_workers",
    "save_more",
    "started",
]

log = logging.getLogger("pes")


@dataclass(frozen=True)
class _Pool:
    """Workers as `pes.sweep` takes them.

    Attributes:
        submit: sends a call to one of them.
    """

    submit: Callable[..., "Future[Any]"]


@contextmanager
def started(config: Vibration) -> Iterator[_Pool | None]:
    """Workers of a configuration while the block runs; None without."""
    if config.workers is None:
        yield None
        return
    with config.workers.resolved().started() as submit:
        yield _Pool(submit)


def check_single(config: Vibration, what: str, **others: object) -> None:
    """Raise a `ValueError` for keys that one calculation only can have."""
    single = {"densities": config.densities, **others}
    derivatives = config.sensitivities.model_dump(exclude={"perturbations"})
    single |= {f"sensitivities.{key}": value for key, value in derivatives.items()}
    for key, value in single.items():
        if value:
            raise ValueError(f"`{key}` is for {what}, or leave it out")


def level_settings(config: Vibration, device: torch.device) -> dict[str, Any]:
    """Arguments of `pes.levels` that do not depend on the molecule."""
    return {
        "count": config.levels, "energy": config.energy,
        "coordinates": config.coordinates, "basis": config.basis,
        "truncation": config.truncation(), "cap": config.cap, "solver": config.solver,
        "symmetry": config.symmetry, "convergence": config.convergence,
        "accuracy": config.accuracy, "minutes": config.minutes, "memory": config.memory,
        "perturbations": config.bumps(), "ensemble": config.ensemble, "labels": config.labels,
        "device": device,
    }  # fmt: skip


def checked_dipole(config: Vibration, base: Path) -> Surface | None:
    """The dipole surface if lines are asked for; rotation that cannot be is refused.

    Args:
        config: settings of the levels.
        base: folder as seen from which the configuration names a dipole surface.

    Raises:
        ValueError: for J or lines that cannot be.
    """
    dipole = None
    if config.spectrum is not None:
        dipole = dipole_surface(config.spectrum.dipole, base)
        check_lines(config.J, config.spectrum.temperature)
    if config.J:
        check_size(config.J, config.rotation.states, config.levels or 1, config.memory)
    return dipole


def rotation_for_workers(config: Vibration) -> dict[str, Any] | None:
    """Arguments of `LevelsResult.rotation` for workers; None where no worker calculates it.

    Raises:
        ValueError: for processes, to which results with wavefunctions cannot be sent.
    """
    if config.workers is None or not config.J:
        return None
    if config.workers.kind == "processes":
        raise ValueError("`workers`: levels with J > 0 are calculated by workers of dask or queue")
    return {
        "J": config.J, "states": config.rotation.states, "frame": config.rotation.frame,
        "memory": config.memory,
    }  # fmt: skip


def all_additions(
    config: Vibration,
    results: Sequence[LevelsResult],
    rotations: Sequence[Rotation],
    dipole: Surface | None,
) -> list[Additions]:
    """Rotation and lines of each calculation; rotation that workers calculated is there."""
    known = rotations or [None] * len(results)
    return [_with_rotation(config, *pair, dipole) for pair in zip(results, known, strict=True)]


def _with_rotation(
    config: Vibration, one: LevelsResult, rotation: Rotation | None, dipole: Surface | None
) -> Additions:
    if config.spectrum is not None and dipole is not None:
        dipole = dipole_surface(dipole, symbols=one.task.molecule.symbols)
        check_vectors(
            dipole, one.task.minimum, config.spectrum.dipole, charge=config.spectrum.charge
        )
    return additions(config, one, dipole, None, config.J, rotation)


def print_more(
    names: Sequence[str], results: Sequence[LevelsResult], more: Sequence[Additions]
) -> None:
    """Tables, warnings and verdict of each calculation by its name."""
    for name, one, own in zip(names, results, more, strict=True):
        for line in (f"\n{name}:", *own.printed()) if own.printed() else ():
            log.info("%s", line)
        for warning in own.warnings(one):
            log.warning("warning: %s: %s", name, warning)
        log.info("%s: %s", name, one.verdict)


def save_more(
    folder: Path, names: Sequence[str], results: Sequence[LevelsResult], more: Sequence[Additions]
) -> None:
    """Pictures, rotation and lines of each calculation, in a folder of its name."""
    for name, one, own in zip(names, results, more, strict=True):
        if own.rotation is not None or own.sticks is not None:
            (folder / name).mkdir(exist_ok=True)
            own.save(folder / name, name, one)
