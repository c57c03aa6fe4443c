"""Symmetry of levels: permutations of like isotopes and parity, as far as coordinates show them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product

import torch
from torch import Tensor

from pes.vibration.basis import Basis
from pes.vibration.record import Levels

__all__ = ["MIXED", "Operation", "characters", "labels", "operations"]

MIXED = 0.99
"""A level with a character smaller than this has no symmetry of its own."""

SAME = 1e-5
"""Relative to the size of the molecule: distances that differ less are equal. The minimum that
normal modes start from is not symmetric to the last digit."""

MOST = 50_000
"""Candidates looked at."""


@dataclass(frozen=True)
class Operation:
    """q_k → q_{order[k]}, or the mirror image of that in the middle of the range of k.

    Attributes:
        name: permutation of the atoms, from 1, with a star where it inverts space too.
        order: of the coordinates.
        mirrored: for each coordinate.
    """

    name: str
    order: tuple[int, ...]
    mirrored: tuple[bool, ...]


def operations(levels: Levels, masses: Tensor) -> list[Operation]:
    """Exchanges and reflections of coordinates that leave molecule, bases and V(q) as they are.

    Candidates exchange coordinates of equal bases in pairs and reflect ranges about their
    middles. One is a symmetry if it turns random geometries into copies with atoms of equal
    mass exchanged, or into mirror images of such copies.

    Args:
        levels: of a molecule.
        masses: (N,) in electron masses.
    """
    to_positions = levels.system.positions
    if to_positions is None:
        return []
    bases = levels.hamiltonian.bases
    low, high = torch.tensor([b.range for b in bases], dtype=torch.float64).T
    draw = torch.rand(3, len(bases), generator=torch.Generator().manual_seed(5)).double()
    q = low + (high - low) * (0.3 + 0.4 * draw)
    with torch.no_grad():
        before = to_positions(q)
        found = []
        for number, (order, mirrored) in enumerate(_candidates(bases)):
            if number == MOST:
                break
            moved = q[:, list(order)]
            moved = torch.where(torch.tensor(mirrored), low + high - moved, moved)
            name = _congruence(before, to_positions(moved), masses)
            if name is not None:
                found.append(Operation(name, order, mirrored))
    return found


def _candidates(bases: Sequence[Basis]) -> Iterator[tuple[tuple[int, ...], tuple[bool, ...]]]:
    """Involutions of coordinates with equal bases, with every choice of reflections."""
    count = len(bases)
    mirror = [_mirror(b) is not None for b in bases]
    for order in permutations(range(count)):
        if any(order[j] != k or not _alike(bases[k], bases[j]) for k, j in enumerate(order)):
            continue
        for mirrored in product(*[(False, True) if m else (False,) for m in mirror]):
            # An exchange that mirrors one of the two only is no involution.
            paired = all(mirrored[k] == mirrored[j] for k, j in enumerate(order))
            if paired and (any(mirrored) or order != tuple(range(count))):
                yield order, mirrored


def _alike(one: Basis, other: Basis) -> bool:
    """Whether both hold the same functions, up to signs."""
    return one is other or (
        one.fine_values.shape == other.fine_values.shape
        and torch.allclose(one.fine_points, other.fine_points, rtol=0, atol=1e-10)
        and torch.allclose(one.fine_values.abs(), other.fine_values.abs(), rtol=0, atol=1e-6)
    )


def _mirror(basis: Basis) -> Tensor | None:
    """⟨φ_a|φ_b(low + high − q)⟩ (n, n), or None where the basis does not hold its mirror image."""
    low, high = basis.range
    fine, points = basis.fine_values, basis.fine_points
    image = fine.flip(0)
    if not torch.allclose(points + points.flip(0), torch.full_like(points, low + high)):
        # Points of a period: the first is its own image.
        if not torch.allclose((points + points.flip(0))[1:], points[:-1].flip(0) + points[1:]):
            return None
        spacing = float(points[1] - points[0])
        if abs(float(points[-1]) + spacing - high) > 1e-9:
            return None
        image = image.roll(1, 0)
    overlap = fine.T @ image
    unit = torch.eye(basis.size, dtype=overlap.dtype)
    return overlap if torch.allclose(overlap.T @ overlap, unit, rtol=0, atol=1e-5) else None


def _congruence(before: Tensor, after: Tensor, masses: Tensor) -> str | None:
    """Permutation of equal masses (and inversion) that `after` is, by distances; its name."""
    atoms = len(masses)
    distances = torch.cdist(before, before)
    moved = torch.cdist(after, after)
    size = float(distances.max())
    weights = masses.tolist()
    for order in permutations(range(atoms)):
        if any(abs(weights[i] - weights[a]) > 1e-9 * weights[i] for i, a in enumerate(order)):
            continue
        rows = list(order)
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


def characters(levels: Levels, found: Sequence[Operation]) -> Tensor:
    """⟨ψ_n|O ψ_n⟩ of each level and operation, (S, operations): ±1, or between for a mixture."""
    bases = levels.hamiltonian.bases
    c = levels.hamiltonian.unpruned(levels.pairs.coefficients)
    rows = []
    for operation in found:
        moved = c.permute(0, *[k + 1 for k in operation.order])
        for k, (b, mirrored) in enumerate(zip(bases, operation.mirrored, strict=True)):
            matrix = _mirror(b) if mirrored else None
            if matrix is None:
                other = bases[operation.order[k]]
                matrix = b.fine_values.T @ other.fine_values
            moved = torch.movedim(torch.tensordot(matrix, moved, ([1], [k + 1])), 0, k + 1)
        rows.append((c * moved).flatten(1).sum(1))
    return torch.stack(rows, 1) if rows else c.new_zeros(len(c), 0)


def labels(found: Sequence[Operation], values: Tensor) -> list[str]:
    """A label for each level: A1, A2, B1, B2 where there is one exchange, A′ and A″ for parity.

    Elsewhere signs in the order of the operations. A level that mixes symmetries, because it is
    degenerate with another or the basis is not symmetric, is called mixed, with its characters.

    References:
        P. R. Bunker, P. Jensen, Molecular Symmetry and Spectroscopy, NRC Press (1998), for the
        group C2v(M).
    """
    names = [o.name for o in found]
    return [_label(names, row) for row in values.tolist()] if found else [""] * len(values)


def _label(names: list[str], row: list[float]) -> str:
    mixed = [f"{n} {v:.2f}" for n, v in zip(names, row, strict=True) if abs(v) < MIXED]
    if mixed:
        return f"mixed ({', '.join(mixed)})"
    signs = {name: "+" if v > 0 else "-" for name, v in zip(names, row, strict=True)}
    exchange = [n for n in signs if n[0] == "(" and n.count("(") == 1 and "*" not in n]
    if len(exchange) == 1 and len(exchange[0].split()) == 2:
        pair = signs[exchange[0]] + signs.get("E*", "+")
        return {"++": "A1", "+-": "A2", "--": "B1", "-+": "B2"}[pair]
    if list(signs) == ["E*"]:
        return {"+": "A'", "-": 'A"'}[signs["E*"]]
    return " ".join(signs.values())
