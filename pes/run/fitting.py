"""From a configuration and its training points to the surface and the weights of the fit."""

from dataclasses import replace

import torch
from torch import Tensor

from pes.config import TrainConfig
from pes.data import Dataset
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import NeuralSurface, linear_surface, neural_surface
from pes.training.weights import WEIGHTS
from pes.units import ANGSTROM, CM1

__all__ = ["on_device", "point_weights", "untrained_surface"]


def untrained_surface(
    config: TrainConfig, training: Dataset, device: torch.device
) -> NeuralSurface:
    """Descriptor, baseline and untrained network for the training points."""
    elements = Molecule(training.symbols).elements
    wanted = config.surface.descriptor
    training = on_device(training, device)
    descriptor = Invariants(
        elements, wanted.degree, length=wanted.length * ANGSTROM, variable=wanted.variable
    ).to(device)
    baseline = None
    if (linear := config.surface.baseline) is not None:
        polynomials = Invariants(
            elements, linear.degree, length=linear.length * ANGSTROM, variable=linear.variable
        ).to(device)
        baseline = linear_surface(
            polynomials, training.positions, training.energies,
            weights=point_weights(config, training.energies, training.energies.min()),
            forces=training.forces, ridge=linear.ridge,
        ).requires_grad_(False)  # fmt: skip
    return neural_surface(
        descriptor, training.positions, training.energies,
        hidden=config.surface.hidden, activation=config.surface.activation,
        baseline=baseline, seed=config.seed,
    )  # fmt: skip


def point_weights(config: TrainConfig, energies: Tensor, lowest: Tensor) -> Tensor:
    """How much each point (B,) counts, by its height above the lowest label."""
    options = config.training.weights.model_dump()
    kind = options.pop("kind")
    return WEIGHTS[kind](energies - lowest, **{k: v * CM1 for k, v in options.items()})


def on_device(dataset: Dataset, device: torch.device) -> Dataset:
    """The tensors that a fit needs on a device."""
    forces = None if dataset.forces is None else dataset.forces.to(device)
    return replace(
        dataset,
        positions=dataset.positions.to(device),
        energies=dataset.energies.to(device),
        forces=forces,
    )
