"""Whatever the user calls a dipole moment, as one function of torch positions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pes.molecule import Molecule
from pes.potential import Surface, UserFunction
from pes.setup.inputs.surfaces import imported, loaded, names_function

__all__ = ["DipoleLike", "check_vectors", "dipole_surface", "given_name"]

TURN = ((0.0, -1.0, 0.0), (0.0, 0.0, 1.0), (-1.0, 0.0, 0.0))
"""A rotation that takes every axis to another."""

MOVED = 0.1
"""Bohr by which atoms are moved for the test: at a symmetric geometry there may be no moment."""

SHIFT = (1.0, 1.0, 1.0)
"""Bohr by which the molecule is moved for the test of the total charge."""

FRAME = 1e-3
"""Part of a moment by which it may miss the turned one."""

DipoleLike = Surface | Callable[..., Any] | str | Path
"""Forms in which a Python user may give a dipole moment."""


def dipole_surface(
    dipole: DipoleLike, base: Path | None = None, *, symbols: Sequence[str] | None = None
) -> Surface:
    """A dipole moment by fitted surface, function or name, in torch or NumPy, as a surface.

    Args:
        dipole: function of positions (B, N, 3) in bohr to (B, 3) in e·bohr; a dipole surface; or
            the name of either: run folder, surface file, `module:function` or `file.py:function`.
        base: folder that relative paths start from; by default the current one.
        symbols: atoms that it is used for.

    Raises:
        ValueError, FileNotFoundError: if there is no such function or surface, or it is one of
            energies or of other atoms.
    """
    surface = _given(dipole, base or Path.cwd())
    name = surface.name or given_name(dipole)
    if not surface.is_dipole:
        raise ValueError(
            f"{name} is a surface of energies; `dipole` needs one of dipole moments, fitted with "
            "`surface: dipole`, or a function"
        )
    if surface.symbols and symbols and Molecule(symbols).elements != _elements(surface):
        raise ValueError(
            f"{name}: the dipole surface is for {' '.join(_elements(surface))}, the molecule is "
            f"{' '.join(symbols)}"
        )
    return surface


def given_name(dipole: DipoleLike) -> str:
    """Name of a dipole moment for messages."""
    known = dipole.name if isinstance(dipole, Surface) else getattr(dipole, "__name__", None)
    return known or ("the dipole" if callable(dipole) else str(dipole))


def _given(dipole: DipoleLike, place: Path) -> Surface:
    """The same, of energies too."""
    if isinstance(dipole, Surface):
        return dipole
    if not isinstance(dipole, str | Path):
        return _of_function(dipole, given_name(dipole))
    name = str(dipole)
    if names_function(name, place):
        return _of_function(imported(name, place), name)
    return loaded(name, place)


def _of_function(function: Callable[..., Any], name: str) -> Surface:
    """A surface of dipole moments from a function that says so, or that is taken for one."""
    if isinstance(function, nn.Module) and Surface(function).is_dipole:
        return Surface(function, getattr(function, "symbols", None), name=name)
    return Surface(UserFunction(function, name, (3,)), name=name)


def _elements(surface: Surface) -> tuple[str, ...]:
    return Molecule(surface.symbols or ()).elements


def check_vectors(dipole: Surface, x: Tensor, name: str, *, charge: int | None = None) -> None:
    """Refuse a dipole moment that does not turn with the molecule, or of another total charge.

    Moved by d, a moment changes by Q d, with the total charge Q.

    Args:
        dipole: positions (B, N, 3) in bohr to (B, 3) in e·bohr.
        x: a geometry (N, 3) in bohr, near which moments are tested.
        name: name of the dipole, for messages.
        charge: Q in e; by default that of a fitted surface, and 0 for a function.

    Raises:
        ValueError: if moments are given along other axes than those of the positions, or change
            otherwise when the molecule is moved.
    """
    turn, generator = x.new_tensor(TURN), torch.Generator().manual_seed(0)
    x = x + MOVED * torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x)
    places = torch.stack((x, x @ turn.T, x + x.new_tensor(SHIFT)))
    with torch.no_grad():
        moment, turned, moved = dipole.potential(places)
    expected, size = turn @ moment, FRAME * float(moment.abs().max())
    if float((turned - expected).abs().max()) > size:
        raise ValueError(
            f"{name}: turned with the molecule, the moment {_vector(expected)} is "
            f"{_vector(turned)} e bohr; give moments along the axes of the positions, not along "
            "axes of the molecule"
        )
    charges, shift = (moved - moment) / x.new_tensor(SHIFT), _vector(x.new_tensor(SHIFT))
    total, tolerance = round(float(charges.mean())), max(size, FRAME)
    if float((charges - total).abs().max()) > tolerance:
        raise ValueError(
            f"{name}: moved by {shift} bohr, the moment changes by "
            f"{_vector(moved - moment)} e bohr, which is no whole total charge times the shift; "
            "give the moment of the whole molecule in e bohr"
        )
    known = charge if charge is not None else dipole.charge or 0
    if total != known:
        raise ValueError(
            f"{name}: moved by {shift} bohr, the moment changes as that of a molecule with the "
            f"total charge {_signed(total)} e, not {_signed(known)}; correct the moment, or give "
            f"the charge of the ion, {total}, as `charge` in `spectrum`"
        )


def _signed(charge: int) -> str:
    return f"{charge:+d}" if charge else "0"


def _vector(moment: Tensor) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in moment.tolist()) + ")"
