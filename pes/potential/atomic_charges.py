"""Dipole moments from charges of the atoms: what all dipole surfaces share."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pes.descriptors import Invariants

__all__ = ["MARK", "AtomicCharges"]

MARK = "'"
"""Suffix of the symbol of the atom whose charge a polynomial gives: permutations of like atoms
leave this atom in its place."""


class AtomicCharges(nn.Module):
    """μ(x) = Σ_a z_a(x) x_a in e·bohr, with Σ_a z_a the total charge.

    A charge is a function of polynomials of the distances that stay the same when like atoms other
    than a are exchanged; like atoms share this function. So μ rotates with the atoms and does not
    depend on the numbering of like atoms. The element with the fewest atoms takes the rest of the
    total charge. The dipole moment of an ion refers to the origin of the positions.

    Args:
        elements: symbol of each of N atoms.
        degree: highest total degree of the polynomials.
        variable: `morse` or `inverse`, as for `Invariants`.
        length: length scale a of these variables, bohr.
        charge: total charge, e.
    """

    value_shape = (3,)

    def __init__(
        self, elements: Sequence[str], degree: int, *, variable: str, length: float, charge: int
    ) -> None:
        super().__init__()
        if variable not in ("morse", "inverse"):
            raise ValueError(
                f"`variable` of a dipole surface must be morse or inverse, got {variable!r}"
            )
        self.elements = tuple(elements)
        self.degree, self.variable, self.length, self.charge = degree, variable, length, charge
        likes = [[a for a, e in enumerate(elements) if e == one] for one in dict.fromkeys(elements)]
        self.rest = min(likes, key=len)
        self.fitted = [own for own in likes if own is not self.rest or len(own) > 1]
        polynomials = [
            Invariants(
                [e + MARK * (a == own[0]) for a, e in enumerate(elements)], degree,
                variable=variable, length=length,
            )
            for own in self.fitted
        ]  # fmt: skip
        self.polynomials = nn.ModuleList(polynomials)
        self.counts = [one.size for one in polynomials]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Elements of the atoms."""
        return self.elements

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the polynomials and the total charge."""
        return {
            "elements": list(self.elements),
            "degree": self.degree,
            "variable": self.variable,
            "length": self.length,
            "charge": self.charge,
        }

    @abstractmethod
    def own_charges(self, polynomials: Tensor, k: int) -> Tensor:
        """z (B,) in e of atoms of the element `fitted[k]`, from their polynomials (B, F_k)."""

    def charges(self, positions: Tensor) -> Tensor:
        """z_a (B, N) in e; they add up to the total charge."""
        columns: list[Tensor] = [positions.new_zeros(len(positions))] * len(self.elements)
        for k, own in enumerate(self.fitted):
            for a, f in zip(own, self.of_atoms(positions, k), strict=True):
                columns[a] = self.own_charges(f, k)
        left = (self.charge - sum(columns)) / len(self.rest)
        return torch.stack([z + left if a in self.rest else z for a, z in enumerate(columns)], -1)

    def forward(self, positions: Tensor) -> Tensor:
        """Dipole moments (B, 3) in e·bohr of positions (B, N, 3) in bohr."""
        return torch.einsum("ba,bai->bi", self.charges(positions), positions)

    def arms(self, positions: Tensor, k: int) -> Tensor:
        """∂μ/∂z (B, 3, n) in bohr of the n atoms of the element `fitted[k]`.

        They count from the mean position of the atoms that take what is left of the total charge.
        """
        middle = positions[:, self.rest].mean(1)
        return (positions[:, self.fitted[k]] - middle[:, None]).mT

    def of_atoms(self, positions: Tensor, k: int) -> list[Tensor]:
        """Polynomials (B, F_k) of each atom of the element `fitted[k]`, by those of the first."""
        own, values = self.fitted[k], []
        for a in own:
            order = list(range(len(self.elements)))
            order[own[0]], order[a] = a, own[0]
            values.append(self.polynomials[k](positions[:, order]))
        return values
