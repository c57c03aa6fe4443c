"""Linear surfaces of rising degree, each judged by points left out: the first seconds of a fit."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from math import comb
from typing import Literal

from pes.descriptors import Invariants
from pes.potential.linear_fit import default_force_weight
from pes.setup.training.automatic.candidates import VARIABLE_NAMES
from pes.setup.training.automatic.points import PointSummary
from pes.setup.training.automatic.task import FitTask
from pes.setup.training.automatic.trial import Trial, better
from pes.setup.training.planning.settings import LinearForm
from pes.setup.training.planning.shapes import shapes
from pes.units import ANGSTROM

__all__ = ["force_trials", "last_trials", "linear_trials"]

Variable = Literal["morse", "cosine"]
LENGTHS: Mapping[Variable, tuple[float, ...]] = {
    "morse": (0.7, 1.0, 1.5, 2.2, 3.2),
    "cosine": (0.5, 0.7, 1.0, 1.5),
}
"""a of exp(−r/a) in Å."""
MOST_DEGREE = 18
MOST_MONOMIALS = 60_000
SHARE = 0.3
"""Share of the budget for linear surfaces of energies, and for each fit with forces."""
DEAR = 0.02
"""Share of the budget from which one fit with forces that is no better is enough."""
CHEAP = 0.03
"""Share of the budget that a degree with all lengths may take; else the best length is kept."""
FULLEST = 0.7
"""Coefficients per label at most."""
FORCE_SHARES = (0.1, 0.01, 1.0)
"""Weights of forces in units of the one with which they count as much as the energies; the best one
is taken for higher degrees."""
MORE = 0.5
"""Share of the time left for a fit with forces that may well be the best of all."""
REST = 0.8
"""Share of the time left for a fit after which no other is made."""


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
    cost, size, worse = 0.0, 1, 0
    best: Trial | None = None
    for degree in range(2, MOST_DEGREE + 1):
        number = _coefficients(summary, degree)
        estimate, lengths = cost * (number / size) ** 2, LENGTHS[variable]
        if best is not None and len(lengths) * estimate > CHEAP * budget.seconds:
            lengths = (_linear(best).length,)
        if number > FULLEST * summary.count or len(lengths) * estimate > SHARE * budget.left:
            return
        form = LinearForm(
            degree=degree, variable=variable, length=lengths, chosen_by="leave_one_out"
        )
        try:
            name = f"linear, degree {degree}{VARIABLE_NAMES[variable]}"
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


def force_trials(task: FitTask, best: Trial | None) -> Iterator[Trial]:
    """Fits to energies and forces: the degree of the best fit to energies, and higher ones.

    Forces fix more coefficients than there are energies; the validation energies judge.

    Args:
        task: points and time.
        best: best fit to the energies.
    """
    if best is None or task.dataset.forces is None:
        return
    train = task.dataset.select(task.parts.train)
    assert train.forces is not None
    usual = default_force_weight(train.energies, train.forces) / ANGSTROM**2
    rows = 1 + 3 * len(task.dataset.symbols)
    degree, cost, limit = _linear(best).degree, rows * _seconds(best), SHARE
    shares, lowest = FORCE_SHARES, float("inf")
    while _affordable(task, degree, cost, limit, 0.5 * rows * len(train)):
        errors: dict[float, float] = {}
        for share in shares:
            if cost > SHARE * task.budget.left and errors:
                break
            trial = _with_forces(task, best, degree, share, usual)
            if trial is None:
                return
            yield trial
            cost, errors[share] = trial.seconds, trial.error
            if cost > DEAR * task.budget.seconds and trial.error > best.error:
                return
        if min(errors.values()) >= lowest:
            return
        lowest = min(errors.values())
        shares = tuple(share for share in errors if errors[share] == lowest)
        limit = MORE if lowest < best.error else SHARE
        cost *= _growth(task.summary, degree)
        degree += 1


def _with_forces(
    task: FitTask, best: Trial, degree: int, share: float, usual: float
) -> Trial | None:
    """A fit to energies and forces in the variables of the best one; None without the memory.

    Args:
        task: points.
        best: best fit to the energies.
        degree: highest total degree.
        share: weight of the forces in units of the usual one.
        usual: weight with which they count as much as the energies, Å².
    """
    known = best.plan.settings.form
    assert known.kind == "linear"
    form = LinearForm(degree=degree, variable=known.variable, length=_linear(best).length)
    try:
        return task.started(
            f"linear with forces of weight {share:g}, degree {degree}",
            replace(task.settings, form=form, force_weight=share * usual),
        )
    except ValueError:
        return None


def last_trials(task: FitTask, best: Trial, tried: Collection[str]) -> Iterator[Trial]:
    """Higher degrees of the best linear surface while they improve, with the time that is left.

    Args:
        task: points and time.
        best: best surface of all; nothing is tried if it is not linear.
        tried: names of the trials made before; a degree among them was no better.
    """
    settings = best.plan.settings
    if settings.form.kind != "linear" or best.plan.choices.fits[0].linear is None:
        return
    forces = best.plan.dataset.forces is not None
    length, degree = _linear(best).length, _linear(best).degree
    labels = 0.5 * (1 + 3 * len(task.dataset.symbols)) if forces else 1.0
    cost = _seconds(best) * _growth(task.summary, degree)
    while _affordable(task, degree + 1, cost, REST, labels * task.summary.count):
        degree += 1
        form = replace(settings.form, degree=degree, length=length)
        name = best.name.replace(f"degree {degree - 1}", f"degree {degree}")
        if name in tried:
            return
        try:
            own = task if forces else task.without_forces
            trial = own.started(name, replace(settings, form=form))
        except ValueError:
            return
        yield trial
        if better(trial, best) is best:
            return
        best, cost = trial, trial.seconds * _growth(task.summary, degree)


def _affordable(task: FitTask, degree: int, cost: float, share: float, labels: float) -> bool:
    """Whether a degree has enough CPU time (seconds), labels and monomials."""
    if degree > MOST_DEGREE or cost > share * task.budget.left:
        return False
    return _coefficients(task.summary, degree) <= FULLEST * labels


def _growth(summary: PointSummary, degree: int) -> float:
    """Factor by which the next degree takes longer."""
    return (_coefficients(summary, degree + 1) / _coefficients(summary, degree)) ** 2


def _seconds(trial: Trial) -> float:
    """CPU seconds of a linear trial for each degree and length."""
    form = trial.plan.settings.form
    assert form.kind == "linear"
    return trial.seconds / len(shapes(form.degree, form.length))


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
