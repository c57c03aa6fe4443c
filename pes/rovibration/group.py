"""Molecular symmetry groups with degenerate species: C3v(M), D3h(M) and Td(M).

An element O permutes like nuclei and inverts space if its name has a star. It takes the reference
to a copy of itself, which the equivalent rotation T brings back: ± permuted(c) T = c.

References:
    P. R. Bunker, P. Jensen, Molecular Symmetry and Spectroscopy, NRC Press (1998), chapter 4 and
    the character tables of appendix A
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from pes.geometry import nearest_rotation
from pes.molecule import like_permutations
from pes.vibration.symmetry.operation import Operation

__all__ = ["SPECIES", "MolecularGroup", "Multiplets", "molecular_group"]

SAME = 1e-3
"""Relative to the size of the molecule: atoms this far from their images are there."""

Cycles = tuple[int, ...]
"""Lengths of the cycles of a permutation, ascending."""


def _sign(cycles: Cycles) -> int:
    return (-1) ** sum(length - 1 for length in cycles)


def _standard(cycles: Cycles) -> int:
    """Trace of the permutation among vectors whose components add up to zero."""
    return cycles.count(1) - 1


def _two_rows(cycles: Cycles) -> int:
    """Species E of four objects, which does not tell (1 2)(3 4) from the identity."""
    return {(1, 1, 1, 1): 2, (2, 2): 2, (1, 3): -1}.get(cycles, 0)


Character = Callable[[Cycles], int]

THREE: dict[str, Character] = {"A1": lambda c: 1, "A2": _sign, "E": _standard}
FOUR: dict[str, Character] = {
    "A1": lambda c: 1, "A2": _sign, "E": _two_rows,
    "F1": lambda c: _sign(c) * _standard(c), "F2": _standard,
}  # fmt: skip

SPECIES: dict[str, tuple[int, int, dict[str, Character]]] = {
    "C3v": (3, 6, THREE), "D3h": (3, 12, THREE), "Td": (4, 24, FOUR),
}  # fmt: skip
"""Number of like nuclei, order of the group and characters by the cycles of the permutation.

In C3v(M) and Td(M) odd permutations come with an inversion of space and even ones without. D3h(M)
has each permutation twice, and each species once with ′, even under E*, and once with ″.
"""


@dataclass(frozen=True, eq=False)
class MolecularGroup:
    """Elements of a molecular symmetry group, the identity first, and its species.

    Attributes:
        name: a key of `SPECIES`.
        permutations: atom that comes to the place of each, (g, N).
        starred: whether space is inverted, (g,).
        turns: equivalent rotations T, (g, 3, 3).
        species: names.
        characters: (species, g).
    """

    name: str
    permutations: tuple[tuple[int, ...], ...]
    starred: tuple[bool, ...]
    turns: Tensor
    species: tuple[str, ...]
    characters: Tensor

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All but the identity, by name; they act on geometries, not on single coordinates."""
        pairs = zip(self.permutations[1:], self.starred[1:], strict=True)
        return tuple(Operation(_name(rows, star), (), ()) for rows, star in pairs)

    @property
    def dimensions(self) -> Tensor:
        """Degeneracy of each species, (species,)."""
        return self.characters[:, 0].round().long()

    @property
    def axis(self) -> int | None:
        """Number of the axis of a symmetric top among x, y, z; None for a spherical one."""
        threefold = self.turns.diagonal(dim1=1, dim2=2).sum(1).abs() < 0.5
        along = self.turns.diagonal(dim1=1, dim2=2)[threefold] > 0.99
        own = along.all(0).nonzero().flatten().tolist()
        return own[0] if own else None

    @cached_property
    def products(self) -> Tensor:
        """Number of the element O O′, which takes x to O′(O x), for each pair, (g, g)."""
        keys = {key: k for k, key in enumerate(zip(self.permutations, self.starred, strict=True))}
        rows = [
            [keys[tuple(p[a] for a in q), s != t] for q, t in keys]
            for p, s in keys
        ]  # fmt: skip
        return torch.tensor(rows)

    def images(self, x: Tensor) -> Tensor:
        """Geometries (N, 3) after each element, (g, N, 3)."""
        signs = x.new_tensor([-1.0 if star else 1.0 for star in self.starred])
        return signs[:, None, None] * x[torch.tensor(self.permutations)]

    def symmetrised(self, reference: Tensor) -> Tensor:
        """Mean of a geometry (N, 3) and its images, each turned back."""
        return (self.images(reference) @ self.turns).mean(0)


