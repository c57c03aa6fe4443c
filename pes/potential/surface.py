"""A potential energy surface with what is known of it."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pes.molecule import Molecule, covalent_radii
from pes.potential.ensemble import Ensemble
from pes.potential.storage import SurfaceRecord

__all__ = ["Surface", "check_units", "checked_positions"]

NEAREST = 0.65
"""Shortest distance over the sum of covalent radii, below which bohr are doubted."""


@dataclass(frozen=True, eq=False, repr=False)
class Surface:
    """Positions (B, N, 3) in bohr to energies (B,) in hartree, and where they come from.

    A dipole surface gives dipole moments (B, 3) in e·bohr instead.

    Attributes:
        potential: the function; a user's own is a `UserFunction`.
        symbols: isotopes of the atoms it was made for, None if it does not say.
        record: training points and energy range of a surface file, None for any other surface.
        name: name under which it was loaded; None for a module or a function.

    Example:
        >>> from pes.potential.analytic import WaterPJT
        >>> water = Surface(WaterPJT(), WaterPJT.symbols)
        >>> water.differentiable, water.ensemble, len(list(water.parameters()))
        (True, None, 3)
    """

    potential: nn.Module
    symbols: tuple[str, ...] | None = None
    record: SurfaceRecord | None = None
    name: str | None = None

    def __call__(self, positions: Tensor | np.ndarray) -> Any:
        """Energies (B,) in hartree, or dipole moments (B, 3) in e·bohr, of positions (B, N, 3).

        Positions are in bohr; the result is of the same type as these.

        Raises:
            TypeError: for anything but a tensor or an array of float64.
            ValueError: for another shape.
        """
        x = checked_positions(positions, self.symbols)
        if isinstance(positions, Tensor):
            return self.potential(x)
        with torch.no_grad():
            return self.potential(x).cpu().numpy()

    def __repr__(self) -> str:
        atoms = "atoms not known" if self.symbols is None else Molecule(self.symbols).formula
        kind = getattr(self.potential, "name", type(self.potential).__name__)
        points = ""
        if self.record is not None:
            points = f", {len(self.record.training_positions)} training points"
        return f"Surface({kind}, {atoms}{points})"

    @property
    def is_dipole(self) -> bool:
        """Whether the surface returns dipole moments instead of energies."""
        return getattr(self.potential, "value_shape", ()) == (3,)

    @property
    def charge(self) -> int | None:
        """Total charge of a fitted dipole surface, e; None for any other surface."""
        return getattr(self.potential, "charge", None)

    @property
    def differentiable(self) -> bool:
        """Whether torch can compute forces; false for a user's plain function."""
        return getattr(self.potential, "differentiable", True)

    @property
    def ensemble(self) -> Ensemble | None:
        """The ensemble, if it has two members or more; else None."""
        return getattr(self.potential, "with_spread", None)

    @property
    def module(self) -> nn.Module:
        """The surface as a module with parameters.

        Raises:
            ValueError: for a plain function.
        """
        if not self.differentiable:
            raise ValueError("this surface is a plain function and has no parameters")
        return self.potential

    def parameters(self) -> Iterator[nn.Parameter]:
        """Parameters that levels and fits can be differentiated by."""
        return self.potential.parameters()

    def to(self, device: torch.device) -> "Surface":
        """The same surface, its tensors moved to a device."""
        self.potential.to(device)
        return self


def checked_positions(positions: Tensor | np.ndarray, symbols: Sequence[str] | None) -> Tensor:
    """Positions as a tensor; type and shape are checked, and a likely wrong unit is warned about.

    Args:
        positions: (B, N, 3) in bohr.
        symbols: isotopes, if the surface says what atoms it is for.

    Raises:
        TypeError: for anything but a tensor or an array of float64.
        ValueError: for another shape.
    """
    if not isinstance(positions, Tensor | np.ndarray):
        raise TypeError(
            "positions must be a torch tensor or a NumPy array of shape (B, N, 3), got "
            f"{type(positions).__name__}"
        )
    if isinstance(positions, np.ndarray) and positions.dtype.kind not in "biufc":
        raise TypeError("positions must be an array of float64, got one of text or objects")
    x = torch.as_tensor(positions)
    atoms = "N" if symbols is None else len(symbols)
    if x.ndim != 3 or x.shape[-1] != 3 or atoms not in ("N", x.shape[1]):
        raise ValueError(
            f"positions must have shape (B, {atoms}, 3), got {tuple(x.shape)}; one geometry is "
            "positions[None]"
        )
    if x.dtype != torch.float64:
        raise TypeError(f"positions must be float64, got {str(x.dtype).removeprefix('torch.')}")
    if symbols is not None:
        check_units(x, symbols)
    return x


def check_units(positions: Tensor, symbols: Sequence[str], *, stacklevel: int = 4) -> None:
    """Warn, once for each place of a program, about positions that look like Å.

    The shortest distance of a geometry is about the sum of two covalent radii; with numbers in Å
    in place of bohr it is half of that. The median over the geometries decides.

    Args:
        positions: (B, N, 3), in bohr as they should be.
        symbols: isotopes.
        stacklevel: stacklevel of the place that the warning names, as for `warnings.warn`.
    """
    radii = covalent_radii(symbols)
    first, second = torch.triu_indices(len(radii), len(radii), 1)
    x = positions.detach().cpu()
    shares = (x[:, first] - x[:, second]).norm(dim=-1) / (radii[first] + radii[second])
    nearest = float(shares.amin(1).median()) if len(x) else 1.0
    if nearest < NEAREST:
        warnings.warn(
            f"these positions look like Å: the shortest distance is {nearest:.2f} of a usual bond "
            "length; surfaces take bohr, multiply by pes.units.ANGSTROM", stacklevel=stacklevel,
        )  # fmt: skip
