"""Linear surfaces of rising degree, each judged by points left out: the first seconds of a fit."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import comb
from typing import Literal

from pes.descriptors import Invariants
from pes.potential.linear_fit import default_force_weight
from pes.setup.training.automatic.points import PointSummary
from pes.setup.training.automatic.task import FitTask
from pes.setup.training.automatic.trial import Trial, better
from pes.setup.training.settings import LinearForm
from pes.units import ANGSTROM

__all__ = ["force_trials", "linear_trials"]

Variable = Literal["morse", "cosine"]
LENGTHS: Mapping[Variable, tuple[float, ...]] = {
    "morse": (0.7, 1.0, 1.5, 2.2, 3.2),
    "cosine": (0.5, 0.7, 1.0, 1.5),
}
"""a of exp(−r/a) in Å."""
NAMES: Mapping[Variable, str] = {"morse": "", "cosine": " in bonds and angle"}
MOST_DEGREE = 18
MOST_MONOMIALS = 60_000
SHARE = 0.3
"""Share of the budget for linear surfaces of energies, and for each fit with forces."""
DEAR = 0.02
"""Share of the budget from which one fit with forces that is no better is enough."""
CHEAP = 0.03
"""Share of the budget below which all lengths are tried again."""
FULLEST = 0.7
"""Coefficients per label at most."""
FORCE_SHARES = (0.1, 0.01, 1.0)
"""Weights of forces in units of the one with which they count as much as the energies."""


def linear_trials(task: FitTask) -> Iterator[Trial]:
    """Fits to the energies, degree by degree, while they improve and are cheap.

    Training and validation points are fitted together, and judged by leaving each out.
    """
    variables: tuple[Variable, ...] = ("morse", "cosine") if task.summary.angle else ("morse",)
    for variable in variables:
        if variable != variables[0] and task.budget.left == 0:
            return
        yield from _degrees(variable, task.without_forces)


def _degrees(variable: Variable, task: FitTask) -> Iterator[Trial]:
    summary, budget = task.summary, task.budget
    lengths, cost, size, worse = LENGTHS[variable], 0.0, 1, 0
    best: Trial | None = None
    for degree in range(2, MOST_DEGREE + 1):
        number = _coefficients(summary, degree)
        estimate = cost * (number / size) ** 2
        if number > FULLEST * summary.count or len(lengths) * estimate > SHARE * budget.left:
            return
        form = LinearForm(
            degree=degree, variable=variable, length=lengths, chosen_by="leave_one_out"
        )
        try:
            name = f"linear, degree {degree}{NAMES[variable]}"
            trial = task.started(name, replace(task.settings, form=form))
        except ValueError:
            return
        yield trial
        cost, size = trial.seconds / len(lengths), number
        improved = best is None or better(trial, best) is trial
        worse = 0 if improved else worse + 1
        best = trial if improved else best
        if worse == 2 or summary.settled(trial.error):
            return
        if len(LENGTHS[variable]) * cost * 4 > CHEAP * budget.seconds:
            lengths = (_linear(trial).length,)


def force_trials(task: FitTask, best: Trial | None) -> Iterator[Trial]:
    """Fits to energies and forces: the degree of the best fit to energies, and higher ones.

    Forces fix more coefficients than there are energies; the validation energies judge.

    Args:
        task: points and time.
        best: best fit to the energies.
    """
    dataset, summary, budget = task.dataset, task.summary, task.budget
    if best is None or dataset.forces is None:
        return
    train = dataset.select(task.parts.train)
    assert train.forces is not None
    usual = default_force_weight(train.energies, train.forces) / ANGSTROM**2
    known, form = _linear(best), best.plan.settings.form
    assert isinstance(form, LinearForm)
    variable = form.variable
    degree, length = known.degree, known.length
    rows = 1 + 3 * len(dataset.symbols)
    cost, size = best.seconds * rows, _coefficients(summary, degree)
    lowest = float("inf")
    while degree <= MOST_DEGREE:
        number = _coefficients(summary, degree)
        estimate = cost * (number / size) ** 2
        if number > FULLEST * rows / 2 * len(train) or estimate > SHARE * budget.left:
            return
        errors = []
        for share in FORCE_SHARES:
            if estimate > SHARE * budget.left:
                return
            form = LinearForm(degree=degree, variable=variable, length=length)
            try:
                settings = replace(task.settings, form=form, force_weight=share * usual)
                trial = task.started(f"linear with forces, degree {degree}", settings)
            except ValueError:
                return
            yield trial
            estimate = trial.seconds
            errors.append(trial.error)
            if estimate > DEAR * budget.seconds and trial.error > best.error:
                return
        if min(errors) >= lowest:
            return
        lowest, cost, size, degree = min(errors), estimate, number, degree + 1


def _linear(trial: Trial):
    choice = trial.plan.choices.fits[0].linear
    assert choice is not None
    return choice


def _coefficients(summary: PointSummary, degree: int) -> float:
    """Number of invariants of a degree; infinite where their monomials are too many."""
    pairs = comb(len(summary.elements), 2)
    if comb(pairs + degree, degree) > MOST_MONOMIALS:
        return float("inf")
    return Invariants(summary.elements, degree).size
