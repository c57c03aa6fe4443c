"""Result of a dipole fit: surface, errors by energy window, files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pes.data import Split
from pes.files import RUN_FINISHED, RUN_SURFACE, write_json
from pes.molecule import Molecule
from pes.potential import Surface, SurfaceRecord, save_surface
from pes.setup.inputs.surfaces import fitted_surface
from pes.setup.machine.environment import environment
from pes.setup.training.dipoles.dipole_forms import DipoleForm, DipoleNetworkForm
from pes.setup.training.outcome.ending import STOPPED
from pes.staging import staged
from pes.tables import html_table, text_table
from pes.training.dipole import DipoleCandidate
from pes.units import ANGSTROM

__all__ = ["MEASURES", "DipoleFit", "error_cells", "error_lines"]

MEASURES = ("points", "rmse", "a", "b", "c", "mae", "max")
"""Columns of the table: root mean square error of a component, of those along the principal axes of
each geometry, mean and largest length of the error."""


@dataclass(frozen=True, eq=False, repr=False)
class DipoleFit:
    """Result of a dipole fit.

    Attributes:
        module: positions (B, N, 3) in bohr to dipole moments (B, 3) in e·bohr.
        record: description in the surface file.
        form: form that was fitted; if there was a choice, the one that was chosen.
        candidates: forms tried, the best first.
        errors: part → window (`all`, `5000`, …) → `MEASURES`, in debye.
        parts: rows of training, validation and test.
        remarks: reasons for doubt, in words.
        seconds: CPU time.
        device: device of the fit.
    """

    module: nn.Module
    record: SurfaceRecord
    form: DipoleForm | DipoleNetworkForm
    candidates: tuple[DipoleCandidate, ...]
    errors: dict[str, dict[str, dict[str, float]]]
    parts: Split
    remarks: tuple[str, ...]
    seconds: float
    device: torch.device

    @property
    def surface(self) -> Surface:
        """The fitted surface with its atoms and training points, as `pes.load` returns it."""
        return fitted_surface(self.module, self.record)

    def __repr__(self) -> str:
        best, test = self.candidates[0], self.errors["test"]["all"]["rmse"]
        return (
            f"DipoleFit({Molecule(self.record.symbols).formula}: degree {best.degree}, "
            f"{best.coefficients} {_numbers(best)}, test RMSE {test:.3g} debye)"
        )

    def __str__(self) -> str:
        return "\n".join([repr(self), *self.lines()])

    def lines(self) -> list[str]:
        """Candidates, doubts and the table of errors."""
        tried = map(_line, self.candidates)
        warned = (f"warning: {remark}" for remark in self.remarks)
        head = "forms that were tried, by their errors; the first one is chosen:"
        return [head, *tried, *warned, *error_lines(self.errors)]

    def _repr_html_(self) -> str:
        return html_table(error_cells(self.errors), repr(self))

    def summary(self) -> dict[str, Any]:
        """Numbers of the fit, of plain types."""
        return {
            **environment(self.device, self.parts.seed),
            "quantity": "dipole moment",
            "cpu_seconds": self.seconds,
            "candidates": [
                {key: value for key, value in asdict(one).items() if value not in (None, ())}
                for one in self.candidates
            ],
            "errors_debye": self.errors,
            "warnings": list(self.remarks),
        }

    def save(self, folder: str | Path) -> Path:
        """Write surface.safetensors, split.json and, last, summary.json; the folder."""
        with staged(folder, finished=RUN_FINISHED) as place:
            self.write(place)
        return Path(folder)

    def write(self, place: Path) -> None:
        """Write the same files into a folder that exists."""
        save_surface(place / RUN_SURFACE, self.module, self.record)
        self.parts.save(place / "split.json")
        write_json(place / RUN_FINISHED, self.summary())


def _line(tried: DipoleCandidate) -> str:
    """Settings of a form and the error of its best fit, in words."""
    shape, fit = f"degree {tried.degree}, a = {tried.length / ANGSTROM:.4g} A", ""
    if tried.hidden:
        shape += f", networks {'-'.join(map(str, tried.hidden))}"
    if tried.ridge is not None:
        fit = f"ridge {tried.ridge:.0e}, "
    ends = "".join(
        f"; epoch {end.best_epoch} of {end.epochs} is kept, {STOPPED[end.reason]}"
        for end in tried.endings
    )
    return (
        f"{shape}: {tried.coefficients} {_numbers(tried)}, {fit}error "
        f"{tried.error:.3g} debye at points that were not fitted{ends}"
    )


def _numbers(tried: DipoleCandidate) -> str:
    return "weights" if tried.hidden else "coefficients"


def error_cells(errors: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[tuple[str, ...]]:
    """Table of errors in 1e-4 debye; the first row is its header.

    Args:
        errors: part → window → `MEASURES` in debye.
    """
    rows: list[tuple[str, ...]] = [
        ("part", "energy/cm-1", "points", "RMSE", "a", "b", "c", "mean", "max")
    ]
    for part, windows in errors.items():
        for name, own in windows.items():
            numbers = (f"{1e4 * own[measure]:.4f}" for measure in MEASURES[1:])
            limit = name if name == "all" else f"< {name}"
            rows.append((part, limit, str(int(own["points"])), *numbers))
    return rows


def error_lines(errors: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """The same as text."""
    title = (
        "errors in 1e-4 debye: RMSE of a component, of those along the principal axes a, b, c, "
        "mean and largest length of the error vector"
    )
    return [title, *text_table(error_cells(errors))]
