"""Are the forces of a data set minus the gradient of its energies, in the same units?"""

import torch

from pes.data.dataset import Dataset
from pes.descriptors.invariants import Invariants
from pes.molecule import Molecule
from pes.potential.linear import linear_surface
from pes.potential.neural import energies_and_forces
from pes.units import ANGSTROM, CM1, EV

__all__ = ["force_finding", "force_ratio"]

MOST_POINTS = 1000
LARGEST_DEGREE = 6
MARGIN = 0.1
"""A ratio this close to a known factor is taken for it."""

MISTAKES = {
    -1.0: "gradients, not forces",
    1 / ANGSTROM: "in energy/angstrom, read as energy/bohr",
    ANGSTROM: "in energy/bohr, read as energy/angstrom",
    1 / EV: "in eV, read as hartree",
    EV: "in hartree, read as eV",
    1 / CM1: "in cm-1, read as hartree",
    ANGSTROM / EV: "in eV/angstrom, read as hartree/bohr",
}
"""Factors that labels are off by, and what has happened then; each also with the other sign."""


def force_ratio(dataset: Dataset) -> tuple[float, float]:
    """How large the forces are against those of a linear surface fitted to the energies alone.

    With f the forces of that surface and F the labels, F ≈ ratio · f.

    Returns:
        The ratio, and the share of the labels' squares that it does not explain.

    Raises:
        ValueError: if there are no forces or too few points to fit.
    """
    if dataset.forces is None:
        raise ValueError("the points have no forces")
    step = max(1, len(dataset) // MOST_POINTS)
    some = dataset.select(slice(None, None, step))
    elements = Molecule(some.symbols).elements
    degrees = range(LARGEST_DEGREE, 0, -1)
    features = (Invariants(elements, degree) for degree in degrees)
    descriptor = next((f for f in features if 2 * f.size <= len(some)), None)
    if descriptor is None:
        raise ValueError(f"{len(some)} points are too few to tell the sign of the forces")
    # High points would rule the fit; where it is good the forces are.
    heights = some.energies - some.energies.min()
    weights = 1 / (heights + heights.mean())
    surface = linear_surface(descriptor, some.positions, some.energies, weights=weights)
    fitted = energies_and_forces(surface.requires_grad_(False), some.positions)[1]
    labels = dataset.forces[::step]
    low = heights <= heights.median()
    f, labels = fitted[low].flatten(), labels[low].flatten()
    ratio = float(f @ labels / (f @ f))
    rest = float((labels - ratio * f).square().sum() / labels.square().sum())
    return ratio, rest


def force_finding(dataset: Dataset) -> str | None:
    """What the energies say about the forces, in words; None where they cannot say."""
    if dataset.forces is None or not torch.any(dataset.forces != 0):
        return None
    try:
        ratio, rest = force_ratio(dataset)
    except ValueError:
        return None
    if rest > 0.5:
        return (
            "the forces have little to do with the slopes of the energies "
            f"({100 * rest:.0f} % unexplained); are the rows in the same order?"
        )
    if abs(ratio - 1) < MARGIN:
        return f"forces agree with the slopes of the energies (ratio {ratio:.3f})"
    known = {sign * factor: (sign, words) for factor, words in MISTAKES.items() for sign in (1, -1)}
    near = min(known, key=lambda factor: abs(ratio / factor - 1))
    told = ""
    if abs(ratio / near - 1) < MARGIN:
        sign, words = known[near]
        both = ", and of the wrong sign" if sign < 0 and abs(near) != 1 else ""
        told = f": they are {words}{both}"
    return f"the forces are {ratio:.3g} times minus the slopes of the energies{told}"
