"""Derivatives of levels by masses, parameters and perturbations, in the units of the tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any

import torch
from torch import Tensor

from pes.coordinates import COORDINATES
from pes.potential import Surface
from pes.setup.problem.problem import Problem
from pes.tables import html_table
from pes.units import AMU, CM1
from pes.vibration.analysis.derivatives import level_derivatives, level_slopes
from pes.vibration.analysis.second_order import curvatures
from pes.vibration.levels.result import Levels

__all__ = ["Sensitivities", "check_sensitivities", "coefficients", "sensitivities"]


@dataclass(frozen=True)
class Sensitivities:
    """Derivatives of the absolute energies.

    Attributes:
        columns: (S,) by a name that holds the unit.
        modes: forward or reverse, by what the derivatives are taken with respect to.
        weights: (S, *shape) in cm⁻¹ per unit of the weight, by its name.
    """

    columns: dict[str, Tensor] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    weights: dict[str, Tensor] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """One row for each level, as in sensitivities.csv."""
        count = len(next(iter(self.columns.values()))) if self.columns else 0
        return [
            {"level": n, **{name: float(d[n]) for name, d in self.columns.items()}}
            for n in range(count)
        ]

    def _repr_html_(self) -> str:
        if not (rows := self.rows()):
            return ""
        cells = [[f"{v:.6g}" if isinstance(v, float) else v for v in row.values()] for row in rows]
        return html_table([[*rows[0]], *cells], repr(self))

    def __repr__(self) -> str:
        names = [*self.columns, *(f"{name} {tuple(w.shape)}" for name, w in self.weights.items())]
        return f"Sensitivities({', '.join(names)})"


def check_sensitivities(
    surface: Surface, parameters: Sequence[str] = (), *, weights: bool = False
) -> None:
    """Refuse derivatives that need torch from a function that is not differentiable by it.

    Raises:
        ValueError: for parameters of a plain function, or for ones that the surface does not have.
    """
    if (parameters or weights) and not surface.differentiable:
        raise ValueError(
            "`sensitivities`: this surface is a plain function; derivatives by its parameters "
            "need a torch module. Masses and perturbations work"
        )
    names = dict(surface.potential.named_parameters())
    for name in parameters:
        if name not in names:
            raise ValueError(
                f"`sensitivities.parameters`: the surface has no {name!r}, "
                f"it has {', '.join(list(names)[:8])}"
            )


def sensitivities(
    levels: Levels,
    task: Problem,
    *,
    masses: bool = True,
    parameters: Iterable[str | Tensor] = (),
    second: bool = False,
) -> Sensitivities:
    """Derivatives by masses, parameters and the strengths of the perturbations, if there are any.

    Args:
        levels: levels on the device of the calculation.
        task: what they are of.
        masses: whether to differentiate by the mass of each atom and by all together.
        parameters: names of single numbers of an analytic surface, one column each; or tensors
            of the surface, such as `surface.parameters()`, of any shape.
        second: second derivatives by the strengths too, pure and mixed.

    Raises:
        ValueError: for a parameter that the surface does not have, or a surface whose slopes
            are needed and not known.
    """
    given = list(parameters)
    names = [p for p in given if isinstance(p, str)]
    tensors = [p for p in given if not isinstance(p, str) and p.requires_grad]
    check_sensitivities(task.surface, names, weights=bool(tensors))
    derived = Sensitivities()
    if masses:
        _check_positions(task)
        _by_masses(derived, levels, task)
    if names:
        _by_parameters(derived, levels, task, names)
    if task.perturbations:
        _by_strengths(derived, levels, task)
    if task.perturbations and second:
        _by_pairs_of_strengths(derived, levels, task)
    if tensors:
        derived.weights.update(_by_weights(levels, task.surface, tensors))
    return derived


def _check_positions(task: Problem) -> None:
    """Check that the slope of V is known, as V changes where atoms move with the masses."""
    if task.surface.differentiable or getattr(task.surface.potential, "speaks_torch", False):
        return
    positions = task.system.positions
    moved = positions is not None and positions(task.start[None]).requires_grad
    if moved:
        kinds = {cls: name for name, cls in COORDINATES.items()}
        inner = task.internal
        while type(inner) not in kinds and hasattr(inner, "inner"):
            inner = inner.inner  # pyright: ignore
        raise ValueError(
            f"`sensitivities.masses`: in {kinds.get(type(inner), 'these')} coordinates positions "
            "depend on the masses, and this surface is a NumPy function without slopes; use "
            "valence coordinates, torch, or masses: false"
        )


def _by_masses(derived: Sensitivities, levels: Levels, task: Problem) -> None:
    """Derivatives by each mass, and by ln μ: all masses in electron masses growing together."""
    by_mass = level_slopes(levels, [task.masses], system=task.system)
    derived.modes["masses"] = by_mass.mode
    each = _column(by_mass.for_parameter(0), levels)
    for i, symbol in enumerate(task.molecule.symbols):
        derived.columns[f"m[{i}:{symbol}] (cm-1/u)"] = each[:, i] / CM1 * AMU
    together = _column(by_mass.along(0, task.masses.detach()), levels)
    derived.columns["ln mu (cm-1)"] = together / CM1
    derived.columns["K"] = coefficients(together, levels)


def coefficients(together: Tensor, levels: Levels) -> Tensor:
    """K = d ln E/d ln μ, (S,): of the zero-point energy first, then of excitation energies.

    −½ for harmonic levels, 0 for a purely electronic one.
    """
    energies, change = levels.excitations.clone(), together - together[0]
    energies[0], change[0] = levels.zero_point_energy, together[0]
    return change / energies


def _by_parameters(
    derived: Sensitivities, levels: Levels, task: Problem, names: Sequence[str]
) -> None:
    module = task.surface.module
    units = getattr(module, "parameter_units", {})
    named = dict(module.named_parameters())
    for name in names:
        if named[name].ndim > 0:
            raise ValueError(
                f"`sensitivities.parameters`: {name} is not a single number; use weights"
            )
    all_slopes = level_slopes(levels, [named[name] for name in names], system=task.system)
    derived.modes["parameters"] = all_slopes.mode
    for i, name in enumerate(names):
        label, size = units.get(name, ("a.u.", 1.0))
        column = _column(all_slopes.for_parameter(i), levels) / CM1 * size
        derived.columns[f"{name} (cm-1/{label})"] = column


def _by_strengths(derived: Sensitivities, levels: Levels, task: Problem) -> None:
    by_strength = level_slopes(levels, [task.strengths], system=task.system)
    derived.modes["perturbations"] = by_strength.mode
    rows = _column(by_strength.for_parameter(0), levels)
    for i, name in enumerate(task.perturbations):
        derived.columns[f"{name} (cm-1/cm-1)"] = rows[:, i]


def _by_pairs_of_strengths(derived: Sensitivities, levels: Levels, task: Problem) -> None:
    names, rows = task.perturbations, curvatures(levels, [task.strengths], system=task.system)
    for i, j in combinations_with_replacement(range(len(names)), 2):
        derived.columns[f"{names[i]}*{names[j]} (cm-1/cm-2)"] = rows[:, i, j] * CM1


def _column(by_level: dict[int, Tensor], levels: Levels) -> Tensor:
    """Rows of the levels asked for, without those that only completed a cluster."""
    return torch.stack([by_level[n] for n in range(len(levels.energies))])


def _by_weights(levels: Levels, surface: Surface, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
    """dE/dw, (S, *shape) in cm⁻¹ per unit of the weight."""
    names = {id(p): name for name, p in surface.module.named_parameters()}
    for tensor in tensors:
        if id(tensor) not in names:
            raise ValueError(
                f"`parameters`: a tensor of shape {tuple(tensor.shape)} is not a parameter of this "
                "surface; take them from `surface.parameters()`"
            )
    pieces = level_derivatives(levels, tensors)
    return {names[id(t)]: p.cpu() / CM1 for t, p in zip(tensors, pieces, strict=True)}
