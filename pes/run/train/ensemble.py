"""The members of an ensemble: what each learns from, how they are trained and what they know."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes import plots
from pes.config import TrainConfig
from pes.config.ensemble import Member
from pes.config.surface import Linear, LinearBaseline
from pes.data import Dataset, Split
from pes.data.cuts import member_cuts
from pes.evaluation.tables import calibration_table
from pes.potential import Ensemble, NeuralSurface
from pes.run.train.preparation import leaves_open, on_device, point_weights, prepared
from pes.training.calibration import calibration
from pes.training.distributed import Ranks
from pes.training.ensemble import fit_ensemble
from pes.training.ensemble_problem import Rows
from pes.training.fit import ALONE, Epoch, TrainingState
from pes.units import ANGSTROM, CM1

__all__ = [
    "ensemble_epochs",
    "ensemble_report",
    "kept",
    "member_rows",
    "neural_members",
    "untrained_ensemble",
]

log = logging.getLogger("pes")

CHUNK = 2048


def member_rows(config: TrainConfig, dataset: Dataset, parts: Split) -> list[tuple[Tensor, Tensor]]:
    """Training and validation rows of the data set for each member; a row may be drawn twice."""
    wanted = config.ensemble
    if wanted is None:
        return [(parts.train, parts.validation)]
    cuts = [(parts.train, parts.validation)] * wanted.members
    if wanted.validation == "own":
        pool = torch.cat((parts.train, parts.validation)).sort().values
        # Of the rows, not of `data.fractions`: a split may be given.
        found = member_cuts(
            dataset.select(pool), members=wanted.members,
            share=len(parts.validation) / len(pool), seed=config.seed,
        )  # fmt: skip
        cuts = [(pool[kept], pool[held]) for kept, held in found]
    if wanted.bootstrap == "all":
        return [(_redrawn(rows, config.seed, k), held) for k, (rows, held) in enumerate(cuts)]
    return cuts


def _redrawn(rows: Tensor, seed: int, member: int) -> Tensor:
    """As many rows, drawn with replacement."""
    generator = torch.Generator().manual_seed((seed << 16) + member)
    return rows[torch.randint(len(rows), (len(rows),), generator=generator)].sort().values


def untrained_ensemble(
    config: TrainConfig, dataset: Dataset, parts: Split, device: torch.device
) -> tuple[Ensemble, TrainConfig]:
    """Members with their baselines and starting weights, and what was chosen for each of them.

    The first one's standardisation of the inputs serves all.

    Raises:
        ValueError: if choices that the configuration already holds were made for another one.
    """
    members, chosen = [], []
    for k, (rows, held) in enumerate(member_rows(config, dataset, parts)):
        if config.ensemble is not None and config.ensemble.bootstrap == "baseline":
            rows = _redrawn(rows, config.seed, k)
        own = _of_member(config, k)
        begun = prepared(own, dataset.select(rows), dataset.select(held), device)
        if isinstance(begun.surface, NeuralSurface):
            members.append(begun.surface)
        under = getattr(begun.config.surface, "baseline", None)
        weight = begun.config.training.force_weight
        chosen.append(
            Member(
                baseline=under if isinstance(under, LinearBaseline) else None,
                force_weight=None if dataset.forces is None else weight,
            )
        )
    for member in members[1:]:
        member.mean.copy_(members[0].mean)
        member.deviation.copy_(members[0].deviation)
    if config.ensemble is not None and any(one != Member() for one in chosen):
        ensemble = config.ensemble.model_copy(update={"chosen": tuple(chosen)})
        config = config.model_copy(update={"ensemble": ensemble})
    return Ensemble(members), config


def _of_member(config: TrainConfig, k: int) -> TrainConfig:
    """The configuration of one network: seed, degree, and what was chosen before."""
    update: dict[str, Any] = {"seed": 1000 * config.seed + k}
    wanted, surface = config.ensemble, config.surface
    if wanted is None:
        return config.model_copy(update=update)
    under, known = surface.baseline, None if wanted.chosen is None else wanted.chosen[k]
    if wanted.degrees and isinstance(under, Linear):
        under = under.model_copy(update={"degree": wanted.degrees[k % len(wanted.degrees)]})
    if known is not None:
        if isinstance(under, Linear) and not leaves_open(under, known.baseline):
            raise ValueError(
                "`ensemble.chosen` was written for another `surface.baseline`; leave it out"
            )
        under = known.baseline or under
        if config.training.force_weight is None:
            weight = {"force_weight": known.force_weight}
            update["training"] = config.training.model_copy(update=weight)
    update["surface"] = surface.model_copy(update={"baseline": under})
    return config.model_copy(update=update)


def ensemble_epochs(
    config: TrainConfig,
    surface: Ensemble,
    dataset: Dataset,
    parts: Split,
    state: TrainingState | None,
    ranks: Ranks = ALONE,
) -> Iterator[Epoch]:
    """Train all members together, as the configuration says."""
    members, wanted = neural_members(surface), config.training
    points = on_device(dataset, members[0].scale.device)
    weights = point_weights(config, points, points.energies[parts.train].min())
    cuts = member_rows(config, dataset, parts)
    return fit_ensemble(
        members, points,
        Rows.of([rows for rows, _ in cuts], weights), Rows.of([held for _, held in cuts], weights),
        force_weight=_force_weights(config),
        damping=getattr(wanted.optimizer, "damping", 1e-3),
        acceleration=getattr(wanted.optimizer, "acceleration", 0.75),
        epochs=wanted.epochs, patience=wanted.patience,
        max_seconds=wanted.max_seconds or float("inf"), memory=wanted.memory * 2**20, state=state,
        ranks=ranks,
    )  # fmt: skip


def _force_weights(config: TrainConfig) -> float | list[float] | None:
    """Of all members, or as chosen for each, in bohr²."""
    if (weight := config.training.force_weight) is not None:
        return weight * ANGSTROM**2
    chosen = () if config.ensemble is None else config.ensemble.chosen or ()
    found = [one.force_weight * ANGSTROM**2 for one in chosen if one.force_weight is not None]
    return found or None


def neural_members(surface: Ensemble) -> list[NeuralSurface]:
    """The members, known to be networks."""
    return [member for member in surface.members if isinstance(member, NeuralSurface)]


def _validation_errors(surface: Ensemble, state: TrainingState) -> list[float]:
    """Weighted validation error of each member's best epoch in cm⁻¹."""
    members = neural_members(surface)
    losses = state.optimizer["best_losses"].tolist()
    return [
        float(member.scale) * (2 * loss) ** 0.5 / CM1
        for member, loss in zip(members, losses, strict=True)
    ]


