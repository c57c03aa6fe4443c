"""One fit on several processes: each owns some of the points, all see the same sums."""

from dataclasses import dataclass, replace

import torch
import torch.distributed
from torch import Tensor, nn

from pes.data.dataset import Dataset
from pes.training.problem import LeastSquares, Problem

__all__ = ["Ranks", "SharedProblem", "shared"]


@dataclass(frozen=True)
class Ranks:
    """The processes that share a fit and this one's number among them; one process by default.

    With more than one, torch's default process group connects them.

    Attributes:
        rank: number of this process, from 0.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    def total(self, values: Tensor) -> Tensor:
        """The sum over the ranks of a tensor of any shape, bit for bit the same on each.

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
                "memory); go on with --resume auto"
            ) from error
        return result

    def each(self, value: float) -> Tensor:
        """This number of every rank, by rank (count,), on the CPU."""
        values = torch.zeros(self.count, dtype=torch.float64)
        values[self.rank] = value
        return self.total(values)

    def own(self, points: int, device: torch.device | None = None) -> Tensor:
        """Which of `points` points this rank owns: every `count`-th, rising.

        Raises:
            ValueError: if a rank would get none.
        """
        if points < self.count:
            raise ValueError(
                f"{self.count} ranks for {points} points of the training or the validation set; "
                f"start at most {points} ranks"
            )
        return torch.arange(self.rank, points, self.count, device=device)

    def share(self, dataset: Dataset) -> Dataset:
        """The points of this rank, with what a fit needs of them.

        Raises:
            ValueError: if a rank would get none.
        """
        if self.count == 1:
            return dataset
        rows = self.own(len(dataset), dataset.positions.device)
        return replace(
            dataset,
            positions=dataset.positions[rows],
            energies=dataset.energies[rows],
            forces=None if dataset.forces is None else dataset.forces[rows],
            dipoles=None,
            columns={},
            column_units={},
        )

    def unite(self, module: nn.Module) -> None:
        """Give every rank the floating-point tensors of the first, in place.

        What was computed alike on each may differ by rounding between machines.
        """
        if self.count == 1:
            return
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                ours = tensor.detach()
                ours.copy_(self.total(ours if self.rank == 0 else torch.zeros_like(ours)))

    def check_alike(self, parameters: Tensor) -> None:
        """Make sure that parameters (P,) have the same bits on every rank.

        Raises:
            FloatingPointError: on every rank, if not.
        """
        marks = self.each(_mark(parameters))
        if not (marks == marks[0]).all():
            raise FloatingPointError(
                "the ranks no longer have the same parameters; start them on machines of one "
                "kind, with the same versions and threads, and --resume auto"
            )


@dataclass(frozen=True)
class SharedProblem:
    """½‖r‖² over the points of all ranks; one flat sum per call, exact for uneven shares.

    Attributes:
        part: residuals of this rank's points, numbered as in `Ranks.own`, with the weights
            that they have in the whole set.
        ranks: who shares.
        points: number of points of all ranks together.
    """

    part: Problem
    ranks: Ranks
    points: int

    def loss(self, parameters: Tensor) -> Tensor:
        """½‖r‖² over all points."""
        return self.ranks.total(self.part.loss(parameters))

    def gradient(self, parameters: Tensor, points: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss and its gradient (P,), over all points or over those listed, whoever owns them."""
        own = None if points is None else self._own(points)
        loss, gradient = self.part.gradient(parameters, own)
        total = self.ranks.total(torch.cat((loss[None], gradient)))
        return total[0], total[1:]

    def normal_equations(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, Jᵀr (P,) and JᵀJ (P, P), of which only the upper triangle travels."""
        loss, gradient, matrix = self.part.normal_equations(parameters)
        upper = torch.ones_like(matrix, dtype=torch.bool).triu()
        total = self.ranks.total(torch.cat((loss[None], gradient, matrix[upper])))
        size = len(gradient)
        matrix = torch.zeros_like(matrix).masked_scatter_(upper, total[1 + size :])
        return total[0], total[1 : 1 + size], matrix + matrix.triu(1).mT

    def curvature(self, parameters: Tensor, direction: Tensor) -> Tensor:
        """Jᵀ d²r(p + tv)/dt² (P,) at t = 0 for a direction v (P,)."""
        return self.ranks.total(self.part.curvature(parameters, direction))

    def _own(self, points: Tensor) -> Tensor:
        count, rank = self.ranks.count, self.ranks.rank
        return points[points % count == rank] // count


def shared(problem: Problem, ranks: Ranks, points: int) -> LeastSquares:
    """The problem of all ranks from that of each; itself where there is one rank.

    Args:
        problem: of this rank's points.
        ranks: who shares.
        points: number of points of all ranks together.
    """
    return problem if ranks.count == 1 else SharedProblem(problem, ranks, points)


def _mark(parameters: Tensor) -> float:
    """An integer that changes with any bit of the parameters."""
    return float(int(parameters.detach().contiguous().view(torch.int64).sum()) % (2**52 - 1))
