"""Residuals of a surface on labelled points, and their derivatives."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data.dataset import Dataset
from pes.potential.backpropagation import (
    energy_gradient,
    forward,
    jacobian,
    layers_of,
    slope_gradient,
    slopes,
)
from pes.potential.linear_fit import default_force_weight
from pes.potential.mlp import MLP
from pes.potential.neural import NeuralSurface, left_by
from pes.training.errors import predicted
from pes.training.optimizers.problem import ChunkedLeastSquares
from pes.training.projection import contracted, input_gradients

__all__ = [
    "MEMORY",
    "Targets",
    "balanced_force_weight",
    "normalised_root",
    "predictions",
    "prepare",
    "surface_problem",
]

MEMORY = 2**30
"""Bytes; half of it for ∂f/∂x of the training points, a quarter for ∂f/∂x of the
validation points, a quarter for a chunk."""

CACHED = 2**22
"""Bytes of a chunk on a CPU: what its second and third cache hold."""

PASS = 4096
"""Points whose features are made at once."""


@dataclass(frozen=True)
class Targets:
    """Inputs and labels of a network for a data set, in units of the surface's `scale`.

    Attributes:
        inputs: standardised features (B, F).
        energies: labels less shift and baseline, (B,).
        forces: the same for forces, K components of each point in its `reachable` space (B, K),
            or all 3N where there was no room for that; none if there are none.
        input_gradients: point indices (b,) to ∂inputs/∂x in the same directions, (b, F, K).
        outside: squared length (B,) of the forces outside that space, beyond any network.
        components: 3N.
    """

    inputs: Tensor
    energies: Tensor
    forces: Tensor | None
    input_gradients: Callable[[Tensor], Tensor] | None
    outside: Tensor
    components: int


def prepare(surface: NeuralSurface, dataset: Dataset, *, cache: int = MEMORY // 2) -> Targets:
    """Inputs, labels and input gradients, which stay the same while the network learns.

    Args:
        surface: its shift, scale, means and baseline are used as they are.
        dataset: data set on the device of the surface.
        cache: bytes that ∂inputs/∂x may take; beyond, it is computed again for each chunk.
    """
    positions, forces = dataset.positions, dataset.forces
    with torch.no_grad():
        inputs = in_chunks(surface.inputs, positions, PASS).contiguous()
    energies = dataset.energies - surface.shift
    if (baseline := surface.baseline) is not None:
        base_energies, base_forces = predicted(baseline, dataset, chunk=PASS)
        energies = energies - base_energies
        forces = None if forces is None or base_forces is None else forces - base_forces
    energies, outside = energies / surface.scale, torch.zeros_like(energies)
    components = positions.shape[1] * 3
    if forces is None:
        return Targets(inputs, energies, None, None, outside, components)
    forces = forces.flatten(1) / surface.scale
    slopes_of, within, outside = input_gradients(surface, positions, forces, cache)
    return Targets(inputs, energies, within, slopes_of, outside, components)


def predictions(
    mlp: MLP, parameters: Tensor, targets: Targets, points: Tensor
) -> tuple[Tensor, Tensor | None]:
    """Energies (b,) and forces (b, K) of the network at some points, in units of `scale`.

    F = −(∂f/∂x)ᵀ ∂E/∂f with the inputs f, in the directions of `Targets.forces`;
    differentiable in the parameters (P,).
    """
    layers, inputs = layers_of(mlp, parameters), targets.inputs[points]
    if targets.forces is None or targets.input_gradients is None:
        return forward(layers, mlp.activation, inputs, order=0).energies, None
    at = forward(layers, mlp.activation, inputs, order=1)
    return at.energies, -contracted(targets.input_gradients(points), slopes(layers, at))


def balanced_force_weight(surface: NeuralSurface, train: Dataset) -> float:
    """`default_force_weight` (bohr²) of what the baseline leaves; 0 where there are no forces.

    Args:
        surface: its baseline is subtracted.
        train: training points.
    """
    if train.forces is None:
        return 0.0
    energies, forces = left_by(surface.baseline, train.positions, train.energies, train.forces)
    assert forces is not None
    return default_force_weight(energies, forces)


def normalised_root(weights: Tensor, total: Tensor | None = None) -> Tensor:
    """√(w/Σw) (B,).

    Args:
        weights: w.
        total: Σw, of more points than these if they are a share of a set.

    Raises:
        ValueError: if a weight is negative or not finite, or all are zero.
    """
    whole = weights.sum() if total is None else total
    if not (weights.isfinite() & (weights >= 0)).all() or not whole > 0:
        raise ValueError("weights must be finite, not negative and not all zero")
    return (weights / whole).sqrt()


def surface_problem(
    mlp: MLP,
    targets: Targets,
    *,
    force_weight: float,
    weights: Tensor | None = None,
    total_weight: Tensor | None = None,
    memory: int = MEMORY,
) -> ChunkedLeastSquares:
    """Residuals whose ½‖r‖² is half the weighted mean square error in units of `scale`².

    ‖r‖² = Σ_i w_i [(ΔE_i)² + force_weight Σ (ΔF_i)²] / Σ_i w_i.

    Args:
        mlp: gives the shape of the network, not the parameters.
        targets: see `prepare`.
        force_weight: weight of squared forces in bohr², such as `balanced_force_weight`.
        weights: w (B,), all one if not given.
        total_weight: Σ_i w_i of the whole set, where the targets are one shard of it.
        memory: bytes that the chunks may take.

    Raises:
        ValueError: for weights that are not finite, negative or all zero.
    """
    root = normalised_root(
        torch.ones_like(targets.energies) if weights is None else weights, total_weight
    )
    at = _Weighted(mlp, targets, root, force_weight)
    return ChunkedLeastSquares(
        partial(_residuals, at),
        partial(_jacobian, at),
        len(targets.energies),
        *_chunks(mlp, targets, memory),
        gradients=partial(_gradient, at),
        fixed=root.square() * force_weight * targets.outside,
    )


@dataclass(frozen=True)
class _Weighted:
    """Network, labels, √(w/Σw) (B,) and the weight of squared forces in bohr²."""

    mlp: MLP
    targets: Targets
    root: Tensor
    force_weight: float


def _chunks(mlp: MLP, targets: Targets, memory: int) -> tuple[int, int]:
    """Points for a pass through the network and for a Jacobian, so that the caches hold them."""
    rows = 1 if targets.forces is None else 1 + targets.forces.shape[1]
    features = targets.inputs.shape[1]
    # About eight tensors as wide as the network, and ∂f/∂x twice.
    numbers = 2 * features * rows + 8 * (features + sum(mlp.hidden))
    parameters = sum(p.numel() for p in mlp.parameters())
    limit = memory // 4
    best = limit if targets.inputs.is_cuda else min(limit, CACHED)
    return max(64, best // (8 * numbers)), max(16, best // (8 * rows * parameters))


def _residuals(at: _Weighted, parameters: Tensor, points: Tensor) -> Tensor:
    targets = at.targets
    energies, forces = predictions(at.mlp, parameters, targets, points)
    errors = energies - targets.energies[points]
    if forces is None or targets.forces is None:
        return at.root[points] * errors
    rows = (errors[:, None], at.force_weight**0.5 * (forces - targets.forces[points]))
    return (at.root[points, None] * torch.cat(rows, 1)).flatten()


def _gradient(at: _Weighted, parameters: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """½‖r‖² and its gradient: with r known, that of r·∂r/∂p needs one direction in each point."""
    targets, layers = at.targets, layers_of(at.mlp, parameters)
    inputs, weights = targets.inputs[points], at.root[points].square()
    labels = targets.energies[points]
    if targets.forces is None or targets.input_gradients is None:
        here = forward(layers, at.mlp.activation, inputs, order=1)
        errors = here.energies - labels
        seeds = weights * errors
        return 0.5 * seeds.dot(errors), energy_gradient(layers, here, seeds)
    here = forward(layers, at.mlp.activation, inputs, order=2)
    errors = here.energies - labels
    columns, force_labels = targets.input_gradients(points), targets.forces[points]
    seeds, squares = weights * errors, errors.square()

    def directions(slope: Tensor) -> Tensor:
        force_errors = contracted(columns, slope) + force_labels
        squares.add_(force_errors.square().sum(1), alpha=at.force_weight)
        return contracted(columns.mT, (at.force_weight * weights)[:, None] * force_errors)

    gradient = slope_gradient(layers, here, seeds, directions)
    return 0.5 * weights.dot(squares), gradient


def _jacobian(at: _Weighted, parameters: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    targets, layers = at.targets, layers_of(at.mlp, parameters)
    inputs, root = targets.inputs[points], at.root[points]
    labels = targets.energies[points]
    if targets.forces is None or targets.input_gradients is None:
        here = forward(layers, at.mlp.activation, inputs, order=1)
        return root * (here.energies - labels), jacobian(layers, here, root).flatten(0, 1)
    here = forward(layers, at.mlp.activation, inputs, order=2)
    columns = at.force_weight**0.5 * targets.input_gradients(points)
    forces = -contracted(columns, slopes(layers, here))
    force_errors = forces - at.force_weight**0.5 * targets.forces[points]
    rows = torch.cat(((here.energies - labels)[:, None], force_errors), 1)
    blocks = jacobian(layers, here, root, -columns.mT)
    return (root[:, None] * rows).flatten(), blocks.flatten(0, 1)
