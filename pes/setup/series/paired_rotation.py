"""Levels with rotation of several calculations, side by side."""

from collections.abc import Sequence
from math import nan
from typing import Any

from pes.setup.rotation.rotation import Rotation

__all__ = ["PURE", "paired_rotation", "pure_labels"]

PURE = 0.7
"""Share of a set of quanta from which levels are paired by it: those in resonance have the larger
part of one set in one calculation and of another in the next."""

Key = tuple[int, int, int, str]
"""J, Ka, Kc and the vibrational label."""


def paired_rotation(
    names: Sequence[str], rotations: Sequence[Rotation], labels: Sequence[Sequence[str | None]]
) -> list[dict[str, Any]]:
    """One row for each level of the first calculation, in cm⁻¹ above each J = 0 ground state.

    Levels of the same vibrational label, J, Ka and Kc are paired; NaN where a calculation has
    none. The error of a shift is the sum of both.

    Args:
        names: names of the calculations, such as isotopes or values of a parameter.
        rotations: levels with rotation of each.
        labels: labels of the vibrational states of each, None for those that are not paired.

    Returns:
        The rows; none where a molecule is a symmetric or spherical top, whose levels have K,
        or only a number, in place of Ka and Kc.
    """
    if not rotations or any("K" in one.table[0] or "n" in one.table[0] for one in rotations):
        return []
    first, *others = (_energies(*pair) for pair in zip(rotations, labels, strict=True))
    rows = []
    for key, (energy, error) in first.items():
        row: dict[str, Any] = dict(zip(("J", "Ka", "Kc", "label"), key, strict=True))
        row[names[0]] = energy
        for name, own in zip(names[1:], others, strict=True):
            there, conv = own.get(key, (nan, nan))
            row |= {name: there, f"shift {name}": there - energy, f"conv {name}": conv + error}
        rows.append(row)
    return rows


def pure_labels(rotation: Rotation) -> list[str | None]:
    """Quanta of each vibrational state; None below `PURE`."""
    pure = (rotation.quanta.weights >= PURE).tolist()
    return [rotation.quanta.text(n) if pure[n] else None for n in range(len(pure))]


def _energies(rotation: Rotation, labels: Sequence[str | None]) -> dict[Key, tuple[float, float]]:
    """Energy and estimated error of each level that no other has the key of."""
    known: dict[Key, tuple[float, float] | None] = {}
    for row in rotation.table:
        label = labels[row["level"]]
        if label is not None:
            key = row["J"], row["Ka"], row["Kc"], label
            known[key] = None if key in known else (row["energy"], row["convergence"])
    return {key: value for key, value in known.items() if value is not None}
