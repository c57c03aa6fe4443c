"""Fits of surfaces linear in their features, by least squares in one step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pes.descriptors import Descriptor
from pes.potential.least_squares import Decomposition, decomposition, triangular_factor
from pes.potential.linear import LinearSurface
from pes.potential.neural import left_by

__all__ = [
    "LinearFits",
    "check_determined",
    "default_force_weight",
    "feature_gradients",
    "linear_fits",
    "linear_surface",
]

MEMORY = 2**30
"""Bytes for the rows of the least-squares problem."""

PIECE = 512
"""Points whose monomials exist at once."""

FEWEST = 16
"""Points in a block; a memory that holds no more is too small."""


def feature_gradients(descriptor: Descriptor, positions: Tensor) -> Tensor:
    """∂f/∂x (B, F, 3N) in 1/bohr by forward mode, one direction of all molecules at a time."""
    flat = positions.flatten(-2)
    directions = torch.eye(flat.shape[-1], dtype=flat.dtype, device=flat.device)

    def features(x: Tensor) -> Tensor:
        return descriptor(x.reshape(positions.shape))

    columns = [torch.func.jvp(features, (flat,), (e.expand_as(flat),))[1] for e in directions]
    return torch.stack(columns, -1)


def default_force_weight(energies: Tensor, forces: Tensor) -> float:
    """σ_E²/(3N σ_F²) in bohr²: all forces together then count as much as the energies.

    Example:
        >>> E = torch.tensor([-1.0, 1.0])
        >>> round(default_force_weight(E, torch.full((2, 1, 3), 2.0)), 4)
        0.0833
    """
    return float(energies.var(correction=0) / forces.flatten(1).square().sum(1).mean())


@dataclass(frozen=True)
class LinearFits:
    """Every regularised fit of one descriptor to one set of points, from one decomposition.

    Attributes:
        descriptor: positions (B, N, 3) to features (B, F).
        baseline: what the fits are on top of.
        solution: solution of the centred features.
        constant: factor (F + 2,) of the row that fixes the constant: its own, the features', the
            labels'.
        middle: (F,) that was subtracted from the features.
        height: energy that was subtracted from the labels, hartree.
        force_weight: weight of the squared force errors, bohr².
    """

    descriptor: Descriptor
    baseline: nn.Module | None
    solution: Decomposition
    constant: Tensor
    middle: Tensor
    height: float
    force_weight: float

    def numbers(self, ridges: Sequence[float]) -> tuple[Tensor, Tensor]:
        """Coefficients (F, R) and shifts (R,) in hartree for each of R ridges."""
        c = self.solution.coefficients(ridges)
        own, features, labels = self.constant[0], self.constant[1:-1], self.constant[-1]
        return c, self.height + (labels - features @ c) / own - self.middle @ c

    def surface(self, ridge: float) -> LinearSurface:
        """The fit with one ridge, its numbers frozen."""
        surface = LinearSurface(self.descriptor, baseline=self.baseline).to(self.middle.device)
        coefficients, shifts = self.numbers([ridge])
        with torch.no_grad():
            surface.coefficients.copy_(coefficients[:, 0])
            surface.shift.copy_(shifts[0])
        return surface

    def mean_squares(
        self,
        ridges: Sequence[float],
        positions: Tensor,
        energies: Tensor,
        *,
        forces: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Σ w [(ΔE)² + force_weight Σ(ΔF)²]/Σw (R,) in hartree², for each of R ridges."""
        w = torch.ones_like(energies) if weights is None else weights
        energies, forces = left_by(self.baseline, positions, energies, forces)
        coefficients, shifts = self.numbers(ridges)
        total = torch.zeros_like(shifts)
        for part in torch.arange(len(energies), device=w.device).split(PIECE):
            with torch.no_grad():
                errors = shifts + self.descriptor(positions[part]) @ coefficients
            squares = (errors - energies[part, None]).square()
            if forces is not None:
                slopes = feature_gradients(self.descriptor, positions[part]).mT @ coefficients
                missing = (slopes + forces[part].flatten(1)[..., None]).square().sum(1)
                squares = squares + self.force_weight * missing
            total += w[part] @ squares
        return total / w.sum()


