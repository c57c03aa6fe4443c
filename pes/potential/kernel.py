"""A surface of smooth bumps at its own points, the same for all orders of like atoms."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.descriptors.invariants import pair_permutations
from pes.descriptors.morse import check_length, morse
from pes.geometry import distances

__all__ = ["AT_ONCE", "KernelSurface", "matern"]

NEAR = 1e-4
"""z² below which the kernel is evaluated by its series, whose derivatives exist at z = 0."""

AT_ONCE = 2**19
"""Pairs of a geometry and a point whose kernels exist at once."""

MOST_ATOMS = 6

LARGEST = 10
"""Largest of 200 rounding errors over ε|c|, as measured on water and a five-atom ion."""

Bumps = Callable[[Tensor, Tensor], Tensor]
"""y (B, P) and a permutation of the pairs to the kernels (B, M) of one image of the points."""


def matern(squares: Tensor) -> Tensor:
    """Kernel κ(d) = (1 + z + 3z²/7 + 2z³/21 + z⁴/105) e^{−z} with z = 3d, of squares d².

    The Matérn kernel with ν = 9/2: four derivatives exist everywhere.

    Example:
        >>> matern(torch.tensor([0.0, 1.0])).tolist()
        [1.0, 0.5576...]
    """
    s = 9 * squares
    near = s < NEAR
    z = torch.where(near, 1.0, s).sqrt()
    far = (1 + z * (1 + z * (3 / 7 + z * (2 / 21 + z / 105)))) * torch.exp(-z)
    # Through the square root derivatives at equal geometries would be 0 times infinity.
    t = torch.where(near, s, 0.0)
    return torch.where(near, 1 - t / 14 * (1 - t / 20 * (1 - t / 18 * (1 - t / 8))), far)


class KernelSurface(nn.Module):
    """V = shift + Σ_m c_m k(x, x_m), k = 1/|G| Σ_g κ(|y(x) − g y(x_m)|/w).

    y are exp(−r/a) of all pairs of atoms, g the permutations of like atoms, κ is `matern`.

    Args:
        elements: element symbol of each of 2 to 6 atoms; isotopes of an element are alike.
        centres: number of points x_m.
        length: a in bohr.
        width: w, in units of y.

    Attributes:
        variables: y(x_m) (M, P).
        coefficients: c (M,) in hartree.
        shift: energy in hartree far from all points.

    References:
        C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (MIT Press,
        2006); symmetrised kernels: A. P. Bartók, G. Csányi, Int. J. Quantum Chem. 115, 1051
        (2015), doi:10.1002/qua.24927
    """

    variables: Tensor
    permutations: Tensor

    def __init__(
        self, elements: Sequence[str], centres: int, *, length: float = 2.0, width: float = 1.0
    ) -> None:
        super().__init__()
        if not 2 <= len(elements) <= MOST_ATOMS:
            raise ValueError(f"kernels are made for 2 to {MOST_ATOMS} atoms, got {len(elements)}")
        if not width > 0:
            raise ValueError(f"`width` must be positive, got {width}")
        self.elements = tuple(elements)
        self.length, self.width = check_length(length), float(width)
        permutations = np.unique(pair_permutations(elements), axis=0)
        self.register_buffer("permutations", torch.from_numpy(permutations), persistent=False)
        pairs = permutations.shape[1]
        self.register_buffer("variables", torch.zeros(centres, pairs, dtype=torch.float64))
        self.coefficients = nn.Parameter(torch.zeros(centres, dtype=torch.float64))
        self.shift = nn.Parameter(torch.zeros((), dtype=torch.float64))

    @property
    def description(self) -> str:
        """Kind and size of the surface, in words."""
        return f"kernels at {len(self.coefficients):,} points"

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `surface_from` builds it again, points and coefficients apart."""
        return {
            "elements": list(self.elements),
            "centres": len(self.coefficients),
            "length": self.length,
            "width": self.width,
        }

    @staticmethod
    def from_settings(settings: Mapping[str, Any]) -> "KernelSurface":
        """An unfitted surface with these settings."""
        return KernelSurface(
            settings["elements"], settings["centres"], length=settings["length"],
            width=settings["width"],
        )  # fmt: skip

    @property
    def rounding(self) -> float:
        """Largest rounding error to expect of an energy, hartree: large coefficients cancel."""
        c = self.coefficients.detach()
        return LARGEST * torch.finfo(c.dtype).eps * float(c.norm())

    def pair_variables(self, positions: Tensor) -> Tensor:
        """y (B, P) of positions (B, N, 3) in bohr."""
        return morse(distances(positions), self.length)

    def kernel(self, variables: Tensor) -> Tensor:
        """k (B, M) between geometries with the variables y (B, P) and the points."""
        y, total = variables, torch.zeros(len(variables), len(self.variables)).to(variables)
        for g in self.permutations:
            x = self.variables[:, g]
            squares = y.square().sum(1)[:, None] + x.square().sum(1) - 2 * y @ x.mT
            total += matern(squares / self.width**2)
        return total / len(self.permutations)

    def _bumps(self, y: Tensor, g: Tensor) -> Tensor:
        """The same for one permutation, in an order of sums that the batch does not change."""
        squares = torch.zeros(len(y), len(self.variables)).to(y)
        for own, centres in zip(y.unbind(1), self.variables[:, g].unbind(1), strict=True):
            squares = squares + (own[:, None] - centres).square()
        return matern(squares / self.width**2)

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, N, 3) in bohr."""
        total = in_chunks(
            lambda y: _sums(y, self.coefficients, self._bumps, self.permutations),
            self.pair_variables(positions), max(1, AT_ONCE // len(self.coefficients)),
        )  # fmt: skip
        return self.shift + total / len(self.permutations)


def _sums(y: Tensor, coefficients: Tensor, bumps: Bumps, permutations: Tensor) -> Tensor:
    """Σ_g Σ_m c_m κ_gm (B,); the graph of all kernels would take gigabytes and is not kept.

    A matrix product would sum in another order in another batch, and large coefficients cancel.
    """
    if not (torch.is_grad_enabled() and (y.requires_grad or coefficients.requires_grad)):
        return torch.stack([(bumps(y, g) * coefficients).sum(1) for g in permutations]).sum(0)
    sums = [_Recomputed.apply(y, coefficients, lambda x, g=g: bumps(x, g)) for g in permutations]
    return torch.stack(sums).sum(0)  # type: ignore[arg-type]


class _Recomputed(torch.autograd.Function):
    """κ(y) c (B,) whose derivatives make the kernels once more."""

    @staticmethod
    def forward(
        ctx: Any, y: Tensor, coefficients: Tensor, kernels: Callable[[Tensor], Tensor]
    ) -> Tensor:
        ctx.save_for_backward(y, coefficients)
        ctx.kernels = kernels
        return (kernels(y) * coefficients).sum(1)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        again = torch.is_grad_enabled()  # these derivatives are to be differentiated themselves
        inputs = ctx.saved_tensors
        if not again:
            pairs = zip(inputs, ctx.needs_input_grad[:2], strict=True)
            inputs = [t.detach().requires_grad_(needed) for t, needed in pairs]
        asked = [t for t in inputs if t.requires_grad]
        with torch.enable_grad():
            values = (ctx.kernels(inputs[0]) * inputs[1]).sum(1)
            parts = iter(torch.autograd.grad(values, asked, slopes[0], create_graph=again))
        return (*(next(parts) if t.requires_grad else None for t in inputs), None)
