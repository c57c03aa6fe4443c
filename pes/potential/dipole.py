"""A dipole surface: charges of the atoms, linear in polynomials, times their positions."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pes.potential.atomic_charges import AtomicCharges

__all__ = ["DipoleSurface"]


class DipoleSurface(AtomicCharges):
    """Charges z_a = z₀ + c·f_a(x), linear in polynomials; see `AtomicCharges`.

    Args:
        elements: symbol of each of N atoms.
        degree: highest total degree of the polynomials.
        variable: `morse` or `inverse`, as for `Invariants`.
        length: length scale a of these variables, bohr.
        charge: total charge, e.

    Attributes:
        coefficients: numbers to fit (F,) in e.

    References:
        B. J. Braams, J. M. Bowman, Int. Rev. Phys. Chem. 28, 577 (2009),
        doi:10.1080/01442350903234923

    Example:
        >>> surface = DipoleSurface(("O", "H", "H"), 2)
        >>> _ = surface.coefficients.data.fill_(0.1)
        >>> x = torch.tensor([[[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]]], dtype=torch.float64)
        >>> torch.equal(surface(x), surface(x[:, [0, 2, 1]]))
        True
    """

    def __init__(
        self,
        elements: Sequence[str],
        degree: int,
        *,
        variable: str = "morse",
        length: float = 1.8897261,
        charge: int = 0,
    ) -> None:
        super().__init__(elements, degree, variable=variable, length=length, charge=charge)
        self._sizes = [1 + count for count in self.counts]
        self.coefficients = nn.Parameter(torch.zeros(self.size, dtype=torch.float64))

    @property
    def size(self) -> int:
        """Number of coefficients F."""
        return sum(self._sizes)

    @staticmethod
    def from_settings(settings: Mapping[str, Any]) -> "DipoleSurface":
        """A surface with these settings whose charges, but for the total charge, are zero."""
        arguments = {key: value for key, value in settings.items() if key != "kind"}
        return DipoleSurface(arguments.pop("elements"), arguments.pop("degree"), **arguments)

    def own_charges(self, polynomials: Tensor, k: int) -> Tensor:
        """z (B,) in e of atoms of the element `fitted[k]`, from their polynomials (B, F_k)."""
        return _with_one(polynomials) @ self.coefficients.split(self._sizes)[k]

    def features(self, positions: Tensor) -> Tensor:
        """∂μ/∂c (B, 3, F) in bohr at positions (B, N, 3)."""
        parts = []
        for k in range(len(self.fitted)):
            polynomials = torch.stack([_with_one(f) for f in self.of_atoms(positions, k)], 1)
            parts.append(self.arms(positions, k) @ polynomials)
        return torch.cat(parts, -1)


def _with_one(polynomials: Tensor) -> Tensor:
    """1 and the polynomials, (B, 1 + F)."""
    return torch.cat((torch.ones_like(polynomials[:, :1]), polynomials), -1)
