"""Reference: a linear surface that a few wrong labels cannot bend, and the residuals of all."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from pes.data import Dataset
from pes.descriptors import Invariants
from pes.findings.robust_fit import RobustFit, features, ridge_factors, robust_fit
from pes.geometry import sorted_distances
from pes.potential import LinearSurface
from pes.units import ANGSTROM, CM1

__all__ = ["Reference", "reference"]

Variable = Literal["morse", "cosine"]
LENGTH = 1.0
"""a of exp(−r/a) in Å."""

MOST_ATOMS = 6
FEWEST = 24
"""Points below which no surface is fitted."""

SAMPLE = 3000
MOST_FEATURES = 300
LARGEST_DEGREE = 12
STEPS, FIRST = 6, 2
"""Fits of the robust surface, and those after which the better variables go on alone."""

CHUNK = 2048
NEIGHBOURS = 12
CANDIDATE, ALONE = 8.0, 12.0
"""Standardised residual of a label that may be wrong, and how far it must stand out from those of
its neighbours: on six sets of ab initio points the errors of the reference itself reach 11."""
MOST_CANDIDATES = 2000
RELEVANT = 3.0 * CM1, 1e-3
"""Residual in hartree, and in units of the height, that a wrong label has at least: where labels
have no noise, the error of the reference in a corner would stand out otherwise."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A robust linear surface, and the residual of every label.

    Attributes:
        surface: permutation-invariant, linear.
        rows: points (S,) that it was fitted to.
        residuals: label − surface (B,) in hartree; for the points of the fit as if left out.
        scale: expected size (B,) of the residual, hartree: larger at high energies and where the
            fit extrapolates.
        typical: median (scalar) of |residuals|, hartree.
        relevant: size (B,) that the residual of a wrong label has at least, hartree.
        space: coordinates (B, P) in which neighbours are sought: e^{−r} less `middle` (P,), over
            `spread` (P,), r in Å and sorted by pairs of elements.
        elements: element of each atom.
        matrix: features (S, F + 1) of the points of the fit, each of root mean square one.
        lengths: (F + 1,) that the columns were divided by.
        base: weights (S,) of the points before any of them lost weight.
    """

    surface: LinearSurface
    rows: Tensor
    residuals: Tensor
    scale: Tensor
    typical: float
    relevant: Tensor
    space: Tensor
    middle: Tensor
    spread: Tensor
    elements: tuple[str, ...]
    matrix: Tensor
    lengths: Tensor
    base: Tensor

    @cached_property
    def factors(self) -> tuple[Tensor, Tensor]:
        """Q (S, F + 1) and R of the matrix with its rows times √base."""
        return ridge_factors(self.base.sqrt()[:, None] * self.matrix)

    @property
    def standardised(self) -> Tensor:
        """Residuals (B,) over their expected sizes."""
        return self.residuals / self.scale

    def stand_out(self) -> Tensor:
        """Deviation (B,) of each label from its neighbours; 0 for labels that cannot be wrong.

        |z| over the 80 % quantile of |z| at the 12 nearest points of the fit: where the reference
        is poor the neighbours are as far off. It is divided by the distance of the neighbours
        where these are farther away than usual, since nothing there confirms the reference.
        """
        z = self.standardised.abs()
        result = torch.zeros_like(z)
        large = (z > CANDIDATE) & (self.residuals.abs() > self.relevant)
        rows = (z * large).topk(min(MOST_CANDIDATES, len(z))).indices
        rows = rows[large[rows]]
        if len(rows) == 0:
            return result
        usual = self._neighbours(self.rows[:: max(1, len(self.rows) // 500)])[1].median()
        for part in rows.split(CHUNK):
            near, distance = self._neighbours(part)
            own = z[near].quantile(0.8, dim=1).clamp(min=1.5)
            result[part] = z[part] / own / (distance / usual).clamp(min=1)
        return result

    def wrong(self) -> Tensor:
        """Mask (B,) of the labels that neither the reference nor their neighbours can explain."""
        return self.stand_out() > ALONE

    def predicted(self, numbers: Tensor, positions: Tensor) -> Tensor:
        """Energies (B,) of other coefficients (F + 1,) of the scaled features."""
        return features(self.surface.descriptor, positions) @ (numbers / self.lengths)

    def isolation(self, positions: Tensor) -> Tensor:
        """Distance (B,) from geometries (B, N, 3) to the sixth nearest point of the fit."""
        here = (_variables(positions, self.elements) - self.middle) / self.spread
        near = torch.cdist(here, self.space[self.rows])
        return near.topk(min(NEIGHBOURS, near.shape[1]) // 2, largest=False).values[:, -1]

    def _neighbours(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Nearest points of the fit (R, 12) and the distance (R,) to the sixth of them."""
        distance = torch.cdist(self.space[rows], self.space[self.rows])
        distance[rows[:, None] == self.rows] = torch.inf
        near = distance.topk(min(NEIGHBOURS, len(self.rows) - 1), largest=False)
        return self.rows[near.indices], near.values[:, near.values.shape[1] // 2]


def reference(dataset: Dataset, usable: Tensor) -> Reference | None:
    """The robust linear surface that predicts left-out labels best, and the residuals of all.

    Labels are weighted by 1/(height + median height); one far off loses its weight. Of polynomials
    of degree 2 to 12 with at most a third as many terms as points, the one with the smallest median
    residual is taken.

    Args:
        dataset: labelled points.
        usable: mask (B,) of the points that may be fitted: no copies, nothing known to be wrong.

    Returns:
        The reference; None for more than six atoms, too few points or labels that are all equal.
    """
    rows = usable.nonzero().flatten()
    if len(dataset.symbols) > MOST_ATOMS or len(rows) < FEWEST:
        return None
    if float(dataset.energies[rows].max() - dataset.energies[rows].min()) == 0:
        return None
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    rows = rows[order[:SAMPLE]].sort().values
    some = dataset.select(rows)
    base = 1 / _spreads(some.energies, some.energies)
    ladders = list(_descriptors(dataset, len(rows)))
    begun = [robust_fit(degrees, some, base, FIRST) for degrees in ladders]
    fit, degrees = min(zip(begun, ladders, strict=True), key=lambda pair: pair[0].typical)
    return _judged(robust_fit(degrees, some, base, STEPS - FIRST, fit), dataset, rows, base)


def _spreads(energies: Tensor, known: Tensor) -> Tensor:
    """Height + median height (B,) over a low quantile of the known energies, hartree."""
    low = known.quantile(min(0.01, 5 / len(known)))
    middle = (known - low).clamp(min=0).median().clamp(min=1e-3 * CM1)
    return (energies - low).clamp(min=0) + middle


def _descriptors(dataset: Dataset, points: int) -> Iterator[list[Invariants]]:
    """Polynomials by degree, of distances and, for AB₂, of bonds and angle."""
    alike = len(dataset.elements) == 3 and len(set(dataset.elements)) == 2
    variables: tuple[Variable, ...] = ("morse", "cosine") if alike else ("morse",)
    for variable in variables:
        yield list(_degrees(dataset, points, variable))


def _degrees(dataset: Dataset, points: int, variable: Variable) -> Iterator[Invariants]:
    for degree in range(2, LARGEST_DEGREE + 1):
        try:
            descriptor = Invariants(
                dataset.elements, degree, length=LENGTH * ANGSTROM, variable=variable
            )
        except ValueError:  # too many monomials
            return
        if degree > 2 and (3 * descriptor.size > points or descriptor.size > MOST_FEATURES):
            return
        yield descriptor


def _judged(fit: RobustFit, dataset: Dataset, rows: Tensor, base: Tensor) -> Reference:
    surface = LinearSurface(fit.descriptor).requires_grad_(False)
    numbers = fit.numbers / fit.lengths
    surface.coefficients.copy_(numbers[1:])
    surface.shift.copy_(numbers[0])
    residuals, scale = torch.empty_like(dataset.energies), torch.empty_like(dataset.energies)
    spreads = _spreads(dataset.energies, dataset.energies[rows])
    for part in torch.arange(len(dataset)).split(CHUNK):
        matrix = features(fit.descriptor, dataset.positions[part]) / fit.lengths
        residuals[part] = dataset.energies[part] - matrix @ fit.numbers
        wide = (matrix @ fit.directions).square().sum(1)
        scale[part] = fit.deviation * (spreads[part] + wide).sqrt()
    residuals[rows], scale[rows] = fit.residuals, fit.scale
    # Rounding of the labels themselves, so that a perfect fit has no outliers of 1e-10 cm⁻¹.
    scale = scale.clamp(min=1e-3 * CM1)
    r = _variables(dataset.positions, dataset.elements)
    middle, spread = r.mean(0), r.std(0).clamp(min=1e-12)
    relevant = RELEVANT[0] + RELEVANT[1] * spreads
    return Reference(
        surface, rows, residuals, scale, fit.typical, relevant, (r - middle) / spread, middle,
        spread, dataset.elements, fit.matrix, fit.lengths, base,
    )  # fmt: skip


def _variables(positions: Tensor, elements: tuple[str, ...]) -> Tensor:
    """e^{−r/Å} (B, P), sorted by pairs of elements."""
    return torch.exp(-sorted_distances(positions, elements) / ANGSTROM)
