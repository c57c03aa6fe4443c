"""Fits from a data set to a result, with the choices of `pes-train`."""

import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch

from pes.data import Dataset, Split, split
from pes.potential import Ensemble, NeuralSurface
from pes.setup.training.fit_result import FitResult, fit_result
from pes.setup.training.members import member_rows, neural_members
from pes.setup.training.plan import TrainingPlan, force_warnings, training_plan
from pes.setup.training.settings import (
    EnsembleForm,
    LinearForm,
    NetworkForm,
    TrainingSettings,
    Weights,
    point_weights,
)
from pes.setup.training.starting_surface import MIB, on_device
from pes.training.distributed import ALONE, Ranks
from pes.training.ensembles.fit import ensemble_epochs
from pes.training.ensembles.rows import Rows
from pes.training.epoch import Epoch, StopReason, TrainingState
from pes.training.fit import completed, epochs
from pes.training.optimizers.problem import Optimizer
from pes.units import ANGSTROM

__all__ = ["epoch_row", "planned_epochs", "train"]

NETWORK = NetworkForm()


def train(
    dataset: Dataset,
    *,
    form: NetworkForm | LinearForm = NETWORK,
    ensemble: EnsembleForm | None = None,
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
    watch: Callable[[Epoch], object] = lambda _: None,
) -> FitResult:
    """Fit a surface to labelled points; the same settings give what `pes-train` writes.

    Args:
        dataset: points to divide, fit and judge by; their forces are fitted if there are any.
        form: network or linear surface.
        ensemble: several networks instead of one.
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
        restarts: new starts from other weights when patience is over or no step helps.
        seed: seed of the parts, of starting weights and of the order of points.
        memory: MiB for the matrices of a fit.
        device: device of the fit; by default that of the points.
        watch: called after every epoch.

    Raises:
        ValueError: if the settings contradict each other or do not fit the points, the forces
            have a wrong sign or unit, or the fit would need more memory than there is.
        FloatingPointError: if the loss becomes NaN or infinite.

    Example:
        >>> from pes.potential.analytic import WaterPJT
        >>> x = 1.8 * torch.eye(3, dtype=torch.float64).roll(1, 0)
        >>> x = x + 0.1 * torch.rand(40, 3, 3, generator=torch.Generator().manual_seed(0)).double()
        >>> points = Dataset(("O", "H", "H"), x, WaterPJT()(x).detach())
        >>> train(points, form=LinearForm(degree=2)).stopped_by is None
        True
    """
    settings = TrainingSettings(
        form, ensemble, weights, force_weight, optimizer, epochs, patience, max_seconds, restarts,
        seed, memory,
    )  # fmt: skip
    if parts is None:
        parts = split(dataset, fractions=tuple(fractions), seed=seed)
    force_warnings(dataset.select(parts.train))
    plan = training_plan(dataset, parts, settings, device=device)
    if plan.optimizer is None:
        return fit_result(plan)
    history: list[dict[str, Any]] = []

    def watched(epoch: Epoch) -> None:
        history.append(epoch_row(epoch))
        watch(epoch)

    started = time.monotonic()
    state, reason = completed(planned_epochs(plan), watched)
    seconds = time.monotonic() - started
    return fit_result(plan, state=state, stopped_by=reason, seconds=seconds, history=history)


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
    settings, surface = plan.settings, plan.surface
    if isinstance(surface, Ensemble):
        return _ensemble_epochs(plan, surface, state, ranks)
    if not isinstance(surface, NeuralSurface) or plan.optimizer is None:
        raise ValueError("a linear surface is fitted in one step: it has no epochs")
    sets = plan.sets
    lowest = sets["train"].energies.min()
    return epochs(
        surface, sets["train"], sets["validation"],
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
    plan: TrainingPlan, surface: Ensemble, state: TrainingState | None, ranks: Ranks
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
        neural_members(surface), points,
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
