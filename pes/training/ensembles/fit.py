"""Levenberg–Marquardt for several networks of one shape at once, each on rows of its own."""

import time
from collections.abc import Generator, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from pes.data.dataset import Dataset
from pes.potential.neural import NeuralSurface
from pes.training.distributed import ALONE, Ranks
from pes.training.ensembles.problem import EnsembleProblem, ensemble_problems
from pes.training.ensembles.rows import Rows
from pes.training.ensembles.stacked import Stack
from pes.training.epoch import Epoch, OptimizerState, StopReason, TrainingState
from pes.training.loss import MEMORY
from pes.training.optimizers.damped_least_squares import damped_step
from pes.units import ANGSTROM, CM1

__all__ = ["ensemble_epochs"]

MEMBER_VALUES = (
    "damping", "losses", "validation_losses", "best_losses", "best_epochs", "running"
)  # fmt: skip
"""Values (A,) of the members that a state keeps beside their parameters."""


def ensemble_epochs(
    surfaces: Sequence[NeuralSurface],
    points: Dataset,
    train: Rows,
    validation: Rows,
    *,
    force_weight: float | Sequence[float] | None = None,
    damping: float = 1e-3,
    acceleration: float = 0.75,
    epochs: int = 500,
    patience: int = 100,
    max_seconds: float = float("inf"),
    memory: int = MEMORY,
    state: TrainingState | None = None,
    ranks: Ranks = ALONE,
) -> Generator[Epoch, None, StopReason]:
    """Train the networks of several surfaces together, each as `epochs` trains one.

    While the iteration runs the surfaces hold the parameters of the epoch just yielded; when
    it ends, each holds the parameters of its own best epoch. A member stops by itself, after
    `patience` epochs without a better validation loss or at a minimum.

    Args:
        surfaces: networks of one shape, with one standardisation of the inputs, changed in place;
            starting weights, baseline, shift and scale may differ.
        points: all that any member may see.
        train: rows that members fit.
        validation: rows that choose each member's epoch.
        force_weight: weight of all members or of each, in bohr²; by default all forces of a
            member's training points together count as much as their energies.
        damping: first λ in units of the largest diagonal element of JᵀJ.
        acceleration: largest second-order term of a step, see `levenberg_marquardt`.
        epochs: steps at most, previous (resumed) sessions included.
        patience: epochs without a better validation loss after which a member stops.
        max_seconds: stop after the epoch that passes this wall time.
        memory: bytes for ∂f/∂x of all points and for a chunk of the Jacobians.
        state: state of an earlier `Epoch`, to continue from.
        ranks: processes that share the points of every member; all are given all of them and
            yield the same.

    Yields:
        A record for each epoch: losses and RMSE are root mean squares over members, `improved`
        that some member did; its `details` hold the number of members still running, their
        median λ and the validation RMSE of each.

    Returns:
        Why the fit ended: `patience` if it ended any member.

    Raises:
        ValueError: if the surfaces do not fit together, the state is of other networks, or
            there are more ranks than points.
        FloatingPointError: if a loss becomes NaN or infinite, or the ranks differ.
        ConnectionError: if another rank is lost.
    """
    _check(surfaces, damping)
    for surface in surfaces:
        ranks.broadcast(surface)
    stack = Stack.like(surfaces[0].mlp)
    state = _start(surfaces, damping) if state is None else _resumed(surfaces, stack, state)
    fitted, held_out = ensemble_problems(
        surfaces, points, (train, validation), force_weight, stack, ranks, memory=memory
    )
    started = time.monotonic() - state.seconds
    scales = torch.stack([surface.scale for surface in surfaces])
    try:
        while True:
            if state.epoch >= epochs:
                return "epochs"
            if state.seconds >= max_seconds:
                return "max_seconds"
            running = state.optimizer["running"]
            patient = state.epoch - state.optimizer["best_epochs"] < patience
            members = (running & patient).nonzero()[:, 0]
            stepped = None
            if len(members):
                stepped = _advanced(fitted, held_out, state, members, acceleration)
            if stepped is None:
                # Members at a minimum no longer run; the ones that patience ended still do.
                return "patience" if bool((running & ~patient).any()) else "converged"
            state, gradient_norm, improved = stepped
            ranks.check_alike(state.parameters)
            state = replace(state, seconds=float(ranks.all_gather(time.monotonic() - started)[0]))
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
    step = damped_step(
        fitted, state.parameters[members], known["damping"][members], members,
        acceleration=acceleration,
    )  # fmt: skip
    if not step.successful.any():
        return None
    new = step.parameters
    validation = held_out.bounded_loss(new, members)
    better = step.successful & (validation < known["best_losses"][members])
    parameters, best = state.parameters.clone(), state.best_parameters.clone()
    parameters[members], best[members[better]] = new, new[better]
    kept = {name: values.clone() for name, values in known.items()}
    kept["damping"][members] = step.damping
    kept["losses"][members] = step.losses
    kept["validation_losses"][members] = validation
    kept["running"][members] = step.successful
    kept["best_losses"][members[better]] = validation[better]
    kept["best_epochs"][members[better]] = epoch
    advanced = TrainingState(
        epoch=epoch,
        seconds=state.seconds,
        parameters=parameters,
        best_parameters=best,
        best_loss=float(kept["best_losses"].mean()),
        best_epoch=int(kept["best_epochs"].max()),
        optimizer=kept,
    )
    return advanced, float(step.gradient_norms.square().mean().sqrt()), bool(better.any())


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
    shape = (len(surfaces), stack.size)
    if tuple(state.parameters.shape) != shape:
        raise ValueError(
            f"the checkpoint holds parameters of shape {tuple(state.parameters.shape)}, this "
            f"ensemble needs {shape}; resume with the settings of the first run"
        )
    device, saved = surfaces[0].scale.device, OptimizerState(state.optimizer)
    return replace(
        state,
        parameters=state.parameters.to(device),
        best_parameters=state.best_parameters.to(device),
        optimizer={name: saved[name].to(device) for name in MEMBER_VALUES},
    )


def _fill(surfaces: Sequence[NeuralSurface], parameters: Tensor) -> None:
    for surface, vector in zip(surfaces, parameters, strict=True):
        vector_to_parameters(vector.clone(), surface.mlp.parameters())
