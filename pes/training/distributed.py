"""Data-parallel fits: each rank holds a shard of the points, every rank sees the same sums."""

from dataclasses import dataclass, replace

import torch
import torch.distributed
from torch import Tensor, nn

from pes.data.dataset import Dataset
from pes.training.optimizers.problem import ChunkedLeastSquares, LeastSquares

__all__ = ["ALONE", "Ranks", "ShardedProblem", "sharded"]


@dataclass(frozen=True)
class Ranks:
    """Processes of a data-parallel fit and the number of this one; a single process by default.

    With more than one, torch's default process group connects them.

    Attributes:
        rank: number of this process, from 0.
        count: number of processes.
    """

    rank: int = 0
    count: int = 1

    def all_reduce(self, values: Tensor) -> Tensor:
        """Sum over the ranks of a tensor of any shape, bit for bit the same on each rank.

        Raises:
            ConnectionError: if another rank is gone, or silent for too long.
        """
        if self.count == 1:
            return values
        result = values.contiguous().clone()
        try:
            torch.distributed.all_reduce(result)
        except RuntimeError as error:
            raise ConnectionError(
                f"rank {self.rank} of {self.count} lost the others (one was killed, or out of "
                "memory); to continue, add --resume auto"
            ) from error
        return result

    def all_gather(self, value: float) -> Tensor:
        """Value of this number on every rank (count,), in the order of the ranks, on the CPU."""
        values = torch.zeros(self.count, dtype=torch.float64)
        values[self.rank] = value
        return self.all_reduce(values)

    def concatenate(self, values: Tensor) -> Tensor:
        """Values (..., ΣB) of all ranks, one behind the other, from those of each (..., B)."""
        if self.count == 1:
            return values
        widths = [int(width) for width in self.all_gather(values.shape[-1])]
        start = sum(widths[: self.rank])
        whole = values.new_zeros(*values.shape[:-1], sum(widths))
        whole[..., start : start + widths[self.rank]] = values
        return self.all_reduce(whole)

    def shard_rows(self, points: int, device: torch.device | None = None) -> Tensor:
        """Row indices of the points that this rank holds, ascending: every `count`-th of `points`.

        Raises:
            ValueError: if there are fewer points than ranks.
        """
        if points < self.count:
            raise ValueError(
                f"{self.count} ranks for {points} points of the training or the validation set; "
                f"start at most {points} ranks"
            )
        return torch.arange(self.rank, points, self.count, device=device)

    def shard(self, dataset: Dataset) -> Dataset:
        """Points that this rank holds: positions, energies and forces.

        Raises:
            ValueError: if there are fewer points than ranks.
        """
        if self.count == 1:
            return dataset
        rows = self.shard_rows(len(dataset), dataset.positions.device)
        return replace(
            dataset,
            positions=dataset.positions[rows],
            energies=dataset.energies[rows],
            forces=None if dataset.forces is None else dataset.forces[rows],
            dipoles=None,
            columns={},
            column_units={},
        )

    def broadcast(self, module: nn.Module) -> None:
        """Copy the floating-point tensors of rank 0 to every rank, in place.

        The same computation may give other roundings on another machine.
        """
        if self.count == 1:
            return
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                values = tensor.detach()
                values.copy_(
                    self.all_reduce(values if self.rank == 0 else torch.zeros_like(values))
                )

    def check_alike(self, parameters: Tensor) -> None:
        """Check that parameters (P,) have the same bits on every rank.

        Raises:
            FloatingPointError: on every rank, if not.
        """
        checksums = self.all_gather(_checksum(parameters))
        if not (checksums == checksums[0]).all():
            raise FloatingPointError(
                "the ranks no longer have the same parameters; start them on machines of one "
                "kind, with the same versions and threads, and --resume auto"
            )


ALONE = Ranks()
"""A single process."""


@dataclass(frozen=True)
class ShardedProblem:
    """½‖r‖² over the points of all ranks; one flat sum per call, exact for uneven shards.

    Attributes:
        part: residuals of this rank's points, numbered as in `Ranks.shard_rows`, with the weights
            of the whole set: they are not renormalised.
        ranks: processes that hold the points.
        points: number of points of all ranks together.
    """

    part: ChunkedLeastSquares
    ranks: Ranks
    points: int

    def loss(self, parameters: Tensor) -> Tensor:
        """½‖r‖² over all points."""
        return self.ranks.all_reduce(self.part.loss(parameters))

    def squares(self, parameters: Tensor) -> Tensor:
        """Squared residuals of each point of all ranks (points,), in the order of the ranks."""
        return self.ranks.concatenate(self.part.squares(parameters))

    def gradient(self, parameters: Tensor, points: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss and its gradient (P,), over all points or the points listed, on any rank."""
        rows = None if points is None else self._local(points)
        loss, gradient = self.part.gradient(parameters, rows)
        total = self.ranks.all_reduce(torch.cat((loss[None], gradient)))
        return total[0], total[1:]

    def normal_equations(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, Jᵀr (P,) and JᵀJ (P, P), of which only the upper triangle travels."""
        loss, gradient, matrix = self.part.normal_equations(parameters)
        upper = torch.ones_like(matrix, dtype=torch.bool).triu()
        total = self.ranks.all_reduce(torch.cat((loss[None], gradient, matrix[upper])))
        size = len(gradient)
        matrix = torch.zeros_like(matrix).masked_scatter_(upper, total[1 + size :])
        return total[0], total[1 : 1 + size], matrix + matrix.triu(1).mT

    def curvature(self, parameters: Tensor, direction: Tensor) -> Tensor:
        """Jᵀ d²r(p + tv)/dt² (P,) at t = 0 for a direction v (P,)."""
        return self.ranks.all_reduce(self.part.curvature(parameters, direction))

    def _local(self, points: Tensor) -> Tensor:
        """Numbers within this rank's shard of the listed points that it holds."""
        count, rank = self.ranks.count, self.ranks.rank
        return points[points % count == rank] // count


def sharded(problem: ChunkedLeastSquares, ranks: Ranks, points: int) -> LeastSquares:
    """Problem summed over all ranks from the problem of each; unchanged for a single rank.

    Args:
        problem: residuals of this rank's points.
        ranks: processes that hold the points.
        points: number of points of all ranks together.
    """
    return problem if ranks.count == 1 else ShardedProblem(problem, ranks, points)


def _checksum(parameters: Tensor) -> float:
    """Integer that changes with any bit of the parameters."""
    return float(int(parameters.detach().contiguous().view(torch.int64).sum()) % (2**52 - 1))