def kept(config: TrainConfig, surface: Ensemble, state: TrainingState) -> Ensemble:
    """The members of the lowest validation error, as many as `ensemble.keep` says, one at least."""
    share = 1.0 if config.ensemble is None else config.ensemble.keep
    errors = _validation_errors(surface, state)
    best = sorted(range(len(errors)), key=errors.__getitem__)
    return Ensemble([surface.members[k] for k in sorted(best[: max(1, round(share * len(best)))])])


def ensemble_report(
    config: TrainConfig,
    folder: Path,
    trained: Ensemble,
    surface: Ensemble,
    state: TrainingState,
    test: Dataset,
    lowest: float,
) -> dict[str, Any]:
    """Each member's errors and the calibration of the spread; logged, drawn and returned.

    Args:
        config: with what was chosen for each member.
        folder: of the run, for calibration.png.
        trained: all members.
        surface: those kept.
        state: the last one of the training.
        test: points that no member has seen.
        lowest: energy in hartree that windows count from.
    """
    with torch.no_grad():
        each = torch.cat([trained.each(x) for x in test.positions.split(CHUNK)], 1)
    own = ((each - test.energies).square().mean(1).sqrt() / CM1).tolist()
    validation = _validation_errors(trained, state)
    epochs = state.optimizer["best_epochs"].tolist()
    stays = [any(member is other for other in surface.members) for member in trained.members]
    rows = [
        {"validation_cm1": v, "test_rmse_cm1": t, "best_epoch": e, "kept": stay, **choice}
        for v, t, e, stay, choice in zip(
            validation, own, epochs, stays, _choices(config, len(own)), strict=True
        )
    ]
    values = each[torch.tensor(stays, device=each.device)]
    residuals = ((values.mean(0) - test.energies) / CM1).cpu()
    spread = (values.std(0, correction=min(1, len(values) - 1)) / CM1).cpu()
    heights = ((test.energies - lowest) / CM1).cpu()
    found = calibration(residuals, spread, heights)
    plots.calibration(folder / "calibration.png", residuals, spread)
    log.info("%s", member_table(rows, float(residuals.square().mean().sqrt())))
    log.info("spread of the members on the test points:\n%s", calibration_table(found))
    return {"members": rows, "calibration": found}


def _choices(config: TrainConfig, members: int) -> list[dict[str, Any]]:
    """Of each member, for the summary."""
    chosen = None if config.ensemble is None else config.ensemble.chosen
    return [
        {
            "force_weight_angstrom2": one.force_weight,
            "baseline": None if one.baseline is None else one.baseline.model_dump(mode="json"),
        }
        for one in chosen or [Member()] * members
    ]


def member_table(rows: Sequence[dict[str, Any]], mean: float) -> str:
    """One line for each member, and one for their mean."""
    lines = [f"{'member':<8}{'validation':>12}{'test RMSE/cm-1':>16}{'best epoch':>12}"]
    lines += [
        f"{k:<8}{row['validation_cm1']:12.4f}{row['test_rmse_cm1']:16.4f}{row['best_epoch']:12}"
        + ("" if row["kept"] else "  dropped")
        for k, row in enumerate(rows, 1)
    ]
    return "\n".join([*lines, f"{'mean':<8}{'':>12}{mean:16.4f}"])
