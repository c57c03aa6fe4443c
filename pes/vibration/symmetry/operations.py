"""Exchanges and reflections of coordinates that leave a system as it is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice, product

import torch
from torch import Tensor

from pes.geometry import sorted_distances
from pes.molecule import like_permutations
from pes.units import CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.symmetry.operation import Change, Operation
from pes.vibration.system.system import System

__all__ = ["commuting", "hidden_symmetries", "symmetry_operations"]

SAME = 1e-5
"""Relative to the size of the molecule: distances that differ less are equal. The minimum that
normal modes start from is not symmetric to the last digit."""

MODEL = 1e-9
"""Relative: V and G of a model that differ less at an image are equal."""

MOST = 50_000
"""Candidates looked at."""


def symmetry_operations(system: System, bases: Sequence[BasisSpec]) -> list[Operation]:
    """Operations on coordinates of equal bases that leave a molecule, or a model, as it is.

    Candidates exchange coordinates in pairs and reflect ranges about their middles. One is a
    symmetry of a molecule if it turns random geometries into copies with atoms of equal mass
    exchanged, or into mirror images of such copies; its surface is not asked. It is one of a model
    if V and G are the same at the images of random points.
    """
    candidates = islice(_candidates([_plain(c) for c in bases]), MOST)
    return _symmetries(system, bases, list(candidates))


def hidden_symmetries(system: System, bases: Sequence[BasisSpec]) -> list[str]:
    """Advice where the bases of like coordinates differ and so hide an exchange of atoms."""
    if system.masses is None:
        return []
    ranges = [("", c.low, c.high) for c in bases]
    # An angle is no partner of a length, whose range is another.
    overlap = [
        [min(a[2], b[2]) - max(a[1], b[1]) > 0.5 * (a[2] - a[1]) for b in ranges] for a in ranges
    ]
    count = len(bases)
    swaps = [
        order for order in _involutions(tuple(range(count)))
        if all(overlap[k][j] for k, j in enumerate(order))
        and any(_plain(bases[k]) != _plain(bases[j]) for k, j in enumerate(order))
    ]  # fmt: skip
    still = (False,) * count
    hidden = _symmetries(system, bases, [(order, still) for order in swaps[:MOST]])
    return [
        f"no blocks by the symmetry {o.name}: give {_partners(o, bases)} equal ranges and bases"
        for o in hidden
    ]


def _partners(operation: Operation, bases: Sequence[BasisSpec]) -> str:
    pairs = [(k, j) for k, j in enumerate(operation.order) if k < j]
    return ", ".join(f"{bases[k].name} and {bases[j].name}" for k, j in pairs)


def commuting(operations: Sequence[Operation]) -> list[Operation]:
    """Operations that commute with one another, those that move fewest coordinates first."""
    chosen: list[Operation] = []
    moved = [sum(j != k for k, j in enumerate(o.order)) for o in operations]
    for _, operation in sorted(zip(moved, operations, strict=True), key=lambda pair: pair[0]):
        if all(operation.after(other) == other.after(operation) for other in chosen):
            chosen.append(operation)
    return [o for o in operations if o in chosen]


def _plain(coordinate: BasisSpec) -> BasisSpec:
    return replace(coordinate, name="")


def _candidates(bases: Sequence[BasisSpec]) -> Iterator[Change]:
    """Involutions of coordinates with equal bases, with every choice of reflections."""
    still = tuple(range(len(bases)))
    mirrors = [(False, True) if _has_mirror(c) else (False,) for c in bases]
    for order in _involutions(still):
        if any(bases[k] != bases[j] for k, j in enumerate(order)):
            continue
        for mirrored in product(*mirrors):
            # An exchange that mirrors one of the two only is no involution.
            paired = all(mirrored[k] == mirrored[j] for k, j in enumerate(order))
            if paired and (any(mirrored) or order != still):
                yield order, mirrored


def _involutions(places: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Permutations that are their own inverse; the identity first."""

    def pairings(left: tuple[int, ...]) -> Iterator[list[tuple[int, int]]]:
        if not left:
            yield []
            return
        one, *others = left
        for rest in pairings(tuple(others)):
            yield rest
        for partner in others:
            for rest in pairings(tuple(k for k in others if k != partner)):
                yield [(one, partner), *rest]

    for pairs in pairings(places):
        order = list(places)
        for one, other in pairs:
            order[one], order[other] = other, one
        yield tuple(order)


def _has_mirror(coordinate: BasisSpec) -> bool:
    """Whether functions and weights are as many on both sides of the middle."""
    angle = coordinate.basis == "legendre"
    return not angle or abs(coordinate.low + coordinate.high - torch.pi) < 1e-9


