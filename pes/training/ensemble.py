"""Levenberg–Marquardt for several networks of one shape at once, each on rows of its own."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from pes.data.dataset import Dataset
from pes.potential.neural import NeuralSurface
from pes.training.fit import Epoch, TrainingState
from pes.training.levenberg_marquardt import LARGEST_DAMPING, SHORTEST
from pes.training.loss import MEMORY, Targets, default_force_weight, prepare
from pes.training.problem import STEP, check_finite, symmetric_blocks
from pes.training.stacked import Stack
from pes.units import ANGSTROM, CM1

__all__ = ["EnsembleProblem", "Rows", "ensemble_step", "fit_ensemble"]


CACHED = 2**22
"""Bytes of a chunk of all Jacobians on a CPU; products of larger ones gain nothing."""


@dataclass(frozen=True)
class Rows:
    """Which points each of M members sees, and how much each of them counts.

    Attributes:
        points: (M, T) rows of the common data set; short members are padded with any row.
        weights: (M, T) not negative, zero for padding; scaled to the sum 1 for each member.
    """

    points: Tensor
    weights: Tensor

    @staticmethod
    def of(members: Sequence[Tensor], weights: Tensor) -> "Rows":
        """From row lists of any lengths; a row drawn twice counts twice.

        Args:
            members: row indices of each member.
            weights: of every point of the data set, (B,).

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
        return Rows(points, shares / shares.sum(1, keepdim=True))


