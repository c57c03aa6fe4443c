"""Epochs of a plan: those of a network or of an ensemble, in CPU time if that is limited."""

import time
from collections.abc import Generator
from typing import Any

from pes.setup.training.members import member_rows
from pes.setup.training.plan import TrainingPlan
from pes.setup.training.settings import point_weights
from pes.setup.training.starting_surface import MIB, on_device
from pes.training.distributed import ALONE, Ranks
from pes.training.ensembles.fit import ensemble_epochs
from pes.training.ensembles.rows import Rows
from pes.training.epoch import Epoch, StopReason, TrainingState
from pes.training.fit import epochs
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
    settings = plan.settings
    if plan.ensemble is not None:
        return _ensemble_epochs(plan, state, ranks)
    if not plan.networks or plan.optimizer is None:
        raise ValueError("a linear surface is fitted in one step: it has no epochs")
    sets = plan.sets
    lowest = sets["train"].energies.min()
    return epochs(
        plan.networks[0], sets["train"], sets["validation"],
        optimizer=plan.optimizer,
        train_weights=point_weights(settings.weights, sets["train"], lowest),
        validation_weights=point_weights(settings.weights, sets["validation"], lowest),
        force_weight=_bohr2(plan.choices.fits[0].force_weight),
        epochs=settings.epochs, patience=settings.patience,
        max_seconds=settings.max_seconds or float("inf"),
        restarts=settings.restarts, seed=settings.seed, memory=settings.memory * MIB,
        state=state, ranks=ranks,
    )  # fmt: skip


def _ensemble_epochs(
    plan: TrainingPlan, state: TrainingState | None, ranks: Ranks
) -> Generator[Epoch, None, StopReason]:
    """Epochs of all members trained together."""
    settings, form = plan.settings, plan.settings.ensemble
    assert form is not None
    points = on_device(plan.dataset, plan.device)
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
