"""Surfaces as calculators of ASE: optimisation, frequencies, thermochemistry, dynamics."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from torch import Tensor

from pes.elements import element
from pes.molecule import Molecule
from pes.potential import Surface, energies_and_forces
from pes.units import ANGSTROM, EV

__all__ = ["SurfaceCalculator"]


class SurfaceCalculator(Calculator):
    """Energies in eV, forces in eV/Å and Hessians in eV/Å² of a surface, for `Atoms.calc`.

    Atoms must be in the surface's order; isotopes do not matter. An ensemble also gives
    `energy_uncertainty`, the spread of its members in eV.

    Args:
        surface: what `pes.load` returns.
        symbols: atoms of the surface, needed if it does not name them.

    Raises:
        ValueError: for a surface that does not name its atoms, or that torch cannot
            differentiate.

    Example:
        >>> from ase.build import molecule
        >>> import pes
        >>> water = molecule("H2O")
        >>> water.calc = SurfaceCalculator(pes.load("water_pjt1996"))
        >>> round(water.get_potential_energy(), 3)
        0.006
    """

    implemented_properties = ["energy", "free_energy", "forces", "hessian"]  # noqa: RUF012

    def __init__(self, surface: Surface, symbols: Sequence[str] | None = None) -> None:
        super().__init__()
        atoms = surface.symbols if symbols is None else symbols
        if atoms is None:
            raise ValueError("the surface does not say which atoms it is for: give `symbols`")
        if not surface.differentiable:
            raise ValueError(
                "this surface is a function that torch cannot differentiate: it has no forces"
            )
        self.surface = surface
        if surface.ensemble is not None:
            self.implemented_properties = [*self.implemented_properties, "energy_uncertainty"]
        self.elements = Molecule(tuple(atoms)).elements

    def get_property(
        self, name: str, atoms: Atoms | None = None, allow_calculation: bool = True
    ) -> Any:
        """A result by its name.

        Raises:
            PropertyNotImplementedError: for stress and other properties of crystals.
        """
        if name not in self.implemented_properties:
            known = ", ".join(self.implemented_properties)
            raise PropertyNotImplementedError(
                f"{name}: the surface of a molecule gives {known}, and nothing else"
            )
        return super().get_property(name, atoms, allow_calculation)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Write the properties that ASE asks for into `results`.

        Raises:
            ValueError: for atoms of other elements or in another order, or a periodic cell.
        """
        super().calculate(atoms, list(properties), list(system_changes))
        x = self._positions()
        energy, forces = energies_and_forces(self.surface.potential, x)
        value = float(energy[0]) / EV
        self.results: dict[str, Any] = {
            "energy": value, "free_energy": value,
            "forces": forces[0].detach().cpu().numpy() * ANGSTROM / EV,
        }  # fmt: skip
        if self.surface.ensemble is not None:
            with torch.no_grad():
                self.results["energy_uncertainty"] = float(self.surface.ensemble.spread(x)[0]) / EV
        if "hessian" in properties:
            self.results["hessian"] = self._hessian(x)

    def get_hessian(self, atoms: Atoms | None = None) -> np.ndarray:
        """Second derivatives, (3N, 3N) in eV/Å²."""
        return self.get_property("hessian", atoms)

    def _hessian(self, x: Tensor) -> np.ndarray:
        def energy(flat: Tensor) -> Tensor:
            return self.surface.potential(flat.reshape(1, -1, 3))[0]

        second = torch.autograd.functional.hessian(energy, x.flatten())
        assert isinstance(second, Tensor)
        return second.detach().cpu().numpy() * ANGSTROM**2 / EV

    def _positions(self) -> Tensor:
        """Positions (1, N, 3) in bohr, on the surface's device."""
        assert self.atoms is not None
        elements = tuple(element(s) for s in self.atoms.get_chemical_symbols())
        if elements != self.elements:
            raise ValueError(
                f"the atoms are {' '.join(elements)}, the surface is for "
                f"{' '.join(self.elements)} in this order"
            )
        if self.atoms.pbc.any():
            raise ValueError("the atoms have a periodic cell, the surface is for one molecule")
        weight = next(self.surface.parameters(), torch.zeros(0))
        return torch.as_tensor(
            self.atoms.get_positions()[None] * ANGSTROM, dtype=torch.float64, device=weight.device
        )
