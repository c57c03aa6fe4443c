"""Whatever the user calls a dipole moment, as one function of torch positions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.potential import Ensemble, Surface, UserFunction
from pes.potential.atomic_charges import AtomicCharges
from pes.setup.surfaces import imported, loaded, names_function

__all__ = ["DipoleLike", "check_vectors", "dipole_function"]

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


def dipole_function(
    dipole: DipoleLike, base: Path | None = None, *, symbols: Sequence[str] | None = None
) -> UserFunction | AtomicCharges | Ensemble:
    """A dipole moment by fitted surface, function or name, in torch, NumPy or anything else.

    Args:
        dipole: function of positions (B, N, 3) in bohr to (B, 3) in e·bohr; a dipole surface; or
            the name of either: run folder, surface file, `module:function` or `file.py:function`.
        base: folder that relative paths start from; by default the current one.
        symbols: atoms that it is used for.

    Raises:
        ValueError, FileNotFoundError: if there is no such function or surface, or it is one of
            energies or of other atoms.
    """
    place, name = base or Path.cwd(), getattr(dipole, "__name__", "the dipole")
    given: Any = dipole
    if isinstance(dipole, str | Path):
        name = str(dipole)
        if names_function(name, place):
            return UserFunction(imported(name, place), name, (3,))
        given = loaded(name, place)
    if isinstance(given, Surface):
        if not given.is_dipole:
            raise ValueError(
                f"{given.name or name} is a surface of energies; `dipole` needs one of dipole "
                "moments, fitted with `surface: dipole`, or a function"
            )
        given = given.potential
    if isinstance(given, UserFunction):
        return given
    if isinstance(given, AtomicCharges | Ensemble):
        _check_atoms(name, given, symbols)
        return given
    return UserFunction(given, name, (3,))


def check_vectors(dipole: Callable[[Tensor], Tensor], x: Tensor, name: str) -> None:
    """Refuse a dipole moment that does not turn with the molecule or that no total charge fits.

    Moved by d, a moment changes by Q d; the total charge Q is a whole number.

    Args:
        dipole: positions (B, N, 3) in bohr to (B, 3) in e·bohr.
        x: a geometry (N, 3) in bohr, near which moments are tested.
        name: of the dipole, for messages.

    Raises:
        ValueError: if moments are given along other axes than those of the positions, or change
            otherwise when the molecule is moved.
    """
    turn, generator = x.new_tensor(TURN), torch.Generator().manual_seed(0)
    x = x + MOVED * torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x)
    with torch.no_grad():
        moment, turned, moved = dipole(torch.stack((x, x @ turn.T, x + x.new_tensor(SHIFT))))
    expected, size = turn @ moment, FRAME * float(moment.abs().max())
    if float((turned - expected).abs().max()) > size:
        raise ValueError(
            f"{name}: turned with the molecule, the moment {_vector(expected)} is "
            f"{_vector(turned)} e bohr; give moments along the axes of the positions, not along "
            "axes of the molecule"
        )
    charges = (moved - moment) / x.new_tensor(SHIFT)
    if float((charges - charges.mean().round()).abs().max()) > max(size, FRAME):
        raise ValueError(
            f"{name}: moved by {_vector(x.new_tensor(SHIFT))} bohr, the moment changes by "
            f"{_vector(moved - moment)} e bohr, which is no whole total charge times the shift; "
            "give the moment of the whole molecule in e bohr"
        )


def _vector(moment: Tensor) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in moment.tolist()) + ")"


def _check_atoms(
    name: str, surface: AtomicCharges | Ensemble, symbols: Sequence[str] | None
) -> None:
    for part in surface.modules():
        atoms = part.elements if isinstance(part, AtomicCharges) else None
        if atoms and symbols is not None and Molecule(symbols).elements != atoms:
            raise ValueError(
                f"{name}: the dipole surface is for {' '.join(atoms)}, the molecule is "
                f"{' '.join(symbols)}"
            )
