"""Motions of large amplitude of four atoms and more: other wells, torsions, nearly linear bends.

Normal coordinates hold one well. Where a level can pass to another one, or around a bond, levels
computed in one well are not those of the molecule, and the user is warned.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor

from pes.coordinates import optimum
from pes.coordinates.point_group import molecular_axes
from pes.coordinates.vectors import dihedral
from pes.molecule import Molecule
from pes.setup.minima.geometry import Minimum, covalent_distances, same
from pes.setup.minima.images import Image, exchanges, mirror_image

__all__ = ["WELLS", "LargeAmplitude", "bonded", "large_amplitudes"]

Potential = Callable[[Tensor], Tensor]

BONDED = 1.3
"""Distance over the sum of covalent radii up to which two atoms are bonded."""

STRAIGHT = 0.01
"""Sine of an angle up to which it is 180°."""

BENT = 0.2
"""Least sine of an angle beside a bond about which a torsion is one."""

TURN = 36
"""Points of a full turn about a bond."""

PATH = 11
"""Points of a bend up to linearity."""

HOPELESS = 4
"""Barriers this many times above the highest level are not relaxed."""

STIFF = 5.0
"""Hartree: K of the penalty K(1 − cos Δτ) that holds a dihedral where a barrier is relaxed."""

WELLS = ("torsion", "inversion", "exchange")
"""Motions from one well to another."""


@dataclass(frozen=True, eq=False)
class LargeAmplitude:
    """A motion that a level may follow out of its well.

    Attributes:
        what: inversion, torsion, exchange (of like atoms), bend (up to 180°) or linear bend (from
            there to 90°).
        atoms: those that name it: two for a torsion or an exchange, three for a bend, none for an
            inversion.
        barrier: upper bound above the minimum, hartree: the lowest way out of the well.
        highest: the highest point of a whole turn, hartree; the barrier itself for other motions.
        geometries: geometries along the motion, (K, N, 3) in bohr; coordinates that hold it hold
            them all.
        crest: geometry near the barrier, (N, 3).
        other: the lowest minimum on the way that is not the molecule or its mirror image, its
            energy above the minimum.
    """

    what: str
    atoms: tuple[int, ...]
    barrier: float
    highest: float
    geometries: Tensor
    crest: Tensor
    other: Minimum | None = None


def large_amplitudes(
    potential: Potential, molecule: Molecule, minimum: Tensor, top: float
) -> list[LargeAmplitude]:
    """Motions out of a well whose barrier lies below an energy, for four atoms and more.

    A torsion to another minimum below that energy is one of them, however high its barrier is.

    Args:
        potential: positions (B, N, 3) to energies (B,).
        molecule: its atoms.
        minimum: positions (N, 3) in bohr.
        top: the highest level above the minimum, zero-point energy included, hartree.
    """
    if len(minimum) < 4:
        return []
    search = _Search(potential, molecule, minimum, top)
    torsions = list(search.torsions())
    found = [*torsions, *search.bends()]
    # Below a turn about a bond, images are a part of it; beside an inversion, exchanges are.
    for image in (search.inversion, search.exchange):
        other = None if any(one.barrier < top for one in found if one.what in WELLS) else image()
        found += [] if other is None else [other]
    return [one for one in found if one.barrier < top or one.other is not None]


def bonded(molecule: Molecule, positions: Tensor) -> Tensor:
    """Matrix (N, N) of bonded atoms at positions (N, 3) in bohr."""
    near = covalent_distances(molecule, positions) < BONDED
    return near & ~torch.eye(len(positions), dtype=torch.bool)


@dataclass(frozen=True, eq=False)
class _Search:
    potential: Potential
    molecule: Molecule
    minimum: Tensor
    top: float

    def energies(self, x: Tensor) -> Tensor:
        """V above the minimum, (B,); infinite where it is no number."""
        with torch.no_grad():
            v = self.potential(torch.cat((self.minimum[None], x))).double().cpu()
        return (v[1:] - v[0]).nan_to_num(nan=torch.inf)

    def torsions(self) -> Iterator[LargeAmplitude]:
        """A turn about each bond that has bent neighbours on both sides and is in no ring."""
        bonds, x = bonded(self.molecule, self.minimum), self.minimum
        for a, b in bonds.triu().nonzero().tolist():
            first, last = _beside(x, bonds, a, b), _beside(x, bonds, b, a)
            part = _side(bonds, a, b)
            if first is None or last is None or a in part:
                continue
            angles = torch.arange(TURN, dtype=torch.float64) * 2 * pi / TURN
            turn = torch.stack([_turned(x, part, a, x[b] - x[a], t) for t in angles])
            v = self.energies(turn)
            crests = (v >= v.roll(1)) & (v >= v.roll(-1))
            places = crests.nonzero().flatten().tolist()
            chain = (first, a, b, last)
            heights = [self._crest(turn[k], float(v[k]), chain) for k in places]
            crest = turn[places[heights.index(min(heights))]]
            valleys = turn[(v <= v.roll(1)) & (v <= v.roll(-1)) & (v < self.top)]
            yield LargeAmplitude(
                "torsion", (a, b), min(heights), max(heights), turn, crest, self._other(valleys)
            )

    def _other(self, valleys: Tensor) -> Minimum | None:
        """The lowest minimum beside geometries (K, N, 3) that is below the top and not this one."""
        found = []
        for x in valleys:
            try:
                y = optimum(self.potential, x)
            except (ValueError, FloatingPointError):
                continue
            if not same(y, self.minimum, self.molecule):
                found.append(Minimum(y, float(self.energies(y[None]))))
        lowest = min(found, key=lambda well: well.energy, default=None)
        return lowest if lowest is not None and lowest.energy < self.top else None

    def _crest(self, x: Tensor, height: float, chain: Sequence[int]) -> float:
        """Height of a barrier with all but its dihedral relaxed."""
        if height > HOPELESS * self.top:
            return height
        angle = _dihedral(x[None], chain)

        def held_there(y: Tensor) -> Tensor:
            away = _dihedral(y, chain) - angle
            return self.potential(y) + STIFF * (1 - away.cos()).to(y)

        return min(height, self._relaxed(held_there, x))

    def _relaxed(self, potential: Potential, x: Tensor) -> float:
        try:
            return float(self.energies(optimum(potential, x)[None]))
        except (ValueError, FloatingPointError):
            return torch.inf

    def bends(self) -> Iterator[LargeAmplitude]:
        """Each angle between bonds opened up to 180°, or closed from there to 90°."""
        bonds, x = bonded(self.molecule, self.minimum), self.minimum
        for b in range(len(x)):
            beside = bonds[b].nonzero().flatten().tolist()
            for a, c in ((a, c) for a in beside for c in beside if a < c):
                one, other = x[a] - x[b], x[c] - x[b]
                axis = torch.linalg.cross(one, other)
                part = _side(bonds, b, c)
                if b in part:
                    continue
                straight = float(axis.norm()) < STRAIGHT * float(one.norm() * other.norm())
                if straight:
                    axis = molecular_axes(x)[:, 1]
                angle = torch.atan2(axis.norm(), one @ other)
                end = -pi / 2 if straight else pi - angle
                way = torch.linspace(0, 1, PATH, dtype=torch.float64) * end
                path = torch.stack([_turned(x, part, b, axis, t) for t in way])
                height = float(self.energies(path).max())
                what = "linear bend" if straight else "bend"
                yield LargeAmplitude(what, (a, b, c), height, height, path, path[-1])

    def inversion(self) -> LargeAmplitude | None:
        """The way to the nearest mirror image that is not the molecule turned."""
        image = mirror_image(self.molecule, self.minimum)
        return None if image is None else self._to_image(image)

    def exchange(self) -> LargeAmplitude | None:
        """The lowest way to a well that differs by an exchange of like atoms alone."""
        ways = [self._to_image(image) for image in exchanges(self.molecule, self.minimum)]
        return min(ways, key=lambda one: one.barrier, default=None)

    def _to_image(self, image: Image) -> LargeAmplitude:
        way = image.way(self.potential, self.energies)
        height = float(self.energies(way).max())
        all_along = torch.cat((way, image.positions[None]))
        what, atoms = ("exchange", image.exchanged) if image.exchanged else ("inversion", ())
        return LargeAmplitude(what, atoms, height, height, all_along, way[-1])


def _side(bonds: Tensor, a: int, b: int) -> list[int]:
    """Atoms on the side of b of the bond a–b; a is among them where it is in a ring."""
    seen, edge = {b}, [b]
    while edge:
        atom = edge.pop()
        for other in bonds[atom].nonzero().flatten().tolist():
            if other not in seen and (atom, other) != (b, a):
                seen.add(other)
                edge.append(other)
    return sorted(seen)


def _beside(x: Tensor, bonds: Tensor, a: int, b: int) -> int | None:
    """An atom bonded to a, off the line through a and b; None if there is none."""
    for c in bonds[a].nonzero().flatten().tolist():
        one, other = x[c] - x[a], x[b] - x[a]
        if c != b and torch.linalg.cross(one, other).norm() > BENT * one.norm() * other.norm():
            return c
    return None


def _turned(x: Tensor, part: Sequence[int], centre: int, axis: Tensor, angle: Tensor) -> Tensor:
    """Some atoms turned by an angle about an axis through an atom, (N, 3)."""
    u, v, w = (axis / axis.norm() * angle).tolist()
    rotation = torch.matrix_exp(x.new_tensor([[0, w, -v], [-w, 0, u], [v, -u, 0]]))
    moved = x.clone()
    moved[part] = (x[part] - x[centre]) @ rotation + x[centre]
    return moved


def _dihedral(x: Tensor, chain: Sequence[int]) -> Tensor:
    """Dihedral of four atoms, (B,)."""
    a, b, c, d = (x[:, k] for k in chain)
    return dihedral(a - b, c - b, d - c)
