"""Eigenpairs of a Hamiltonian, and the failure of a solver."""

from dataclasses import dataclass, replace

from torch import Tensor

__all__ = ["GAP", "Eigenpairs", "SolverError", "of_matrix"]

GAP = 1e-9
"""A state this far (hartree) below the highest level found has been missed; nearer to it, it
makes no difference."""


class SolverError(RuntimeError):
    """Eigenpairs not found, or not all of them; the message says what to try."""


@dataclass(frozen=True)
class Eigenpairs:
    """Eigenpairs in ascending order.

    Attributes:
        energies: (S,) in hartree.
        coefficients: (S, N), orthonormal rows.
        residuals: ‖Hc − Ec‖ for each, (S,) in hartree.
        solver: name of the method.
        matvecs: products of H with a vector, 0 for dense methods.
        next_energy: energy of the next level, hartree; infinity where it is not known.
        symmetry: representation of each, if H was solved in blocks.
    """

    energies: Tensor
    coefficients: Tensor
    residuals: Tensor
    solver: str
    matvecs: int = 0
    next_energy: float = float("inf")
    symmetry: tuple[str, ...] = ()

    def first(self, count: int) -> "Eigenpairs":
        """The lowest `count` of them."""
        all_of_them = count >= len(self.energies)
        return replace(
            self, energies=self.energies[:count], coefficients=self.coefficients[:count],
            residuals=self.residuals[:count], symmetry=self.symmetry[:count],
            next_energy=self.next_energy if all_of_them else float(self.energies[count]),
        )  # fmt: skip

    def only(self, states: Tensor) -> "Eigenpairs":
        """Some of them, by their numbers, ascending."""
        names = tuple(self.symmetry[n] for n in states.tolist()) if self.symmetry else ()
        return replace(
            self, energies=self.energies[states], coefficients=self.coefficients[states],
            residuals=self.residuals[states], symmetry=names,
        )  # fmt: skip

    def cpu(self) -> "Eigenpairs":
        """The same with its arrays on the CPU."""
        return replace(
            self, energies=self.energies.cpu(), coefficients=self.coefficients.cpu(),
            residuals=self.residuals.cpu(),
        )  # fmt: skip


def of_matrix(matrix: Tensor, energies: Tensor, vectors: Tensor, solver: str) -> Eigenpairs:
    """Eigenpairs from the columns of `eigh`, with their residuals."""
    residuals = (matrix @ vectors - energies * vectors).norm(dim=0)
    return Eigenpairs(energies, vectors.T.contiguous(), residuals, solver)
