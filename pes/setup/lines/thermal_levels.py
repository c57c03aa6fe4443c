"""Levels with rotation in thermal equilibrium: nuclear-spin weights and partition function."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pes.rovibration.nuclear_spin import permuted, spin_weights
from pes.rovibration.partition import above_highest_j, above_highest_level, partition_function
from pes.setup.rotation.rotation import Rotation
from pes.units import CM1

__all__ = ["ThermalLevels"]

SHARE = 1e-3
"""Part of the partition function that may be missing without a warning."""

NO_STATISTICS = (
    "the levels have no representation of the group that exchanges all like nuclei: nuclear-spin "
    "weights of single lines are wrong, and lines are listed that do not exist"
)


@dataclass(frozen=True, eq=False)
class ThermalLevels:
    """Levels of all J in one row, J after J as they were asked for, S in all.

    Attributes:
        rotation: the levels.
    """

    rotation: Rotation

    @cached_property
    def weights(self) -> list[Tensor]:
        """Nuclear-spin weights of the levels of each J."""
        nuclei, operations = self.rotation.molecule.nuclei, self.rotation.basis.operations
        return [
            spin_weights(nuclei, operations, j.characters, j.degeneracies)
            for j in self.rotation.levels
        ]

    @cached_property
    def spins(self) -> Tensor:
        """Nuclear-spin weights of all levels, (S,)."""
        return torch.cat(self.weights)

    @cached_property
    def degeneracies(self) -> Tensor:
        """g_ns (2J + 1) of all levels, (S,)."""
        levels = zip(self.weights, self.rotation.levels, strict=True)
        return torch.cat([weights * (2 * one.j + 1) for weights, one in levels])

    @cached_property
    def energies(self) -> Tensor:
        """Energies of all levels above the J = 0 ground state, (S,) in cm⁻¹."""
        parts = [one.energies for one in self.rotation.levels]
        return (torch.cat(parts) - self.rotation.ground) / CM1

    @cached_property
    def uncertainties(self) -> Tensor:
        """Estimated errors of all levels, (S,) in cm⁻¹."""
        return torch.cat([one.convergence for one in self.rotation.levels]) / CM1

    @cached_property
    def rows(self) -> Tensor:
        """Row of each level in the table by energy, (S,)."""
        rows = torch.empty(len(self.energies), dtype=torch.long)
        rows[self.energies.argsort(stable=True)] = torch.arange(len(rows))
        return rows

    @cached_property
    def starts(self) -> dict[int, int]:
        """Number of the first level of each J."""
        starts, first = {}, 0
        for one in self.rotation.levels:
            starts[one.j], first = first, first + len(one.energies)
        return starts

    def partition(self, temperatures: Tensor) -> Tensor:
        """Q(T) of the levels, (T,)."""
        return partition_function(self.energies, self.degeneracies, temperatures)

    def truncation(self, temperatures: Tensor) -> tuple[Tensor, Tensor]:
        """Estimates of what Q(T) lacks: by levels of higher J, and by higher vibrational levels.

        Both are parts of Q(T); NaN where a J is missing from the list.

        Returns:
            Two parts, (T,) each.
        """
        shares = {}
        for one in self.rotation.levels:
            start = self.starts[one.j]
            own = slice(start, start + len(one.energies))
            shares[one.j] = partition_function(
                self.energies[own], self.degeneracies[own], temperatures
            )
        basis = self.rotation.basis
        modes = 3 * len(self.rotation.molecule.symbols) - (5 if basis.is_linear else 6)
        zero_point = basis.levels.zero_point_energy / CM1
        return (
            above_highest_j(shares) / self.partition(temperatures),
            above_highest_level(basis.origins.cpu() / CM1, zero_point, modes, temperatures),
        )

    def warnings(self, temperature: float) -> list[str]:
        """Reasons for doubt about intensities at a temperature in kelvin."""
        rotation = self.rotation
        highest = max(one.j for one in rotation.levels)
        kelvin = torch.tensor([temperature], dtype=torch.float64)
        by_j, by_level = (float(part) for part in self.truncation(kelvin))
        known = permuted(rotation.molecule.nuclei, rotation.basis.operations)
        said = [] if known else [NO_STATISTICS]
        if not by_j < SHARE:
            said.append(
                f"levels above J = {highest}, the highest, would add {_percent(by_j)} to the "
                f"partition function at {temperature:g} K: intensities are too large; raise `J`"
            )
        if not by_level < SHARE:
            said.append(
                f"vibrational levels above the highest would add {_percent(by_level)} to the "
                f"partition function at {temperature:g} K: intensities are too large; raise "
                "`levels` or `energy`"
            )
        return said


def _percent(part: float) -> str:
    return "an unknown part" if part != part else f"{100 * part:.2g} %"
