"""Linear fits of dipole moments, judged by points that were not fitted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.potential.dipole import DipoleSurface
from pes.potential.least_squares import RIDGES, Decomposition, decomposition, triangular_factor
from pes.potential.leave_one_out import SMALLEST
from pes.training.bounded import bounded_rms
from pes.training.dipole_network import NetworkEnding
from pes.units import DEBYE

__all__ = ["DipoleCandidate", "DipoleFits", "best_dipole_fit", "dipole_fits"]

PIECE = 256
"""Points whose features exist at once."""


@dataclass(frozen=True)
class DipoleFits:
    """Every regularised fit of one form to some points, from one decomposition.

    Attributes:
        form: surface without coefficients; the fits are to what its total charge leaves.
        solution: solution of the rows √w (∂μ/∂c, μ), three for each point.
    """

    form: DipoleSurface
    solution: Decomposition

    def surface(self, ridge: float) -> DipoleSurface:
        """The fit with one ridge."""
        surface = DipoleSurface.from_settings(self.form.settings)
        surface.to(self.solution.values.device)
        with torch.no_grad():
            surface.coefficients.copy_(self.solution.coefficients([ridge])[:, 0])
        return surface

    def errors(self, ridges: Sequence[float], positions: Tensor, dipoles: Tensor) -> Tensor:
        """Fit − label (R, B, 3) in e·bohr of R ridges."""
        c = self.solution.coefficients(ridges)
        parts = []
        for x, label in _pieces(positions, dipoles):
            parts.append((self.form.features(x) @ c).movedim(-1, 0) - (label - self.form(x)))
        return torch.cat(parts, 1).detach()

    def left_out_errors(
        self, ridges: Sequence[float], positions: Tensor, dipoles: Tensor, weights: Tensor
    ) -> Tensor:
        """The same at each of the points fitted, of fits without this point.

        With H = w A (AᵀWA + λ)⁻¹ Aᵀ (3, 3) of the three rows A of a point, the residual of a fit
        without them is (1 − H)⁻¹ r, as in `pes.potential.leave_one_out` for a single row.
        """
        shares = self.solution.filters(ridges)
        scaled = self.solution.directions / self.solution.values.clamp(min=1e-300)[:, None]
        errors = self.errors(ridges, positions, dipoles)
        parts = []
        for rows in torch.arange(len(positions), device=weights.device).split(PIECE):
            with torch.no_grad():
                u = self.form.features(positions[rows]) @ scaled.mT
            hat = torch.einsum("bik,kr,bjk->rbij", u * weights[rows, None, None], shares, u)
            values, vectors = torch.linalg.eigh((hat + hat.mT) / 2)
            along = vectors.mT @ errors[:, rows, :, None]
            left = vectors @ (along / (1 - values[..., None]).clamp(min=SMALLEST))
            parts.append(left[..., 0])
        return torch.cat(parts, 1)


@dataclass(frozen=True)
class DipoleCandidate:
    """One form and its best fit.

    Attributes:
        degree: degree of the polynomials.
        length: length scale of their variables, bohr.
        coefficients: number of coefficients or weights.
        error: root mean square error of a component at points not fitted, debye; far points count
            as in `bounded_rms`.
        ridge: relative to the largest singular value, of a linear fit.
        hidden: widths of the layers of networks.
        endings: results of the networks of each member.
    """

    degree: int
    length: float
    coefficients: int
    error: float
    ridge: float | None = None
    hidden: tuple[int, ...] = ()
    endings: tuple[NetworkEnding, ...] = ()


def dipole_fits(
    form: DipoleSurface, positions: Tensor, dipoles: Tensor, weights: Tensor
) -> DipoleFits:
    """Decompose the least-squares problem Σ_i w_i (μ(x_i) − μ_i)² once, for all ridges.

    Args:
        form: surface without coefficients.
        positions: (B, N, 3) in bohr.
        dipoles: (B, 3) in e·bohr, from the origin of the positions.
        weights: w (B,).
    """

    def blocks() -> Iterator[Tensor]:
        pieces = zip(_pieces(positions, dipoles), weights.sqrt().split(PIECE), strict=True)
        for (x, label), root in pieces:
            rows = torch.cat((form.features(x), (label - form(x))[..., None]), -1)
            yield (rows * root[:, None, None]).flatten(0, 1)

    with torch.no_grad():
        factor = triangular_factor(blocks())
        return DipoleFits(form, decomposition(factor[:, :-1], factor[:, -1]))


def best_dipole_fit(
    forms: Sequence[DipoleSurface],
    positions: Tensor,
    dipoles: Tensor,
    weights: Tensor,
    *,
    unseen: tuple[Tensor, Tensor] | None = None,
    ridges: Sequence[float] = RIDGES,
) -> tuple[DipoleFits, list[DipoleCandidate], Tensor]:
    """The fit with the smallest errors at points that it has not seen, and all that was tried.

    Args:
        forms: surfaces without coefficients, to choose from.
        positions: (B, N, 3) in bohr.
        dipoles: (B, 3) in e·bohr.
        weights: (B,).
        unseen: positions and dipoles that choose; None for leave-one-out errors.
        ridges: regularisations to choose from.

    Returns:
        The fits of the best form; the candidates, the best first; the errors (M, 3) in e·bohr of
        the best at the points that chose.
    """
    tried: list[tuple[DipoleCandidate, DipoleFits, Tensor]] = []
    for form in forms:
        fits = dipole_fits(form, positions, dipoles, weights)
        errors = (
            fits.left_out_errors(ridges, positions, dipoles, weights)
            if unseen is None
            else fits.errors(ridges, *unseen)
        )
        measures = [bounded_rms(one.flatten()) / DEBYE for one in errors]
        k = measures.index(min(measures))
        candidate = DipoleCandidate(form.degree, form.length, form.size, measures[k], ridges[k])
        tried.append((candidate, fits, errors[k]))
    tried.sort(key=lambda one: one[0].error)
    return tried[0][1], [candidate for candidate, _, _ in tried], tried[0][2]


def _pieces(positions: Tensor, dipoles: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(positions.split(PIECE), dipoles.split(PIECE), strict=True)
