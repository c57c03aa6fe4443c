"""From a surface and labelled points to the residuals that an optimizer makes small."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call, grad, jacrev, vmap

from pes.data.dataset import Dataset
from pes.potential.linear import feature_gradients
from pes.potential.mlp import MLP
from pes.potential.neural import NeuralSurface, energies_and_forces
from pes.training.problem import Problem

__all__ = [
    "Targets",
    "default_force_weight",
    "normalised_root",
    "predictions",
    "prepare",
    "surface_problem",
]

JACOBIAN_BYTES = 2**27
CACHE_BYTES = 2**31


@dataclass(frozen=True)
class Targets:
    """What the network is shown of a data set, in units of the surface's `scale`.

    Attributes:
        inputs: standardised features (B, F).
        energies: what shift and baseline leave of the labels, (B,).
        forces: the same for forces, (B, 3N), if there are any.
        input_gradients: point indices (b,) to ∂inputs/∂x (b, F, 3N).
    """

    inputs: Tensor
    energies: Tensor
    forces: Tensor | None
    input_gradients: Callable[[Tensor], Tensor]


def prepare(surface: NeuralSurface, dataset: Dataset, *, cache: int = CACHE_BYTES) -> Targets:
    """Everything that stays the same while the network learns.

    Args:
        surface: its shift, scale, means and baseline are used as they are.
        dataset: on the device of the surface.
        cache: bytes that ∂inputs/∂x may take; beyond, it is computed again for each chunk.
    """
    positions, energies, forces = dataset.positions, dataset.energies, dataset.forces
    with torch.no_grad():
        inputs = surface.inputs(positions).contiguous()
    energies = energies - surface.shift
    if surface.baseline is not None:
        base_energies, base_forces = energies_and_forces(surface.baseline, positions)
        energies = energies - base_energies
        forces = None if forces is None else forces - base_forces
    energies = energies / surface.scale
    forces = None if forces is None else forces.flatten(1) / surface.scale

    def gradients(points: Tensor) -> Tensor:
        with torch.no_grad():
            columns = feature_gradients(surface.descriptor, positions[points])
            return columns / surface.deviation[:, None]

    if forces is not None and 8 * inputs.numel() * forces.shape[1] <= cache:
        # Columns of molecules are independent; 512 at a time bound the monomials in memory.
        indices = torch.arange(len(inputs), device=inputs.device)
        cached = torch.cat([gradients(chunk) for chunk in indices.split(512)])
        return Targets(inputs, energies, forces, lambda points: cached[points])
    return Targets(inputs, energies, forces, gradients)


def predictions(
    mlp: MLP, parameters: Tensor, targets: Targets, points: Tensor
) -> tuple[Tensor, Tensor | None]:
    """Energies (b,) and forces (b, 3N) of the network at some points, in units of `scale`.

    F = −(∂f/∂x)ᵀ ∂E/∂f with the inputs f; differentiable in the parameters (P,).
    """
    named = _named(mlp, parameters)
    inputs = targets.inputs[points]
    if targets.forces is None:
        return functional_call(mlp, named, (inputs,)), None

    def total(z: Tensor) -> tuple[Tensor, Tensor]:
        energies = functional_call(mlp, named, (z,))
        return energies.sum(), energies

    slopes, energies = grad(total, has_aux=True)(inputs)
    return energies, -torch.einsum("bfx,bf->bx", targets.input_gradients(points), slopes)


def default_force_weight(targets: Targets) -> float:
    """σ_E²/(3N σ_F²) in bohr²: all forces together then count as much as the energies."""
    if targets.forces is None:
        return 0.0
    spread = targets.forces.square().mean() * targets.forces.shape[1]
    return float(targets.energies.var(correction=0) / spread)


def normalised_root(weights: Tensor) -> Tensor:
    """√(w/Σw) (B,).

    Raises:
        ValueError: if a weight is negative or not finite, or all are zero.
    """
    if not (weights.isfinite() & (weights >= 0)).all() or not weights.sum() > 0:
        raise ValueError("weights must be finite, not negative and not all zero")
    return (weights / weights.sum()).sqrt()


def surface_problem(
    mlp: MLP,
    targets: Targets,
    *,
    weights: Tensor | None = None,
    force_weight: float | None = None,
) -> Problem:
    """Residuals whose ½‖r‖² is half the weighted mean square error in units of `scale`².

    ‖r‖² = Σ_i w_i [(ΔE_i)² + force_weight Σ (ΔF_i)²] / Σ_i w_i.

    Args:
        mlp: gives the shape of the network, not the parameters.
        targets: see `prepare`.
        weights: w (B,), all one if not given.
        force_weight: in bohr²; `default_force_weight` if not given.

    Raises:
        ValueError: for weights that are not finite, negative or all zero.
    """
    root = normalised_root(torch.ones_like(targets.energies) if weights is None else weights)
    if force_weight is None:
        force_weight = default_force_weight(targets)
    force_root = force_weight**0.5

    def residuals(parameters: Tensor, points: Tensor) -> Tensor:
        energies, forces = predictions(mlp, parameters, targets, points)
        rows = (energies - targets.energies[points])[:, None]
        if forces is not None and targets.forces is not None:
            rows = torch.cat((rows, force_root * (forces - targets.forces[points])), 1)
        return (root[points, None] * rows).flatten()

    def jacobian(parameters: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        rows = residuals(parameters, points)
        each = _row_jacobians(mlp, parameters, targets, points)
        if targets.forces is not None:
            each[:, 1:] *= force_root
        return rows.detach(), (root[points, None, None] * each).flatten(0, 1)

    width = 1 if targets.forces is None else 1 + targets.forces.shape[1]
    parameter_count = sum(p.numel() for p in mlp.parameters())
    chunk = max(16, JACOBIAN_BYTES // (8 * parameter_count * width))
    return Problem(residuals, jacobian, len(targets.energies), chunk)


def _row_jacobians(mlp: MLP, parameters: Tensor, targets: Targets, points: Tensor) -> Tensor:
    """∂(E, F)/∂p of each point, (b, 1 or 1 + 3N, P), unweighted."""
    named = {name: p.detach() for name, p in _named(mlp, parameters).items()}

    def energy(weights: dict[str, Tensor], z: Tensor) -> Tensor:
        return functional_call(mlp, weights, (z,))

    def energy_and_forces(weights: dict[str, Tensor], z: Tensor, gradients: Tensor) -> Tensor:
        slopes, value = torch.func.grad_and_value(energy, argnums=1)(weights, z)
        return torch.cat((value[None], -gradients.mT @ slopes))

    inputs = targets.inputs[points]
    if targets.forces is None:
        blocks = vmap(grad(energy), (None, 0))(named, inputs)
        return torch.cat([b.flatten(1) for b in blocks.values()], 1)[:, None]
    blocks = vmap(jacrev(energy_and_forces), (None, 0, 0))(
        named, inputs, targets.input_gradients(points)
    )
    return torch.cat([b.flatten(2) for b in blocks.values()], 2)


def _named(mlp: MLP, parameters: Tensor) -> dict[str, Tensor]:
    """One vector (P,) as the tensors that the network knows by name."""
    shapes = {name: p.shape for name, p in mlp.named_parameters()}
    parts = parameters.split([shape.numel() for shape in shapes.values()])
    return {
        name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }
