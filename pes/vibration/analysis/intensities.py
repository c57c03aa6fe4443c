"""Transition moments in the Eckart frame and the J = 0 stick spectrum."""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.files import write_csv
from pes.geometry import is_straight, nearest_rotation
from pes.tables import html_table
from pes.units import (
    AVOGADRO,
    BOLTZMANN,
    CM1,
    DEBYE,
    PLANCK,
    SPEED_OF_LIGHT,
    VACUUM_PERMITTIVITY,
)
from pes.vibration.levels.result import Levels

__all__ = ["Sticks", "eckart_frame", "stick_spectrum"]

# The natural logarithm's absorption; a 1/cm is 100/m, a km 1000 m, a debye 10⁻²¹/c C·m.
KM_PER_MOL = (
    (2 * pi**2 * AVOGADRO / (3 * PLANCK * SPEED_OF_LIGHT * VACUUM_PERMITTIVITY))
    * (1e-21 / SPEED_OF_LIGHT) ** 2
    / 10
)
"""8π³N_A/(3hc·4πε₀): integrated intensity in km/mol per cm⁻¹ and debye²."""

BOLTZMANN_CM1 = BOLTZMANN / (100 * PLANCK * SPEED_OF_LIGHT)
"""k_B in cm⁻¹/K."""


