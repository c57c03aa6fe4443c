"""Levels with J > 0 of J = 0 states, with what an ensemble and parameters of a surface add."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from pes.rovibration import Contraction, Rovibrational, levels_of
from pes.rovibration.levels import first_order_shifts
from pes.setup.labels.labels import LevelLabels
from pes.setup.problem.problem import Problem
from pes.setup.results.sensitivity import check_sensitivities
from pes.setup.rotation.rotation import Rotation
from pes.setup.rotation.rotation_forecast import RotationClock
from pes.units import CM1

__all__ = ["rotation_of"]


def rotation_of(
    basis: Contraction,
    task: Problem,
    j: Iterable[int],
    quanta: LevelLabels,
    parameters: Sequence[str] = (),
    *,
    clock: RotationClock | None = None,
) -> Rotation:
    """Levels of some J, with the spread of an ensemble surface and derivatives by parameters.

    Both are first-order changes ⟨Ψ|δV|Ψ⟩: exact as far as the J = 0 states that are contracted
    are complete.

    Args:
        basis: J = 0 states.
        task: task with the surface.
        j: values of J.
        quanta: labels of the J = 0 levels.
        parameters: names of single numbers of an analytic surface.
        clock: hears of each J, and says when no other one is begun; by default all are.

    Raises:
        ValueError: for a parameter that the surface does not have.
    """
    asked = list(dict.fromkeys(j))
    levels = tuple(_within(basis, asked, clock))
    missing = tuple(asked[len(levels) :])
    moved: tuple[Tensor, ...] = ()
    if (ensemble := task.surface.ensemble) is not None:

        def changes(x: Tensor) -> Tensor:
            with torch.no_grad():
                each = ensemble.each(x)
            return (each - each.mean(0)).mT

        integrals = basis.scalars(changes)
        of_ground = integrals[:, 0, 0, None]
        moved = tuple(first_order_shifts(one, integrals) - of_ground for one in levels)
    check_sensitivities(task.surface, parameters)
    slopes = {}
    for name in parameters:
        label, size = getattr(task.surface.module, "parameter_units", {}).get(name, ("a.u.", 1.0))
        integrals = basis.scalars(_slope(task.surface.module, name))
        columns = (first_order_shifts(one, integrals)[0] / CM1 * size for one in levels)
        slopes[f"{name} (cm-1/{label})"] = tuple(columns)
    return Rotation(task.molecule, basis, levels, quanta, moved, slopes, missing)


def _within(
    basis: Contraction, asked: Sequence[int], clock: RotationClock | None
) -> Iterator[Rovibrational]:
    """Levels of one J after the other, the first in any case."""
    for n, one in enumerate(asked):
        step = f"J = {one}"
        if clock is not None:
            if n and not clock.allows(step):
                return
            clock.report(step, 0.0)
        yield levels_of(basis, one)


def _slope(surface: nn.Module, name: str) -> Callable[[Tensor], Tensor]:
    """Positions (P, N, 3) to ∂V/∂p (P, 1), by forward mode."""
    value = dict(surface.named_parameters())[name].detach()

    def slope(x: Tensor) -> Tensor:
        def energies(p: Tensor) -> Tensor:
            return torch.func.functional_call(surface, {name: p}, (x,))

        return torch.func.jvp(energies, (value,), (torch.ones_like(value),))[1][:, None]

    return slope
