"""Ensemble of surfaces fitted to the same points: their mean and their spread."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pes.descriptors import Descriptor

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """V = mean of the members; their spread is the uncertainty.

    Members with equal descriptors share one, which is evaluated once for all of them. If members
    agree better with each other than with points that they were not fitted to, `inflation` moves
    them away from their mean, so that the spread is an uncertainty. The mean does not change.

    Args:
        members: at least one surface; all are of the same atoms.
        inflation: factor of the members' differences from their mean.

    Raises:
        ValueError: if there is no member, or the factor is not positive.
    """

    def __init__(self, members: Sequence[nn.Module], *, inflation: float = 1.0) -> None:
        super().__init__()
        if not members:
            raise ValueError("an ensemble needs at least one member")
        if not inflation > 0:
            raise ValueError(f"`inflation` must be positive, got {inflation}")
        self.inflation = float(inflation)
        self.members = nn.ModuleList(members)
        _share(list(members), {})

    @property
    def parts(self) -> dict[str, list[nn.Module]]:
        """Surfaces that this one is made of, by the name of the argument."""
        return {"members": list(self.members)}

    @property
    def summands(self) -> list[tuple[nn.Module, float]]:
        """Surfaces that add up to this one, with their factors."""
        return [(member, 1 / len(self.members)) for member in self.members]

    @property
    def value_shape(self) -> tuple[int, ...]:
        """Shape of the value for each geometry: () of an energy, (3,) of a dipole moment."""
        return getattr(self.members[0], "value_shape", ())

    @property
    def charge(self) -> int | None:
        """Total charge of members that are dipole surfaces, e; None for others."""
        return getattr(self.members[0], "charge", None)

    @property
    def symbols(self) -> tuple[str, ...] | None:
        """Atoms that the members were made for, None if they do not say."""
        return getattr(self.members[0], "symbols", None)

    @property
    def with_spread(self) -> "Ensemble | None":
        """This ensemble if it has two members or more, so that they can differ; else None."""
        return self if len(self.members) > 1 else None

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `surface_from` builds it again; the members are not among them."""
        return {} if self.inflation == 1 else {"inflation": self.inflation}

    def each(self, positions: Tensor) -> Tensor:
        """Energies (M, B) in hartree of every member, after inflation, at positions (B, N, 3)."""
        energies = self._fitted(positions)
        if self.inflation == 1:
            return energies
        mean = energies.mean(0)
        return mean + self.inflation * (energies - mean)

    def _fitted(self, positions: Tensor) -> Tensor:
        """Energies (M, B) in hartree of every member as it was fitted."""
        known: dict[nn.Module, Tensor] = {}

        def features(descriptor: Descriptor) -> Tensor:
            if descriptor not in known:
                known[descriptor] = descriptor(positions)
            return known[descriptor]

        return torch.stack([_energies(member, positions, features) for member in self.members])

    def forward(self, positions: Tensor) -> Tensor:
        """Mean energies (B,) in hartree of positions (B, N, 3) in bohr."""
        return self._fitted(positions).mean(0)

    def spread(self, positions: Tensor) -> Tensor:
        """Standard deviation (B,) in hartree of the members; zero for a single one."""
        return self.each(positions).std(0, correction=min(1, len(self.members) - 1))


def _energies(surface: Any, positions: Tensor, features: Callable[[Descriptor], Tensor]) -> Tensor:
    """Energies of a surface, its features and those of its baselines from `features`."""
    if not hasattr(surface, "of_features"):
        return surface(positions)
    energies = surface.of_features(features(surface.descriptor))
    if surface.baseline is None:
        return energies
    return energies + _energies(surface.baseline, positions, features)


def _share(surfaces: Sequence[Any], known: dict[str, Descriptor]) -> None:
    """Give surfaces the first descriptor that has the settings of their own."""
    for surface in surfaces:
        if hasattr(surface, "of_features"):
            name = repr(sorted(surface.descriptor.settings.items()))
            shared = known.setdefault(name, surface.descriptor)
            if _same_tables(shared, surface.descriptor):
                surface.descriptor = shared
            if surface.baseline is not None:
                _share([surface.baseline], known)


def _same_tables(a: nn.Module, b: nn.Module) -> bool:
    """Whether descriptors order invariants alike, which files of other versions may not."""
    return all(torch.equal(x, y) for x, y in zip(a.buffers(), b.buffers(), strict=True))
