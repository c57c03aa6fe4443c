"""A baseline plus a neural network of symmetric descriptors."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks, tuple_in_chunks
from pes.descriptors import Descriptor, descriptor_from
from pes.geometry import check_tensor
from pes.potential.mlp import MLP

__all__ = ["NeuralSurface", "energies_and_forces", "left_by", "neural_surface"]

PASS = 4096
"""Points whose features are made at once."""

PIECE = 512
"""Points at which a baseline is evaluated at once."""

SMALLEST_SCALE = 1e-9
"""Hartree: where a baseline is perfect the network may add no more than rounding."""


class NeuralSurface(nn.Module):
    """V = shift + baseline(x) + scale · MLP((f(x) − mean) / deviation).

    Args:
        descriptor: positions (B, N, 3) to features (B, F).
        mlp: standardised features (B, F) to numbers (B,).
        baseline: a surface in hartree, or nothing.

    Attributes:
        mean, deviation: of the features over the training points, (F,).
        shift, scale: mean and spread in hartree of what the network has to fit.
    """

    mean: Tensor
    deviation: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(
        self, descriptor: Descriptor, mlp: MLP, *, baseline: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.mlp = mlp
        self.baseline = baseline
        size = descriptor.size
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("deviation", torch.ones(size, dtype=torch.float64))
        self.register_buffer("shift", torch.zeros((), dtype=torch.float64))
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `surface_from` builds it again, without weights and baseline."""
        return {
            "descriptor": self.descriptor.settings,
            "hidden": list(self.mlp.hidden),
            "activation": self.mlp.activation,
        }

    @property
    def parts(self) -> dict[str, nn.Module | None]:
        """Surfaces that this one is made of, by the name of the argument."""
        return {"baseline": self.baseline}

    @property
    def summands(self) -> list[tuple[nn.Module, float]]:
        """Surfaces that are added to this one's own part, with their factors."""
        return [] if self.baseline is None else [(self.baseline, 1.0)]

    @staticmethod
    def from_settings(
        settings: Mapping[str, Any], baseline: nn.Module | None = None
    ) -> "NeuralSurface":
        """An untrained surface with these settings."""
        descriptor = descriptor_from(settings["descriptor"])
        mlp = MLP(descriptor.size, settings["hidden"], activation=settings["activation"])
        return NeuralSurface(descriptor, mlp, baseline=baseline)

    def inputs(self, positions: Tensor) -> Tensor:
        """Standardised features (B, F), the inputs of the network."""
        return (self.descriptor(positions) - self.mean) / self.deviation

    def of_features(self, features: Tensor) -> Tensor:
        """Shift and network (B,) in hartree for features (B, F) of the descriptor."""
        return self.shift + self.scale * self.mlp((features - self.mean) / self.deviation)

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, N, 3) in bohr."""
        energies = self.of_features(self.descriptor(positions))
        return energies if self.baseline is None else energies + self.baseline(positions)


def neural_surface(
    descriptor: Descriptor,
    positions: Tensor,
    energies: Tensor,
    *,
    hidden: Sequence[int] = (20, 20),
    activation: str = "tanh",
    baseline: nn.Module | None = None,
    seed: int = 0,
) -> NeuralSurface:
    """An untrained surface, scaled to the training points.

    Args:
        descriptor: positions (B, N, 3) to features (B, F).
        positions: training points (B, N, 3) in bohr.
        energies: (B,) in hartree.
        hidden: width of each hidden layer.
        activation: `tanh`, `silu` or `softplus`.
        baseline: a surface in hartree, such as a fitted `LinearSurface`.
        seed: seed of the starting weights.
    """
    mlp = MLP(descriptor.size, hidden, activation=activation, seed=seed)
    surface = NeuralSurface(descriptor, mlp, baseline=baseline).to(positions.device)
    with torch.no_grad():
        # In parts: a descriptor may need many times the memory of its features.
        features = in_chunks(descriptor, positions, PASS)
        rest = energies
        if baseline is not None:
            rest = energies - in_chunks(baseline, positions, PASS)
        surface.mean.copy_(features.mean(0))
        deviation = features.std(0, correction=0)
        surface.deviation.copy_(torch.where(deviation > 0, deviation, 1.0))
        surface.shift.copy_(rest.mean())
        surface.scale.copy_(rest.std(correction=0).clamp(min=SMALLEST_SCALE))
    return surface


def energies_and_forces(
    surface: Callable[[Tensor], Tensor], positions: Tensor
) -> tuple[Tensor, Tensor]:
    """Energies (B,) in hartree and forces −∂V/∂x (B, N, 3) in hartree/bohr.

    Works for any surface that torch can differentiate; the results carry no graph.

    Args:
        surface: positions to energies.
        positions: (B, N, 3) in bohr.

    Raises:
        TypeError: for anything but a tensor, such as an array.
        ValueError: for a surface that torch cannot differentiate, such as a function in NumPy.
    """
    check_tensor(positions)
    with torch.enable_grad():
        x = positions.detach().requires_grad_()
        energies = surface(x)
        if not energies.requires_grad:
            raise ValueError(
                "this surface is a function that torch cannot differentiate: it has no forces; "
                "write it in torch, or take differences of its energies"
            )
        (gradient,) = torch.autograd.grad(energies.sum(), x)
    return energies.detach(), -gradient


def left_by(
    baseline: nn.Module | None, positions: Tensor, energies: Tensor, forces: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Energies (B,) and forces (B, N, 3) less those of a baseline, atomic units."""
    if baseline is None:
        return energies, forces
    if forces is None:
        with torch.no_grad():
            return energies - in_chunks(baseline, positions, PIECE), None
    base_energies, base_forces = tuple_in_chunks(
        partial(energies_and_forces, baseline), positions, PIECE
    )
    return energies - base_energies, forces - base_forces
