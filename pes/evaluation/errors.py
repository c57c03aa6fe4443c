"""`evaluate`: a surface on labelled points that it may never have seen."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from pes.data import Dataset, read
from pes.evaluation.holes import HoleReport, search_holes
from pes.evaluation.points import (
    PointErrors,
    checked_predictions,
    distances_to_training,
    force_errors,
    member_spread,
    parts_of_fit,
)
from pes.evaluation.result import WORST, Evaluation
from pes.molecule import Molecule
from pes.potential import Surface
from pes.potential.surface import check_units
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.training.calibration import calibration
from pes.training.errors import WINDOWS, ErrorReport, window_errors
from pes.units import CM1

__all__ = ["HOLES", "evaluate"]

HOLES = 2**14
"""Geometries of a hole search: about a second for a surface of water, more for larger ones."""

CPU = torch.device("cpu")


def evaluate(
    surface: SurfaceLike,
    dataset: Dataset | Path | str,
    *,
    windows: Sequence[int] = WINDOWS,
    holes: int = HOLES,
    worst: int = WORST,
    device: torch.device = CPU,
    tick: Callable[[int], object] = int,
    file: str | None = None,
) -> Evaluation:
    """Errors of a surface on labelled points by energy window and part of the fit, and its holes.

    Points of the fit are recognised in any file by their interatomic distances, whatever its
    order, its rounding to six decimals or more, or the numbering of like atoms.

    Args:
        surface: a surface, module or function of positions (B, N, 3) in bohr, or its name: run
            folder, surface file, `module:function`, `file.py:function` or a named analytic one.
        dataset: points with energies, or their file; `pes.read` takes what a file cannot say.
        windows: upper ends of the energy windows in cm⁻¹.
        holes: geometries of the search for holes; 0 for no search.
        worst: points with the largest errors that are listed.
        device: where the surface is evaluated; it stays there.
        tick: called with the number of evaluations that the search for holes has done.
        file: name of the file that the points came from.

    Returns:
        Tables, worst points and holes; `print` shows what `pes-evaluate` prints and `save` writes
        what it writes.

    Raises:
        ValueError, FileNotFoundError: if surface and points do not fit, in one line.

    Example:
        >>> x = torch.tensor([[[0.0, 0, 0], [1.4, 0, 0]], [[0, 0, 0], [1.5, 0, 0]]]).double()
        >>> points = Dataset(("H", "H"), x, torch.tensor([3.0, 4.0]).double() * CM1)
        >>> evaluate(lambda x: 0 * x[:, 0, 0], points, holes=0)
        Evaluation(2 points of H2: RMSE 3.536 cm-1, largest error 4 cm-1)
    """
    known = as_surface(surface).to(device)
    name = known.name or type(known.potential).__name__
    file = str(dataset) if isinstance(dataset, str | Path) else file
    points = dataset if isinstance(dataset, Dataset) else read(dataset)
    _check_atoms(known, points, file or "dataset")
    if file is None:  # the reader of a file doubts units itself
        check_units(points.positions, points.symbols, stacklevel=3)
    if not known.differentiable:
        # A plain function may not be differentiable: its energies only.
        points = replace(points, forces=None)
    energies, forces = checked_predictions(known, points, name, device)
    lowest = float(points.energies.min())
    if known.record is not None:
        lowest = known.record.energy_range[0]
    errors = PointErrors(
        heights=(points.energies - lowest) / CM1,
        residuals=(energies - points.energies) / CM1,
        forces=force_errors(forces, points),
        nearest=distances_to_training(known, points.positions),
        spread=member_spread(known, points.positions, device),
        parts=parts_of_fit(known, points),
    )
    found: HoleReport | None = None
    if holes:
        found = search_holes(known, points, holes, device=device, tick=tick)
    return Evaluation(
        points, tuple(windows),
        window_errors(points, energies, forces, lowest=lowest, windows=windows),
        errors, _calibrated(errors, windows), found, tuple(errors.worst(worst)), name, file, device,
        _errors_by_part(points, errors, energies, forces, lowest, windows),
    )  # fmt: skip


def _errors_by_part(
    points: Dataset,
    errors: PointErrors,
    energies: Tensor,
    forces: Tensor | None,
    lowest: float,
    windows: Sequence[int],
) -> dict[str, ErrorReport]:
    """Errors of each part that has points."""
    return {
        part: window_errors(
            points.select(mask), energies[mask], None if forces is None else forces[mask],
            lowest=lowest, windows=windows,
        )
        for part, mask in errors.parts.items() if mask.any()
    }  # fmt: skip


def _check_atoms(surface: Surface, points: Dataset, name: str) -> None:
    if surface.symbols is None:
        return
    required, given = Molecule(surface.symbols).elements, Molecule(points.symbols).elements
    if required != given:
        raise ValueError(
            f"{name}: the atoms are {' '.join(given)}, the surface is for {' '.join(required)}"
        )


def _calibrated(
    errors: PointErrors, windows: Sequence[int]
) -> dict[str, dict[str, float | int]] | None:
    """Errors against the spread at points the ensemble never saw; None without such points."""
    new = errors.is_new
    if errors.spread is None or not new.any():
        return None
    return calibration(
        errors.residuals[new], errors.spread[new], errors.heights[new], windows=windows
    )