@dataclass(frozen=True, eq=False)
class Multiplets:
    """Elements of the group among J = 0 states.

    Attributes:
        group: the group.
        sets: number of the set of states that each belongs to, ascending, (n,).
        images: D(O), (g, n, n): zero between states of different sets.
    """

    group: MolecularGroup
    sets: Tensor
    images: Tensor

    def first(self, count: int) -> "Multiplets":
        """The same of the lowest states, by their number, see `whole`."""
        return replace(self, sets=self.sets[:count], images=self.images[:, :count, :count])

    def whole(self, count: int) -> int:
        """Number of states that are whole sets and at least so many, or else all."""
        if count >= len(self.sets):
            return len(self.sets)
        return int((self.sets <= self.sets[count - 1]).sum())

    def size_of(self, state: int) -> int:
        """Number of states in the set of one of them."""
        return int((self.sets == self.sets[state]).sum()) if state >= 0 else 1

    def most(self, count: int) -> int:
        """Number of states that are whole sets and at most so many."""
        if count >= len(self.sets):
            return len(self.sets)
        return int((self.sets < self.sets[count]).sum())

    @property
    def spans(self) -> list[slice]:
        """States of each set."""
        counts, start = self.sets.unique_consecutive(return_counts=True)[1].tolist(), 0
        return [slice(start, start := start + n) for n in counts]


def molecular_group(reference: Tensor, masses: Tensor) -> MolecularGroup | None:
    """The group of a geometry; None unless it is one with degenerate species.

    Args:
        reference: (N, 3) in bohr, centre of mass at the origin.
        masses: (N,); like atoms have equal ones.

    Example:
        >>> corners = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
        >>> methane = torch.cat((torch.zeros(1, 3), corners)).double()
        >>> molecular_group(methane, torch.tensor([12.0, 1, 1, 1, 1])).species
        ('A1', 'A2', 'E', 'F1', 'F2')
    """
    numbers = Counter(round(m, 3) for m in masses.tolist())
    most = max(numbers.values())
    if most not in (3, 4) or sum(n > 1 for n in numbers.values()) > 1:
        return None
    size, elements = float(reference.norm(dim=1).max()), []
    for rows in like_permutations(masses.tolist()):
        for star in (False, True):
            image = -reference[rows] if star else reference[rows]
            turn = nearest_rotation(image.mT @ (masses[:, None] * reference))
            if float((image @ turn - reference).abs().max()) < SAME * size:
                elements.append((tuple(rows), star, turn))
    like = [a for a, m in enumerate(masses.tolist()) if numbers[round(m, 3)] == most]
    names = [n for n, (k, order, _) in SPECIES.items() if (k, order) == (most, len(elements))]
    if not names or len({rows for rows, _, _ in elements}) < (6 if most == 3 else 24):
        return None
    cycles = [_cycles([rows[a] for a in like], like) for rows, _, _ in elements]
    table = {name: [float(f(c)) for c in cycles] for name, f in SPECIES[names[0]][2].items()}
    starred = tuple(star for _, star, _ in elements)
    if names[0] == "D3h":
        signs = [-1.0 if star else 1.0 for star in starred]
        odd = {f'{s}"': [v * e for v, e in zip(r, signs, strict=True)] for s, r in table.items()}
        table = {f"{s}'": row for s, row in table.items()} | odd
    return MolecularGroup(
        names[0], tuple(rows for rows, _, _ in elements), starred,
        torch.stack([turn for _, _, turn in elements]), tuple(table),
        torch.tensor(list(table.values()), dtype=torch.float64),
    )  # fmt: skip


def _cycles(images: list[int], atoms: list[int]) -> Cycles:
    """Lengths of the cycles of a permutation of some atoms."""
    onward, seen, lengths = dict(zip(atoms, images, strict=True)), set(), []
    for first in atoms:
        length, atom = 0, first
        while atom not in seen:
            seen.add(atom)
            length, atom = length + 1, onward[atom]
        lengths += [length] if length else []
    return tuple(sorted(lengths))


def _name(rows: tuple[int, ...], star: bool) -> str:
    """Cycles of the atoms, from 1, with a star for an inversion of space."""
    text, seen = "", set()
    for first in range(len(rows)):
        cycle, atom = [], first
        while atom not in seen:
            seen.add(atom)
            cycle.append(str(atom + 1))
            atom = rows[atom]
        text += f"({' '.join(cycle)})" if len(cycle) > 1 else ""
    return (text or "E") + "*" * star
