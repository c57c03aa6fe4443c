"""A dipole surface: charges of the atoms, linear in polynomials, times their positions."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pes.descriptors import Invariants

__all__ = ["MARK", "DipoleSurface"]

MARK = "'"
"""Suffix of the symbol of the atom whose charge a polynomial gives: permutations of like atoms
leave this atom in its place."""


class DipoleSurface(nn.Module):
    """μ(x) = Σ_a z_a(x) x_a in e·bohr, with Σ_a z_a the total charge.

    The charges z_a = z₀ + c·f_a(x) are linear in polynomials of the distances that stay the same
    when like atoms other than a change places; charges of like atoms share their numbers.
    So μ turns with the atoms and is the same for every numbering of like atoms. One element, the
    one with the fewest atoms, takes what is left of the total charge. The dipole moment of an ion
    counts from the origin of the positions.

    Args:
        elements: symbol of each of N atoms.
        degree: highest total degree of the polynomials.
        variable: `morse` or `inverse`, as for `Invariants`.
        length: of these, bohr.
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
        super().__init__()
        if variable not in ("morse", "inverse"):
            raise ValueError(
                f"`variable` of a dipole surface must be morse or inverse, got {variable!r}"
            )
        self.elements = tuple(elements)
        self.degree, self.variable, self.length, self.charge = degree, variable, length, charge
        likes = [[a for a, e in enumerate(elements) if e == one] for one in dict.fromkeys(elements)]
        self._rest = min(likes, key=len)
        self._fitted = [own for own in likes if own is not self._rest or len(own) > 1]
        polynomials = [
            Invariants(
                [e + MARK * (a == own[0]) for a, e in enumerate(elements)], degree,
                variable=variable, length=length,
            )
            for own in self._fitted
        ]  # fmt: skip
        self.polynomials = nn.ModuleList(polynomials)
        self._sizes = [1 + one.size for one in polynomials]
        self.coefficients = nn.Parameter(torch.zeros(self.size, dtype=torch.float64))

    @property
    def size(self) -> int:
        """Number of coefficients F."""
        return sum(self._sizes)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `from_settings` builds it again, without coefficients."""
        return {
            "elements": list(self.elements),
            "degree": self.degree,
            "variable": self.variable,
            "length": self.length,
            "charge": self.charge,
        }

    @staticmethod
    def from_settings(settings: Mapping[str, Any]) -> "DipoleSurface":
        """A surface with these settings whose charges, but for the total charge, are zero."""
        arguments = {key: value for key, value in settings.items() if key != "kind"}
        return DipoleSurface(arguments.pop("elements"), arguments.pop("degree"), **arguments)

    def features(self, positions: Tensor) -> Tensor:
        """∂μ/∂c (B, 3, F) in bohr at positions (B, N, 3)."""
        middle = positions[:, self._rest].mean(1)
        parts = []
        for k, own in enumerate(self._fitted):
            polynomials = torch.stack(self._of_atoms(positions, k), 1)
            parts.append((positions[:, own] - middle[:, None]).mT @ polynomials)
        return torch.cat(parts, -1)

    def charges(self, positions: Tensor) -> Tensor:
        """z_a (B, N) in e; they add up to the total charge."""
        columns: list[Tensor] = [positions.new_zeros(len(positions))] * len(self.elements)
        for k, (own, c) in enumerate(
            zip(self._fitted, self.coefficients.split(self._sizes), strict=True)
        ):
            for a, f in zip(own, self._of_atoms(positions, k), strict=True):
                columns[a] = f @ c
        left = (self.charge - sum(columns)) / len(self._rest)
        return torch.stack([z + left if a in self._rest else z for a, z in enumerate(columns)], -1)

    def forward(self, positions: Tensor) -> Tensor:
        """Dipole moments (B, 3) in e·bohr of positions (B, N, 3) in bohr."""
        return torch.einsum("ba,bai->bi", self.charges(positions), positions)

    def _of_atoms(self, positions: Tensor, k: int) -> list[Tensor]:
        """1 and the polynomials (B, F_k) of each of some like atoms, from those of the first."""
        own, values = self._fitted[k], []
        for a in own:
            order = list(range(len(self.elements)))
            order[own[0]], order[a] = a, own[0]
            f = self.polynomials[k](positions[:, order])
            values.append(torch.cat((torch.ones_like(f[:, :1]), f), -1))
        return values
