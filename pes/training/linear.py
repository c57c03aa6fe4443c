"""Linear surfaces: regularisation, degree and length are chosen by points that are not fitted."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pes.data.dataset import Dataset
from pes.descriptors import Descriptor
from pes.potential.least_squares import RIDGES
from pes.potential.leave_one_out import left_out_errors
from pes.potential.linear import LinearSurface
from pes.potential.linear_fit import MEMORY, check_determined, linear_fits
from pes.training.bounded import bounded_rms
from pes.units import CM1

__all__ = ["LinearCandidate", "fit_linear", "fit_linear_left_out"]


@dataclass(frozen=True)
class LinearCandidate:
    """One descriptor and its best ridge.

    Attributes:
        index: number of the descriptor in the order tried.
        coefficients: number of coefficients without the constant.
        ridge: relative to the largest singular value.
        validation_cm1: root of the weighted mean square error, forces included if there are any,
            in cm⁻¹; None if there was nothing to choose.
        by_ridge: the same for every ridge tried.
        force_weight: weight of squared forces in bohr².
    """

    index: int
    coefficients: int
    ridge: float
    validation_cm1: float | None
    by_ridge: dict[float, float]
    force_weight: float


def fit_linear(
    descriptors: Sequence[Descriptor],
    train: Dataset,
    validation: Dataset,
    *,
    ridges: Sequence[float] = RIDGES,
    train_weights: Tensor | None = None,
    validation_weights: Tensor | None = None,
    force_weight: float | None = None,
    baseline: nn.Module | None = None,
    memory: int = MEMORY,
) -> tuple[LinearSurface, list[LinearCandidate]]:
    """The linear surface with the smallest validation error, and everything that was tried.

    One decomposition for each descriptor serves all ridges.

    Args:
        descriptors: positions (B, N, 3) to features (B, F); several to choose from.
        train: points to fit; their forces too if they have any.
        validation: points that choose.
        ridges: regularisations to choose from, relative to the largest singular value.
        train_weights: (B,); all one if not given.
        validation_weights: the same for the validation points.
        force_weight: weight of squared forces in bohr²; by default all forces together count as
            much as the energies.
        baseline: a surface in hartree that the fit is on top of.
        memory: bytes that the rows and their factors may take.

    Raises:
        ValueError: if the points cannot fix the coefficients and every ridge is zero, or if the
            memory is too small.

    Example:
        >>> from pes.descriptors import Invariants
        >>> import torch
        >>> x = 2 + torch.rand(40, 2, 3, generator=torch.Generator().manual_seed(0)).double()
        >>> x[:, 0] = 0
        >>> points = Dataset(("H", "H"), x, x[:, 1].norm(dim=-1) ** -2)
        >>> degrees = [Invariants(("H", "H"), degree, variable="inverse") for degree in (1, 2, 3)]
        >>> surface, tried = fit_linear(degrees, points.select(range(30)), points.select([30, 31]))
        >>> surface.descriptor.degree > 1, len(tried)
        (True, 3)
    """
    tried, best = [], None
    for index, descriptor in enumerate(descriptors):
        usable = list(ridges)
        if not any(usable):
            check_determined(descriptor.size, train.positions, forces=train.forces is not None)
        fits = linear_fits(
            descriptor, train.positions, train.energies, weights=train_weights,
            forces=train.forces, force_weight=force_weight, baseline=baseline, memory=memory,
        )  # fmt: skip
        errors: list[float] = []
        if len(descriptors) > 1 or len(usable) > 1:
            squares = fits.mean_squares(
                usable, validation.positions, validation.energies,
                forces=validation.forces, weights=validation_weights,
            )  # fmt: skip
            errors = (squares.sqrt() / CM1).tolist()
        k = errors.index(min(errors)) if errors else 0
        candidate = LinearCandidate(
            index, descriptor.size, usable[k], errors[k] if errors else None,
            dict(zip(usable, errors, strict=False)), fits.force_weight,
        )  # fmt: skip
        tried.append(candidate)
        if best is None or (candidate.validation_cm1 or 0) < (best[0].validation_cm1 or 0):
            best = candidate, fits
    if best is None:
        raise ValueError("give at least one descriptor")
    chosen, fits = best
    return fits.surface(chosen.ridge), tried


def fit_linear_left_out(
    descriptors: Sequence[Descriptor],
    points: Dataset,
    *,
    ridges: Sequence[float] = RIDGES,
    weights: Tensor | None = None,
    baseline: nn.Module | None = None,
    memory: int = MEMORY,
) -> tuple[LinearSurface, list[LinearCandidate], Tensor]:
    """The linear surface that predicts each energy best from all others, and what was tried.

    The measure is `bounded_rms`; no point is lost to validation.

    Args:
        descriptors: positions (B, N, 3) to features (B, F); several to choose from.
        points: points to fit; energies alone.
        ridges: regularisations to choose from, relative to the largest singular value.
        weights: (B,); all one if not given.
        baseline: a surface in hartree that the fit is on top of.
        memory: bytes that the rows and their factors may take.

    Returns:
        The surface; every candidate, its `validation_cm1` from points left out; the errors (B,) in
        hartree of the surface at each point left out.

    Raises:
        ValueError: if the points have forces, or the memory is too small.
    """
    if points.forces is not None:
        raise ValueError(
            "leave-one-out errors are for fits to energies alone; leave the forces out "
            "(`data.forces: false`) or let validation points choose"
        )
    root = torch.ones_like(points.energies) if weights is None else weights.sqrt()
    tried: list[LinearCandidate] = []
    best: tuple[LinearSurface, Tensor] | None = None
    lowest = float("inf")
    for index, descriptor in enumerate(descriptors):
        fits = linear_fits(
            descriptor, points.positions, points.energies, weights=weights, baseline=baseline,
            memory=memory,
        )  # fmt: skip
        errors = left_out_errors(fits, ridges, points.positions, points.energies, weights=weights)
        measures = [bounded_rms(root * one) / CM1 for one in errors.mT]
        k = measures.index(min(measures))
        by_ridge = dict(zip(ridges, measures, strict=True))
        tried.append(
            LinearCandidate(
                index, descriptor.size, ridges[k], measures[k], by_ridge, fits.force_weight
            )
        )
        if best is None or measures[k] < lowest:
            best, lowest = (fits.surface(ridges[k]), errors[:, k]), measures[k]
    if best is None:
        raise ValueError("give at least one descriptor")
    return best[0], tried, best[1]
