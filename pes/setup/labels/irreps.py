"""Irreducible representations of groups with degenerate species, from blocks of a smaller group.

Coordinates carry operations that commute, which have no degenerate species. The levels of one
degenerate species lie at one energy, and their characters under these operations add up to those
of the species.
"""

import re
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from pes.coordinates.point_group import point_group
from pes.setup.problem.problem import Problem
from pes.units import CM1
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.action import action

__all__ = ["degenerate_species", "group_name", "multiplets", "unequal"]

TOGETHER = 0.02 * CM1
"""Least distance of levels that may belong to one degenerate level, hartree."""

UNKNOWN = 1.0 * CM1
"""Least distance of levels that may belong to one degenerate level where no errors were estimated,
hartree."""

SHARE = 0.1
"""Part of the estimated error of a level by which members of a degenerate level may differ."""

UNRESOLVED = "?"
"""Species of a level whose partners lie above the last level or too far off."""

EQUAL = 0.01 * CM1
"""Distance up to which levels count as equal, hartree."""

THREE = 3
"""Coordinates of a molecule of three atoms, none of which leaves its plane."""

TRACES = {
    "C3v": (3, 1, 1, 1, 0, 0),
    "D3h": (3, 1, 1, 1, 1, 0, 0, -1, -1, -1, -2, -2),
    "Td": (3, *(1,) * 6, *(0,) * 8, *(-1,) * 9),
}
"""Traces of the rotations and reflections of each group."""

CLASSES = {
    "C3v": (r"\(\d+ \d+\)\*",),
    "D3h": (r"\(\d+ \d+\)", r"E\*"),
    "Td": (r"\(\d+ \d+\)\(\d+ \d+\)", r"\(\d+ \d+\)\*"),
}
"""Names of the operations whose characters tell the species apart."""

SPECIES = {
    "C3v": {(1, 1): "A1", (1, -1): "A2", (2, 0): "E"},
    "D3h": {
        (1, 1, 1): "A1'", (1, -1, 1): "A2'", (2, 0, 2): "E'",
        (1, 1, -1): 'A1"', (1, -1, -1): 'A2"', (2, 0, -2): 'E"',
    },
    "Td": {
        (1, 1, 1): "A1", (1, 1, -1): "A2", (2, 2, 0): "E", (3, -1, -1): "F1", (3, -1, 1): "F2",
    },
}  # fmt: skip
"""Species by their degeneracy and the characters of `CLASSES` (P. R. Bunker, P. Jensen, Molecular
Symmetry and Spectroscopy, NRC Press (1998), tables of C3v(M), D3h(M) and Td(M))."""


def group_name(positions: Tensor, masses: Tensor) -> str | None:
    """Name of the point group if it has degenerate species that are known here.

    Args:
        positions: (N, 3) in bohr.
        masses: (N,).

    Example:
        >>> flat = torch.tensor([[0.0, 0, 0], [2, 0, 0], [-1, 3**0.5, 0], [-1, -(3**0.5), 0]])
        >>> group_name(flat.double(), torch.tensor([11.0, 19, 19, 19]).double())
        'D3h'
    """
    x = positions - (masses[:, None] * positions).sum(0) / masses.sum()
    traces = tuple(sorted((round(float(turn.trace())) for _, turn in point_group(x, masses))))
    return next((name for name, known in TRACES.items() if known == traces[::-1]), None)


def degenerate_species(levels: Levels, task: Problem) -> list[str | None]:
    """Species of each level, `?` where other members are not known; levels on the CPU.

    All are None for a group that is not known here.
    """
    named = list(multiplets(levels, task))
    species: list[str | None] = [UNRESOLVED if named else None] * len(levels.energies)
    for name, members in named:
        for n in members:
            species[n] = name
    return species


