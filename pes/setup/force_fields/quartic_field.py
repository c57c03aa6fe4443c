"""Force fields in normal coordinates from surfaces that torch can differentiate."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from pes.coordinates import NormalModes, hessian, normal_modes
from pes.force_fields import ForceField
from pes.force_fields.coriolis import Coriolis
from pes.geometry import principal_axes
from pes.molecule import Molecule
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.setup.problem.problem import problem
from pes.units import CM1

__all__ = ["modes_at_minimum", "quartic_field"]

DEGREES = (3, 6)
"""Lowest and highest degree of a field."""

ROUNDING = 1e-10
"""Coriolis constant that is rounding."""

SMALLEST = 1e-6 * CM1
"""Constant in hartree below which it is rounding."""


def quartic_field(
    surface: SurfaceLike,
    molecule: Molecule | Sequence[str] | None = None,
    *,
    degree: int = 4,
    reference: Sequence[Sequence[float]] | None = None,
    coriolis: bool = False,
) -> ForceField:
    """Force constants of a surface in dimensionless normal coordinates, by reverse mode.

    f = ∂V/∂q_i∂q_j∂q_k … at the minimum, x = x₀ + L q with the rectilinear normal modes of
    `pes.coordinates.NormalModes`: what tables of force constants hold, exact to rounding.

    Args:
        surface: as for `pes.levels`; torch has to differentiate it `degree` times.
        molecule: isotopes; default those of the surface.
        degree: degree of the polynomial, 3 to 6: a sextic field has 6.
        reference: positions (N, 3) near the minimum, Å, for a surface that does not know them.
        coriolis: give the field the rotational and Coriolis constants of the minimum, for levels
            with the vibrational angular momentum.

    Raises:
        ValueError: if the surface cannot be differentiated so often, or has no minimum.

    Example:
        >>> water = quartic_field("water_pjt1996")
        >>> water
        ForceField(3 modes, 15 constants to degree 4)
        >>> [round(w / CM1) for w in water.frequencies]
        [1650, 3830, 3941]
    """
    if not DEGREES[0] <= degree <= DEGREES[1]:
        raise ValueError(f"`degree` must be {DEGREES[0]} to {DEGREES[1]}, got {degree}")
    request = CoordinateRequest(kind="normal_modes", reference=reference)
    task = problem(as_surface(surface), molecule, coordinates=request)
    assert isinstance(task.internal, NormalModes)
    if task.internal.line is not None:
        raise ValueError(
            f"{task.molecule.formula} is linear at its minimum: its bends have angular momenta, "
            "which levels of force fields leave out; compute its levels from the surface itself"
        )
    name = "".join(task.molecule.symbols)
    modes = modes_at_minimum(task.surface.potential, task.internal)
    found = dict(_derivatives(*_start(task.surface.potential, modes), (), degree))
    wrong = [k for k, f in found.items() if not torch.isfinite(torch.tensor(f))]
    if wrong or not any(len(k) == degree for k in found):
        raise ValueError(
            f"{name}: torch cannot differentiate this surface {degree} times at its minimum; "
            "choose a lower `degree` or another form of the surface"
        )
    constants = {k: f for k, f in found.items() if len(k) > 2 and abs(f) > SMALLEST}
    turning = _coriolis(modes) if coriolis else None
    return ForceField(tuple(modes.frequencies.tolist()), constants, name, turning)


def _coriolis(modes: NormalModes) -> Coriolis:
    """B and ζ^α_kl = Σ_a (l_ak × l_al)_α of mass-weighted modes l, along the axes of inertia."""
    _, spreads, axes = principal_axes(modes.reference, modes.masses)
    moments = spreads.sum() - spreads
    scale = modes.masses.sqrt()[:, None] * modes.frequencies.sqrt()[:, None, None]
    turned = scale * modes.displacements @ axes
    cross = torch.linalg.cross(turned[:, None], turned[None]).sum(2)
    pairs = itertools.combinations(range(len(turned)), 2)
    zeta = {(a, k, m): float(cross[k, m, a]) for k, m in pairs for a in range(3)}
    x, y, z = (1 / (2 * moments)).tolist()
    return Coriolis((x, y, z), {key: value for key, value in zeta.items() if abs(value) > ROUNDING})


def _start(potential: Callable[[Tensor], Tensor], modes: NormalModes) -> tuple[Tensor, Tensor]:
    """V and q at the reference of normal modes, ready to be differentiated."""
    with torch.enable_grad():
        q = torch.zeros(len(modes.frequencies), dtype=torch.float64, requires_grad=True)
        return potential(modes.to_positions(q[None])).sum(), q


def modes_at_minimum(potential: Callable[[Tensor], Tensor], modes: NormalModes) -> NormalModes:
    """Normal modes after a step of Newton's method: a search ends where slopes are still 1e-6."""
    slope = dict(_derivatives(*_start(potential, modes), (), 1))
    if not slope:
        return modes
    step = torch.tensor([-f for f in slope.values()], dtype=torch.float64) / modes.frequencies
    if not torch.isfinite(step).all():
        return modes
    reference = modes.to_positions(step)
    return normal_modes(reference, hessian(potential, reference), modes.masses)


def _derivatives(
    value: Tensor, q: Tensor, modes: tuple[int, ...], degree: int
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Derivatives of a value by modes in ascending order, up to a degree."""
    if not value.requires_grad:
        return
    last = len(modes) + 1 == degree
    (slope,) = torch.autograd.grad(
        value, q, create_graph=not last, retain_graph=True, materialize_grads=True
    )
    for k in range(modes[-1] if modes else 0, len(q)):
        yield (*modes, k), float(slope[k].detach())
        if not last:
            yield from _derivatives(slope[k], q, (*modes, k), degree)
