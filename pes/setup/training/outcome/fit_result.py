"""Result of a fit: surface, errors by energy window, why it stopped and what was chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pes.data import Dataset
from pes.data.fingerprints import fingerprints
from pes.files import RUN_FINISHED, RUN_SURFACE, write_csv, write_json
from pes.molecule import Molecule
from pes.potential import Ensemble, Surface, SurfaceRecord, save_surface
from pes.potential.holes.coverage import thinned
from pes.setup.inputs.surfaces import fitted_surface
from pes.setup.machine.environment import environment
from pes.setup.training.outcome.doubtful import doubtful_line
from pes.setup.training.outcome.ending import STOPPED, cut_short, ending
from pes.setup.training.outcome.far_points import far_point_lines
from pes.setup.training.outcome.fit_tables import error_rows, error_table
from pes.setup.training.outcome.member_errors import kept_ensemble, member_errors
from pes.setup.training.outcome.poor_fit import poor_fit_lines
from pes.setup.training.planning.plan import PARTS, TrainingPlan
from pes.setup.training.planning.search import SearchResult
from pes.setup.training.planning.starting_surface import fitted_numbers
from pes.staging import staged
from pes.tables import html_table
from pes.training.epoch import StopReason, TrainingState
from pes.training.errors import error_report

__all__ = ["FitResult", "fit_result"]


@dataclass(frozen=True, eq=False)
class FitResult:
    """Result of a fit.

    Attributes:
        module: positions (B, N, 3) in bohr to energies (B,) in hartree.
        record: description in the surface file: atoms, energies, training points, errors.
        errors: part (`train`, `validation`, `test`) → energy (cm⁻¹) and force (cm⁻¹/Å) →
            `rmse`, `mae`, `max` → window (`all`, `5000`, ...).
        stopped_by: `epochs`, `max_seconds`, `patience` or `converged`; None for a linear surface.
        plan: settings, points, choices and remarks.
        points: labelled points of each part.
        state: state of the last epoch, to continue from; None for a linear surface.
        seconds: wall time of this session.
        members: errors of each member of an ensemble and calibration of the spread.
        history: one row for each epoch of this session.
        far: sentences that name points far from all others and labels left out.
        ensemble: the surface itself if it is a trained ensemble, else None.
        poor: sentence about a poor fit, printed first; empty for a good one.
    """

    module: nn.Module
    record: SurfaceRecord
    errors: dict[str, Any]
    stopped_by: StopReason | None
    plan: TrainingPlan
    points: dict[str, Dataset]
    state: TrainingState | None
    seconds: float
    members: dict[str, Any] | None = None
    history: tuple[dict[str, Any], ...] = ()
    far: tuple[str, ...] = ()
    ensemble: Ensemble | None = None
    poor: tuple[str, ...] = ()

    @property
    def surface(self) -> Surface:
        """The fitted surface with its atoms and training points, as `pes.load` returns it."""
        return fitted_surface(self.module, self.record)

    @property
    def search(self) -> SearchResult | None:
        """Trials of the search that chose settings of this fit; None without one."""
        return self.plan.search

    def __repr__(self) -> str:
        test = self.errors["test"]["energy"]["rmse"]["all"]
        kind = type(self.module).__name__
        end = ""
        if self.state is not None and self.stopped_by is not None:
            end = f", stopped after {self.state.epoch} epochs: {STOPPED[self.stopped_by]}"
        formula = Molecule(self.record.symbols).formula
        return f"FitResult({kind} of {formula}: test RMSE {test:.4g} cm-1{end})"

    def __str__(self) -> str:
        search = [] if self.search is None else [str(self.search)]
        return "\n".join([
            *self.ending(), repr(self), *search, *self.plan.remarks, error_table(self.errors),
            *self.far,
        ])  # fmt: skip

    def ending(self, command: str | None = None) -> list[str]:
        """Lines about a poor fit, and about a fit that used up its epochs.

        Args:
            command: command that continues it.
        """
        lines = [*self.poor]
        if self.stopped_by is not None and self.history:
            losses = [float(row["validation_loss"]) for row in self.history]
            lines.append(ending(self.stopped_by, losses, command))
        return lines

    def _repr_html_(self) -> str:
        return html_table(error_rows(self.errors), repr(self))

    def save(self, folder: str | Path) -> Path:
        """Write surface and tables as `pes-train` writes them; the folder is made if need be.

        The files are surface.safetensors, split.json, chosen.json, metrics.csv (after epochs of
        this session), search.csv (after a search) and, last, summary.json.

        Returns:
            The folder, which `pes-levels`, `pes-evaluate` and `pes.load` take.
        """
        with staged(folder, finished=RUN_FINISHED) as place:
            self.save_surface(place)
            self.plan.parts.save(place / "split.json")
            self.plan.choices.save(place / "chosen.json")
            if self.search is not None:
                self.search.save(place)
            if self.history:
                write_csv(place / "metrics.csv", self.history)
            self.save_summary(place)
        return Path(folder)

    def save_surface(self, folder: Path) -> None:
        """Write surface.safetensors."""
        save_surface(folder / RUN_SURFACE, self.module, self.record)

    def save_summary(self, folder: Path) -> None:
        """Write summary.json, which says that the fit is finished."""
        write_json(folder / RUN_FINISHED, self.summary())

    def summary(self) -> dict[str, Any]:
        """Numbers of the fit, of plain types."""
        plan, state = self.plan, self.state
        lowest, _ = self.record.energy_range
        return {
            **environment(plan.device, plan.settings.seed),
            "points": {name: len(part) for name, part in self.points.items()},
            "parameters": fitted_numbers(self.module) if state is None else
            state.parameters.numel(),
            **self._progress(),
            "seconds": {
                "training": plan.seconds if state is None else state.seconds,
                "this_session": self.seconds,
            },
            "force_weight_angstrom2": _force_weight(plan),
            "candidates": plan.candidates,
            "lowest_label_hartree": lowest,
            "errors": self.errors,
            "poor": self.poor,
            "far_points": self.far,
            **({} if self.members is None else {"ensemble": self.members}),
        }  # fmt: skip

    def _progress(self) -> dict[str, Any]:
        if self.state is None:
            return {}
        return {
            "epochs": self.state.epoch,
            "best_epoch": self.state.best_epoch,
            "stopped_by": self.stopped_by,
        }


def _force_weight(plan: TrainingPlan) -> float | None:
    """Weight of forces in Å²; of an ensemble whose members differ, the one of the settings."""
    if plan.settings.ensemble is not None:
        return plan.settings.force_weight
    return plan.choices.fits[0].force_weight


def fit_result(
    plan: TrainingPlan,
    *,
    state: TrainingState | None = None,
    stopped_by: StopReason | None = None,
    seconds: float = 0.0,
    name: str = "fit",
    history: Sequence[dict[str, Any]] = (),
    labels: Dataset | None = None,
    doubtful: Tensor | None = None,
) -> FitResult:
    """Errors and tables of a plan whose surface is fitted.

    Args:
        plan: its surface holds the best parameters.
        state: state of the last epoch.
        stopped_by: why the fit ended.
        seconds: wall time of the epochs of this session.
        name: name of the fit in the surface file.
        history: one row for each epoch.
        labels: the same points with labels to judge by that were not fitted, such as forces.
        doubtful: rows of labels that were left out of the fit because the audit doubts them.
    """
    surface, ensemble, rows = plan.surface, None, _judged_rows(plan)
    labelled = plan.dataset if labels is None else labels
    points = {part: labelled.select(own).to(plan.device) for part, own in rows.items()}
    if plan.ensemble is not None and state is not None:
        surface = ensemble = kept_ensemble(plan, plan.ensemble, state)
    training = points["train"]
    lowest = float(training.energies.min())
    errors = {part: error_report(surface, own, lowest=lowest) for part, own in points.items()}
    record = SurfaceRecord(
        training.symbols,
        (lowest, float(training.energies.max())),
        plan.dataset.sha256,
        thinned(training.positions, training.energies).cpu(),
        {"name": name, "seed": plan.settings.seed, "errors": errors},
        {part: fingerprints(own.positions, own.symbols) for part, own in points.items()},
    )
    members = None
    if plan.ensemble is not None and ensemble is not None and state is not None:
        trained = plan.ensemble
        members = member_errors(plan, trained, ensemble, state, points["test"], lowest)
    far = far_point_lines(surface, points, rows)
    if doubtful is not None:
        far = (*doubtful_line(surface, labelled, plan.parts.test, doubtful), *far)
    return FitResult(
        surface, record, errors, stopped_by, plan, points, state, plan.seconds + seconds,
        members, tuple(history), far, ensemble,
        poor_fit_lines(surface, points, cut=cut_short(stopped_by)),
    )  # fmt: skip


def _judged_rows(plan: TrainingPlan) -> dict[str, Tensor]:
    """Rows of the parts whose errors are reported.

    Where members hold out cuts of their own, most of them were trained on any point outside the
    test: all of these are training points, and only the test is held out from the mean. The same
    is so where a surface was chosen by leave-one-out errors.
    """
    parts, ensemble, form = plan.parts, plan.settings.ensemble, plan.settings.form
    cut = ensemble is not None and ensemble.validation == "own"
    if not (cut or form.fits_validation):
        return {name: getattr(parts, name) for name in PARTS}
    return {"train": torch.cat((parts.train, parts.validation)).sort().values, "test": parts.test}
