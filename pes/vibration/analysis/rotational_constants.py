"""Rotational constants of vibrational levels: the mean inverse moments of inertia."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from pes.chunks import tuple_in_chunks
from pes.vibration.analysis.intensities import eckart_frame
from pes.vibration.levels.result import Levels

__all__ = ["LINEAR", "is_spherical", "rotational_constants"]

LINEAR = 1e-3
"""Least moment of inertia of the reference against the largest, up to which it is linear."""

NOWHERE = 1e-14
"""Probability of a grid point, of all levels, that is left out: μ may be infinite there."""

SPHERICAL = 0.01
"""Relative difference of moments of inertia up to which all are equal: vibrations that lift the
degeneracy turn the axes, and none of the means belongs to an axis."""

SINGULAR = 0.2
"""Least singular value of I″ against I⁰ at a point that is averaged over. Towards zero, at a linear
geometry or one turned inside out, μ grows without end and has no mean."""

PLANAR = 1e-3
"""Least extent of a molecule against the largest, up to which it is planar."""

PORTION = 2**16
"""Points whose inertia is computed at once."""

REACHED = 1e-4
"""Probability of other points from which a level is given no constants."""


def rotational_constants(levels: Levels, masses: Tensor, wells: Sequence[Tensor] = ()) -> Tensor:
    """½⟨n|μ_αα|n⟩ in the Eckart frame of the minimum, A ≥ B ≥ C there.

    The expectation of the rotational kinetic energy, to first order in it: Coriolis coupling
    with other vibrations, which measured constants contain, is of second order. Geometries nearer
    to another well, or to the mirror image of the minimum, have its Eckart frame.

    Args:
        levels: levels of a molecule.
        masses: (N,) in electron masses.
        wells: further wells that levels may be in, (N, 3) each in bohr.

    Returns:
        (S, 3) in hartree: A, B, C; A is NaN for levels that are in a linear well, all are
        for a spherical top and for levels that reach geometries where μ is infinite.

    Raises:
        ValueError: for a model without atoms.
    """
    if levels.system.positions is None:
        raise ValueError("a model Hamiltonian has no rotational constants")
    positions, masses = levels.system.positions, masses.detach()
    with torch.no_grad():
        reference = positions(levels.minimum[None])[0]
        references = [reference, *(well.to(reference) for well in wells)]
        if any(is_spherical(one, masses) for one in references):
            return reference.new_full((len(levels.energies), 3), torch.nan)
        at = levels.visited(NOWHERE)
        constants, regular = tuple_in_chunks(
            lambda q: _nearest_constants(positions(q), references, masses),
            levels.points[at], PORTION,
        )  # fmt: skip
        return _means((density[at] for density in levels.each_density()), constants, regular)


def _nearest_constants(
    positions: Tensor, references: Sequence[Tensor], masses: Tensor
) -> tuple[Tensor, Tensor]:
    """½ μ_αα at each point (P, 3) in the frame of the nearest reference; where it is regular."""
    constants, regular, nearness = zip(
        *(_constants(positions, one, masses) for one in references), strict=True
    )
    nearest = torch.stack(nearness).argmax(0)
    rows = torch.arange(len(positions), device=positions.device)
    return torch.stack(constants)[nearest, rows], torch.stack(regular)[nearest, rows]


def _constants(
    positions: Tensor, reference: Tensor, masses: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """½ μ_αα at each point (P, 3), zero where I″ is near singular; where it is not, (P,).

    The last is the nearness (P,) to the reference c, −Σ m|x − c|² but for Σ m|x|².
    """
    moments, tensor = _moments(positions, reference, masses)
    if not _is_planar(reference):
        # A molecule turned inside out, as ammonia, is counted from the mirror image of the minimum.
        _, mirrored = _moments(-positions, reference, masses)
        nearer = _trace(mirrored) > _trace(tensor)
        tensor = torch.where(nearer[:, None, None], mirrored, tensor)
    regular = _regular(tensor, moments)
    constants = tensor.new_zeros(len(tensor), 3)
    constants[regular] = _inverse(tensor[regular], moments).diagonal(dim1=-2, dim2=-1) / 2
    return constants, regular, _trace(tensor) - moments.sum() / 2


def _is_planar(reference: Tensor) -> bool:
    """Whether positions (N, 3) lie in a plane: they are their own mirror image."""
    flat = torch.linalg.svdvals(reference - reference.mean(0))
    return bool(flat[-1] < PLANAR * flat[0])


def _trace(tensor: Tensor) -> Tensor:
    """Twice Σ m c·x of I″ (P, 3, 3), (P,): the larger, the nearer x to the reference c."""
    return tensor.diagonal(dim1=-2, dim2=-1).sum(-1)


def _means(densities: Iterable[Tensor], constants: Tensor, regular: Tensor) -> Tensor:
    """Means of the constants over the regular points, NaN where a level is too often elsewhere."""
    rows = []
    for density in densities:
        inside, outside = density[regular].sum(), density[~regular].sum()
        # A of the few points beside a linear well is that of the others.
        known = constants.isfinite()
        seen = density[regular] @ known[regular].to(density) / inside
        means = density @ constants.where(known, 0.0) / inside / seen
        means = means.masked_fill(seen < 1 - REACHED, torch.nan)
        rows.append(means.masked_fill(outside > REACHED, torch.nan))
    return torch.stack(rows)


def is_spherical(reference: Tensor, masses: Tensor) -> bool:
    """Whether all moments of inertia of positions (N, 3) are equal.

    Example:
        Methane:

        >>> x = torch.tensor([[0.0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
        >>> is_spherical(x, torch.tensor([12.0, 1, 1, 1, 1]))
        True
    """
    c = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    moments = torch.linalg.eigvalsh(_inertia(c, c, masses))
    return bool(moments[-1] - moments[0] < SPHERICAL * moments[-1])


def _regular(tensor: Tensor, moments: Tensor) -> Tensor:
    """Points (P,) at which no rotation of the frame is nearly free of inertia."""
    if moments[0] <= LINEAR * moments[-1]:
        return tensor[:, 1, 1] > SINGULAR * moments[1]
    root = moments.sqrt()
    return torch.linalg.svdvals(tensor / (root[:, None] * root))[:, -1] > SINGULAR


def _moments(positions: Tensor, reference: Tensor, masses: Tensor) -> tuple[Tensor, Tensor]:
    """I⁰ (3,), ascending, and I″ (P, 3, 3) along the principal axes of the reference."""
    c = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    moments, axes = torch.linalg.eigh(_inertia(c, c, masses))
    # A reflection would make the reference the mirror image of the molecule.
    c = c @ (axes * torch.linalg.det(axes).sign())
    return moments, _inertia(eckart_frame(positions, c, masses), c, masses)


def _inverse(tensor: Tensor, moments: Tensor) -> Tensor:
    """μ = I″⁻¹ I⁰ I″⁻¹ (P, 3, 3), the rotational block of the inverse metric.

    I″ = Σ_a m_a [(c_a·x_a) 1 − x_a c_aᵀ], with c the reference along its principal axes, I⁰ its
    moments of inertia and x the positions turned so that Σ_a m_a c_a × x_a = 0. All vibrations are
    in it, whatever their coordinates. Axes are in the order A, B, C; first row and column are NaN
    for a linear reference (J. K. G. Watson, Mol. Phys. 15, 479 (1968),
    doi:10.1080/00268976800101381).
    """
    if moments[0] > LINEAR * moments[-1]:
        inverse = torch.linalg.inv(tensor)
        return inverse @ torch.diag(moments) @ inverse
    # Turns about the axis are no rotation of the frame; across it I″ is one number.
    mu = torch.full_like(tensor, torch.nan)
    across = torch.diag_embed((moments[1] / tensor[:, 1, 1] ** 2)[:, None].expand(-1, 2))
    mu[:, 1:, 1:] = across
    return mu


def _inertia(x: Tensor, c: Tensor, masses: Tensor) -> Tensor:
    """Σ_a m_a [(c_a·x_a) 1 − x_a c_aᵀ], (..., 3, 3)."""
    product = (masses[:, None] * x).mT @ c
    trace = product.diagonal(dim1=-2, dim2=-1).sum(-1)
    return trace[..., None, None] * torch.eye(3).to(x) - product
