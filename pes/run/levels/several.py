"""Settings and workers of several calculations of levels in one run."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from pes.config import Vibration

__all__ = ["check_single", "level_settings", "started"]


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
