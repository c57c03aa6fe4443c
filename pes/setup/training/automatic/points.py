"""Properties of a data set that decide how to fit it."""

from dataclasses import dataclass

import torch

from pes.data import Dataset, Split
from pes.data.noise import noise_floor
from pes.geometry import atom_pairs, distances
from pes.molecule import Molecule, covalent_radii
from pes.units import ANGSTROM, CM1

__all__ = ["PointSummary", "point_summary"]

BROKEN = 3.0
"""Distance of two atoms, in sums of covalent radii, beyond which there is no bond."""
NEAR = 1.05
"""Error in units of the noise floor from which a fit is as good as its labels."""
DISSOCIATING = 0.01
"""Share of such geometries from which a set counts as dissociating."""


@dataclass(frozen=True)
class PointSummary:
    """Properties of a data set that decide how to fit it.

    Attributes:
        formula: formula of the molecule.
        elements: element of each atom.
        count: number of points outside the test.
        span: highest label above the lowest, cm⁻¹.
        forces: whether there are forces.
        noise: noise floor of the labels, cm⁻¹; 0 if unknown.
        dissociated: share of geometries in separate fragments.
        farthest: largest distance of two atoms, Å.
    """

    formula: str
    elements: tuple[str, ...]
    count: int
    span: float
    forces: bool
    noise: float
    dissociated: float
    farthest: float

    def settled(self, error: float) -> bool:
        """Whether an error in cm⁻¹ is what the labels allow."""
        return error <= NEAR * self.noise

    @property
    def dissociating(self) -> bool:
        """Whether bonds are broken in more than single geometries."""
        return self.dissociated > DISSOCIATING

    @property
    def angle(self) -> bool:
        """Whether the molecule is AB₂, whose bonds and angle may be the better variables.

        Far fragments still have an angle, on which nothing depends any more.
        """
        alike = len(self.elements) == 3 and len(set(self.elements)) == 2
        return alike and not self.dissociating

    @property
    def smallest_degree(self) -> int:
        """Lowest degree of invariants that tells geometries apart.

        Without like atoms the distances themselves do. Sums over n like atoms need power sums up
        to degree n; four atoms and more need degree 3, with which products of three enter.
        """
        most = max(self.elements.count(one) for one in self.elements)
        if most == 1:
            return 2
        return max(2 if len(self.elements) < 4 else 3, most)

    def __str__(self) -> str:
        labels = "energies and forces" if self.forces else "energies"
        text = f"{self.formula}: {self.count:,} points to fit, {labels} to {self.span:,.0f} cm-1"
        if self.noise:
            text += f", labels rounded (noise floor {self.noise:.2g} cm-1)"
        if self.dissociating:
            text += (
                f", {100 * self.dissociated:.0f} % of the geometries dissociated (atoms up to "
                f"{self.farthest:.1f} A apart)"
            )
        return text


def point_summary(dataset: Dataset, parts: Split) -> PointSummary:
    """Properties of the training and validation points of a data set."""
    some = dataset.select(torch.cat((parts.train, parts.validation)))
    far, broken = _dissociation(some)
    return PointSummary(
        formula=Molecule(dataset.symbols).formula,
        elements=tuple(dataset.elements),
        count=len(some),
        span=float(some.energies.max() - some.energies.min()) / CM1,
        forces=dataset.forces is not None,
        noise=noise_floor(some) / CM1,
        dissociated=broken,
        farthest=far / ANGSTROM,
    )


def _dissociation(dataset: Dataset) -> tuple[float, float]:
    """Largest distance in bohr, and the share of geometries in separate fragments."""
    r, atoms = distances(dataset.positions).cpu(), len(dataset.symbols)
    first, second = atom_pairs(atoms)
    radii = covalent_radii(dataset.symbols)
    near = torch.eye(atoms).expand(len(r), atoms, atoms).clone()
    near[:, first, second] = (r < BROKEN * (radii[first] + radii[second])).float()
    near = torch.maximum(near, near.mT)
    linked = torch.linalg.matrix_power(near, max(1, atoms - 1)) > 0
    return float(r.max()), float((~linked.flatten(1).all(1)).double().mean())
