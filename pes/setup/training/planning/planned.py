"""Epochs of a plan: those of a network or of an ensemble, in CPU time if that is limited."""

import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pes.data import Dataset
from pes.setup.training.planning.members import member_rows
from pes.setup.training.planning.plan import TrainingPlan
from pes.setup.training.planning.settings import point_weights
from pes.setup.training.planning.starting_surface import MIB
from pes.training.distributed import ALONE, Ranks
from pes.training.ensembles.fit import ensemble_epochs
from pes.training.ensembles.rows import Rows
from pes.training.epoch import Epoch, StopReason, TrainingState
from pes.training.fit import epochs
from pes.training.optimizers.damped_least_squares import levenberg_marquardt
from pes.units import ANGSTROM

__all__ = ["epoch_row", "planned_epochs", "within"]


def within(
    steps: Generator[Epoch, None, StopReason], seconds: float, ranks: Ranks = ALONE
) -> Generator[Epoch, None, StopReason]:
    """The same epochs until they have taken so much CPU time, of all ranks together.

    Args:
        steps: epochs of a fit.
        seconds: CPU time, s.
        ranks: processes that share the fit; all end after the same epoch.
    """
    begun = time.process_time()
    try:
        while True:
            epoch = next(steps)
            yield epoch
            if float(ranks.all_gather(time.process_time() - begun).sum()) >= seconds:
                return "budget"
    except StopIteration as end:
        return end.value
    finally:
        steps.close()


def planned_epochs(
    plan: TrainingPlan, state: TrainingState | None = None, ranks: Ranks = ALONE
) -> Generator[Epoch, None, StopReason]:
    """Epochs of the network or the ensemble of a plan, whose surface changes in place.

    Args:
        plan: result of `training_plan`.
        state: state of an earlier epoch, to continue from.
        ranks: processes that share the points.

    Raises:
        ValueError: for a linear surface, which needs no epochs.
    """
    if plan.ensemble is not None:
        return _ensemble_epochs(plan, state, ranks)
    if not plan.networks or plan.optimizer is None:
        raise ValueError("a linear surface is fitted in one step: it has no epochs")
    return _network_epochs(plan, state, ranks)


def _network_epochs(
    plan: TrainingPlan, state: TrainingState | None, ranks: Ranks
) -> Generator[Epoch, None, StopReason]:
    """Epochs of one network: the first ones on some of the points, if the settings say so."""
    settings, train, number = plan.settings, plan.sets["train"], plan.settings.first_epochs
    if settings.first_points is None:
        return (yield from _on_points(plan, train, settings.epochs, state, ranks))
    if state is None or state.epoch < number:
        some = train.select(_drawn(len(train), settings.first_points, settings.seed))
        steps = _on_points(plan, some, min(number, settings.epochs), state, ranks)
        state, reason = yield from _with_state(steps, state)
        if state is None or reason == "max_seconds" or state.epoch >= settings.epochs:
            return reason
    if state.epoch <= number:
        # The network that the validation points like best, not one fitted to the few too closely.
        state = replace(state, epoch=number, restart_epoch=number, parameters=state.best_parameters)
    return (yield from _on_points(plan, train, settings.epochs, state, ranks))


def _on_points(
    plan: TrainingPlan,
    train: Dataset,
    number: int,
    state: TrainingState | None,
    ranks: Ranks,
) -> Generator[Epoch, None, StopReason]:
    """Epochs of one network on some training points, up to a number."""
    settings, validation = plan.settings, plan.sets["validation"]
    lowest = plan.dataset.energies[plan.parts.train].min().to(plan.device)
    return epochs(
        plan.networks[0], train, validation,
        optimizer=plan.optimizer or levenberg_marquardt,
        train_weights=point_weights(settings.weights, train, lowest),
        validation_weights=point_weights(settings.weights, validation, lowest),
        force_weight=_bohr2(plan.choices.fits[0].force_weight),
        epochs=number, patience=settings.patience,
        max_seconds=settings.max_seconds or float("inf"),
        restarts=settings.restarts, seed=settings.seed, memory=settings.memory * MIB,
        state=state, ranks=ranks,
    )  # fmt: skip


def _drawn(points: int, number: int, seed: int) -> Tensor:
    """Rows of so many points at random, ascending."""
    order = torch.randperm(points, generator=torch.Generator().manual_seed(seed))
    return order[:number].sort().values


def _with_state(
    steps: Generator[Epoch, None, StopReason], state: TrainingState | None
) -> Generator[Epoch, None, tuple[TrainingState | None, StopReason]]:
    """The same epochs; returns the state of the last one beside the reason for the end."""
    try:
        while True:
            epoch = next(steps)
            state = epoch.state
            yield epoch
    except StopIteration as end:
        return state, end.value
    finally:
        steps.close()


def _ensemble_epochs(
    plan: TrainingPlan, state: TrainingState | None, ranks: Ranks
) -> Generator[Epoch, None, StopReason]:
    """Epochs of all members trained together."""
    settings, form = plan.settings, plan.settings.ensemble
    assert form is not None
    points = plan.dataset.to(plan.device)
    weights = point_weights(settings.weights, points, points.energies[plan.parts.train].min())
    cuts = member_rows(form, plan.dataset, plan.parts, settings.seed)
    force_weights = [_bohr2(choice.force_weight) for choice in plan.choices.fits]
    known = [weight for weight in force_weights if weight is not None]
    options = getattr(plan.optimizer, "keywords", {})
    return ensemble_epochs(
        list(plan.networks), points,
        Rows.of([rows for rows, _ in cuts], weights), Rows.of([held for _, held in cuts], weights),
        force_weight=known or None, **options,
        epochs=settings.epochs, patience=settings.patience,
        max_seconds=settings.max_seconds or float("inf"), memory=settings.memory * MIB,
        state=state, ranks=ranks,
    )  # fmt: skip


def _bohr2(force_weight: float | None) -> float | None:
    """Å² to bohr²."""
    return None if force_weight is None else force_weight * ANGSTROM**2


def epoch_row(epoch: Epoch) -> dict[str, Any]:
    """Numbers of an epoch as a row of metrics.csv."""
    return {
        "epoch": epoch.epoch,
        "seconds": round(epoch.seconds, 3),
        "loss": epoch.loss,
        "validation_loss": epoch.validation_loss,
        "train_rmse_cm1": epoch.train_rmse_cm1,
        "validation_rmse_cm1": epoch.validation_rmse_cm1,
        "train_force_rmse_cm1_angstrom": epoch.train_force_rmse_cm1_angstrom,
        "validation_force_rmse_cm1_angstrom": epoch.validation_force_rmse_cm1_angstrom,
        "gradient_norm": epoch.gradient_norm,
        "improved": int(epoch.improved),
        **epoch.details,
    }
