"""Members of an ensemble after a fit: which are kept, their errors and their spread."""

from typing import Any

import torch

from pes.chunks import in_chunks
from pes.data import Dataset
from pes.potential import Ensemble
from pes.setup.training.planning.members import held_out_errors, kept_members, member_validation
from pes.setup.training.planning.plan import TrainingPlan
from pes.training.bounded import bounded_rms
from pes.training.calibration import calibration
from pes.training.epoch import TrainingState
from pes.units import CM1

__all__ = ["errors_and_spread", "kept_ensemble", "member_errors"]

CHUNK = 2048
FEWEST = 10
"""Validation points without which a spread is not calibrated."""


def kept_ensemble(plan: TrainingPlan, surface: Ensemble, state: TrainingState) -> Ensemble:
    """The members that the settings keep, their spread as large as their errors where not seen."""
    form = plan.settings.ensemble
    assert form is not None
    kept = kept_members(member_validation(plan.networks, state), form.keep)
    rows = plan.parts.validation
    errors, spread = held_out_errors(
        surface, kept, form, plan.dataset, plan.parts, plan.settings.seed, rows
    )
    judged = ~errors.isnan() & (spread > 0)
    factor = bounded_rms(errors[judged] / spread[judged]) if judged.sum() >= FEWEST else 1.0
    return Ensemble([surface.members[k] for k in kept], inflation=max(1.0, factor))


def member_errors(
    plan: TrainingPlan,
    trained: Ensemble,
    kept: Ensemble,
    state: TrainingState,
    test: Dataset,
    lowest: float,
) -> dict[str, Any]:
    """Errors of each member, and how well the spread of the members tells the error of the mean."""
    with torch.no_grad():
        each = in_chunks(trained.each, test.positions, CHUNK, dim=1)
    own = ((each - test.energies).square().mean(1).sqrt() / CM1).tolist()
    validation = member_validation(plan.networks, state)
    best_epochs = state.optimizer["best_epochs"].tolist()
    stays = [any(member is other for other in kept.members) for member in trained.members]
    rows = [
        {
            "validation_cm1": v, "test_rmse_cm1": t, "best_epoch": e, "kept": stay,
            "force_weight_angstrom2": choice.force_weight,
            "baseline": None if choice.linear is None else choice.linear.plain(),
        }
        for v, t, e, stay, choice in zip(
            validation, own, best_epochs, stays, plan.choices.fits, strict=True
        )
    ]  # fmt: skip
    residuals, spread = errors_and_spread(kept, test)
    heights = ((test.energies - lowest) / CM1).cpu()
    return {
        "members": rows,
        "inflation": kept.inflation,
        "calibration": calibration(residuals, spread, heights),
    }


def errors_and_spread(surface: Ensemble, test: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Errors of the mean and spread of the members at some points, cm⁻¹ (B,), on the CPU."""
    with torch.no_grad():
        values = in_chunks(surface.each, test.positions, CHUNK, dim=1)
    residuals = ((values.mean(0) - test.energies) / CM1).cpu()
    return residuals, (values.std(0, correction=min(1, len(values) - 1)) / CM1).cpu()