def linear_fits(
    descriptor: Descriptor,
    positions: Tensor,
    energies: Tensor,
    *,
    weights: Tensor | None = None,
    forces: Tensor | None = None,
    force_weight: float | None = None,
    baseline: nn.Module | None = None,
    memory: int = MEMORY,
) -> LinearFits:
    """Decompose the least-squares problem once, for all ridges.

    The rows √w·(1, f, E) and √(w·force_weight)·(0, −∂f/∂x, F) are made and factorised in blocks,
    so that the memory is bounded whatever the number of points.

    Args:
        descriptor: positions (B, N, 3) to features (B, F).
        positions: (B, N, 3) in bohr.
        energies: (B,) in hartree.
        weights: w (B,); all one if not given.
        forces: (B, N, 3) in hartree/bohr.
        force_weight: weight of the squared force errors, bohr²; `default_force_weight` if not
            given.
        baseline: a surface in hartree; the fit is to what it leaves.
        memory: bytes that the rows and their factors may take.

    Raises:
        ValueError: if the memory is too small, or the baseline has no forces where they are
            needed.
    """
    size = descriptor.size + 2
    rows = 1 if forces is None else 1 + forces[0].numel()
    points = _block(size, rows, memory)
    energies, forces = left_by(baseline, positions, energies, forces)
    weight = 1.0
    if forces is not None:
        weight = default_force_weight(energies, forces) if force_weight is None else force_weight
    root = (torch.ones_like(energies) if weights is None else weights).sqrt()
    height = float(energies.min())
    with torch.no_grad():
        # Near the middle of the features the constant column takes little from their digits.
        middle = descriptor(positions[:PIECE]).mean(0)

    def blocks() -> Iterator[Tensor]:
        for part in torch.arange(len(energies), device=root.device).split(points):
            block = root.new_zeros(len(part), rows, size)
            for own, k in zip(block.split(PIECE), part.split(PIECE), strict=True):
                own[:, 0, 0] = 1
                own[:, 0, 1:-1] = descriptor(positions[k]) - middle
                own[:, 0, -1] = energies[k] - height
                if forces is not None:
                    own[:, 1:, 1:-1] = -feature_gradients(descriptor, positions[k]).mT
                    own[:, 1:, -1] = forces[k].flatten(1)
                    own[:, 1:] *= weight**0.5
                own *= root[k, None, None]
            yield block.flatten(0, 1)

    with torch.no_grad():
        factor = triangular_factor(blocks())
        solution = decomposition(factor[1 : size - 1, 1:-1], factor[1 : size - 1, -1])
    return LinearFits(descriptor, baseline, solution, factor[0], middle, height, weight)


def _block(size: int, rows: int, memory: int) -> int:
    """Points whose rows, with the copies that a factorisation makes, fit the memory."""
    kept, each = 4 * 8 * size**2, 3 * 8 * size * rows
    if kept + FEWEST * each > memory:
        raise ValueError(
            f"{size - 2} coefficients need {(kept + FEWEST * each) / 2**20:.0f} MiB, "
            f"`memory` allows {memory / 2**20:.0f}; raise `training.memory` or lower the degree"
        )
    return (memory - kept) // each


def linear_surface(
    descriptor: Descriptor,
    positions: Tensor,
    energies: Tensor,
    *,
    weights: Tensor | None = None,
    forces: Tensor | None = None,
    force_weight: float | None = None,
    ridge: float = 1e-12,
    baseline: nn.Module | None = None,
    memory: int = MEMORY,
) -> LinearSurface:
    """The surface linear in the descriptor that best fits energies, and forces if given.

    Minimises Σ_i w_i [(ΔE_i)² + force_weight Σ (ΔF_i)²] + ridge² s₁² ‖D c‖², with s₁ the largest
    singular value and D the lengths of the columns. All arguments but `ridge` are those of
    `linear_fits`.

    Args:
        descriptor: positions (B, N, 3) to features (B, F).
        positions: (B, N, 3) in bohr.
        energies: (B,) in hartree.
        weights: w (B,); all one by default.
        forces: (B, N, 3) in hartree/bohr.
        force_weight: weight of squared forces in bohr².
        ridge: damping relative to the largest singular value.
        baseline: surface that the polynomial corrects.
        memory: bytes for the rows.

    Raises:
        ValueError: if the points are too few to fix the coefficients and there is no ridge.
    """
    if ridge == 0:
        check_determined(descriptor.size, positions, forces=forces is not None)
    fits = linear_fits(
        descriptor, positions, energies, weights=weights, forces=forces,
        force_weight=force_weight, baseline=baseline, memory=memory,
    )  # fmt: skip
    return fits.surface(ridge)


def check_determined(coefficients: int, positions: Tensor, *, forces: bool) -> None:
    """Refuse a fit without ridge whose coefficients the points do not determine.

    Raises:
        ValueError: if there are fewer independent labels than coefficients and the constant.
    """
    points, atoms = positions.shape[:2]
    # Forces of one geometry neither push nor turn it as a whole.
    independent = max(3 * atoms - 6, 1) if forces else 0
    if points * (1 + independent) <= coefficients:
        raise ValueError(
            f"{points} points cannot determine {coefficients} coefficients and a constant; "
            "lower the degree, add points or give a `ridge`"
        )
