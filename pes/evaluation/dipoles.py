"""Errors of a dipole surface on labelled points."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.data import Dataset
from pes.data.formats.extxyz import write_geometries
from pes.evaluation.points import parts_of_fit
from pes.evaluation.result import EVALUATED, STALE, WORST
from pes.files import write_csv, write_json
from pes.molecule import Molecule
from pes.potential import Surface
from pes.setup.machine.environment import environment
from pes.setup.training.dipoles.dipole import dipole_errors
from pes.setup.training.dipoles.dipole_result import error_cells, error_lines
from pes.staging import staged
from pes.tables import html_table
from pes.units import CM1, DEBYE

__all__ = ["DipoleEvaluation", "evaluate_dipoles"]

AXES = ("x", "y", "z")

PIECE = 512
"""Points evaluated at once."""


@dataclass(frozen=True, eq=False)
class DipoleEvaluation:
    """Errors of a dipole surface on labelled points.

    Attributes:
        dataset: the points.
        errors: part of the fit (`all`, `train`, `validation`, `test`, `unseen`) → energy window →
            measures in debye, see `pes.setup.training.dipoles.dipole_result.MEASURES`.
        residuals: surface − label, (B, 3) in debye.
        heights: energies above the lowest training point, (B,) in cm⁻¹.
        spread: standard deviation of the members of an ensemble, (B, 3) in debye; None without.
        parts: part → mask (B,).
        surface: name.
        file: file of the points, if they came from one.
        device: where the surface was evaluated.
    """

    dataset: Dataset
    errors: dict[str, dict[str, dict[str, float]]]
    residuals: Tensor
    heights: Tensor
    spread: Tensor | None
    parts: dict[str, Tensor]
    surface: str
    file: str | None
    device: torch.device

    def __repr__(self) -> str:
        rmse, formula = self.errors["all"]["all"]["rmse"], Molecule(self.dataset.symbols).formula
        return (
            f"DipoleEvaluation({len(self.dataset)} points of {formula}: RMSE of a component "
            f"{rmse:.3g} debye)"
        )

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return html_table(error_cells(self.errors), repr(self))

    @property
    def worst(self) -> list[int]:
        """Rows of the largest errors, the largest first."""
        return self.residuals.norm(dim=1).argsort(descending=True)[:WORST].tolist()

    def lines(self) -> list[str]:
        """Text that `pes-evaluate` prints."""
        sizes = self.residuals.norm(dim=1)
        text = [
            f"{self.surface} on {self.file or 'a data set'}: {len(self.dataset)} points",
            *error_lines(self.errors),
            "largest errors: row, energy of the point in cm-1, error in 1e-4 debye",
            *(f"{k:6d} {self.heights[k]:10.1f} {1e4 * sizes[k]:12.3f}" for k in self.worst),
        ]
        if self.spread is not None:
            shares = self.residuals.square().mean() / self.spread.square().mean()
            text.append(f"errors are {float(shares.sqrt()):.2f} times the spread of the ensemble")
        return text

    def save(self, folder: str | Path) -> Path:
        """Write predictions.csv, worst.xyz and, last, evaluation.json; the folder."""
        with staged(folder, finished=EVALUATED, stale=(*STALE, "errors.png")) as place:
            self._write_predictions(place / "predictions.csv")
            rows = self.worst
            sizes = self.residuals.norm(dim=1)[rows].tolist()
            columns = {"row": rows, "error_debye": sizes}
            write_geometries(
                place / "worst.xyz", self.dataset.symbols, self.dataset.positions[rows], columns
            )
            write_json(place / EVALUATED, self.summary())
        return Path(folder)

    def summary(self) -> dict[str, Any]:
        """Content of evaluation.json."""
        return {
            **environment(self.device),
            "quantity": "dipole moment",
            "surface": self.surface,
            "data": self.file,
            "errors_debye": self.errors,
            "worst_rows": self.worst,
        }

    def _write_predictions(self, path: Path) -> None:
        columns = {"label_cm1": self.heights}
        columns |= {
            f"prediction_minus_label_{axis}_debye": self.residuals[:, k]
            for k, axis in enumerate(AXES)
        }
        if self.spread is not None:
            columns |= {f"spread_{axis}_debye": self.spread[:, k] for k, axis in enumerate(AXES)}
        names = [""] * len(self.heights)
        for part, mask in self.parts.items():
            for row in mask.nonzero().flatten().tolist():
                names[row] = part
        head, numbers = ("row", "part", *columns), torch.stack(list(columns.values()), 1).tolist()
        rows = [
            dict(zip(head, (k, names[k], *values), strict=True)) for k, values in enumerate(numbers)
        ]
        write_csv(path, rows, head)


def evaluate_dipoles(
    surface: Surface, points: Dataset, *, device: torch.device, file: str | None = None
) -> DipoleEvaluation:
    """Errors of a dipole surface by part of its fit and energy window.

    Args:
        surface: surface of dipole moments.
        points: points with dipole moments from the origin of their positions.
        device: where the surface is evaluated.
        file: name of the file that the points came from.

    Raises:
        ValueError: for points of other atoms or without dipole moments.
    """
    name = file or "the points"
    required = surface.symbols
    given = Molecule(points.symbols).elements
    if required is not None and Molecule(required).elements != given:
        raise ValueError(
            f"{name}: the atoms are {' '.join(given)}, the dipole surface is for "
            f"{' '.join(Molecule(required).elements)}"
        )
    if points.dipoles is None:
        raise ValueError(
            f"{name}: the points have no dipole moments, which are compared with the surface; name "
            "their column with `--keys dipole=NAME`"
        )
    potential = surface.potential.to(device)
    with torch.no_grad():
        pieces = points.positions.to(device).split(PIECE)
        moments = torch.cat([potential(x) for x in pieces]).cpu()
        spread = None
        if surface.ensemble is not None:
            spread = torch.cat([surface.ensemble.spread(x) for x in pieces]).cpu() / DEBYE
    residuals = (moments - points.dipoles) / DEBYE
    record = surface.record
    lowest = float(points.energies.min()) if record is None else record.energy_range[0]
    heights, parts = (points.energies - lowest) / CM1, parts_of_fit(surface, points)
    masses = Molecule(points.symbols).masses
    everything = torch.ones(len(points), dtype=torch.bool)
    errors = {
        part: dipole_errors(residuals[mask], heights[mask], points.positions[mask], masses)
        for part, mask in ({"all": everything} | parts).items()
        if mask.any()
    }
    return DipoleEvaluation(
        points, errors, residuals, heights, spread, parts, surface.name or "dipole surface", file,
        device,
    )  # fmt: skip
