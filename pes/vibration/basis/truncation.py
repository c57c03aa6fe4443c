"""Limits on the products of functions that make the basis, and how they grow or shrink."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor

from pes.vibration.basis.factor import Factor
from pes.vibration.basis.product_tree import unraveled, within_energy, within_quanta

__all__ = ["GroupSize", "Truncation"]


ENERGY_STEP = 1.3
"""Two quanta of six: a smaller step leaves levels of the other parity where they were."""


@dataclass(frozen=True)
class GroupSize:
    """Coordinates contracted together.

    Attributes:
        coordinates: numbers of these coordinates, ascending.
        energy: energy above the group's lowest function up to which functions are kept, hartree.
        functions: number of the group's functions to keep; give either this or `energy`.

    Raises:
        ValueError: if both `energy` and `functions` are given, or neither.
    """

    coordinates: tuple[int, ...]
    energy: float | None = None
    functions: int | None = None

    def __post_init__(self) -> None:
        if (self.energy is None) == (self.functions is None):
            raise ValueError(
                f"a group takes either an energy or a number of functions, got {self.energy} "
                f"and {self.functions}"
            )

    def scaled(self, by: float) -> "GroupSize":
        """The same with another limit."""
        if self.energy is not None:
            return replace(self, energy=self.energy * by)
        return replace(self, functions=max(1, round(self.functions * by)))  # pyright: ignore


@dataclass(frozen=True)
class Truncation:
    """Limits on the products of functions of all factors; none of them keeps every product.

    Attributes:
        quanta: most quanta in all, each times its weight.
        weights: one for each factor; default 1.
        energy: largest sum of reference energies above the lowest, hartree.
        groups: coordinates contracted together before.
        self_consistent: modals of the vibrational self-consistent field instead of the
            eigenfunctions of cuts.
    """

    quanta: float | None = None
    weights: tuple[float, ...] | None = None
    energy: float | None = None
    groups: tuple[GroupSize, ...] = ()
    self_consistent: bool = False

    def kept(self, factors: Sequence[Factor], *, fewer: int = 0) -> Tensor | None:
        """Numbers of the products kept, with `fewer` functions of each factor left out.

        Raises:
            ValueError: if `weights` has not one number for each factor.
        """
        shape = [f.size for f in factors]
        if self.weights is not None and len(self.weights) != len(shape):
            raise ValueError(
                f"`weights` must hold one number for each of the {len(shape)} coordinates and "
                f"groups, got {len(self.weights)}"
            )
        limits = []
        if self.quanta is not None:
            limits.append(within_quanta(shape, self.quanta, weights=self.weights))
        if self.energy is not None:
            limits.append(within_energy([f.energies for f in factors], self.energy))
        if not limits and not fewer:
            return None
        kept = torch.arange(prod(shape)) if not limits else limits[0]
        for other in limits[1:]:
            kept = kept[torch.isin(kept, other)]
        if fewer:
            places = unraveled(kept, shape)
            inside = [i < max(1, n - fewer) for i, n in zip(places, shape, strict=True)]
            kept = kept[torch.stack(inside).all(0)]
        return kept

    @property
    def step(self) -> float:
        """Increment that changes even and odd states alike: two quanta of the smallest weight."""
        return 2 * min(self.weights or (1.0,))

    def larger(self) -> "Truncation":
        """The same with 15 % more quanta, at least two more, and 30 % more energy."""
        q = None if self.quanta is None else max(self.quanta + self.step, round(1.15 * self.quanta))
        return self._scaled(ENERGY_STEP, q)

    def smaller(self) -> "Truncation":
        """Two quanta less, none at the least; as much energy less as `larger` adds."""
        q = None if self.quanta is None else max(0.0, self.quanta - self.step)
        return self._scaled(1 / ENERGY_STEP, q)

    def _scaled(self, by: float, quanta: float | None) -> "Truncation":
        energy = None if self.energy is None else self.energy * by
        groups = tuple(group.scaled(by) for group in self.groups)
        return replace(self, quanta=quanta, energy=energy, groups=groups)