@dataclass(frozen=True)
class EnsembleProblem:
    """½‖r_k‖² of each member k, ‖r_k‖² = Σ_i w_ki [(ΔE_ki)² + force_weight Σ (ΔF_ki)²].

    Attributes:
        stack: the networks.
        inputs: standardised features (B, F) of all points.
        energies: (M, B), what baseline and shift of each member leave, in units of its scale.
        forces: (M, B, K), or nothing, in the directions of `gradients`.
        outside: squared length (M, B) of the forces beyond the reach of any network.
        gradients: point indices (b,) to ∂inputs/∂x (b, F, K), if there are forces.
        rows: points of each member.
        force_weight: (M,) in bohr².
        chunk: points of a member per call; bounds the memory, not the result.
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

    def loss(self, parameters: Tensor, members: Tensor) -> Tensor:
        """½‖r‖² (A,) of some members (A,), given their parameters (A, P)."""
        energy, force = self.squares(parameters, members)
        return 0.5 * (energy + self.force_weight[members] * force)

    def squares(
        self, parameters: Tensor, members: Tensor, *, weighted: bool = True
    ) -> tuple[Tensor, Tensor]:
        """Mean square errors of energies and of forces (summed over components), (A,) each."""
        sums = parameters.new_zeros(2, len(members))
        for points, weights in self._chunks(members):
            share = weights if weighted else (weights > 0) / self._counts(members)[:, None]
            energies, forces = self._labels(members, points)
            values, slopes = self.stack.values(
                parameters, self.inputs[points], self._directions(points)
            )
            sums[0] += (share * (values - energies).square()).sum(1)
            if slopes is not None and forces is not None:
                squares = (slopes + forces).square().sum(2) + self._outside(members, points)
                sums[1] += (share * squares).sum(1)
        return sums[0], sums[1]

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
        return loss, gradient[..., 0], matrix

    def curvature(self, parameters: Tensor, directions: Tensor, members: Tensor) -> Tensor:
        """Jᵀ d²r(p + tv)/dt² (A, P) of some members at t = 0, as `Problem.curvature`.

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
        return total

    def _rows(self, parameters: Tensor, inputs: Tensor, directions: Tensor | None) -> list[Tensor]:
        """Energies (A, b), and with forces slopes (A, b, K): r without weights and labels."""
        values, slopes = self.stack.values(parameters, inputs, directions)
        return [values] if slopes is None else [values, slopes]

    def _chunks(self, members: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        points, weights = self.rows.points[members], self.rows.weights[members]
        yield from zip(points.split(self.chunk, 1), weights.split(self.chunk, 1), strict=True)

    def _counts(self, members: Tensor) -> Tensor:
        return (self.rows.weights[members] > 0).sum(1)

    def _labels(self, members: Tensor, points: Tensor) -> tuple[Tensor, Tensor | None]:
        forces = None if self.forces is None else self.forces[members[:, None], points]
        return self.energies[members[:, None], points], forces

    def _outside(self, members: Tensor, points: Tensor) -> Tensor:
        return self.outside[members[:, None], points]

    def _directions(self, points: Tensor) -> Tensor | None:
        if self.gradients is None:
            return None
        return self.gradients(points.flatten()).mT.unflatten(0, points.shape)


def ensemble_step(
    problem: EnsembleProblem,
    parameters: Tensor,
    damping: Tensor,
    members: Tensor,
    *,
    acceleration: float = 0.75,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """One accepted Levenberg–Marquardt step of each of some members.

    What a member does depends on its own loss alone: as if it were fitted by itself.

    Args:
        problem: of all M members.
        parameters: (A, P) of the members that go on.
        damping: λ (A,); a negative one means that fraction of the largest diagonal element.
        members: (A,) which ones they are.
        acceleration: as of `levenberg_marquardt`.

    Returns:
        New parameters (A, P), their losses (A,), ‖Jᵀr‖ before (A,), the next λ (A,), and
        whether a step was found (A,): False at a minimum.
    """
    loss, gradient, matrix = problem.normal_equations(parameters, members)
    for value in loss.tolist():
        check_finite(value, "look for NaN labels, or start from another seed")
    top = matrix.diagonal(dim1=1, dim2=2).amax(1)
    lam = torch.where(damping < 0, -damping * top, damping)
    new, found = parameters.clone(), loss.clone()
    moved = torch.zeros_like(members, dtype=torch.bool)
    growth, pending = torch.full_like(lam, 2.0), torch.arange(len(members), device=lam.device)
    while len(pending):
        factor, solved = _factors(matrix[pending], lam[pending])
        v = -_solutions(factor, gradient[pending])
        trial = parameters[pending] + v
        if acceleration > 0:
            bend = problem.curvature(parameters[pending], v, members[pending])
            a = -0.5 * _solutions(factor, bend)
            short = 2 * a.norm(dim=1) <= acceleration * v.norm(dim=1)
            trial = torch.where(short[:, None], trial + a, trial)
        trial_loss = problem.loss(trial, members[pending])
        promised = 0.5 * (v * (lam[pending, None] * v - gradient[pending])).sum(1)
        gain = (loss[pending] - trial_loss) / promised
        at_minimum = solved & (v.norm(dim=1) <= SHORTEST * parameters[pending].norm(dim=1))
        accepted = solved & (gain > 0) & ~at_minimum
        done = pending[accepted]
        new[done], found[done], moved[done] = trial[accepted], trial_loss[accepted], True
        lam[done] *= (1 - (2 * gain[accepted] - 1) ** 3).clamp(min=1 / 3)
        pending = pending[~accepted & ~at_minimum]
        lam[pending] *= growth[pending]
        growth[pending] *= 2
        pending = pending[lam[pending] < LARGEST_DAMPING * top[pending].clamp(min=1.0)]
    return new, found, gradient.norm(dim=1), lam, moved


def _factors(matrix: Tensor, lam: Tensor) -> tuple[Tensor, Tensor]:
    """Cholesky factors of JᵀJ + λI (A, P, P), and whether rounding left it definite (A,)."""
    matrix.diagonal(dim1=1, dim2=2).add_(lam[:, None])
    factor, info = torch.linalg.cholesky_ex(matrix)
    return factor, info == 0


def _solutions(factor: Tensor, right: Tensor) -> Tensor:
    """x (A, P) of (JᵀJ + λI) x = right."""
    return torch.cholesky_solve(right[..., None], factor)[..., 0]


def fit_ensemble(
    surfaces: Sequence[NeuralSurface],
    points: Dataset,
    train: Rows,
    validation: Rows,
    *,
    force_weight: float | None = None,
    damping: float = 1e-3,
    acceleration: float = 0.75,
    epochs: int = 500,
    patience: int = 100,
    max_seconds: float = float("inf"),
    state: TrainingState | None = None,
) -> Iterator[Epoch]:
    """Train the networks of several surfaces together; `fit` for one of them is the model.

    While the iteration runs the surfaces hold the parameters of the epoch just yielded; when
    it ends, each holds those of its own best epoch. A member stops by itself, after `patience`
    epochs without a better validation loss or at a minimum.

    Args:
        surfaces: of one shape, with one standardisation of the inputs, changed in place;
            starting weights, baseline, shift and scale are each one's own.
        points: all that any member may see.
        train: rows that members fit.
        validation: rows that choose each member's epoch.
        force_weight: in bohr²; by default all forces count as much as the energies.
        damping: first λ in units of the largest diagonal element of JᵀJ.
        acceleration: how long the second-order term may be, see `levenberg_marquardt`.
        epochs: steps at most, earlier sittings included.
        patience: see above.
        max_seconds: stop after the epoch that passes this wall time.
        state: of an earlier `Epoch`, to continue from.

    Yields:
        A record for each epoch: losses and RMSE are root mean squares over members, `improved`
        that some member did; its `details` hold the number of members still running, their
        median λ and the validation RMSE of each.

    Raises:
        ValueError: if the surfaces do not fit together, or the state is of other networks.
        FloatingPointError: if a loss becomes NaN or infinite.
    """
    _check(surfaces, damping)
    stack = Stack.like(surfaces[0].mlp)
    fitted, held_out = _problems(surfaces, points, (train, validation), force_weight, stack)
    state = _start(surfaces, damping) if state is None else _resumed(surfaces, stack, state)
    started = time.monotonic() - state.seconds
    scales = torch.stack([surface.scale for surface in surfaces])
    try:
        while state.epoch < epochs and state.seconds < max_seconds:
            known = state.optimizer
            going = known["running"] & (state.epoch - known["best_epochs"] < patience)
            members = going.nonzero()[:, 0]
            if not len(members):
                break
            stepped = _advanced(fitted, held_out, state, members, acceleration)
            if stepped is None:
                break
            state, gradient_norm, improved = stepped
            state = replace(state, seconds=time.monotonic() - started)
            _fill(surfaces, state.parameters)
            yield _record(
                fitted, held_out, scales, state, members, gradient_norm, improved,
                points.positions[0].numel(),
            )  # fmt: skip
    finally:
        _fill(surfaces, state.best_parameters)


def _advanced(
    fitted: EnsembleProblem,
    held_out: EnsembleProblem,
    state: TrainingState,
    members: Tensor,
    acceleration: float,
) -> tuple[TrainingState, float, bool] | None:
    """The state one epoch later, ‖Jᵀr‖ and whether a member improved; None if none can move."""
    known, epoch = state.optimizer, state.epoch + 1
    new, loss, norms, damping, moved = ensemble_step(
        fitted, state.parameters[members], known["damping"][members], members,
        acceleration=acceleration,
    )  # fmt: skip
    if not moved.any():
        return None
    validation = held_out.loss(new, members)
    better = moved & (validation < known["best_losses"][members])
    parameters, best = state.parameters.clone(), state.best_parameters.clone()
    parameters[members], best[members[better]] = new, new[better]
    kept = {name: values.clone() for name, values in known.items()}
    kept["damping"][members] = damping
    kept["losses"][members] = loss
    kept["validation_losses"][members] = validation
    kept["running"][members] = moved
    kept["best_losses"][members[better]] = validation[better]
    kept["best_epochs"][members[better]] = epoch
    found = TrainingState(
        epoch=epoch,
        seconds=state.seconds,
        parameters=parameters,
        best_parameters=best,
        best_loss=float(kept["best_losses"].mean()),
        best_epoch=int(kept["best_epochs"].max()),
        optimizer=kept,
    )
    return found, float(norms.square().mean().sqrt()), bool(better.any())


def _record(
    fitted: EnsembleProblem,
    held_out: EnsembleProblem,
    scales: Tensor,
    state: TrainingState,
    members: Tensor,
    gradient_norm: float,
    improved: bool,
    components: int,
) -> Epoch:
    known, everyone = state.optimizer, torch.arange(len(scales), device=scales.device)
    rmse = []
    for problem in (fitted, held_out):
        energy, force = problem.squares(state.parameters, everyone, weighted=False)
        rmse.append((scales * energy.sqrt() / CM1, scales * force.sqrt() / (CM1 / ANGSTROM)))
    axes = None if fitted.forces is None else components**0.5
    energies = [float(energy.square().mean().sqrt()) for energy, _ in rmse]
    forces = [None if axes is None else float(f.square().mean().sqrt()) / axes for _, f in rmse]
    each = {f"member_{k}": value for k, value in enumerate(rmse[1][0].tolist(), 1)}
    return Epoch(
        epoch=state.epoch,
        seconds=state.seconds,
        loss=float(known["losses"].mean()),
        validation_loss=float(known["validation_losses"].mean()),
        train_rmse_cm1=energies[0],
        validation_rmse_cm1=energies[1],
        train_force_rmse_cm1_angstrom=forces[0],
        validation_force_rmse_cm1_angstrom=forces[1],
        gradient_norm=gradient_norm,
        details={
            "running": len(members), "damping": float(known["damping"].median()), **each
        },
        improved=improved,
        state=state,
    )  # fmt: skip


def _problems(
    surfaces: Sequence[NeuralSurface],
    points: Dataset,
    rows: tuple[Rows, Rows],
    force_weight: float | None,
    stack: Stack,
) -> list[EnsembleProblem]:
    shown = _targets(surfaces, points)
    forces = None
    if shown[0].forces is not None:
        forces = torch.stack([target.forces for target in shown if target.forces is not None])
    weights = [default_force_weight(t) if force_weight is None else force_weight for t in shown]
    width = 1 if forces is None else 1 + forces.shape[2]
    room = MEMORY // 4 if shown[0].inputs.is_cuda else CACHED
    return [
        EnsembleProblem(
            stack=stack,
            inputs=shown[0].inputs,
            energies=torch.stack([target.energies for target in shown]),
            forces=forces,
            outside=torch.stack([target.outside for target in shown]),
            gradients=shown[0].input_gradients,
            rows=part,
            force_weight=torch.tensor(weights).to(shown[0].inputs),
            chunk=max(16, room // (8 * stack.size * width * len(surfaces))),
        )
        for part in rows
    ]


def _targets(surfaces: Sequence[NeuralSurface], points: Dataset) -> list[Targets]:
    """Of each member; ∂inputs/∂x, which all share, from the first alone."""
    first = prepare(surfaces[0], points)
    # One after another: the derivatives of the inputs of one only are in memory.
    others = (
        first if _same_labels(s, surfaces[0]) else replace(prepare(s, points), input_gradients=None)
        for s in surfaces[1:]
    )
    return [first, *others]


def _same_labels(a: NeuralSurface, b: NeuralSurface) -> bool:
    """Whether both networks have to fit the same numbers."""
    return (
        a.baseline is b.baseline and torch.equal(a.shift, b.shift) and torch.equal(a.scale, b.scale)
    )


def _check(surfaces: Sequence[NeuralSurface], damping: float) -> None:
    if not damping > 0:
        raise ValueError(f"`damping` must be positive, got {damping}")
    first = surfaces[0]
    for surface in surfaces[1:]:
        same = (
            surface.settings == first.settings
            and torch.equal(surface.mean, first.mean)
            and torch.equal(surface.deviation, first.deviation)
        )
        if not same:
            raise ValueError(
                "members trained together need one descriptor, one shape of network and one "
                "standardisation of the inputs; make them with `neural_surface` on the same points"
            )


def _start(surfaces: Sequence[NeuralSurface], damping: float) -> TrainingState:
    vectors = [parameters_to_vector(surface.mlp.parameters()) for surface in surfaces]
    parameters = torch.stack(vectors).detach()
    endless = torch.full_like(parameters[:, 0], float("inf"))
    optimizer = {
        "damping": torch.full_like(endless, -damping),
        "losses": endless,
        "validation_losses": endless,
        "best_losses": endless,
        "best_epochs": torch.zeros_like(endless, dtype=torch.long),
        "running": torch.ones_like(endless, dtype=torch.bool),
    }
    return TrainingState(0, 0.0, parameters, parameters, float("inf"), 0, optimizer)


def _resumed(
    surfaces: Sequence[NeuralSurface], stack: Stack, state: TrainingState
) -> TrainingState:
    wanted = (len(surfaces), stack.size)
    if tuple(state.parameters.shape) != wanted:
        raise ValueError(
            f"the checkpoint holds parameters of shape {tuple(state.parameters.shape)}, this "
            f"ensemble needs {wanted}; resume with the settings of the first run"
        )
    device = surfaces[0].scale.device
    return replace(
        state,
        parameters=state.parameters.to(device),
        best_parameters=state.best_parameters.to(device),
        optimizer={name: values.to(device) for name, values in state.optimizer.items()},
    )


def _fill(surfaces: Sequence[NeuralSurface], parameters: Tensor) -> None:
    for surface, vector in zip(surfaces, parameters, strict=True):
        vector_to_parameters(vector.clone(), surface.mlp.parameters())
