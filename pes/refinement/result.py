"""Result of a refinement."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from pes import plots
from pes.files import RUN_SURFACE, write_csv, write_json
from pes.potential import Surface, save_surface
from pes.refinement.comparison import Isotopologue
from pes.refinement.failure import failure
from pes.refinement.gauss_newton import GaussNewtonStep
from pes.refinement.tables import comparison_rows, level_lines, root_mean_squares, step_rows
from pes.setup.machine.environment import environment
from pes.staging import staged
from pes.tables import html_table
from pes.units import CM1
from pes.vibration.levels.diagnostics import ONLY_L_ZERO

__all__ = ["REFINED", "RESULTS", "Refinement"]

REFINED = "refinement.json"
"""File that is written last."""

RESULTS = (RUN_SURFACE, "levels.csv", "steps.csv", "refinement.png")


@dataclass(frozen=True, eq=False)
class Refinement:
    """A surface adjusted to observed levels.

    Attributes:
        surface: the new surface.
        start: name of the surface it began with.
        adjusted: part of the surface that was adjusted.
        anchor: λ, by which the surface was held to its ab initio points.
        validation: adjustment, λ and RMS of fitted levels predicted from the others, hartree.
        isotopologues: molecules with their observed levels.
        steps: all steps, atomic units; the first is the start.
        device: device of the calculation.
    """

    surface: Surface
    start: str
    adjusted: str
    anchor: float
    validation: tuple[tuple[str, float, float], ...]
    isotopologues: tuple[Isotopologue, ...]
    steps: tuple[GaussNewtonStep, ...]
    device: torch.device

    @property
    def table(self) -> list[dict[str, Any]]:
        """Observed levels and calculated − observed before and after, cm⁻¹."""
        first, last = self.steps[0], self.steps[-1]
        return comparison_rows(self.isotopologues, first.comparisons, last.comparisons)

    @property
    def rms(self) -> dict[str, dict[str, float]]:
        """RMS of calculated − observed by molecule and role, before and after, cm⁻¹."""
        return root_mean_squares(self.table)

    @property
    def refused(self) -> dict[str, list[str]]:
        """Reasons why observed levels were not assigned, by molecule."""
        last = self.steps[-1].comparisons
        pairs = zip(self.isotopologues, last, strict=True)
        return {one.name: comparison.assignment.reasons for one, comparison in pairs}

    @property
    def warnings(self) -> list[str]:
        """A verdict if the refinement failed, levels that were not assigned, and other doubts."""
        pairs = zip(self.isotopologues, self.steps[-1].comparisons, strict=True)
        failed = failure(self.table, self._uncertainties())
        return [
            *([] if failed is None else [failed]),
            *(
                line
                for one, comparison in pairs
                for line in (
                    *(f"{one.name}, not assigned: {why}" for why in comparison.assignment.reasons),
                    # Observed levels have l = 0 where the molecule is linear.
                    *(
                        f"{one.name}: {warning}"
                        for warning in comparison.levels.warnings
                        if warning != ONLY_L_ZERO
                    ),
                )
            ),
        ]

    def _uncertainties(self) -> list[float]:
        """Uncertainties of all observed levels, none below its floor, cm⁻¹."""
        return [
            float(u) / CM1
            for one in self.isotopologues
            for u in one.observed.uncertainties.clamp(min=one.floor)
        ]

    def __repr__(self) -> str:
        first, last = self.steps[0].fitted / CM1, self.steps[-1].fitted / CM1
        return (
            f"Refinement({self.adjusted}: RMS of fitted levels {first:.3f} before, "
            f"{last:.3f} cm-1 after)"
        )

    def __str__(self) -> str:
        return "\n".join([*level_lines(self.table), *(f"warning: {w}" for w in self.warnings)])

    def _repr_html_(self) -> str:
        rows = self.table
        shown = [[*row.values()] for row in rows]
        cells = [[f"{v:.3f}" if isinstance(v, float) else v for v in row] for row in shown]
        return html_table([[*rows[0]], *cells], repr(self))

    def save(self, folder: str | Path, *, name: str | None = None) -> Path:
        """Write surface, tables and picture as `pes-refine` does; the folder is made if need be.

        The files are surface.safetensors, levels.csv, steps.csv, refinement.png and, last,
        refinement.json.

        Args:
            folder: folder of the results.
            name: name in refinement.json; by default that of the folder.

        Returns:
            The folder.
        """
        rows = self.table
        with staged(folder, finished=REFINED) as place:
            write_csv(place / "levels.csv", rows)
            write_csv(place / "steps.csv", step_rows(self.steps))
            plots.refined_levels(place / "refinement.png", rows)
            self._save_surface(place / RUN_SURFACE)
            write_json(place / REFINED, self.summary(name or Path(folder).name))
        return Path(folder)

    def summary(self, name: str) -> dict[str, Any]:
        """Content of refinement.json."""
        return {
            "format": "pes-refinement",
            "version": 1,
            "name": name,
            "units": "cm-1",
            "adjusted": self.adjusted,
            "anchor": self.anchor,
            "cross_validation": [[kind, a, error / CM1] for kind, a, error in self.validation],
            "rms": self.rms,
            "steps": step_rows(self.steps),
            "levels": self.table,
            "refused": self.refused,
            "verdict": failure(self.table, self._uncertainties()),
            **environment(self.device),
        }

    def _save_surface(self, path: Path) -> None:
        record = self.surface.record
        if record is None:
            raise TypeError(
                "a refined surface needs the record of its points, which this one lacks"
            )
        note = {"from": self.start, "anchor": self.anchor, "rms_cm1": self.rms}
        record = replace(record, notes={**record.notes, "refined": note})
        save_surface(path, self.surface.potential, record)
