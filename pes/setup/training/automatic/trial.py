"""One candidate of an automatic fit: its plan, how far it has come, and its validation errors."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data import Dataset, Split
from pes.setup.machine.intervals import at_intervals
from pes.setup.training.planning.members import held_out_errors, kept_members, member_validation
from pes.setup.training.planning.plan import TrainingPlan, training_plan
from pes.setup.training.planning.planned import epoch_row, planned_epochs
from pes.setup.training.planning.settings import TrainingSettings
from pes.training.bounded import bounded_rms
from pes.training.epoch import StopReason, TrainingState
from pes.units import CM1

__all__ = ["FitBudget", "Trial", "advanced", "better", "measure", "started"]

CHUNK = 4096

NEXT = 1.2
"""Ratio of the CPU times of two entries of the progress of a trial."""


@dataclass(frozen=True)
class FitBudget:
    """CPU time of a fit.

    Attributes:
        seconds: CPU seconds in all.
        stop: whether the user has asked to end.
        say: called now and then with a line about a long trial.
        begun: CPU clock at the start.
    """

    seconds: float
    stop: Callable[[], bool] = lambda: False
    say: Callable[[str], object] = lambda _: None
    begun: float = field(default_factory=time.process_time)

    @property
    def used(self) -> float:
        """CPU seconds used."""
        return time.process_time() - self.begun

    @property
    def left(self) -> float:
        """CPU seconds left, 0 once the user has asked to end."""
        return 0.0 if self.stop() else max(0.0, self.seconds - self.used)


@dataclass(frozen=True, eq=False)
class Trial:
    """One candidate.

    Attributes:
        name: form of the surface in words.
        plan: plan of the fit; its surface holds the best parameters.
        errors: errors in cm⁻¹ (V,) at the common validation points, none of which the fit (or this
            member) has seen; of an ensemble as its mean has them; NaN at the points that it
            cannot be judged by.
        seconds: CPU time used, s.
        state: state of the last epoch, none for a linear surface.
        stopped: why it ended; None if time did.
        history: one row for each epoch.
        progress: CPU seconds of the whole fit and validation error in cm⁻¹, now and then.
        unseen: errors in cm⁻¹ (T + V,) at all training and then all validation points, each from
            a fit or a member that has not seen it, NaN where there is none; None for one network.
    """

    name: str
    plan: TrainingPlan
    errors: Tensor
    seconds: float
    state: TrainingState | None = None
    stopped: StopReason | None = None
    history: tuple[dict[str, Any], ...] = ()
    progress: tuple[tuple[float, float], ...] = ()
    unseen: Tensor | None = None

    @property
    def error(self) -> float:
        """Validation error in cm⁻¹; far points count as `bounded_rms` counts them."""
        return _bounded(self.errors)

    @property
    def measure(self) -> float:
        """Key by which trials are compared, see `better`."""
        judged = self.errors[~self.errors.isnan()]
        return measure(judged) if len(judged) else float("inf")

    @property
    def plain(self) -> float:
        """Validation RMSE in cm⁻¹, far points in full."""
        return float(self.errors[~self.errors.isnan()].square().mean().sqrt())

    @property
    def training(self) -> float:
        """Training RMSE of the last epoch in cm⁻¹; NaN for a linear surface."""
        return self.history[-1]["train_rmse_cm1"] if self.history else float("nan")


def better(later: Trial, earlier: Trial) -> Trial:
    """The later trial if it is better by more than chance, else the earlier one.

    Linear surfaces, whose points were each left out once, and ensembles, whose members left out
    points of their own, are compared at all these points; other trials at the validation points.
    The measure is the geometric mean of `bounded_rms` and of the root mean square itself: a wrong
    label, at which all are off by as much, decides nothing, and errors of thousands at points of
    which others come near count. The error at V points is known to one part in √(2V). Errors are
    multiplied by the price of the form.
    """
    if later.state is not None and later.plan.surface is earlier.plan.surface:  # trained on
        return later
    one, other = later.unseen, earlier.unseen
    if one is None or other is None:
        one, other = later.errors, earlier.errors
    both = ~(one.isnan() | other.isnan())
    count = int(both.sum())
    if count == 0:
        return later
    chance = (2 * count) ** -0.5
    new, old = (
        trial.plan.settings.form.price * measure(errors[both])
        for trial, errors in ((later, one), (earlier, other))
    )
    return later if new <= old * (1 - chance) else earlier


def measure(errors: Tensor) -> float:
    """Geometric mean of the bounded root mean square of errors (V,) and of the plain one."""
    return (bounded_rms(errors) * float(errors.square().mean().sqrt())) ** 0.5


def started(
    name: str,
    dataset: Dataset,
    parts: Split,
    settings: TrainingSettings,
    device: torch.device,
) -> Trial:
    """A trial before its first epoch; a linear surface is fitted by then.

    Raises:
        ValueError: if the fit would need more memory than there is, or the points do not suffice.
    """
    begun = time.process_time()
    plan = training_plan(dataset, parts, settings, device=device)
    errors = torch.full((len(parts.validation),), float("nan"), dtype=torch.float64)
    unseen = None
    if plan.optimizer is None:
        errors, unseen = _judged(plan)
    return Trial(name, plan, errors, time.process_time() - begun, unseen=unseen)


def advanced(
    trial: Trial, seconds: float, budget: FitBudget, *, epochs: float = float("inf")
) -> Trial:
    """The trial after so many more CPU seconds or epochs, one epoch at least."""
    if trial.stopped is not None:
        return trial
    begun, due = time.process_time(), at_intervals()
    state, stopped, rows, progress = trial.state, None, list(trial.history), list(trial.progress)
    steps = planned_epochs(trial.plan, state)
    last = len(rows) + epochs
    try:
        while stopped is None:
            epoch = next(steps)
            state = epoch.state
            rows.append(epoch_row(epoch))
            if not progress or budget.used > NEXT * progress[-1][0]:
                progress.append((budget.used, _bounded(_judged(trial.plan, state)[0])))
            used = time.process_time() - begun
            if due() is not None:
                budget.say(
                    f"{budget.used:7.0f} s  ... epoch {state.epoch}: RMSE "
                    f"{epoch.train_rmse_cm1:.4g} cm-1 (training), "
                    f"{epoch.validation_rmse_cm1:.4g} cm-1 (validation)"
                )
            if used >= seconds or len(rows) >= last or budget.left == 0:
                break
    except StopIteration as end:
        stopped = end.value
    except FloatingPointError:
        stopped = "converged"
    finally:
        steps.close()
    errors, unseen = _judged(trial.plan, state)
    return replace(
        trial, errors=errors, unseen=unseen, state=state, stopped=stopped, history=tuple(rows),
        progress=tuple(progress), seconds=trial.seconds + time.process_time() - begun,
    )  # fmt: skip


def _bounded(errors: Tensor) -> float:
    judged = errors[~errors.isnan()]
    return bounded_rms(judged) if len(judged) else float("inf")


def _judged(plan: TrainingPlan, state: TrainingState | None = None) -> tuple[Tensor, Tensor | None]:
    """Errors in cm⁻¹ at validation points that were not fitted, and at all points not seen."""
    parts = plan.parts
    if plan.left_out is not None:
        errors = plan.left_out.cpu() / CM1
        return errors[-len(parts.validation) :], errors
    surface, form = plan.surface, plan.settings.ensemble
    if plan.ensemble is not None and form is not None and state is not None:
        kept = kept_members(member_validation(plan.networks, state), form.keep)
        rows = torch.cat((parts.train, parts.validation))
        errors = held_out_errors(
            plan.ensemble, kept, form, plan.dataset, parts, plan.settings.seed, rows
        )[0] / CM1  # fmt: skip
        if form.validation == "shared":
            errors[: len(parts.train)] = float("nan")
        return errors[-len(parts.validation) :], errors
    points = plan.dataset.select(parts.validation).to(plan.device)
    with torch.no_grad():
        values = in_chunks(surface, points.positions, CHUNK)
    return ((values - points.energies) / CM1).cpu(), None
