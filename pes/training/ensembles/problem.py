"""Least squares of several networks of one shape at once, each over rows of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.potential.neural import NeuralSurface
from pes.training.bounded import bounded_sum
from pes.training.distributed import Ranks
from pes.training.ensembles.rows import Rows
from pes.training.ensembles.stacked import Stack
from pes.training.loss import MEMORY, Targets, balanced_force_weight, prepare
from pes.training.optimizers.problem import STEP, symmetric_blocks

__all__ = ["EnsembleProblem", "ensemble_problems"]

CACHED = 2**22
"""Bytes of a chunk of all Jacobians on a CPU; products of larger ones gain nothing."""


@dataclass(frozen=True)
class EnsembleProblem:
    """½‖r_k‖² of each member k, ‖r_k‖² = Σ_i w_ki [(ΔE_ki)² + force_weight Σ (ΔF_ki)²].

    Attributes:
        stack: the networks.
        inputs: standardised features (B, F) of all points.
        energies: labels less baseline and shift of each member (M, B), in units of its scale.
        forces: (M, B, K), or nothing, in the directions of `gradients`.
        outside: squared length (M, B) of the forces beyond the reach of any network.
        gradients: point indices (b,) to ∂inputs/∂x (b, F, K), if there are forces.
        rows: points of each member.
        force_weight: (M,) in bohr².
        chunk: points of a member per call; bounds the memory, not the result.
        ranks: processes that hold the points; every attribute but `rows.counts` describes this
            rank's shard, every result is a sum over the points of all ranks.
    """

    stack: Stack
    inputs: Tensor
    energies: Tensor
    forces: Tensor | None
    outside: Tensor
    gradients: Callable[[Tensor], Tensor] | None
    rows: Rows
    force_weight: Tensor
    chunk: int
    ranks: Ranks

    def loss(self, parameters: Tensor, members: Tensor) -> Tensor:
        """½‖r‖² (A,) of some members (A,), given their parameters (A, P)."""
        energy, force = self.squares(parameters, members)
        return 0.5 * (energy + self.force_weight[members] * force)

    def bounded_loss(self, parameters: Tensor, members: Tensor) -> Tensor:
        """½‖r‖² (A,) of some members, their far points counted as `bounded_sum` does."""
        parts = []
        for points, weights in self._chunks(members):
            squares, missing = self._errors(parameters, members, points)
            if missing is not None:
                squares = squares + self.force_weight[members, None] * missing
            parts.append(weights * squares)
        squares = self.ranks.concatenate(torch.cat(parts, 1))
        return 0.5 * bounded_sum(squares, self.rows.counts[members])

    def squares(
        self, parameters: Tensor, members: Tensor, *, weighted: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Mean square errors of energies and of forces (summed over components), (A,) each."""
        sums = parameters.new_zeros(2, len(members))
        for points, weights in self._chunks(members):
            share = weights if weighted else (weights > 0) / self.rows.counts[members, None]
            squares, missing = self._errors(parameters, members, points)
            sums[0] += (share * squares).sum(1)
            if missing is not None:
                sums[1] += (share * missing).sum(1)
        energy, force = self.ranks.all_reduce(sums)
        return energy, force

    def normal_equations(
        self, parameters: Tensor, members: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Losses (A,), Jᵀr (A, P) and the lower triangle of JᵀJ (A, P, P) of some members."""
        count, size = parameters.shape
        loss = parameters.new_zeros(count)
        gradient = parameters.new_zeros(count, size, 1)
        matrix = parameters.new_zeros(count, size, size)
        blocks = symmetric_blocks(size)
        for points, weights in self._chunks(members):
            energies, forces = self._labels(members, points)
            values, jacobian = self.stack.jacobian(
                parameters, self.inputs[points], self._directions(points)
            )
            labels, root = energies[..., None], weights.sqrt()[..., None]
            if forces is not None:
                # Row x is a derivative of the energy: minus the force.
                labels = torch.cat((labels, -forces), 2)
                along = self.force_weight[members].sqrt()[:, None, None] * root
                root = torch.cat((root, along.expand_as(forces)), 2)
            rows = (root * (values - labels)).flatten(1)
            jacobian = jacobian.mul_(root[..., None]).flatten(1, 2)
            loss += 0.5 * rows.square().sum(1)
            loss += self.force_weight[members] * (
                0.5 * weights * self._outside(members, points)
            ).sum(1)
            gradient.baddbmm_(jacobian.mT, rows[..., None])
            for start, end in blocks:
                part = matrix[:, start:end, :end]
                part.baddbmm_(jacobian[..., start:end].mT, jacobian[..., :end])
        return self._summed(loss, gradient[..., 0], matrix)

    def _summed(
        self, loss: Tensor, gradient: Tensor, matrix: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Normal equations summed over all ranks; only the lower triangle of JᵀJ is sent."""
        if self.ranks.count == 1:
            return loss, gradient, matrix
        lower = torch.ones_like(matrix[0], dtype=torch.bool).tril()
        total = self.ranks.all_reduce(torch.cat((loss[:, None], gradient, matrix[:, lower]), 1))
        size = gradient.shape[1]
        matrix[:, lower] = total[:, 1 + size :]
        return total[:, 0], total[:, 1 : 1 + size], matrix

    def curvature(self, parameters: Tensor, directions: Tensor, members: Tensor) -> Tensor:
        """Jᵀ d²r(p + tv)/dt² (A, P) of some members at t = 0, as `ChunkedLeastSquares.curvature`.

        Args:
            parameters: p (A, P).
            directions: v (A, P).
            members: (A,).
        """
        x = parameters.detach().requires_grad_()
        total = torch.zeros_like(parameters)
        for points, weights in self._chunks(members):
            where = self.inputs[points], self._directions(points)
            shares = (weights, (self.force_weight[members, None] * weights)[..., None])
            with torch.enable_grad():
                rows = self._rows(x, *where)
            with torch.no_grad():
                before = self._rows(parameters - STEP * directions, *where)
                after = self._rows(parameters + STEP * directions, *where)
                second = [
                    share * (start - 2 * row + end) / STEP**2
                    for share, start, row, end in zip(shares, before, rows, after, strict=False)
                ]
            total += torch.autograd.grad(rows, x, second)[0]
        return self.ranks.all_reduce(total)

    def _rows(self, parameters: Tensor, inputs: Tensor, directions: Tensor | None) -> list[Tensor]:
        """Energies (A, b), and with forces slopes (A, b, K): r without weights and labels."""
        values, slopes = self.stack.values(parameters, inputs, directions)
        return [values] if slopes is None else [values, slopes]

    def _chunks(self, members: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        points, weights = self.rows.points[members], self.rows.weights[members]
        yield from zip(points.split(self.chunk, 1), weights.split(self.chunk, 1), strict=True)

    def _errors(
        self, parameters: Tensor, members: Tensor, points: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Squared errors (A, b) of energies and, summed over components, of forces."""
        energies, forces = self._labels(members, points)
        values, slopes = self.stack.values(
            parameters, self.inputs[points], self._directions(points)
        )
        squares = (values - energies).square()
        if slopes is None or forces is None:
            return squares, None
        return squares, (slopes + forces).square().sum(2) + self._outside(members, points)

    def _labels(self, members: Tensor, points: Tensor) -> tuple[Tensor, Tensor | None]:
        forces = None if self.forces is None else self.forces[members[:, None], points]
        return self.energies[members[:, None], points], forces

    def _outside(self, members: Tensor, points: Tensor) -> Tensor:
        return self.outside[members[:, None], points]

    def _directions(self, points: Tensor) -> Tensor | None:
        if self.gradients is None:
            return None
        return self.gradients(points.flatten()).mT.unflatten(0, points.shape)


def ensemble_problems(
    surfaces: Sequence[NeuralSurface],
    points: Dataset,
    rows: tuple[Rows, Rows],
    force_weight: float | Sequence[float] | None,
    stack: Stack,
    ranks: Ranks,
    *,
    memory: int = MEMORY,
) -> list[EnsembleProblem]:
    """Least-squares problems of the training rows and of the validation rows.

    Args:
        surfaces: the members, of one shape and one standardisation.
        points: all that any member may see.
        rows: points and weights of training and validation.
        force_weight: weight of all members or of each, in bohr²; by default `balanced_force_weight`
            of its training points.
        stack: the networks.
        ranks: processes that hold the points.
        memory: bytes for ∂f/∂x of this rank's points and a chunk.
    """
    shown = _targets(surfaces, ranks.shard(points), memory // 2)
    train = rows[0].shard(ranks)
    forces = None
    if shown[0].forces is not None:
        forces = torch.stack([target.forces for target in shown if target.forces is not None])
    if force_weight is None:
        force_weight = [
            _force_weight(surface, points.select(seen[weights > 0]), ranks)
            for surface, seen, weights in zip(
                surfaces, rows[0].points, rows[0].weights, strict=True
            )
        ]
    width = 1 if forces is None else 1 + forces.shape[2]
    room = memory // 4 if shown[0].inputs.is_cuda else min(memory // 4, CACHED)
    return [
        EnsembleProblem(
            stack=stack,
            inputs=shown[0].inputs,
            energies=torch.stack([target.energies for target in shown]),
            forces=forces,
            outside=torch.stack([target.outside for target in shown]),
            gradients=shown[0].input_gradients,
            rows=part,
            force_weight=shown[0].inputs.new_tensor(force_weight).expand(len(surfaces)),
            chunk=max(16, room // (8 * stack.size * width * len(surfaces))),
            ranks=ranks,
        )
        for part in (train, rows[1].shard(ranks))
    ]


def _force_weight(surface: NeuralSurface, train: Dataset, ranks: Ranks) -> float:
    """`balanced_force_weight` of a member's training points, with the bits of rank 0."""
    return float(ranks.all_gather(balanced_force_weight(surface, train))[0])


def _targets(surfaces: Sequence[NeuralSurface], points: Dataset, cache: int) -> list[Targets]:
    """Targets of each member; only the first holds ∂inputs/∂x, which is the same for all."""
    first = prepare(surfaces[0], points, cache=cache)
    # One after another: the derivatives of the inputs of one only are in memory.
    others = (
        first
        if _same_labels(surface, surfaces[0])
        else replace(prepare(surface, points, cache=cache), input_gradients=None)
        for surface in surfaces[1:]
    )
    return [first, *others]


def _same_labels(a: NeuralSurface, b: NeuralSurface) -> bool:
    """Whether both networks have to fit the same numbers."""
    return (
        a.baseline is b.baseline and torch.equal(a.shift, b.shift) and torch.equal(a.scale, b.scale)
    )
