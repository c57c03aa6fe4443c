"""The loop of a fit: one record per epoch, the best network kept, no files and no printing."""

import logging
import time
from collections.abc import Callable, Generator
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from pes.data.dataset import Dataset
from pes.molecule import Molecule
from pes.potential.mlp import MLP
from pes.potential.neural import NeuralSurface
from pes.training.bounded import bounded_sum
from pes.training.distributed import ALONE, Ranks, sharded
from pes.training.epoch import Epoch, OptimizerState, StopReason, TrainingState
from pes.training.loss import (
    MEMORY,
    Targets,
    balanced_force_weight,
    predictions,
    prepare,
    surface_problem,
)
from pes.training.optimizers.damped_least_squares import levenberg_marquardt
from pes.training.optimizers.problem import LeastSquares, Optimizer, Step
from pes.units import ANGSTROM, CM1

__all__ = ["completed", "epochs"]

CHUNK = 1024

log = logging.getLogger("pes")

RESTART = 1_000_003
"""Difference of the seeds of two starts; large, so that they meet no seed a user would choose."""


def epochs(
    surface: NeuralSurface,
    train: Dataset,
    validation: Dataset,
    *,
    optimizer: Optimizer = levenberg_marquardt,
    train_weights: Tensor | None = None,
    validation_weights: Tensor | None = None,
    force_weight: float | None = None,
    epochs: int = 500,
    patience: int = 100,
    max_seconds: float = float("inf"),
    restarts: int = 0,
    seed: int = 0,
    memory: int = MEMORY,
    state: TrainingState | None = None,
    ranks: Ranks = ALONE,
) -> Generator[Epoch, None, StopReason]:
    """Train the network of a surface; baseline and scaling stay as they are.

    While the iteration runs the surface holds the parameters of the epoch just yielded;
    when it ends, by itself or because the caller leaves, the parameters of the best epoch.

    Args:
        surface: result of `neural_surface`, changed in place.
        train: points to fit; their forces too if they have any.
        validation: points that choose the epoch, by the `bounded_sum` of their squared errors.
        optimizer: one of `OPTIMIZERS`, its settings bound with `functools.partial`.
        train_weights: (B,) from one of `WEIGHTS`; all one if not given.
        validation_weights: the same for the validation points.
        force_weight: weight of squared forces in bohr²; by default all forces together count as
            much as the energies.
        epochs: steps of the optimizer at most, previous (resumed) sessions included.
        patience: stop after so many epochs without a better validation loss.
        max_seconds: stop after the epoch that passes this wall time.
        restarts: number of new starts from other weights when patience or the optimizer
            ends; the best state of all starts is kept.
        seed: seed of these weights.
        memory: bytes for ∂f/∂x of the training points and for the chunks.
        state: state of an earlier `Epoch`, to continue from.
        ranks: processes that share the points; all are given all of them and yield the same.

    Yields:
        A record for each epoch.

    Returns:
        Why the fit ended; `completed` hands it on.

    Raises:
        ValueError: if the two sets are of another molecule than the surface, or the state
            is of another network, or there are more ranks than points.
        FloatingPointError: if the loss becomes NaN or infinite, or the ranks differ.
        ConnectionError: if another rank is lost.
    """
    _check(surface, train, validation)
    ranks.broadcast(surface)
    targets = (
        prepare(surface, ranks.shard(train), cache=memory // 2),
        prepare(surface, ranks.shard(validation), cache=memory // 4),
    )
    if force_weight is None:
        force_weight = float(ranks.all_gather(balanced_force_weight(surface, train))[0])
    problem, held_out = (
        _problem(surface.mlp, target, weights, force_weight, memory, ranks, len(part))
        for target, weights, part in zip(
            targets, (train_weights, validation_weights), (train, validation), strict=True
        )
    )
    begun = None if state is None else OptimizerState(state.optimizer)
    state = _start(surface) if state is None else _resumed(surface, state)
    steps = optimizer(problem, state.parameters, begun)
    started = time.monotonic() - state.seconds
    try:
        while True:
            if state.epoch >= epochs:
                return "epochs"
            if state.seconds >= max_seconds:
                return "max_seconds"
            patient = state.epoch - state.restart_epoch < patience
            step = next(steps, None) if patient else None
            if step is None:
                if state.restart >= restarts:
                    return "converged" if patient else "patience"
                state = _restarted(surface.mlp, state, seed)
                steps = optimizer(problem, state.parameters, None)
                continue
            validation_loss = 0.5 * float(bounded_sum(held_out.squares(step.parameters)))
            ranks.check_alike(step.parameters)
            seconds = float(ranks.all_gather(time.monotonic() - started)[0])
            state = _after(state, step, validation_loss, seconds)
            vector_to_parameters(step.parameters.clone(), surface.mlp.parameters())
            rmse = [_rmse(surface, step.parameters, target, ranks) for target in targets]
            yield _epoch(state, step, validation_loss, *rmse)
    finally:
        vector_to_parameters(state.best_parameters.clone(), surface.mlp.parameters())


def completed(
    steps: Generator[Epoch, None, StopReason], watch: Callable[[Epoch], object] = lambda _: None
) -> tuple[TrainingState | None, StopReason]:
    """The last state of a fit, None if it made no epoch, and why the fit ended.

    Args:
        steps: generator made by `epochs`.
        watch: called after every epoch.
    """
    state = None
    while True:
        try:
            epoch = next(steps)
        except StopIteration as end:
            return state, end.value
        state = epoch.state
        watch(epoch)


def _epoch(
    state: TrainingState,
    step: Step,
    validation_loss: float,
    train: tuple[float, float | None],
    validation: tuple[float, float | None],
) -> Epoch:
    """Record of an epoch from its state and the RMSE of energies and forces of both sets."""
    return Epoch(
        epoch=state.epoch,
        seconds=state.seconds,
        loss=step.loss,
        validation_loss=validation_loss,
        train_rmse_cm1=train[0],
        validation_rmse_cm1=validation[0],
        train_force_rmse_cm1_angstrom=train[1],
        validation_force_rmse_cm1_angstrom=validation[1],
        gradient_norm=step.gradient_norm,
        details=step.details,
        improved=state.best_epoch == state.epoch,
        state=state,
    )


def _start(surface: NeuralSurface) -> TrainingState:
    parameters = parameters_to_vector(surface.mlp.parameters()).detach().clone()
    return TrainingState(0, 0.0, parameters, parameters, float("inf"), 0, {})


def _after(state: TrainingState, step: Step, loss: float, seconds: float) -> TrainingState:
    """The state after a step that has this validation loss."""
    epoch = state.epoch + 1
    best, best_of_start = loss < state.best_loss, loss < state.restart_loss
    return TrainingState(
        epoch=epoch,
        seconds=seconds,
        parameters=step.parameters,
        best_parameters=step.parameters if best else state.best_parameters,
        best_loss=loss if best else state.best_loss,
        best_epoch=epoch if best else state.best_epoch,
        optimizer=step.state,
        restart=state.restart,
        restart_loss=min(loss, state.restart_loss),
        restart_epoch=epoch if best_of_start else state.restart_epoch,
    )


def _restarted(mlp: MLP, state: TrainingState, seed: int) -> TrainingState:
    """The state with new weights, the best ones so far kept."""
    restart = state.restart + 1
    log.info("restart %d from other weights after epoch %d", restart, state.epoch)
    seed += RESTART * restart
    fresh = MLP(mlp.inputs, mlp.hidden, activation=mlp.activation, seed=seed)
    parameters = parameters_to_vector(fresh.parameters()).detach().to(state.parameters.device)
    return replace(
        state,
        parameters=parameters,
        restart=restart,
        restart_loss=float("inf"),
        restart_epoch=state.epoch,
    )


def _check(surface: NeuralSurface, train: Dataset, validation: Dataset) -> None:
    if train.symbols != validation.symbols:
        raise ValueError(
            f"train and validation must be one molecule, got {train.symbols} "
            f"and {validation.symbols}"
        )
    elements = Molecule(train.symbols).elements
    known = Molecule(surface.descriptor.elements).elements
    if elements != known:
        raise ValueError(f"the surface is for the atoms {known}, the data have {elements}")
    if (train.forces is None) != (validation.forces is None):
        raise ValueError("train and validation must both have forces, or neither")


def _resumed(surface: NeuralSurface, state: TrainingState) -> TrainingState:
    """The state on the device of the surface."""
    size = sum(p.numel() for p in surface.mlp.parameters())
    if len(state.parameters) != size:
        raise ValueError(
            f"the checkpoint holds {len(state.parameters)} parameters, the network {size}; "
            "resume with the settings of the first run"
        )
    device = surface.scale.device
    return replace(
        state,
        parameters=state.parameters.to(device),
        best_parameters=state.best_parameters.to(device),
    )


def _problem(
    mlp: MLP,
    targets: Targets,
    weights: Tensor | None,
    force_weight: float,
    memory: int,
    ranks: Ranks,
    points: int,
) -> LeastSquares:
    """Residuals summed over all ranks; weights (B,) of the whole set."""
    weights_of_all = targets.energies.new_ones(points) if weights is None else weights
    rows = ranks.shard_rows(points, weights_of_all.device)
    part = surface_problem(
        mlp, targets, force_weight=force_weight, weights=weights_of_all[rows],
        total_weight=weights_of_all.sum(), memory=memory,
    )  # fmt: skip
    return sharded(part, ranks, points)


def _rmse(
    surface: NeuralSurface, parameters: Tensor, targets: Targets, ranks: Ranks
) -> tuple[float, float | None]:
    """Unweighted RMSE of energies in cm⁻¹ and of forces in cm⁻¹/Å, over the points of all."""
    sums = ranks.all_reduce(_squares(surface.mlp, parameters, targets)).tolist()
    scale, (energy, energies, force, forces) = float(surface.scale), sums
    force_error = scale * (force / forces) ** 0.5 / (CM1 / ANGSTROM) if forces else None
    return scale * (energy / energies) ** 0.5 / CM1, force_error


def _squares(mlp: MLP, parameters: Tensor, targets: Targets) -> Tensor:
    """Sum of squared errors and number of energies, the same of forces, (4,)."""
    count = len(targets.energies)
    components = 0 if targets.forces is None else count * targets.components
    squares = targets.energies.new_tensor([0, count, 0, components])
    points = torch.arange(len(targets.energies), device=parameters.device)
    with torch.no_grad():
        for part in points.split(CHUNK):
            energies, forces = predictions(mlp, parameters, targets, part)
            squares[0] += (energies - targets.energies[part]).square().sum()
            if forces is not None and targets.forces is not None:
                squares[2] += (forces - targets.forces[part]).square().sum()
    squares[2] += targets.outside.sum()
    return squares
