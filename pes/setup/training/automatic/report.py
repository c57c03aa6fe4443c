"""Report of an automatic fit in plain lines."""

from collections.abc import Sequence
from dataclasses import asdict

from torch import Tensor

from pes.setup.training.automatic.points import PointSummary
from pes.setup.training.automatic.trial import Trial, measure
from pes.setup.training.planning.settings import KernelForm
from pes.training.bounded import far_points

__all__ = ["choice_lines", "far_line", "plan_lines", "trial_line"]

NAMED = 5


def plan_lines(summary: PointSummary, seconds: float) -> list[str]:
    """Points and plan."""
    degree, atoms = summary.smallest_degree, len(summary.elements)
    lines = [
        str(summary),
        f"plan for {seconds / 60:g} CPU-minutes:",
        "  1. linear surfaces of rising degree, then kernels at some of the points, compared by "
        "points left out of each fit",
        "  2. networks of several sizes, compared by the validation points; their inputs have "
        f"degree {degree} or more, since lower degrees cannot tell all geometries of {atoms} atoms "
        "apart",
        "  3. kernels at more points, if they may become the best surface; the best network gets "
        "the time that is left, as an ensemble if its members can converge",
        "each line below: CPU time so far, form, and its validation error, in which outliers count "
        "at most six times the RMS of the best 95 % of the points",
    ]
    if summary.forces:
        lines.append("forces are fitted if they lower the validation error of the energies")
    if summary.dissociating:
        lines.append("atoms are far apart: variables exp(-r/a) of longer range are tried first")
    return lines


def trial_line(trial: Trial, seconds: float) -> str:
    """Result of one trial."""
    epochs = len(trial.history)
    end = f", training error {trial.training:.4g}, {epochs} epochs" if epochs else ""
    over = ""
    if trial.history and trial.error > 10 * trial.training:
        over = " (overfitted)"
    far = f" (plain RMSE {trial.plain:.4g})" if trial.plain > 2 * trial.error else ""
    return f"{seconds:7.0f} s  {trial.name}: {trial.error:.4g} cm-1{far}{end}{over}"


def choice_lines(chosen: Trial, trials: Sequence[Trial]) -> list[str]:
    """The trial chosen, and why not the one of the lowest validation error if that is another."""
    lines = [f"chosen: {chosen.name}, validation error {chosen.error:.4g} cm-1"]
    lowest = min(trials, key=lambda trial: trial.error)
    if lowest.error >= chosen.error:
        return lines
    why = "was passed over: it is not better by more than chance"
    own, other = _compared(chosen), _compared(lowest)
    form = lowest.plan.settings.form
    if form.kind == "kernel" and form.price > chosen.plan.settings.form.price:
        why = (
            "was passed over: its energies take far longer, and it does not halve the error; "
            f"`{_setting(form)}` in the configuration takes it"
        )
    elif measure(other) > measure(own):
        why = (
            "was passed over: it has larger errors at outliers (plain RMSE "
            f"{_rms(other):.4g} against {_rms(own):.4g})"
        )
    return [*lines, f"{lowest.name} with a validation error of {lowest.error:.4g} cm-1 {why}"]


def _setting(form: KernelForm) -> str:
    """A form as the configuration has it."""
    values = {"kind": form.kind, **asdict(form)}
    shown = ", ".join(f"{key}: {value}" for key, value in values.items() if value is not None)
    return f"surface: {{{shown}}}"


def _compared(trial: Trial) -> Tensor:
    errors = trial.errors if trial.unseen is None else trial.unseen
    return errors[~errors.isnan()]


def _rms(errors: Tensor) -> float:
    return float(errors.square().mean().sqrt())


def far_line(trial: Trial) -> list[str]:
    """Rows of the validation points whose errors do not count in full."""
    known = (~trial.errors.isnan()).nonzero()[:, 0]
    errors = trial.errors[known]
    rows = far_points(errors)
    if not len(rows):
        return []
    named = ", ".join(
        f"{int(trial.plan.parts.validation[known[row]])} ({float(errors[row]):+.3g})"
        for row in rows[:NAMED]
    )
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return [
        "outliers among the validation points, which count less: rows "
        f"{named}{more}, errors in cm-1"
    ]
