"""A term added to the surface, whose strength is one more parameter of the levels."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pes.vibration.system.system import System

__all__ = ["gaussian", "perturbed"]


def gaussian(coordinate: int, centre: float, width: float) -> Callable[[Tensor], Tensor]:
    """exp(−(q − centre)²/(2 width²)) of one coordinate; q (P, Q) to (P,).

    Example:
        >>> gaussian(0, 1.0, 0.1)(torch.tensor([[1.0, 5.0]]))
        tensor([1.])
    """
    return lambda q: torch.exp(-0.5 * ((q[:, coordinate] - centre) / width) ** 2)


def perturbed(
    system: System, strengths: Tensor, shapes: Sequence[Callable[[Tensor], Tensor]]
) -> System:
    """The system with V + Σ_i κ_i f_i(q).

    Args:
        system: system without the terms.
        strengths: κ (K,) in hartree.
        shapes: K functions of q (P, Q) to (P,).
    """

    def potential(q: Tensor) -> Tensor:
        terms = torch.stack([shape(q) for shape in shapes], -1)
        return system.potential(q) + terms @ strengths

    return replace(system, potential=potential)