def unequal(levels: Levels, task: Problem) -> list[str]:
    """A sentence on members of degenerate levels that differ by more than 0.01 cm⁻¹."""
    energies = levels.energies
    apart = [
        (float(energies[members].max() - energies[members].min()), name, members)
        for name, members in multiplets(levels, task)
        if len(members) > 1
    ]
    if not apart or max(apart)[0] <= EQUAL:
        return []
    size, name, members = max(apart)
    return [
        f"levels of one degenerate species differ by up to {size / CM1:.2g} cm-1 ({name}, levels "
        f"{', '.join(map(str, members))}): the quadrature does not have the whole symmetry"
    ]


def multiplets(levels: Levels, task: Problem) -> Iterator[tuple[str, list[int]]]:
    """Species and members of each level that has one, from the lowest energy up.

    Args:
        levels: levels on the CPU.
        task: what they are of.
    """
    group = _group(levels, task)
    characters = None if group is None else _characters(levels, CLASSES[group])
    if group is None or characters is None:
        return
    parity = characters[:, -1] if group == "D3h" else torch.ones(len(characters))
    for members in _clusters(levels, parity):
        key = (len(members), *characters[members].sum(0).round().int().tolist())
        split = len(members) == 1 and _doubtful(levels, members[0], characters, group)
        if key in SPECIES[group] and not split:
            yield SPECIES[group][key], members


def _group(levels: Levels, task: Problem) -> str | None:
    """Name of the molecular symmetry group: an inversion that levels follow makes C3v D3h."""
    with torch.no_grad():
        masses = task.masses.detach().cpu()
        x = task.internal.to_positions(task.start.cpu()[None], masses)[0]
    group = group_name(x, masses)
    inverts = any(operation.name == "E*" for operation in levels.hamiltonian.operations)
    return "D3h" if group == "C3v" and inverts else group


def _clusters(levels: Levels, parity: Tensor) -> list[list[int]]:
    """Levels that may be members of one degenerate level, by number.

    Args:
        levels: levels with their estimated errors.
        parity: sign under E*, which all members share and both levels of a doublet of inversion
            do not, (S,).
    """
    energies, near, signs = levels.energies.tolist(), _near(levels), parity.round().int().tolist()
    clusters: list[list[int]] = []
    for sign in sorted(set(signs)):
        opened: list[int] = []
        for n in (n for n, of in enumerate(signs) if of == sign):
            if not opened or energies[n] - energies[opened[0]] > near[n]:
                opened = []
                clusters.append(opened)
            opened.append(n)
    # A single level at the end of the list may have its partner just above.
    return [
        members
        for members in clusters
        if len(members) > 1 or energies[-1] - energies[members[0]] > near[-1]
    ]


def _doubtful(levels: Levels, n: int, characters: Tensor, group: str) -> bool:
    """Whether a level may be one of a degenerate pair: the other one lies within its error."""
    error = float(levels.convergence[n].nan_to_num(UNKNOWN))
    within = ((levels.energies - levels.energies[n]).abs() <= error).nonzero().flatten()
    pairs = (characters[within] + characters[n]).round().int().tolist()
    return any((2, *pair) in SPECIES[group] for pair in pairs)


def _near(levels: Levels) -> list[float]:
    """Distance of each level up to which another may be degenerate with it, hartree."""
    errors = levels.convergence.nan_to_num(UNKNOWN / SHARE)
    return (SHARE * errors).clamp(min=TOGETHER).tolist()


def _characters(levels: Levels, classes: Sequence[str]) -> Tensor | None:
    """±1 of each level under one operation of each class, (S, classes); None if one is missing."""
    h, c = levels.hamiltonian, levels.eigenpairs.coefficients
    columns = []
    for pattern in classes:
        if pattern == CLASSES["D3h"][1] and h.modes == THREE:
            columns.append(torch.ones(len(c)).to(c))
            continue
        one = next((o for o in h.operations if re.fullmatch(pattern, o.name)), None)
        if one is None:
            return None
        images, signs = action(h.basis, one)
        columns.append((c * c[:, images] * signs[images]).sum(1))
    return torch.stack(columns, 1)
