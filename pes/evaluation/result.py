"""Result of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from pes import plots
from pes.data import Dataset
from pes.data.formats.extxyz import write_geometries
from pes.data.isolation import isolated_rows
from pes.evaluation.holes import HoleReport
from pes.evaluation.points import PointErrors
from pes.evaluation.tables import (
    calibration_table,
    extrapolation_lines,
    hole_lines,
    isolated_lines,
    part_tables,
    window_rows,
    window_table,
    worst_lines,
    zero_lines,
)
from pes.files import write_csv, write_json
from pes.molecule import Molecule
from pes.setup.machine.environment import environment
from pes.setup.training.outcome.far_points import far_point_line
from pes.staging import staged
from pes.tables import html_table

__all__ = ["EVALUATED", "STALE", "WORST", "Evaluation"]

EVALUATED = "evaluation.json"
"""File that is written last."""

STALE = ("calibration.png", "holes.xyz")
"""Files that not every evaluation writes."""

WORST = 10


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Errors of a surface on labelled points.

    Attributes:
        dataset: the points.
        windows: upper ends of the energy windows, cm⁻¹.
        errors: `energy` (cm⁻¹) and `force` (cm⁻¹/Å) → `rmse`, `mae`, `median`, `max` → window,
            see `window_errors`.
        points: error of each point and what else is known of it.
        calibration: window → errors against the spread of an ensemble, see `calibration`; None
            for other surfaces, or if all points are training points.
        holes: result of the search for holes, None without a search.
        worst: rows of the largest energy errors, the largest first.
        surface: name of the surface.
        file: file of the points, if they came from one.
        device: where the surface was evaluated.
        errors_by_part: part of the fit (`train`, `validation`, `test`, `unseen`) → errors of its
            points, as `errors`; empty if the surface does not say what it was fitted to.
    """

    dataset: Dataset
    windows: tuple[int, ...]
    errors: Mapping[str, Any]
    points: PointErrors
    calibration: Mapping[str, Mapping[str, float | int]] | None
    holes: HoleReport | None
    worst: tuple[int, ...]
    surface: str
    file: str | None
    device: torch.device
    errors_by_part: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def isolated(self) -> tuple[int, ...]:
        """Rows of points far from all others in geometry or energy."""
        return tuple(isolated_rows(self.dataset).tolist())

    def __repr__(self) -> str:
        energy, count = self.errors["energy"], len(self.dataset)
        formula = Molecule(self.dataset.symbols).formula
        return (
            f"Evaluation({count} point{'s' if count > 1 else ''} of {formula}: RMSE "
            f"{energy['rmse']['all']:.4g} cm-1, largest error {energy['max']['all']:.4g} cm-1)"
        )

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return html_table(window_rows(self.errors), repr(self))

    def lines(self) -> list[str]:
        """Text that `pes-evaluate` prints."""
        elements = Molecule(self.dataset.symbols).elements
        lines = [
            f"{self.surface} on {self.file or 'a data set'}: {len(self.dataset)} points",
            *zero_lines(self.points),
            *self._far_line(),
            window_table(self.errors),
            *part_tables(self.errors_by_part),
            *isolated_lines(self.points, self.isolated),
            *extrapolation_lines(self.points),
            *worst_lines(self.points, self.worst, self.dataset.positions, elements),
        ]
        if self.calibration is not None:
            lines.append("errors and spread of the ensemble at the points that were not fitted:")
            lines.append(calibration_table(self.calibration))
        elif self.points.spread is not None:
            lines.append("all points took part in the fit and cannot test the spread")
        return lines if self.holes is None else [*lines, *hole_lines(self.holes)]

    def _far_line(self) -> list[str]:
        """A sentence about a few points that dominate the RMSE, with their rows."""
        rows = torch.arange(len(self.dataset))
        line = far_point_line("all points", self.points.residuals, rows)
        return [] if line is None else [line]

    def save(self, folder: str | Path) -> Path:
        """Write tables and pictures as `pes-evaluate` does; the folder is made if need be.

        The files are predictions.csv, worst.xyz, errors.png, where they apply calibration.png and
        holes.xyz, and, last, evaluation.json.

        Returns:
            The folder.
        """
        with staged(folder, finished=EVALUATED, stale=STALE) as place:
            self._write(place)
        return Path(folder)

    def _write(self, folder: Path) -> None:
        points = self.points
        self._write_predictions(folder / "predictions.csv")
        self._write_worst(folder / "worst.xyz")
        plots.errors(
            folder / "errors.png", points.heights, points.residuals, windows=self.windows,
            nearest=points.nearest, forces=points.forces,
        )  # fmt: skip
        if self.calibration is not None and points.spread is not None:
            new = points.is_new
            plots.calibration_curve(
                folder / "calibration.png", points.residuals[new], points.spread[new]
            )
        if self.holes is not None:
            self.holes.save(folder / "holes.xyz")
        write_json(folder / EVALUATED, self.summary())

    def summary(self) -> dict[str, Any]:
        """Content of evaluation.json."""
        return {
            **environment(self.device),
            "surface": self.surface,
            "data": self.file,
            "errors": self.errors,
            "errors_by_part": self.errors_by_part,
            "calibration": self.calibration,
            "holes": None if self.holes is None else self.holes.summary(),
            "worst_rows": self.worst,
            "isolated_rows": self.isolated,
        }

    def _write_predictions(self, path: Path) -> None:
        """Every point and what is known of it, one line each."""
        columns = ("row", "part", *self.points.columns)
        numbers = torch.stack(list(self.points.columns.values()), 1)
        parts = self.points.part_of_each
        rows = (
            dict(zip(columns, (row, parts[row], *values.tolist()), strict=True))
            for row, values in enumerate(numbers)
        )
        write_csv(path, rows, columns)

    def _write_worst(self, path: Path) -> None:
        """Geometries of the worst points, with what is known of each."""
        rows = list(self.worst)
        columns = {name: values[rows].tolist() for name, values in self.points.columns.items()}
        positions = self.dataset.positions[rows]
        write_geometries(path, self.dataset.symbols, positions, {"row": rows, **columns})
