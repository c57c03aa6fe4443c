"""Check that a surface gives a geometry the same energy in every batch and at any time."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pes.units import CM1

__all__ = ["check_consistency"]

TOLERANCE = 1e-9
"""Hartree, 0.0002 cm⁻¹; sums in another order differ by 1e-13 of the total energy."""

RELATIVE = 1e-12
SHIFT = 0.05
"""Bohr: far enough that geometries differ, near enough that all of them are sensible."""
GEOMETRIES = 7


def check_consistency(potential: Callable[[Tensor], Any], start: Tensor, name: str) -> None:
    """Evaluate a few geometries together, then again in another order and in other batches.

    Args:
        potential: positions (B, N, 3) in bohr to energies (B,) in hartree.
        start: a sensible geometry (N, 3) in bohr.
        name: name of the surface, for messages.

    Raises:
        ValueError: if it returns anything but float64 energies of this shape, or energies that
            depend on the batch or on earlier calls.

    Example:
        >>> check_consistency(lambda x: x[:, 0, 0], torch.zeros(2, 3, dtype=torch.float64), "x")
    """
    generator = torch.Generator().manual_seed(0)
    moves = torch.randn(GEOMETRIES, *start.shape, generator=generator, dtype=torch.float64)
    moves[0] = 0
    x = start.detach() + SHIFT * moves.to(start.device)
    with torch.no_grad():
        together = _energies(potential, x, name)
        backwards = [_energies(potential, part, name) for part in x.flip(0).split([1, 2, 4])]
    again = torch.cat(backwards).flip(0)
    both = together.isfinite() & again.isfinite()
    change = float((again - together)[both].abs().max()) if both.any() else 0.0
    size = float(together[both].abs().max()) if both.any() else 0.0
    if change > TOLERANCE + RELATIVE * size or not torch.equal(
        together.isfinite(), again.isfinite()
    ):
        raise ValueError(
            f"{name} changes by {change / CM1:.3g} cm-1 when the same geometry is computed again "
            "or in another batch; each energy must depend on its geometry alone: look for sums "
            "over the batch, counters and random numbers"
        )


def _energies(potential: Callable[[Tensor], Any], x: Tensor, name: str) -> Tensor:
    energies = potential(x)
    if not isinstance(energies, Tensor):
        raise ValueError(f"{name} returned {type(energies).__name__}, not a tensor of energies")
    if energies.shape != (len(x),) or energies.dtype != torch.float64:
        raise ValueError(
            f"{name} returned shape {tuple(energies.shape)} of "
            f"{str(energies.dtype).removeprefix('torch.')} for {len(x)} geometries; it must return "
            f"shape ({len(x)},) of float64"
        )
    return energies