@dataclass(frozen=True, eq=False, repr=False)
class Sticks:
    """One row for each transition, by wavenumber.

    Attributes:
        lower: number of the lower level, (T,).
        upper: number of the upper level, (T,).
        wavenumbers: cm⁻¹, (T,).
        moments: ⟨upper|μ|lower⟩ in debye, (T, 3), in the Eckart frame.
        intensities: integrated absorption in km/mol, (T,), at the temperature.
        temperature: kelvin.
    """

    lower: Tensor
    upper: Tensor
    wavenumbers: Tensor
    moments: Tensor
    intensities: Tensor
    temperature: float

    def rows(self) -> list[dict[str, Any]]:
        """One row for each transition, as in spectrum.csv."""
        columns = (self.lower, self.upper, self.wavenumbers, self.moments, self.intensities)
        return [
            {
                "lower": int(a),
                "upper": int(b),
                "wavenumber_cm1": float(w),
                "mu_x_debye": float(m[0]),
                "mu_y_debye": float(m[1]),
                "mu_z_debye": float(m[2]),
                "intensity_km_per_mol": float(i),
            }
            for a, b, w, m, i in zip(*columns, strict=True)
        ]

    def __repr__(self) -> str:
        strongest = f", up to {float(self.intensities.max()):.4g} km/mol" if len(self.lower) else ""
        return (
            f"Sticks({len(self.lower)} transitions without rotation at {self.temperature:g} K"
            f"{strongest})"
        )

    def _repr_html_(self) -> str:
        head = ("lower", "upper", "cm-1", "mu_x/debye", "mu_y/debye", "mu_z/debye", "km/mol")
        cells = [
            [f"{v:.6g}" if isinstance(v, float) else v for v in row.values()] for row in self.rows()
        ]
        return html_table([head, *cells], repr(self))

    def save(self, folder: str | Path) -> Path:
        """Write spectrum.csv into a folder, which is made if need be; the folder."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        write_csv(place / "spectrum.csv", self.rows())
        return place


def eckart_frame(positions: Tensor, reference: Tensor, masses: Tensor) -> Tensor:
    """Positions centred and turned so that Σ_a m_a c_a × x_a = 0 with a reference c.

    The turn is the one of least mass-weighted distance from the reference (Kabsch), which
    fulfils the Eckart condition and is also defined for planar and linear references.

    Args:
        positions: (P, N, 3) in bohr.
        reference: (N, 3) in bohr.
        masses: (N,).

    Returns:
        (P, N, 3) in bohr.

    References:
        C. Eckart, Phys. Rev. 47, 552 (1935), doi:10.1103/PhysRev.47.552;
        K. N. Kudin, A. Y. Dymarsky, J. Chem. Phys. 122, 224105 (2005), doi:10.1063/1.1929739
    """
    weights = (masses / masses.sum())[:, None]
    x = positions - (weights * positions).sum(-2, keepdim=True)
    c = reference - (weights * reference).sum(-2, keepdim=True)
    if is_straight(c, 1e-6):
        return _onto_axis(x, (weights * c).mT @ x, c)
    return x @ nearest_rotation((weights * c).mT @ x).mT


def _onto_axis(x: Tensor, overlap: Tensor, c: Tensor) -> Tensor:
    """Positions by the smallest turn that fulfils the condition of a linear reference.

    A linear reference says nothing of a turn about its axis n; with b = Σ m (n·c) x the
    condition is b ∥ n, and R = 1 + [v] + [v]²/(1 + n·b), v = b × n, takes b̂ to n.
    """
    axis = torch.linalg.svd(c).Vh[0]
    b = axis @ overlap
    b = b / b.norm(dim=-1, keepdim=True)
    v = torch.linalg.cross(b, axis.expand_as(b))
    cosine = (b @ axis)[:, None, None]
    cross = torch.linalg.cross(v[:, None].expand(-1, 3, 3), torch.eye(3).to(x).expand(len(x), 3, 3))
    turn = torch.eye(3).to(x) - cross + cross @ cross / (1 + cosine).clamp(min=1e-12)
    across = torch.linalg.svd(c, full_matrices=True).Vh[1]
    half_turn = 2 * torch.outer(across, across) - torch.eye(3).to(x)
    return x @ torch.where(cosine < 1e-10 - 1, half_turn, turn).mT


def stick_spectrum(
    levels: Levels,
    dipole: Callable[[Tensor], Tensor],
    masses: Tensor,
    *,
    temperature: float = 296.0,
    reference: Tensor | None = None,
) -> Sticks:
    """All transitions among the levels, without rotation (J = 0).

    Args:
        levels: levels of a molecule.
        dipole: positions (P, N, 3) in bohr to dipole moments (P, 3) in e·bohr, turning with
            the molecule.
        masses: (N,) in electron masses.
        temperature: temperature of the populations, in kelvin; 0 for absorption from the ground
            state.
        reference: positions (N, 3) of the Eckart frame; default the minimum.

    Raises:
        ValueError: if the dipole function returns another shape than (P, 3).
    """
    system = levels.system
    if system.positions is None:
        raise ValueError("a model Hamiltonian has no dipole moment")
    if reference is None:
        reference = system.positions(levels.minimum[None])[0]
    turned = eckart_frame(levels.positions, reference, masses)
    values = dipole(turned)
    if values.shape != (len(turned), 3):
        raise ValueError(
            f"the dipole function returned shape {tuple(values.shape)}; "
            f"it must return one vector each, shape ({len(turned)}, 3)"
        )
    moments = levels.matrix_elements(values.detach()) / DEBYE
    energies = levels.excitations / CM1
    lower, upper = torch.triu_indices(len(energies), len(energies), 1, device=energies.device)
    populations = _populations(energies, temperature)
    wavenumbers = energies[upper] - energies[lower]
    picked = moments[upper, lower]
    intensities = (
        KM_PER_MOL * wavenumbers * (picked**2).sum(-1) * (populations[lower] - populations[upper])
    )
    order = wavenumbers.argsort()
    return Sticks(
        lower[order], upper[order], wavenumbers[order], picked[order], intensities[order],
        temperature,
    )  # fmt: skip


def _populations(energies: Tensor, temperature: float) -> Tensor:
    """Boltzmann populations of the given levels (cm⁻¹)."""
    if temperature < 0:
        raise ValueError(f"temperature must not be negative, got {temperature}")
    if temperature == 0:
        return (torch.arange(len(energies), device=energies.device) == 0).double()
    return torch.softmax(-energies / (BOLTZMANN_CM1 * temperature), 0)
