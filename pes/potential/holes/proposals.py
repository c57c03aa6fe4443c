"""Proposals of new points, those that would teach an ensemble most."""

import torch
from torch import Tensor

from pes.potential.holes.coverage import Coverage

__all__ = ["proposals"]


def proposals(coverage: Coverage, positions: Tensor, spread: Tensor, count: int) -> list[int]:
    """Rows with a large spread, apart from one another and from the training points.

    One after the other, the row with the largest spread × distance is taken, the distance being
    that to the nearest training point or row taken before, at most one (the largest gap between
    training points): far corners win by their spread, not by being far.

    Args:
        coverage: coverage of the training points.
        positions: candidates (B, N, 3) in bohr.
        spread: spread of the members there (B,).
        count: number of rows; fewer are returned where no other candidate has any spread or
            distance left.
    """
    scaled = coverage.standardised(positions)
    near = coverage(positions)
    taken: list[int] = []
    for _ in range(min(count, len(positions))):
        value = spread * near.clamp(max=1.0)
        row = int(value.argmax())
        if not value[row] > 0:
            break
        taken.append(row)
        apart = (scaled - scaled[row]).norm(dim=-1) / coverage.spacing
        near = torch.minimum(near, apart)
    return taken
