"""Networks fitted to dipole moments: residuals, their derivatives, and the loop of a fit."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from pes.chunks import in_chunks
from pes.potential.backpropagation import Layer, energy_gradient, forward, jacobian, layers_of
from pes.potential.dipole_network import PASS, DipoleNetwork
from pes.potential.mlp import MLP
from pes.training.bounded import bounded_sum
from pes.training.epoch import OptimizerState, StopReason, TrainingState
from pes.training.loss import CACHED, normalised_root
from pes.training.optimizers.problem import ChunkedLeastSquares, LeastSquares, Optimizer

__all__ = ["NetworkEnding", "dipole_problem", "fit_network"]


@dataclass(frozen=True)
class _Targets:
    """Inputs and labels for a set of points, in units of the scale of the charges.

    Attributes:
        surface: gives the shape of the networks, not their parameters.
        inputs: inputs of each network, (B, n, F).
        arms: ∂μ/∂z of the same atoms, (B, 3, n) in bohr.
        moments: labels less what the total charge leaves, (B, 3).
        root: √(w/Σw) (B,).
    """

    surface: DipoleNetwork
    inputs: list[Tensor]
    arms: list[Tensor]
    moments: Tensor
    root: Tensor

    def layers(self, parameters: Tensor) -> list[list[Layer]]:
        """Layers of each network."""
        networks = self.surface.networks
        ends = [0]
        for one in networks:
            ends.append(ends[-1] + sum(p.numel() for p in one.parameters()))
        parts = [parameters[start:end] for start, end in pairwise(ends)]
        pairs = zip(networks, parts, strict=True)
        return [layers_of(one, part) for one, part in pairs if isinstance(one, MLP)]


def dipole_problem(
    surface: DipoleNetwork, positions: Tensor, dipoles: Tensor, weights: Tensor
) -> ChunkedLeastSquares:
    """Residuals whose ½‖r‖² is half the weighted mean square error in units of `scale`².

    ‖r‖² = Σ_i w_i (μ(x_i) − μ_i)² / Σ_i w_i.

    Args:
        surface: surface from `scaled_to`; its scaling is used as it is.
        positions: (B, N, 3) in bohr.
        dipoles: (B, 3) in e·bohr.
        weights: w (B,).
    """
    numbers = range(len(surface.fitted))
    with torch.no_grad():
        inputs = [in_chunks(partial(surface.inputs, k=k), positions, PASS) for k in numbers]
        # The origin of an ion: the charge sits on the atoms that take what is left.
        bare = surface.charge * positions[:, surface.rest].mean(1)
        arms = [surface.arms(positions, k) for k in numbers]
    at = _Targets(
        surface, inputs, arms, (dipoles - bare) / surface.scale, normalised_root(weights, None)
    )
    atoms = sum(len(own) for own in surface.fitted)
    widest = sum(surface.hidden) + max(one.shape[-1] for one in inputs)
    return ChunkedLeastSquares(
        partial(_residuals, at),
        partial(_jacobian, at),
        len(dipoles),
        max(64, CACHED // (64 * atoms * widest)),
        max(16, CACHED // (8 * (3 + atoms) * surface.size)),
        gradients=partial(_gradient, at),
    )


def _errors(at: _Targets, parameters: Tensor, points: Tensor) -> Tensor:
    """√w (μ − label) (b, 3)."""
    total = -at.moments[points]
    for layers, inputs, arms in zip(at.layers(parameters), at.inputs, at.arms, strict=True):
        z = forward(layers, at.surface.activation, inputs[points].flatten(0, 1), order=0).energies
        total = total + torch.einsum("bin,bn->bi", arms[points], z.view(len(points), -1))
    return at.root[points, None] * total


def _residuals(at: _Targets, parameters: Tensor, points: Tensor) -> Tensor:
    return _errors(at, parameters, points).flatten()


def _jacobian(at: _Targets, parameters: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    columns = []
    for layers, inputs, arms in zip(at.layers(parameters), at.inputs, at.arms, strict=True):
        here = forward(layers, at.surface.activation, inputs[points].flatten(0, 1), order=1)
        rows = jacobian(layers, here, torch.ones_like(here.energies))
        columns.append(arms[points] @ rows.view(len(points), arms.shape[2], -1))
    slopes = at.root[points, None, None] * torch.cat(columns, -1)
    return _residuals(at, parameters, points), slopes.flatten(0, 1)


def _gradient(at: _Targets, parameters: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    errors, parts = _errors(at, parameters, points), []
    weighted = at.root[points, None] * errors
    for layers, inputs, arms in zip(at.layers(parameters), at.inputs, at.arms, strict=True):
        here = forward(layers, at.surface.activation, inputs[points].flatten(0, 1), order=1)
        seeds = torch.einsum("bin,bi->bn", arms[points], weighted)
        parts.append(energy_gradient(layers, here, seeds.flatten()))
    return 0.5 * errors.square().sum(), torch.cat(parts)


@dataclass(frozen=True)
class NetworkEnding:
    """End of a fit.

    Attributes:
        epochs: number of steps of the optimizer.
        best_epoch: the one whose parameters were kept.
        reason: why the fit ended.
    """

    epochs: int
    best_epoch: int
    reason: StopReason


def fit_network(
    surface: DipoleNetwork,
    problem: LeastSquares,
    held_out: LeastSquares,
    optimizer: Optimizer,
    *,
    epochs: int = 1000,
    patience: int = 500,
    max_seconds: float = float("inf"),
    state: TrainingState | None = None,
    watch: Callable[[TrainingState], None] = lambda _: None,
) -> NetworkEnding:
    """Fit the networks of a surface in place; the epoch with the best validation loss is kept.

    Args:
        surface: gives the first weights and takes the best ones.
        problem: the training points.
        held_out: the validation points, whose `bounded_sum` of squared errors chooses the epoch.
        optimizer: one of `OPTIMIZERS`, its settings bound with `functools.partial`.
        epochs: steps of the optimizer at most.
        patience: stop after so many epochs without a better validation loss.
        max_seconds: stop after the epoch that passes this wall time, earlier sessions included.
        state: state of an earlier session, to go on from.
        watch: called with the state after each epoch; what it raises ends the fit.

    Raises:
        FloatingPointError: if the loss becomes NaN or infinite.
    """
    first = parameters_to_vector(surface.networks.parameters()).detach().clone()
    now = state or TrainingState(0, 0.0, first, first, float("inf"), 0, {})
    begun = time.monotonic() - now.seconds
    steps = iter(optimizer(problem, now.parameters, OptimizerState(now.optimizer) or None))
    while (reason := _reason(now, epochs, patience, max_seconds)) is None:
        step = next(steps, None)
        if step is None:
            reason = "converged"
            break
        loss, done = float(bounded_sum(held_out.squares(step.parameters))), now.epoch + 1
        best = (now.best_parameters, now.best_loss, now.best_epoch)
        if loss < now.best_loss:
            best = (step.parameters, loss, done)
        now = TrainingState(done, time.monotonic() - begun, step.parameters, *best, step.state)
        watch(now)
    vector_to_parameters(now.best_parameters.clone(), surface.networks.parameters())
    return NetworkEnding(now.epoch, now.best_epoch, reason)


def _reason(
    now: TrainingState, epochs: int, patience: int, max_seconds: float
) -> StopReason | None:
    """Why a fit ends after an epoch; None if it goes on."""
    if now.epoch >= epochs:
        return "epochs"
    if now.epoch - now.best_epoch >= patience:
        return "patience"
    return "max_seconds" if now.epoch and now.seconds >= max_seconds else None