def _symmetries(
    system: System, bases: Sequence[BasisSpec], candidates: Sequence[Change]
) -> list[Operation]:
    if not candidates:
        return []
    # A few geometries, to be compared here.
    system = system.cpu()
    ranges = [(c.low, c.high) for c in bases]
    low, high = torch.tensor(ranges, dtype=torch.float64).T
    draw = torch.rand(3, len(bases), generator=torch.Generator().manual_seed(5)).double()
    # Within the ranges of both where an exchange joins two.
    q = low + (high - low) * (0.3 + 0.4 * draw)
    images = torch.stack([Operation("", *c).image(q, ranges) for c in candidates])
    with torch.no_grad():
        if system.positions is not None and system.masses is not None:
            names = _congruences(system, q, images)
        else:
            names = _equivalences(system, q, images, candidates, [c.name for c in bases])
    return [
        Operation(name, *candidate)
        for name, candidate in zip(names, candidates, strict=True)
        if name is not None
    ]


def _equivalences(
    system: System,
    q: Tensor,
    images: Tensor,
    candidates: Sequence[Change],
    labels: Sequence[str],
) -> list[str | None]:
    """Names of the candidates that leave V and G of a model as they are; None for the others."""
    v, moved = system.potential(q), system.potential(images.flatten(0, 1)).reshape(-1, len(q))
    alike = ((moved - v).abs() <= MODEL * (v.abs() + CM1)).all(1)
    g = system.kinetic(q)[0]
    names: list[str | None] = []
    for (order, mirrored), image, same in zip(candidates, images, alike.tolist(), strict=True):
        signs = 1.0 - 2.0 * torch.tensor(mirrored, dtype=torch.float64)
        if same:
            turned = g[:, order][:, :, order] * signs[:, None] * signs
            same = torch.allclose(system.kinetic(image)[0], turned, rtol=MODEL, atol=1e-14)
        changes = [
            f"{labels[k]}->{'-' * mirrored[k]}{labels[j]}"
            for k, j in enumerate(order)
            if j != k or mirrored[k]
        ]
        names.append(" ".join(changes) if same else None)
    return names


def _congruences(system: System, q: Tensor, images: Tensor) -> list[str | None]:
    """Names of the candidates by what they do to the atoms; None for those no symmetry."""
    assert system.positions is not None
    assert system.masses is not None
    before = system.positions(q)
    after = system.positions(images.flatten(0, 1)).reshape(-1, *before.shape)
    masses = system.masses.detach()
    # Distances sorted within pairs of equal masses know nothing of the order of the atoms.
    kinds = [round(m, 3) for m in masses.tolist()]
    rough = sorted_distances(before, kinds)
    size = float(rough.max())
    near = (sorted_distances(after, kinds) - rough).abs().amax((1, 2)) < SAME * size
    return [
        _congruence(before, x, masses) if same else None
        for x, same in zip(after, near.tolist(), strict=True)
    ]


def _congruence(before: Tensor, after: Tensor, masses: Tensor) -> str | None:
    """Permutation of equal masses (and inversion) that `after` is, by distances; its name."""
    distances = torch.cdist(before, before)
    moved = torch.cdist(after, after)
    size = float(distances.max())
    for rows in like_permutations(masses.tolist()):
        if float((distances[:, rows][:, :, rows] - moved).abs().max()) < SAME * size:
            return _name(rows, _volumes(before[:, rows]), _volumes(after), size)
    return None


def _name(order: list[int], before: Tensor, after: Tensor, size: float) -> str:
    """Cycles of the atoms, from 1, and a star where handedness is reversed."""
    cycles, seen = "", set()
    for first in range(len(order)):
        cycle, atom = [], first
        while atom not in seen:
            seen.add(atom)
            cycle.append(atom)
            atom = order[atom]
        if len(cycle) > 1:
            cycles += "(" + " ".join(str(a + 1) for a in cycle) + ")"
    inverted = before.numel() > 0 and float((before - after).abs().max()) > 1e-6 * size**3
    return (cycles or "E") + "*" * (inverted or not cycles)


def _volumes(x: Tensor) -> Tensor:
    """Triple products of all sets of four atoms, (P, sets): their signs are the handedness."""
    sets = list(combinations(range(x.shape[1]), 4))
    if not sets:
        return x.new_zeros(0)
    corners = torch.stack([x[:, list(s)] for s in sets], 1)
    return torch.linalg.det(corners[:, :, 1:] - corners[:, :, :1])
