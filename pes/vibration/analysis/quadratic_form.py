"""The energy of fixed wavefunctions as a quadratic form in V, G and the volume's slope.

    ⟨ψ_m|H|ψ_n⟩ = Σ_p [ V ψ_m ψ_n + ½ u_m·G u_n ],  u = D̃ψ − ½ (∂ ln √det g − its value) ψ

All derivatives of levels are contractions of this with those of V, G and ∂ ln √det g.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import System

__all__ = ["Fields", "Waves", "field_derivatives", "fields", "reaches", "waves"]

MOST_NUMBERS = 30_000_000
"""Numbers held at once for ψ and its slopes: a quarter of a gigabyte."""


@dataclass(frozen=True)
class Fields:
    """V (P,), G (P, Q, Q) and ∂_k ln √det g (P, Q); None where nothing asks for it."""

    potential: Tensor | None = None
    g_matrix: Tensor | None = None
    slope: Tensor | None = None

    @property
    def differentiable(self) -> list[Tensor]:
        """Fields that carry a graph."""
        return [f for f in self if f.requires_grad]

    def __iter__(self) -> Iterator[Tensor]:
        return (f for f in (self.potential, self.g_matrix, self.slope) if f is not None)


@dataclass(frozen=True)
class Waves:
    """Wavefunctions on part of the grid.

    Attributes:
        points: q (P, Q).
        psi: times √weight, (S, P).
        slopes: D̃ψ times √weight, (S, P, Q).
        flux: G D̃ψ, (S, P, Q).
        signs: signs of the weights, (P,).
    """

    points: Tensor
    psi: Tensor
    slopes: Tensor
    flux: Tensor
    signs: Tensor

    def rows(self, part: Tensor) -> "Waves":
        """Some of the points."""
        rest = (self.psi[:, part], self.slopes[:, part], self.flux[:, part])
        return Waves(self.points[part], *rest, self.signs[part])

    def cotangents(self, m: int, n: int) -> Fields:
        """∂⟨m|H|n⟩ by V, G and ∂ ln √det g at each point, symmetric in m and n."""
        signed, psi = self.signs * self.psi[m], self.psi[n]
        slopes, flux = (self.signs[:, None] * x[m] for x in (self.slopes, self.flux))
        product = slopes[:, :, None] * self.slopes[n][:, None, :]
        along = signed[:, None] * self.flux[n] + psi[:, None] * flux
        return Fields(signed * psi, (product + product.mT) / 4, -along / 4)

    def contractions(self, pairs: Sequence[tuple[int, int]], tangent: Fields) -> Tensor:
        """⟨m|∂H|n⟩ of pairs of levels for the change of the fields by one parameter, (pairs,)."""
        left, right = [m for m, _ in pairs], [n for _, n in pairs]
        total = self.psi.new_zeros(len(left))
        tangent = Fields(
            *(
                None if f is None else f * self.signs.reshape(-1, *[1] * (f.ndim - 1))
                for f in (tangent.potential, tangent.g_matrix, tangent.slope)
            )
        )
        if tangent.potential is not None:
            total = total + (self.psi[left] * self.psi[right]) @ tangent.potential
        if tangent.g_matrix is not None:
            flux = torch.einsum("pkl,spl->spk", tangent.g_matrix, self.slopes)
            total = total + (self.slopes[left] * flux[right]).flatten(1).sum(1) / 2
        if tangent.slope is not None:
            along = (tangent.slope * self.flux).sum(-1)
            mixed = self.psi[left] * along[right] + self.psi[right] * along[left]
            total = total - mixed.sum(1) / 4
        return total


def waves(levels: Levels, states: Sequence[int], *, beside: int = 0) -> Iterator[Waves]:
    """Wavefunctions of some levels, slab by slab of the first coordinate.

    A slab is as thick as memory permits: for six coordinates all slopes of thirty levels at
    once would be gigabytes. Room is left for as many others as are held beside them. A sparse grid
    is cut anywhere, and each level taken to all of it.
    """
    h = levels.hamiltonian
    coefficients = levels.eigenpairs.coefficients[list(states)]
    if (shape := h.basis.grid_shape) is None:
        yield from _portions(h, coefficients)
        return
    first = shape[0]
    inner = len(h.potential) // first
    thick = max(1, MOST_NUMBERS // (2 * inner * (h.modes + 1) * (len(coefficients) + beside)))
    for low in range(0, first, thick):
        part = _slab(h, low, min(low + thick, first), inner)
        slopes = part.slopes_on_grid(coefficients)
        flux = torch.einsum("pkl,spl->spk", part.g_matrix, slopes)
        psi = part.basis.on_grid(coefficients)
        yield Waves(part.basis.points, psi, slopes, flux, part.basis.signs)


def _portions(h: Hamiltonian, coefficients: Tensor) -> Iterator[Waves]:
    """Wavefunctions on portions of the grid."""
    basis, points, signs = h.basis, h.basis.points, h.basis.signs
    most = max(1, MOST_NUMBERS // (2 * (h.modes + 1) * len(coefficients)))
    for at in torch.arange(len(h.potential)).split(most):
        parts = [
            (basis.on_grid(c)[:, at], h.slopes_on_grid(c)[:, at]) for c in coefficients[:, None]
        ]
        psi, slopes = (torch.cat(each) for each in zip(*parts, strict=True))
        flux = torch.einsum("pkl,spl->spk", h.g_matrix[at], slopes)
        yield Waves(points[at], psi, slopes, flux, signs[at])


def _slab(h: Hamiltonian, low: int, high: int, inner: int) -> Hamiltonian:
    """The Hamiltonian on some points of the first coordinate only."""
    b, *others = h.basis.bases
    if high - low == len(b.points):
        return h
    some = slice(low * inner, high * inner)
    thin = replace(
        b, points=b.points[low:high], weights=b.weights[low:high], values=b.values[low:high],
        derivatives=b.derivatives[low:high], log_density_slope=b.log_density_slope[low:high],
    )  # fmt: skip
    return replace(
        h, basis=replace(h.basis, bases=(thin, *others)), potential=h.potential[some],
        g_matrix=h.g_matrix[some], s=h.s[some],
    )  # fmt: skip


def reaches(system: System, point: Tensor, parameters: Sequence[Tensor]) -> list[set[str]]:
    """Names among "potential" and "kinetic" that each parameter acts through, at a point (1, Q)."""
    names_by_parameter: list[set[str]] = [set() for _ in parameters]
    sources = {"potential": lambda: [system.potential(point)], "kinetic": lambda: [
        *system.kinetic(point)]}  # fmt: skip
    for name, evaluate in sources.items():
        live = [f.sum() for f in evaluate() if f.requires_grad]
        if live:
            whole = torch.stack(live).sum()
            slopes = torch.autograd.grad(whole, parameters, allow_unused=True)
            for names, slope in zip(names_by_parameter, slopes, strict=True):
                if slope is not None:
                    names.add(name)
    return names_by_parameter


def fields(system: System, points: Tensor, ceiling: float, through: set[str]) -> Fields:
    """V below the ceiling and G with the graph of the parameters, as far as they matter."""
    v = system.potential(points).clamp(max=ceiling) if "potential" in through else None
    if "kinetic" not in through:
        return Fields(v)
    return Fields(v, *system.kinetic(points))


def field_derivatives(live: Fields, parameter: Tensor) -> list[Fields]:
    """∂V, ∂G and ∂(∂ ln √det g) by each element of a parameter.

    The transposed pass Jᵀw is linear in w; its own derivatives by w are the columns of J.
    """
    outputs = live.differentiable
    if not outputs:
        return []
    w = [torch.zeros_like(o, requires_grad=True) for o in outputs]
    (pulled,) = torch.autograd.grad(outputs, parameter, w, create_graph=True, allow_unused=True)
    if pulled is None or not pulled.requires_grad:
        return []
    names = [n for n in ("potential", "g_matrix", "slope") if _is_live(getattr(live, n))]
    columns = [
        torch.autograd.grad(element, w, retain_graph=True, allow_unused=True)
        for element in pulled.flatten()
    ]
    return [Fields(**dict(zip(names, column, strict=True))) for column in columns]


def _is_live(field: Tensor | None) -> bool:
    return field is not None and field.requires_grad
