"""Folded geometries, where lengths and angles leave their domain, and levels that reach them."""

import torch
from torch import Tensor

from pes.coordinates import Internal
from pes.coordinates.internal import Fold
from pes.coordinates.kinds import KINDS
from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.levels.result import Levels

__all__ = ["check_domain", "folds"]

PORTION = 2**16
"""Points looked at at once."""

PASSED = 1e-5
"""Probability of a level there from which a warning is due."""


def folds(internal: Internal, found: Levels) -> list[str]:
    """A sentence for each length below zero and each angle beyond 0° or 180° that levels reach.

    Geometries there are met a second time, and the wavefunction does not know it.
    """
    said = []
    for name, kind, beyond in _folds(internal, found.points):
        passed = found.probability(beyond) if beyond.any() else found.energies * 0
        reaching = (passed > PASSED).nonzero().flatten()
        if len(reaching):
            said.append(
                f"levels from number {int(reaching[0])} on reach geometries where {name} "
                f"{KINDS[kind].beyond} (up to {float(passed.max()):.1e} of the norm): such a "
                "geometry is counted more than once; use `normal: false` or narrower ranges and "
                "check the edge-probability warnings"
            )
    return said


def check_domain(internal: Internal, grid: SparseGrid) -> None:
    """Refuse a sparse grid with points beyond the domain of a length or an angle.

    A product grid stops short of it; the points of a sparse grid are where its rules have them.

    Raises:
        ValueError: with the length or angle, and the nearest such point.
    """
    points = grid.points
    for name, kind, beyond in _folds(internal, points):
        if beyond.any():
            far = points[beyond]
            nearest = far[int(far.square().sum(1).argmin())].tolist()
            where = ", ".join(
                f"{k} = {q:.2f}" for k, q in zip(grid.names, nearest, strict=True) if q
            )
            raise ValueError(
                f"{int(beyond.sum())} of {len(points)} points of the sparse grid of level "
                f"{grid.level:g} lie where {name} {KINDS[kind].beyond}, the nearest at {where}; "
                "lower the level and the quanta, or take other coordinates"
            )


def _folds(internal: Internal, points: Tensor) -> list[Fold]:
    """Folds of all points (P, Q), portion by portion."""
    parts = [internal.folds(part) for part in points.split(PORTION)]
    return [
        Fold(each[0].name, each[0].kind, torch.cat([fold.beyond for fold in each]))
        for each in zip(*parts, strict=True)
    ]
