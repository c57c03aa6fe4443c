"""Minima of a surface, from whatever it says of itself or from nothing but its atoms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pes.coordinates import Jacobi, Valence, hessian, optimum
from pes.molecule import Molecule, covalent_radii, like_permutations
from pes.potential import Surface
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration.system.roughness import jumps

__all__ = [
    "ISOMER",
    "Geometries",
    "Minimum",
    "covalent_distances",
    "guesses",
    "is_loose",
    "minima",
    "same",
]

Potential = Callable[[Tensor], Tensor]

ISOMER = 15000 * CM1
"""Minima up to this above the lowest are other wells of the same molecule, hartree."""

SAME = 0.02
"""Bohr: interatomic distances that differ by less belong to the same minimum."""

BONDED = 1.6
"""Distance over the sum of covalent radii up to which atoms hang together."""

LOOSE = 4.0
"""The same for an atom that a molecule holds by weak forces, looked for where no bonds do."""

ROUGH = 0.05 * CM1
"""Hartree above which values that jump are noise, not the curvature of a strained geometry."""

SMOOTH = 0.002 * CM1
"""Hartree up to which values do not jump at all."""

DOWNHILL = 1e-4
"""Hartree/bohr²: a slope of zero where V falls off by more than half of this is a saddle."""

ASIDE = 0.1
"""Bohr by which a search goes on beside a saddle."""

GUESSES = 12
"""Random geometries that a search for the minimum of four atoms and more begins from."""


@dataclass(frozen=True)
class Minimum:
    """A minimum of a surface.

    Attributes:
        positions: (N, 3) in bohr.
        energy: hartree.
    """

    positions: Tensor
    energy: float


@dataclass(frozen=True, eq=False)
class Geometries:
    """Minima of a surface, as far as they are known; each is looked for once.

    Attributes:
        surface: what the user gave.
        molecule: isotopes.
        potential: positions (B, N, 3) to energies (B,).
        reference: positions (N, 3) near the minimum, Å; None if the user gave none.
    """

    surface: Surface
    molecule: Molecule
    potential: Potential
    reference: Sequence[Sequence[float]] | None = None

    @cached_property
    def start(self) -> Tensor:
        """Positions (N, 3) near the lowest minimum, bohr.

        As given, or the lowest training point, or what the surface says (`reference`, `ranges`),
        or the lowest minimum that a search from usual bond lengths ends in.

        Raises:
            ValueError: if the reference has another shape, or the search finds no molecule.
        """
        count = len(self.molecule.symbols)
        inner = self.surface.potential
        given = self.reference
        given = getattr(inner, "reference", None) if given is None else given
        if given is not None:
            if len(given) != count or any(len(row) != 3 for row in given):
                raise ValueError(
                    f"`coordinates.reference` takes three numbers (A) for each of the {count} "
                    f"atoms, got {len(given)} rows of {', '.join({str(len(r)) for r in given})}"
                )
            return torch.as_tensor(given, dtype=torch.float64) * ANGSTROM
        if self.surface.record is not None:
            x = self.surface.record.training_positions
            with torch.no_grad():
                return x[inner(x).argmin()]
        ranges = getattr(inner, "ranges", None)
        if ranges is not None and count == 3:
            q = torch.tensor([(low + high) / 2 for low, high in ranges], dtype=torch.float64)
            return Valence().to_positions(q * torch.tensor([ANGSTROM, ANGSTROM, DEGREE]))
        found = minima(self.molecule, self.potential)
        if not found:
            raise ValueError(
                "no minimum of the surface was found from usual bond lengths"
                f"{_jumping(self.molecule, self.potential)}; check that the "
                "surface takes positions in bohr, or give positions near the minimum, "
                "`coordinates.reference` (Å)"
            )
        return found[0].positions

    @cached_property
    def wells(self) -> tuple[Tensor, ...]:
        """The lowest minimum and others within 15,000 cm⁻¹ of it, (N, 3) each in bohr.

        Only of three atoms. A fitted surface is not asked far from its points.
        """
        if self.surface.record is not None or len(self.molecule.symbols) != 3:
            return (self.start,)
        found = minima(self.molecule, self.potential, self.start)
        low = [m.positions for m in found if m.energy < found[0].energy + ISOMER]
        return tuple(low) if low else (self.start,)


def minima(molecule: Molecule, potential: Potential, *known: Tensor) -> list[Minimum]:
    """Distinct minima in which the atoms hang together, the lowest first.

    Args:
        molecule: its atoms give usual bond lengths.
        potential: positions (B, N, 3) to energies (B,).
        known: further geometries (N, 3) to begin from.
    """
    starts = [*known, *guesses(molecule)]
    # A surface that fails says so here; below, a search that leads nowhere is passed over.
    with torch.no_grad():
        potential(torch.stack(starts))
    found = _bonded_or_loose(starts, molecule, potential)
    if not found:
        noise = _noise(molecule, potential)
        found = _bonded_or_loose(starts, molecule, potential, noise) if noise > SMOOTH else []
    return sorted(found, key=lambda minimum: minimum.energy)


def _bonded_or_loose(
    starts: Sequence[Tensor], molecule: Molecule, potential: Potential, noise: float = 0.0
) -> list[Minimum]:
    """Minima in which bonds join the atoms, else those in which weak forces do."""
    found = _minima_near(starts, molecule, potential, noise=noise)
    loose = [*starts, *_complexes(molecule)]
    return found or _minima_near(loose, molecule, potential, noise=noise, reach=LOOSE)


def _minima_near(
    starts: Sequence[Tensor],
    molecule: Molecule,
    potential: Potential,
    *,
    noise: float = 0.0,
    reach: float = BONDED,
) -> list[Minimum]:
    """Minima next to each start, to what the noise of the surface allows."""
    found: list[Minimum] = []
    for start in starts:
        try:
            x = optimum(potential, start, noise=noise)
            if any(same(x, m.positions, molecule) for m in found):
                continue
            x = x if noise else _off_saddle(potential, x)
            energy = float(potential(x[None])[0].detach())
        except (ValueError, FloatingPointError, torch.linalg.LinAlgError):
            continue
        if _hangs_together(x, molecule, reach) and not any(
            same(x, m.positions, molecule) for m in found
        ):
            found.append(Minimum(x, energy))
    return found


def _off_saddle(potential: Potential, x: Tensor) -> Tensor:
    """Positions where the slope is zero, or the minimum beside them if they are a saddle.

    Searches that begin on a plane of symmetry stay there, as on the proton half-way in Cl–H–Cl⁻.
    """
    force = hessian(potential, x)
    if not bool(force.isfinite().all()):
        return x
    curvatures, ways = torch.linalg.eigh(force)
    if float(curvatures[0]) > -DOWNHILL:
        return x
    return optimum(potential, x + ASIDE * ways[:, 0].reshape(x.shape))


def _noise(molecule: Molecule, potential: Potential) -> float:
    """Median of the jumps of a surface at the geometries that minima are looked for from."""
    starts = torch.stack(guesses(molecule))
    values = jumps(lambda x: potential(x.reshape(-1, *starts.shape[1:])), starts.flatten(1))
    return float(values.median())


def _jumping(molecule: Molecule, potential: Potential) -> str:
    """Message for a search that cannot end because values of the surface jump."""
    size = _noise(molecule, potential)
    if size < ROUGH:
        return ""
    return (
        f": it is not smooth, its values jump by {size / CM1:.2g} cm-1 (median) between points "
        "0.005 bohr apart, as with few digits or loose convergence; a fit to it with pes-train is "
        "smooth"
    )


def guesses(molecule: Molecule) -> list[Tensor]:
    """Geometries (N, 3) in bohr to begin from.

    Of three atoms, each in the middle; of more, atoms bonded at random to those before.
    """
    radii = covalent_radii(molecule.elements)
    if len(radii) != 3:
        draw = torch.Generator().manual_seed(11)
        return [_random_molecule(radii, draw) for _ in range(GUESSES)]
    bent = []
    for centre, (a, b) in ((0, (1, 2)), (1, (0, 2)), (2, (0, 1))):
        q = radii.new_tensor([0.0, 0.0, 120 * DEGREE])
        q[:2] = radii[centre] + radii[[a, b]]
        bent.append(Valence(centre, (a, b)).to_positions(q))
    return bent


def _complexes(molecule: Molecule) -> list[Tensor]:
    """Geometries (3, 3) in bohr of each atom of three far from the bond of the two others."""
    radii = covalent_radii(molecule.elements)
    if len(radii) != 3:
        return []
    placed = []
    for far, (a, b) in ((0, (1, 2)), (1, (0, 2)), (2, (0, 1))):
        for angle in (20 * DEGREE, 90 * DEGREE, 160 * DEGREE):
            q = torch.stack((radii[a] + radii[b], 2 * radii.sum(), radii.new_tensor(angle)))
            placed.append(Jacobi(far, (a, b)).to_positions(q, molecule.masses))
    return placed


def _random_molecule(radii: Tensor, draw: torch.Generator) -> Tensor:
    """Atoms put down from the largest, each a bond length from one before and off the others."""
    order = radii.argsort(descending=True, stable=True).tolist()
    x = torch.zeros(len(radii), 3, dtype=torch.float64)
    for place, atom in enumerate(order[1:], start=1):
        before = order[:place]
        for _ in range(200):
            partner = before[int(torch.randint(max(1, (place + 1) // 2), (), generator=draw))]
            way = torch.randn(3, generator=draw, dtype=torch.float64)
            x[atom] = x[partner] + way / way.norm() * (radii[atom] + radii[partner])
            apart = (x[before] - x[atom]).norm(dim=-1) / (radii[before] + radii[atom])
            if float(apart.min()) > 0.95:
                break
    return x


def covalent_distances(molecule: Molecule, positions: Tensor) -> Tensor:
    """Distances (N, N) over the sums of covalent radii: near 1 between bonded atoms."""
    radii = covalent_radii(molecule.elements)
    return torch.cdist(positions, positions) / (radii[:, None] + radii)


def is_loose(molecule: Molecule, positions: Tensor) -> bool:
    """Whether weak forces alone hold some of the atoms at positions (N, 3) to the others."""
    apart = (_hangs_together(positions, molecule, reach) for reach in (LOOSE, BONDED))
    return list(apart) == [True, False]


def _hangs_together(x: Tensor, molecule: Molecule, reach: float) -> bool:
    """Whether bonds join all atoms, and none lie on top of one another."""
    share = covalent_distances(molecule, x)
    others = ~torch.eye(len(x), dtype=torch.bool)
    if float(share[others].min()) < 0.5:
        return False
    joined = share < reach
    for _ in range(len(x)):
        joined = (joined.double() @ joined.double()) > 0
    return bool(joined.all())


def same(x: Tensor, y: Tensor, molecule: Molecule) -> bool:
    """Whether distances agree for some order of like atoms; mirror images are the same."""
    here, there = torch.cdist(x, x), torch.cdist(y, y)
    return any(
        float((here[order][:, order] - there).abs().max()) < SAME
        for order in like_permutations(molecule.elements)
    )
