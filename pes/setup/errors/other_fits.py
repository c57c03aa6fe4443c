"""Other surfaces that fit the points of a fit as well: what the points leave open.

Between its points a fit is known by its errors at points left out. Beyond them nothing tells its
error but that other surfaces, which come as near to every point, go other ways there. Linear
surfaces of several lengths are fitted to the values of the surface at its own training points, with
random errors as large as its own are, and to the degrees that these errors allow. To first order a
level moves by ⟨n|V′ − V|n⟩ from one surface to the other.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.descriptors import Invariants
from pes.potential.linear import LinearSurface
from pes.potential.linear_fit import linear_fits
from pes.setup.problem.problem import Problem
from pes.units import ANGSTROM
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import System, potential_in_chunks

__all__ = ["moved_by_other_fits"]

LENGTHS = (1.5, 2.2, 3.2)
"""a of exp(−r/a) in Å."""

ALIKE = 2.0
"""A surface fits as well if its RMSE at the points is at most so many times the errors of the
labels."""

FULLEST = 0.5
"""Largest number of coefficients for each point."""

MOST = 1500
"""Largest number of coefficients; a fit then takes seconds."""

POINTS = 4000
"""Largest number of points; of more points so many are drawn at random."""

RIDGE = 1e-12
"""Ridge of the fits. Beyond the points, a fit with a smaller one follows rounding errors."""

CHUNK = 1024
"""Points whose energies are computed at once."""


Errors = Callable[[Tensor], Tensor]


def moved_by_other_fits(levels: Levels, task: Problem, errors: Errors) -> Tensor | None:
    """Largest change of levels on other surfaces that fit the same points, (S,) in hartree.

    That of the first is of the zero-point energy, which counts from the minimum of the surface;
    the others are of excitations, which count from the ground state.

    Args:
        levels: levels on the CPU.
        task: task with the surface and its training points.
        errors: errors of the surface where it has values (P,), (P,), both in hartree.

    Returns:
        The largest of the changes by several surfaces; None where there are none.
    """
    largest: Tensor | None = None
    for other in _other_fits(task, errors):
        system = _as_computed(levels.system, other)

        def difference(q: Tensor, system: System = system) -> Tensor:
            return (potential_in_chunks(system, q) - potential_in_chunks(levels.system, q)).cpu()

        with torch.no_grad():
            moved = levels.means_of(difference)
            bottom = difference(levels.minimum[None])
        moved = torch.cat((moved[:1] - bottom, moved[1:] - moved[0])).abs()
        largest = moved if largest is None else largest.maximum(moved)
    return largest


def _other_fits(task: Problem, errors: Errors) -> Iterator[LinearSurface]:
    """Linear surfaces that differ from the surface by about as much as its errors."""
    record = task.surface.record
    if record is None:
        return
    generator = torch.Generator().manual_seed(0)
    positions = record.training_positions
    if len(positions) > POINTS:
        positions = positions[torch.randperm(len(positions), generator=generator)[:POINTS]]
    device = task.masses.device
    with torch.no_grad():
        values = in_chunks(lambda x: task.surface.potential(x.to(device)).cpu(), positions, CHUNK)
    size = errors(values)
    labels = values + size * torch.randn(len(size), generator=generator, dtype=size.dtype)
    for length in LENGTHS:
        last: LinearSurface | None = None
        for descriptor in _descriptors(record.symbols, length * ANGSTROM, len(labels)):
            fits = linear_fits(descriptor, positions, labels)
            last = fits.surface(RIDGE).to(device)
            missed = fits.mean_squares([RIDGE], positions, labels)
            if bool(missed <= (ALIKE * size).square().mean()):
                break
        if last is not None:
            yield last


def _descriptors(symbols: tuple[str, ...], length: float, points: int) -> Iterator[Invariants]:
    """Invariants of rising degree, as many as so many points determine."""
    for degree in range(2, 30):
        try:
            descriptor = Invariants(symbols, degree, length=length)
        except ValueError:  # too many atoms or monomials
            return
        if descriptor.size > min(FULLEST * points, MOST):
            return
        yield descriptor


def _as_computed(system: System, other: LinearSurface) -> System:
    """The system of the levels with another surface, continued and filled as theirs is."""
    assert system.positions is not None
    to_positions = system.positions
    changed = System(
        lambda q: other(to_positions(q)), system.kinetic, to_positions, system.masses,
        system.device, places=system.places,
    )  # fmt: skip
    if system.continuation is not None:
        changed = changed.continued(system.continuation)
    return changed if system.filling is None else changed.filled(system.filling)
