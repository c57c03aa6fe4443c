"""The derivatives of levels that a configuration asks for, in the units of the tables."""

from dataclasses import dataclass, field
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from pes.config import Vibration
from pes.potential import Surface
from pes.run.vibration import Problem
from pes.units import AMU, CM1
from pes.vibration.analysis.derivatives import sensitivity, slopes
from pes.vibration.analysis.second_order import curvatures
from pes.vibration.levels.result import Levels

__all__ = ["Derived", "check_derivatives", "derivatives", "weight_derivatives"]


@dataclass(frozen=True)
class Derived:
    """Columns of the table of derivatives.

    Attributes:
        columns: (S,) by a name that holds the unit.
        modes: forward or reverse, by what the derivatives are taken with respect to.
    """

    columns: dict[str, Tensor] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)


def check_derivatives(config: Vibration, surface: Surface) -> None:
    """Refuse derivatives that need torch from a function that does not speak it."""
    wanted = config.sensitivities
    if (wanted.parameters or wanted.weights) and not surface.differentiable:
        raise ValueError(
            "`sensitivities`: this surface is a plain function; derivatives by its parameters "
            "need a torch module. Masses and perturbations work"
        )
    if surface.differentiable:
        names = dict(surface.potential.named_parameters())
        for name in wanted.parameters:
            if name not in names:
                raise ValueError(
                    f"`sensitivities.parameters`: the surface has no {name!r}, "
                    f"it has {', '.join(list(names)[:8])}"
                )


def derivatives(config: Vibration, found: Levels, task: Problem, surface: Surface) -> Derived:
    """Derivatives by masses, parameters and perturbations."""
    wanted, derived = config.sensitivities, Derived()
    if wanted.masses:
        _check_positions(config, surface)
        _by_masses(derived, found, task)
    if wanted.parameters:
        units = getattr(surface.module, "parameter_units", {})
        named = dict(surface.module.named_parameters())
        chosen = [named[p] for p in wanted.parameters]
        for name, parameter in zip(wanted.parameters, chosen, strict=True):
            if parameter.ndim > 0:
                raise ValueError(
                    f"`sensitivities.parameters`: {name} is no single number; use weights"
                )
        all_slopes = slopes(found, chosen, system=task.system)
        derived.modes["parameters"] = all_slopes.mode
        for i, name in enumerate(wanted.parameters):
            label, size = units.get(name, ("a.u.", 1.0))
            derived.columns[f"{name} (cm-1/{label})"] = (
                _column(all_slopes.for_parameter(i), found) / CM1 * size
            )
    if wanted.perturbations:
        by_strength = slopes(found, [task.strengths], system=task.system)
        derived.modes["perturbations"] = by_strength.mode
        rows = _column(by_strength.for_parameter(0), found)
        for i, name in enumerate(wanted.perturbations):
            derived.columns[f"{name} (cm-1/cm-1)"] = rows[:, i]
    if wanted.perturbations and wanted.second:
        names, rows = (
            list(wanted.perturbations),
            curvatures(found, [task.strengths], system=task.system),
        )
        for i, j in combinations_with_replacement(range(len(names)), 2):
            derived.columns[f"{names[i]}*{names[j]} (cm-1/cm-2)"] = rows[:, i, j] * CM1
    return derived


def _check_positions(config: Vibration, surface: Surface) -> None:
    """Where atoms move with the masses, V does too, and its slope must be known."""
    wanted = config.coordinates
    # A centre of mass, or a canonical point, is a tuple of atoms.
    centred = any(isinstance(end, tuple) for vector in wanted.vectors or () for end in vector)
    if (centred or wanted.kind in ("radau", "jacobi")) and not getattr(
        surface.potential, "speaks_torch", True
    ):
        raise ValueError(
            f"`sensitivities.masses`: in {wanted.kind} coordinates positions depend on "
            "the masses, and this surface is a NumPy function without slopes; use valence "
            "coordinates, torch, or masses: false"
        )


def _by_masses(derived: Derived, found: Levels, task: Problem) -> None:
    """By each mass, and by ln μ: all masses in electron masses growing together."""
    by_mass = slopes(found, [task.masses], system=task.system)
    derived.modes["masses"] = by_mass.mode
    each = _column(by_mass.for_parameter(0), found)
    for i, symbol in enumerate(task.molecule.symbols):
        derived.columns[f"m[{i}:{symbol}] (cm-1/u)"] = each[:, i] / CM1 * AMU
    together = _column(by_mass.along(0, task.masses.detach()), found)
    derived.columns["ln mu (cm-1)"] = together / CM1
    derived.columns["K"] = coefficients(together, found)


def coefficients(together: Tensor, found: Levels) -> Tensor:
    """K = d ln E/d ln μ, (S,): of the zero-point energy first, then of excitation energies.

    −½ for harmonic levels, 0 for a purely electronic one.
    """
    energies, change = found.excitations.clone(), together - together[0]
    energies[0], change[0] = found.zero_point_energy, together[0]
    return change / energies


def _column(by_level: dict[int, Tensor], found: Levels) -> Tensor:
    """Rows of the levels asked for, without those that only completed a cluster."""
    return torch.stack([by_level[n] for n in range(len(found.energies))])


def weight_derivatives(config: Vibration, found: Levels, surface: Surface) -> dict[str, Tensor]:
    """dE/dw of every weight, (S, *shape) in cm⁻¹ per unit of the weight."""
    if not config.sensitivities.weights:
        return {}
    named = {n: p for n, p in surface.module.named_parameters() if p.requires_grad}
    pieces = sensitivity(found, list(named.values()))
    return {n: piece.cpu() / CM1 for n, piece in zip(named, pieces, strict=True)}
