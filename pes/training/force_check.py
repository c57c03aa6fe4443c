"""Check of labelled forces against the gradient of the labelled energies: sign and unit."""

from dataclasses import dataclass
from itertools import product
from math import copysign, log

from pes.data.dataset import Dataset
from pes.descriptors.invariants import Invariants
from pes.molecule import Molecule
from pes.potential.linear_fit import linear_surface
from pes.potential.neural import energies_and_forces
from pes.units import ANGSTROM, CM1, EV, KCAL_MOL

__all__ = ["ForceCheck", "force_check", "force_finding", "force_ratio"]

MOST_POINTS = 1000
LARGEST_DEGREE = 6
CERTAIN = 0.95
"""Correlation from which a factor is believed."""
TOLERANCE = 0.05
ENERGIES = {"hartree": 1.0, "eV": EV, "cm-1": CM1, "kcal/mol": KCAL_MOL}
LENGTHS = {"bohr": 1.0, "angstrom": ANGSTROM}


@dataclass(frozen=True)
class ForceCheck:
    """Labelled forces compared with the forces of a quick fit to the energies alone.

    Attributes:
        slope: labelled forces in units of the fitted ones; one if all is well.
        correlation: correlation of the two, without subtracting means.
        mistake: certain mistake and how to mend it.
    """

    slope: float
    correlation: float
    mistake: str | None

    @property
    def certain(self) -> bool:
        """True if sign and unit of the forces are right beyond doubt."""
        return self.correlation > CERTAIN and abs(self.slope - 1) <= TOLERANCE


def force_ratio(dataset: Dataset) -> tuple[float, float]:
    """Ratio of the forces to the forces of a linear surface fitted to the energies alone.

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
        raise ValueError(f"{len(some)} points are too few to determine the sign of the forces")
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


def force_check(dataset: Dataset) -> ForceCheck | None:
    """Compare forces with the slope of the energies, through a linear surface of low degree.

    The slope is ⟨F, F⟩/⟨F, F_fit⟩: the labels have no error but a factor, the fit has.

    Returns:
        The comparison; None without forces or with too few points for a fit.
    """
    if dataset.forces is None or not dataset.forces.any():
        return None
    try:
        ratio, rest = force_ratio(dataset)
    except ValueError:  # too few points
        return None
    if rest >= 1:
        return None
    slope, correlation = ratio / (1 - rest), copysign((1 - rest) ** 0.5, ratio)
    return ForceCheck(slope, correlation, _mistake(slope, correlation))


def force_finding(dataset: Dataset) -> str | None:
    """Sentence that compares forces with the slopes of the energies; None if too few points."""
    check = force_check(dataset)
    if check is None:
        return None
    unexplained = 1 - check.correlation**2
    if unexplained > 0.5:
        return (
            "the forces are hardly related to the slopes of the energies "
            f"({100 * unexplained:.0f} % unexplained); check that the rows are in the same order"
        )
    if check.certain:
        return f"forces agree with the slopes of the energies (ratio {check.slope:.3f})"
    if check.mistake is None:
        return (
            "the forces cannot be checked closely: they are about "
            f"{check.slope:.2g} times minus the slopes of a quick fit to the energies"
        )
    return (
        f"the forces are {check.slope:.3g} times minus the slopes of the energies: {check.mistake}"
    )


def _mistake(slope: float, correlation: float) -> str | None:
    """The known factor that explains the slope, in words."""
    if abs(correlation) <= CERTAIN or abs(slope - 1) <= TOLERANCE:
        return None
    sign = "" if slope > 0 else "they are gradients, not forces: change their sign"
    if abs(slope + 1) <= TOLERANCE:
        return sign
    units = {
        f"{energy}/{length}": ENERGIES[energy] / LENGTHS[length]
        for energy, length in product(ENERGIES, LENGTHS)
    }
    pairs = [(meant, taken) for meant, taken in product(units, units) if meant != taken]

    def distance(pair: tuple[str, str]) -> float:
        # Rounded, so that of pairs with one factor the first is named.
        return round(abs(log(abs(slope) * units[pair[0]] / units[pair[1]])), 9)

    meant, taken = min(pairs, key=distance)
    factor = units[taken] / units[meant]
    if abs(abs(slope) / factor - 1) > TOLERANCE:
        return None
    unit = (
        f"they look as if they were in {meant} but called {taken}: name the right unit, "
        f"or divide them by {factor:.6g}"
    )
    return f"{unit}; and {sign}" if sign else unit
