"""Calculations of a growing series, kept so that a later run of the program goes on from them.

What is kept are the levels and vectors of the last two calculations. Functions and points follow
from the surface again, and V and G are computed anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from pes.setup.automatic.quanta.grid_of_stage import Grid
from pes.setup.automatic.quanta.quanta_stage import QuantaStage
from pes.setup.automatic.request import Target
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.operator import Hamiltonian

__all__ = ["Store", "StoreError", "kept_stage", "restored_stage"]

WORSE, ROUNDING = 1.5, 1e-9
"""Residual norm of a kept vector in that when it was kept, and hartree beside it, at most: the
surface is another one where it is larger."""


class StoreError(ValueError):
    """Kept calculations do not belong to this surface, or not to this version of the program."""


@dataclass(frozen=True)
class Store:
    """Calculations of an earlier run of the program, and a place to keep those of this one.

    Attributes:
        content: plain values and tensors by the name of a series, and the CPU time in s that all
            of them took.
        write: called with the content after each change.
    """

    content: dict[str, Any] = field(default_factory=dict)
    write: Callable[[Mapping[str, Any]], None] = lambda _: None

    @property
    def seconds(self) -> float:
        """CPU time that the kept calculations took."""
        return float(self.content.get("seconds", 0.0))

    def of(self, series: str) -> Mapping[str, Any] | None:
        """What is kept of a series, if there is any."""
        return self.content.get(series)

    def keep(self, series: str, seconds: float, **values: object) -> None:
        """Keep something of a series, in place of what has the same name.

        Args:
            series: name of the series.
            seconds: CPU time of all calculations so far.
            **values: plain values and tensors by their names.
        """
        self.content[series] = {**self.content.get(series, {}), **values}
        self.content["seconds"] = seconds
        self.write(self.content)


def kept_stage(stage: QuantaStage) -> dict[str, Any]:
    """Levels and vectors of a calculation as plain values and tensors."""
    pairs = stage.pairs.cpu()
    return {
        "quanta": stage.grid.quanta,
        "seconds": stage.seconds,
        "energies": pairs.energies,
        "coefficients": pairs.coefficients,
        "residuals": pairs.residuals,
        "solver": pairs.solver,
        "matvecs": pairs.matvecs,
        "next_energy": pairs.next_energy,
        "symmetry": list(pairs.symmetry),
    }


def restored_stage(kept: Mapping[str, Any], grid: Grid, target: Target) -> QuantaStage:
    """The calculation that was kept, with V and G anew.

    Args:
        kept: what `kept_stage` returned.
        grid: its functions and points.
        target: molecule and levels.

    Raises:
        StoreError: if the vectors are not those of levels of this surface on this grid.
    """
    h, warnings = grid.hamiltonian(target)
    pairs = Eigenpairs(
        kept["energies"].to(h.device), kept["coefficients"].to(h.device),
        kept["residuals"].to(h.device), kept["solver"], kept["matvecs"], kept["next_energy"],
        tuple(kept["symmetry"]),
    )  # fmt: skip
    if pairs.coefficients.shape[1] != h.size or not _are_levels(h, pairs):
        raise StoreError(
            "the calculations that were kept are not of this surface; the series begins afresh"
        )
    return QuantaStage(h, pairs, kept["seconds"], tuple(warnings), grid)


def _are_levels(h: Hamiltonian, pairs: Eigenpairs) -> bool:
    """Whether the residuals are still as small as they were."""
    c = pairs.coefficients
    now: Tensor = (h.apply(c) - pairs.energies[:, None] * c).norm(dim=1)
    return bool((now <= WORSE * pairs.residuals + ROUNDING).all())
