"""Normal modes: rectilinear coordinates from the Hessian at a minimum."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pes.coordinates.internal import Direct, Modes
from pes.coordinates.line import Line, line_of, paired
from pes.coordinates.standard_modes import standard_modes
from pes.coordinates.symmetrised import symmetrised
from pes.geometry import nearest_rotation
from pes.units import CM1

__all__ = ["NormalModes", "hessian", "normal_modes"]

STEP = 0.01
"""Step of central differences, bohr; their error is of fourth order."""

LINEAR = 1e-4
"""A rotation is none where its moment of inertia is less than the square of this, relatively."""


@dataclass(frozen=True, eq=False)
class NormalModes(Modes, Direct):
    """Dimensionless normal coordinates: x = x₀ + L q, q_k = √ω_k Q_k with ħ = 1.

    The columns of L are the mass-weighted eigenvectors divided by √m_a and √ω_k, so that
    near the minimum

        V = ½ Σ_k ω_k q_k²,  G = diag(ω_k)

    L belongs to the masses it was made with. It is a constant: other masses given later,
    as an argument or in a derivative, enter the kinetic energy and do not move x(q).
    Made by `normal_modes`. The 3N − 5 modes of a linear molecule, whose bends come in pairs, go
    with two rotations across its `line`.

    Attributes:
        reference: positions x₀ at the minimum (N, 3), bohr.
        displacements: L, ∂x/∂q_k (Q, N, 3), bohr.
        frequencies: harmonic ω (Q,), ascending, hartree.
        masses: those of L (N,), electron masses.
    """

    reference: Tensor
    displacements: Tensor
    frequencies: Tensor
    masses: Tensor

    bend_through_line = True

    @cached_property
    def line(self) -> Line | None:
        """Axes across a molecule that is linear at the reference, and its bends; else None."""
        return line_of(self.reference, self.displacements)

    def to_positions(self, q: Tensor, masses: Tensor | None = None) -> Tensor:
        """Positions (..., N, 3) in bohr of q (..., Q); masses play no part."""
        moved = torch.einsum("...k,kai->...ai", q, self.displacements.to(q))
        return self.reference.to(q) + moved

    def from_positions(self, positions: Tensor, masses: Tensor | None = None) -> Tensor:
        """q (..., Q) of positions (..., N, 3) turned into the Eckart frame of the reference.

        The exact inverse as long as the molecule is not so far distorted that another
        orientation lies nearer to the reference.

        References:
            C. Eckart, Phys. Rev. 47, 552 (1935), doi:10.1103/PhysRev.47.552
        """
        weights = self.masses[:, None]
        reference = self.reference - (weights * self.reference).sum(-2) / weights.sum()
        x = positions - (weights * positions).sum(-2, keepdim=True) / weights.sum()
        moved = x @ nearest_rotation((weights * x).mT @ reference) - reference
        inverse = weights * self.displacements * self.frequencies[:, None, None]
        return torch.einsum("...ai,kai->...k", moved, inverse)


def normal_modes(reference: Tensor, hessian: Tensor, masses: Tensor) -> NormalModes:
    """Normal modes of a minimum, without translations and rotations.

    A molecule that is nearly symmetric has those of its symmetric image: they are even or odd.
    Their signs, and the mixture of degenerate ones, follow a convention that neither the machine
    nor the orientation of the molecule enters: see `pes.coordinates.standard_modes`.

    Args:
        reference: positions at the minimum (N, 3), bohr.
        hessian: second derivatives of V (3N, 3N), hartree/bohr².
        masses: (N,), electron masses.

    Raises:
        ValueError: if shapes do not fit, or a frequency is zero or imaginary.

    References:
        E. B. Wilson, J. C. Decius, P. C. Cross, Molecular Vibrations, McGraw-Hill (1955);
        J. K. G. Watson, Mol. Phys. 15, 479 (1968), doi:10.1080/00268976800101381

    Example:
        Two unit masses on a spring of unit strength, ω = √2:

        >>> x = torch.tensor([[0.0, 0, 0], [1.0, 0, 0]], dtype=torch.float64)
        >>> spring = lambda x: ((x[:, 1] - x[:, 0]).norm(dim=-1) - 1) ** 2 / 2
        >>> normal_modes(x, hessian(spring, x), torch.ones(2).double()).frequencies
        tensor([1.4142], dtype=torch.float64)
    """
    _check_shapes(reference, hessian, masses)
    reference, masses = reference.detach(), masses.detach()
    root = masses.repeat_interleave(3).sqrt()
    reference, hessian = symmetrised(reference, hessian.detach(), masses)
    squares, vectors = _eigenvectors(reference, hessian, masses)
    if not (squares > 1e-10 * squares.abs().max()).all():
        sizes = (squares.abs().sqrt() / CM1).tolist()
        listed = ", ".join(
            f"{size:.4g}{'i' if square < 0 else ''}"
            for size, square in zip(sizes, squares.tolist(), strict=True)
        )
        raise ValueError(
            f"not a minimum: the harmonic frequencies are {listed} cm-1, none may be imaginary or "
            "zero; give positions at a minimum of this surface, and check that it takes positions "
            "in bohr and returns hartree"
        )
    frequencies = squares.sqrt()
    rows = standard_modes(vectors.mT, squares, reference, masses)
    displacements = (rows / root / frequencies.sqrt()[:, None]).reshape(-1, *reference.shape)
    return NormalModes(reference, *paired(reference, displacements, frequencies), masses)


def _eigenvectors(x: Tensor, hessian: Tensor, masses: Tensor) -> tuple[Tensor, Tensor]:
    """ω² (Q,) and mass-weighted modes (3N, Q)."""
    root = masses.repeat_interleave(3).sqrt()
    weighted = (hessian + hessian.mT) / 2 / (root[:, None] * root)
    inner = _vibrations(x, masses)
    squares, vectors = torch.linalg.eigh(inner.mT @ weighted @ inner)
    return squares, inner @ vectors


def hessian(potential: Callable[[Tensor], Tensor], positions: Tensor) -> Tensor:
    """Second derivatives (3N, 3N) of a surface at positions (N, 3), hartree/bohr².

    By reverse mode where the surface can be differentiated twice (`torch.cdist` cannot), else by
    central differences with steps of 0.01 and 0.02 bohr, extrapolated.

    Args:
        potential: positions (B, N, 3) in bohr to energies (B,) in hartree.
        positions: (N, 3), bohr.
    """
    found = _by_reverse_mode(potential, positions)
    # A power or norm at zero may have no second derivative in torch where the surface has one.
    if found is None or not torch.isfinite(found).all():
        return _by_differences(potential, positions.detach())
    return found


def _by_reverse_mode(potential: Callable[[Tensor], Tensor], positions: Tensor) -> Tensor | None:
    with torch.enable_grad():
        x = positions.detach().clone().requires_grad_()
        energy = potential(x[None]).sum()
        if not energy.requires_grad:
            return None
        try:
            (slope,) = torch.autograd.grad(energy, x, create_graph=True, allow_unused=True)
            if slope is None or not slope.requires_grad:
                return None
            rows = [torch.autograd.grad(s, x, retain_graph=True)[0] for s in slope.flatten()]
        except (NotImplementedError, RuntimeError):  # a step of it has no second derivative
            return None
    return torch.stack(rows).flatten(1).detach()


def _by_differences(potential: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    def second(step: float) -> Tensor:
        shifts = step * torch.eye(x.numel(), dtype=x.dtype, device=x.device).reshape(-1, *x.shape)
        plus, minus = shifts[:, None] + shifts, shifts[:, None] - shifts
        moved = torch.stack((plus, minus, -minus, -plus)).flatten(0, 2)
        with torch.no_grad():
            v = potential(x + moved).detach().reshape(4, len(shifts), len(shifts))
        return (v[0] - v[1] - v[2] + v[3]) / (4 * step**2)

    return (4 * second(STEP) - second(2 * STEP)) / 3


def _check_shapes(reference: Tensor, hessian: Tensor, masses: Tensor) -> None:
    atoms = len(masses)
    for name, tensor, shape in (
        ("reference", reference, (atoms, 3)),
        ("hessian", hessian, (3 * atoms, 3 * atoms)),
    ):
        if tuple(tensor.shape) != shape:
            raise ValueError(
                f"{name} must have shape {shape} for {atoms} masses, got {tuple(tensor.shape)}"
            )


def _vibrations(reference: Tensor, masses: Tensor) -> Tensor:
    """Orthonormal mass-weighted displacements (3N, Q) free of translation and rotation."""
    root = masses.sqrt()[:, None]
    x = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    axes = torch.eye(3, dtype=x.dtype, device=x.device)
    shifts = (root * axes[:, None] / masses.sum().sqrt()).flatten(1)
    turns = (root * torch.linalg.cross(axes[:, None], x[None])).flatten(1)
    _, sizes, principal = torch.linalg.svd(turns, full_matrices=False)
    outer = torch.cat((shifts, principal[sizes > LINEAR * sizes[0]]))
    return torch.linalg.svd(outer, full_matrices=True).Vh[len(outer) :].mT
