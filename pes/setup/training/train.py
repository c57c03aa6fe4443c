"""Fits from a data set to a result, with the choices of `pes-train`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

import torch

from pes.data import Dataset, Split, split
from pes.data.dataset import check_dataset
from pes.data.splits import check_parts
from pes.setup.machine.environment import threads
from pes.setup.training.automatic.fit import automatic_fit
from pes.setup.training.outcome.doubtful import audited, doubtful_rows, without
from pes.setup.training.outcome.fit_result import FitResult, fit_result
from pes.setup.training.planning.plan import TrainingPlan, force_warnings, training_plan
from pes.setup.training.planning.planned import epoch_row, planned_epochs, within
from pes.setup.training.planning.search import Search
from pes.setup.training.planning.searched import check_choices, searched_plan, with_choice
from pes.setup.training.planning.settings import (
    EnsembleForm,
    KernelForm,
    LinearForm,
    NetworkForm,
    TrainingSettings,
    Weights,
)
from pes.training.epoch import Epoch
from pes.training.fit import completed
from pes.training.optimizers.problem import Optimizer

__all__ = ["MINUTES", "train"]

NETWORK = NetworkForm()

MINUTES = 5.0
"""CPU-minutes of a fit in which everything is chosen."""


def train(
    dataset: Dataset,
    *,
    minutes: float | None = None,
    form: NetworkForm | LinearForm | KernelForm | None = None,
    ensemble: EnsembleForm | None = None,
    search: Search | None = None,
    parts: Split | None = None,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    weights: Weights | None = None,
    force_weight: float | None = None,
    optimizer: str | Optimizer = "auto",
    epochs: int = 1000,
    patience: int = 500,
    max_seconds: float | None = None,
    restarts: int = 0,
    seed: int = 0,
    memory: int = 1024,
    device: torch.device | None = None,
    watch: Callable[[Epoch], object] | None = None,
    strict: bool = True,
) -> FitResult:
    """Fit a surface to labelled points, as `pes-train` does, and return the result.

    Without a form the program chooses everything, as `pes-train FILE` does; see `automatic_fit`.
    Labels that `audit` calls stuck or wrong are then left out of training and validation, and
    reported. With a form the result is that of a configuration with the same settings.

    Args:
        dataset: points for training, validation and test; their forces are fitted if there are any.
        minutes: CPU time after which the fit stops; 5 without a form, no limit with one.
        form: network, linear surface or kernels; by default what suits the points. The settings
            from `ensemble` to `restarts`, but those of the parts, and `watch` go with a form.
        ensemble: several networks instead of one.
        search: values of some settings to try first, by short fits of one network; the fit takes
            the values of the lowest validation error. Its time comes on top of `minutes`.
        parts: rows for training, validation and test; drawn by default.
        fractions: shares of the three where they are drawn.
        weights: energies (B,) in hartree above the lowest training point to weights (B,), or the
            name of a column; all points alike by default.
        force_weight: weight of force residuals relative to energy residuals in Å²; by default
            all forces together count as much as the energies.
        optimizer: `auto`, a name in `pes.training.OPTIMIZERS`, or one of these functions with
            settings bound by `functools.partial`.
        epochs: largest number of steps of the optimizer.
        patience: epochs without a better validation error after which the fit stops.
        max_seconds: wall time in s after which the fit stops.
        restarts: number of new starts from other weights, made when `patience` ends or no step
            lowers the loss.
        seed: seed of the parts, of starting weights and of the order of points.
        memory: MiB for the matrices of a fit.
        device: device of the fit; by default that of the points.
        watch: function called after every epoch.
        strict: refuse points in which `audit` reports an error.

    Raises:
        TypeError: if `dataset` is something else, such as the name of a file.
        ValueError: if the settings contradict each other or do not fit the points, the audit finds
            an error, such as positions in Å, the forces have a wrong sign or unit, or the fit would
            need more memory than there is.
        FloatingPointError: if the loss becomes NaN or infinite.

    Example:
        >>> from pes.potential.analytic import WaterPJT
        >>> x = torch.tensor([[0, 0, 0], [1.8, 0, 0], [-0.4, 1.75, 0]], dtype=torch.float64)
        >>> x = x + 0.1 * torch.rand(40, 3, 3, generator=torch.Generator().manual_seed(0)).double()
        >>> points = Dataset(("O", "H", "H"), x, WaterPJT()(x).detach())
        >>> train(points, form=LinearForm(degree=2)).stopped_by is None
        True
    """
    check_dataset(dataset)
    settings = TrainingSettings(
        form or NETWORK, ensemble, weights, force_weight, optimizer, epochs, patience, max_seconds,
        restarts, seed, memory,
    )  # fmt: skip
    if form is None:
        _refuse_settings(settings, search=search, watch=watch)
    settings_of = partial(with_choice, settings)
    if search is not None:
        check_choices(search, settings_of)
    if parts is None:
        parts = split(dataset, fractions=fractions, seed=seed)
    check_parts(parts)
    if form is None:
        seconds = 60 * (MINUTES if minutes is None else minutes)
        with threads(1):  # the budget is CPU time
            return _chosen(dataset, parts, settings, seconds, device, strict=strict)
    remarks = (
        *audited(dataset, strict=strict).before_fit(),
        *force_warnings(dataset.select(parts.train)),
    )
    if search is None:
        plan = training_plan(dataset, parts, settings, device=device)
    else:
        plan = searched_plan(dataset, parts, search, settings_of, device=device)
    plan = replace(plan, remarks=(*remarks, *plan.remarks))
    return _fitted(plan, minutes, watch)


def _refuse_settings(settings: TrainingSettings, **others: object) -> None:
    """Refuse settings of a form, and other arguments, where everything is chosen.

    Raises:
        ValueError: for one that was given.
    """
    given = [name for name, value in others.items() if value is not None] + [
        one.name
        for one in fields(settings)
        if one.name not in ("form", "seed", "memory") and getattr(settings, one.name) != one.default
    ]
    if given:
        raise ValueError(
            f"`{given[0]}` belongs to a form, and without `form` everything is chosen: give `form` "
            f"too, such as pes.NetworkForm(), or leave out `{given[0]}`"
        )


def _chosen(
    dataset: Dataset,
    parts: Split,
    settings: TrainingSettings,
    seconds: float,
    device: torch.device | None,
    *,
    strict: bool,
) -> FitResult:
    """A fit in which everything is chosen; labels that the audit doubts are left out."""
    begun = time.process_time()
    findings = audited(dataset, strict=strict)
    force_warnings(dataset.select(parts.train))
    doubtful = doubtful_rows(findings)
    result = automatic_fit(
        dataset, without(parts, doubtful), seconds=seconds, used=time.process_time() - begun,
        doubtful=doubtful, seed=settings.seed, memory=settings.memory, device=device,
    ).result()  # fmt: skip
    remarks = (*findings.before_fit(), *result.plan.remarks)
    return replace(result, plan=replace(result.plan, remarks=remarks))


def _fitted(
    plan: TrainingPlan, minutes: float | None, watch: Callable[[Epoch], object] | None
) -> FitResult:
    """The fit of a plan, with its epochs if it has any."""
    if plan.optimizer is None:
        return fit_result(plan)
    history: list[dict[str, Any]] = []

    def watched(epoch: Epoch) -> None:
        history.append(epoch_row(epoch))
        if watch is not None:
            watch(epoch)

    started = time.monotonic()
    steps = planned_epochs(plan)
    if minutes is not None:
        steps = within(steps, 60 * minutes)
    state, reason = completed(steps, watched)
    seconds = time.monotonic() - started
    return fit_result(plan, state=state, stopped_by=reason, seconds=seconds, history=history)
