"""Points of each member of an ensemble and their weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.training.distributed import Ranks

__all__ = ["Rows"]


@dataclass(frozen=True)
class Rows:
    """Rows of the points that each of M members sees, and their weights.

    Attributes:
        points: (M, T) rows of the common data set; short members are padded with any row.
        weights: (M, T) not negative, zero for padding; scaled to the sum 1 for each member.
        counts: (M,) number of rows of positive weight; float64, as integers divide in float32.
    """

    points: Tensor
    weights: Tensor
    counts: Tensor

    @staticmethod
    def of(members: Sequence[Tensor], weights: Tensor) -> "Rows":
        """Rows made of lists of any lengths; a row drawn twice counts twice.

        Args:
            members: row indices of each member.
            weights: weight of every point of the data set, (B,).

        Raises:
            ValueError: if a member has no row of positive weight.
        """
        width = max(len(rows) for rows in members)
        points = torch.zeros(len(members), width, dtype=torch.long)
        counts = torch.zeros(len(members), width, dtype=torch.float64)
        for k, rows in enumerate(members):
            points[k, : len(rows)], counts[k, : len(rows)] = rows.cpu(), 1.0
        points = points.to(weights.device)
        shares = counts.to(weights.device) * weights[points]
        if not (shares.isfinite() & (shares >= 0)).all() or not (shares.sum(1) > 0).all():
            raise ValueError("every member needs rows, their weights finite and not all zero")
        counts = (shares > 0).double().sum(1)
        return Rows(points, shares / shares.sum(1, keepdim=True), counts)

    def shard(self, ranks: Ranks) -> "Rows":
        """Shard of one rank, numbered as in `Ranks.shard`; weights and counts stay."""
        if ranks.count == 1:
            return self
        local = (self.points % ranks.count == ranks.rank) & (self.weights > 0)
        width = max(1, int(local.sum(1).max()))
        first = local.long().argsort(dim=1, descending=True, stable=True)[:, :width]
        local = local.gather(1, first)
        points = self.points.gather(1, first) // ranks.count
        return Rows(points * local, self.weights.gather(1, first) * local, self.counts)
