"""One-dimensional model −½ d²/dx² + x²/2 + κ exp(−x²/2): levels and dE₀/dκ by three methods.

For tests and teaching: no atoms, ħ = m = ω = 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["SLOPE_METHODS", "HarmonicGaussian", "ModelPoint", "model_point", "model_sweep"]

STEP = 3e-4
"""Step of κ in the central difference: its own error and rounding are then both near 1e-9."""

SLOPE_METHODS = {
    "autograd": "autograd",
    "hellmann_feynman": "Hellmann–Feynman",
    "finite_difference": "differences",
}
"""Methods for dE₀/dκ: reverse mode through `torch.linalg.eigh`, ⟨exp(−x²/2)⟩, differences."""


class HarmonicGaussian(nn.Module):
    """V(x) = x²/2 + κ exp(−x²/2): an oscillator that κ > 1 turns into a double well.

    By the Hellmann–Feynman theorem dE_n/dκ = ⟨ψ_n|exp(−x²/2)|ψ_n⟩, which at κ = 0 is
    √(2/3) for the ground state.

    Args:
        kappa: κ, a parameter that can be differentiated.

    Example:
        >>> V = HarmonicGaussian(2.0)
        >>> V(torch.tensor([[0.0], [40.0]], dtype=torch.float64)).tolist()
        [2.0, 800.0]
    """

    def __init__(self, kappa: float = 0.0) -> None:
        super().__init__()
        self.kappa = nn.Parameter(torch.tensor(kappa, dtype=torch.float64))

    def forward(self, q: Tensor) -> Tensor:
        """Energies (P,) of q (P, 1)."""
        return (q**2).sum(-1) / 2 + self.kappa * self.bump(q)

    def bump(self, q: Tensor) -> Tensor:
        """∂V/∂κ = exp(−x²/2), (P,) of q (P, 1)."""
        return torch.exp(-(q**2).sum(-1) / 2)


@dataclass(frozen=True)
class ModelPoint:
    """One κ on one grid; ħ = m = ω = 1.

    Attributes:
        grid: name of the grid.
        kappa: κ.
        levels: lowest levels, (S,).
        slopes: dE₀/dκ by the method, a key of `SLOPE_METHODS`.
        points: x, (N,).
        potential: V, (N,).
        densities: |ψ|² per unit of length, (S, N).
    """

    grid: str
    kappa: float
    levels: list[float]
    slopes: dict[str, float]
    points: Tensor
    potential: Tensor
    densities: Tensor

    @property
    def row(self) -> dict[str, str | float]:
        """Row of the table."""
        return {
            "grid": self.grid,
            "kappa": self.kappa,
            "E0": self.levels[0],
            "gap": self.levels[1] - self.levels[0],
            **{f"dE0_dkappa_{method}": slope for method, slope in self.slopes.items()},
        }


def model_point(
    grid: str, points: Tensor, kinetic: Tensor, kappa: float, *, states: int = 4
) -> ModelPoint:
    """Levels and dE₀/dκ of the model.

    Args:
        grid: its name, for the tables.
        points: x, (N,), evenly spaced.
        kinetic: matrix of −½ d²/dx², (N, N).
        kappa: κ.
        states: levels to keep.

    Example:
        >>> from pes.vibration.hamiltonian.one_dimensional import sinc_grid
        >>> round(model_point("sinc", *sinc_grid(-8, 8, 65), 0.0).slopes["autograd"], 6)
        0.816497
    """
    potential = HarmonicGaussian(kappa).to(points.device)
    q = points[:, None]

    def energies(shift: float) -> Tensor:
        with torch.no_grad():
            v = potential(q) + shift * potential.bump(q)
            return torch.linalg.eigvalsh(kinetic + torch.diag(v))

    levels, vectors = torch.linalg.eigh(kinetic + torch.diag(potential(q)))
    (slope,) = torch.autograd.grad(levels[0], potential.kappa)
    levels, psi = levels[:states].detach(), vectors[:, :states].detach()
    density = psi.square().T / (points[1] - points[0])
    slopes = (
        float(slope),
        float(psi[:, 0].square() @ potential.bump(q)),
        float(energies(STEP)[0] - energies(-STEP)[0]) / (2 * STEP),
    )
    return ModelPoint(
        grid, kappa, levels.tolist(), dict(zip(SLOPE_METHODS, slopes, strict=True)), points,
        potential(q).detach(), density,
    )  # fmt: skip


def model_sweep(
    grid: str, points: Tensor, kinetic: Tensor, kappas: Sequence[float], *, states: int = 4
) -> list[ModelPoint]:
    """The model for several κ, ascending; other arguments as those of `model_point`."""
    return [model_point(grid, points, kinetic, k, states=states) for k in sorted(kappas)]
