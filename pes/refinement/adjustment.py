"""`refine`: a surface adjusted to observed levels."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from pes.data import Dataset, read
from pes.data.observed import Observed
from pes.potential import Surface, SurfaceRecord
from pes.refinement.adjustable import Adjust, AdjustableSurface, Polynomial, adjustable_surfaces
from pes.refinement.anchor import Anchor, anchor_points, check_zero
from pes.refinement.cross_validation import STRENGTHS, cross_validated
from pes.refinement.gauss_newton import refined
from pes.refinement.observed import LevelSettings, ObservedLevels
from pes.refinement.result import Refinement
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.named_surface import name_of
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.setup.problem.basis import BasisSize
from pes.setup.problem.truncation import TruncationRequest
from pes.units import CM1

__all__ = ["RefinementProblem", "adjusted", "problem_of", "refine"]

POLYNOMIAL = Polynomial()
WITHOUT_LIMITS = TruncationRequest()

log = logging.getLogger("pes")

ObservedOf = ObservedLevels | Observed | Path | str
"""Observed levels of a molecule, or their file."""


@dataclass(frozen=True, eq=False)
class RefinementProblem:
    """Everything that a refinement needs, checked.

    Attributes:
        name: name of the surface to begin with.
        symbols: atoms it is for.
        record: record of the surface; a surface without a file takes the ab initio points instead.
        trials: ways to adjust it.
        held: ab initio points to stay near.
        device: device of the calculation.
    """

    name: str
    symbols: tuple[str, ...] | None
    record: SurfaceRecord
    trials: tuple[AdjustableSurface, ...]
    held: Anchor
    device: torch.device


def refine(
    surface: SurfaceLike,
    observed: Mapping[str, ObservedOf] | Sequence[tuple[str, ObservedOf]],
    *,
    hold: Dataset | Path | str,
    adjust: Adjust = POLYNOMIAL,
    anchor: float | Literal["auto"] = "auto",
    anchor_energy: float = 5000.0,
    uncertainty_floor: float = 0.1,
    steps: int = 10,
    nuclear_masses: bool = False,
    coordinates: CoordinateRequest | None = None,
    basis: Mapping[str, BasisSize | int] | None = None,
    truncation: TruncationRequest = WITHOUT_LIMITS,
    cap: float = 60000.0,
    device: str | torch.device = "cpu",
) -> Refinement:
    """Adjust a surface to observed levels, held near its ab initio points: `pes-refine`.

    The degree of the polynomial and the strength of the anchor are chosen by cross-validation on
    the fitted levels; levels held out as validation are not used. Progress goes to the logger
    `pes`.

    Args:
        surface: a surface, a torch module, a function or a name; it is not changed unless its own
            weights are adjusted. One that does not say its atoms has those of the points.
        observed: by the isotopes of a molecule, such as `"O H D"`, its levels or their file (CSV
            with v1, v2, …, energy, uncertainty); `ObservedLevels` to hold some of them out.
        hold: ab initio points to stay near, or their file.
        adjust: a polynomial to add, or `weights`: every weight of the surface.
        anchor: λ, weight of squared distances from the points against squared errors of levels.
        anchor_energy: Δ of the weights [Δ/(Δ + E)]² of the points, cm⁻¹.
        uncertainty_floor: uncertainty that replaces smaller ones of observed levels, cm⁻¹.
        steps: largest number of Gauss–Newton steps.
        nuclear_masses: bare nuclei instead of whole atoms.
        coordinates: by default the usual ones for this number of atoms.
        basis: sizes by the name of a coordinate, `all` for the others.
        truncation: limits on the products of functions, or a sparse grid.
        cap: ceiling of V above the minimum, cm⁻¹.
        device: device of the calculation.

    Returns:
        The new surface, levels before and after, and all steps.

    Raises:
        ValueError, FileNotFoundError: if surface, levels and points do not fit together.
    """
    task = problem_of(
        surface, observed, hold=hold, adjust=adjust, anchor_energy=anchor_energy, device=device,
        settings=LevelSettings(
            coordinates or CoordinateRequest(), basis or {}, nuclear_masses, cap,
            uncertainty_floor, truncation,
        ),
    )  # fmt: skip
    return adjusted(task, anchor=anchor, steps=steps)


def problem_of(
    surface: SurfaceLike,
    observed: Mapping[str, ObservedOf] | Sequence[tuple[str, ObservedOf]],
    *,
    hold: Dataset | Path | str,
    adjust: Adjust,
    anchor_energy: float,
    settings: LevelSettings,
    device: str | torch.device,
) -> RefinementProblem:
    """Everything that can be wrong is found here, before the work begins; arguments as in `refine`.

    Raises:
        ValueError, FileNotFoundError: if surface, levels and points do not fit together.
    """
    place, start = torch.device(device), as_surface(surface)
    file = hold if isinstance(hold, str | Path) else "hold"
    points = hold if isinstance(hold, Dataset) else read(hold)
    if start.symbols is None:  # a plain function is of the atoms of its points
        start = replace(start, symbols=points.symbols)
    held = anchor_points(points, start, anchor_energy, place, name=str(file))
    # Ranges end where the points do: a function may be wrong beyond them.
    record = _record(start, points)
    trials = adjustable_surfaces(
        start, record, _pairs(observed), adjust, settings, held.positions[:1]
    )
    check_zero(start, held, name=str(file))
    return RefinementProblem(name_of(start), start.symbols, record, tuple(trials), held, place)


def adjusted(
    task: RefinementProblem, *, anchor: float | Literal["auto"] = "auto", steps: int = 10
) -> Refinement:
    """The polynomial and the anchor that predict levels best, then the steps.

    Args:
        task: surfaces, levels and points.
        anchor: λ, or `auto`.
        steps: at most.

    Raises:
        ValueError: if no level could be assigned.
    """
    held = task.held
    trial, strength, validation = _chosen(task, anchor)
    log.info("RMS errors of fitted levels, held-out levels and ab initio points:")
    log.info("%5s %12s %14s %14s", "step", "fitted/cm-1", "held out/cm-1", "ab initio/cm-1")
    done = []
    for number, step in enumerate(
        refined(trial.surface, trial.parameters, trial.isotopologues, held, strength, steps=steps)
    ):
        values = (step.fitted / CM1, step.held / CM1, step.anchor / CM1)
        log.info("%5d %12.3f %14.3f %14.3f", number, *values)
        done.append(step)
    return Refinement(
        Surface(trial.surface, task.symbols, task.record), task.name, trial.name, strength,
        tuple(validation), tuple(trial.isotopologues), tuple(done), task.device,
    )  # fmt: skip


def _pairs(
    observed: Mapping[str, ObservedOf] | Sequence[tuple[str, ObservedOf]],
) -> list[tuple[tuple[str, ...], ObservedLevels]]:
    """Isotopes and levels of each molecule."""
    pairs = observed.items() if isinstance(observed, Mapping) else observed
    return [
        (tuple(molecule.split()), one if isinstance(one, ObservedLevels) else ObservedLevels(one))
        for molecule, one in pairs
    ]


def _chosen(
    task: RefinementProblem, anchor: float | Literal["auto"]
) -> tuple[AdjustableSurface, float, list[tuple[str, float, float]]]:
    """Adjustment that predicts levels best, its λ, and the RMS (hartree) of everything tried."""
    trials, held = task.trials, task.held
    count = sum(int(one.fitted.sum()) for one in trials[0].isotopologues)
    log.info(
        "surface %s: %d observed levels are fitted, %d ab initio points hold the surface in place",
        task.name, count, len(held.energies),
    )  # fmt: skip
    if anchor != "auto" and len(trials) == 1:
        trial, strength, rows = trials[0], float(anchor), []
    else:
        strengths = STRENGTHS if anchor == "auto" else (float(anchor),)
        rows = [row for trial in trials for row in _validated(trial, held, strengths)]
        name, strength, _ = min(rows, key=lambda row: row[2])
        trial = next(t for t in trials if t.name == name)
    size = sum(p.numel() for p in trial.parameters)
    log.info("chosen: %s (%d parameters), anchor %.1e", trial.name, size, strength)
    return trial, strength, rows


def _validated(
    trial: AdjustableSurface, held: Anchor, strengths: Sequence[float]
) -> list[tuple[str, float, float]]:
    """Error of each fitted level when it is left out of the fit, for each λ."""
    tried = cross_validated(
        trial.surface, trial.parameters, trial.isotopologues, held, strengths=strengths
    )
    strength, error = min(tried, key=lambda row: row[1])
    log.info(
        "%s: error in cross-validation %.3f cm-1 (RMS) with the best anchor, %.1e", trial.name,
        error / CM1, strength,
    )  # fmt: skip
    return [(trial.name, *row) for row in tried]


def _record(surface: Surface, points: Dataset) -> SurfaceRecord:
    """Record of the surface; one made of the ab initio points where the surface has none."""
    if surface.record is not None:
        return surface.record
    span = (float(points.energies.min()), float(points.energies.max()))
    return SurfaceRecord(surface.symbols or (), span, points.sha256, points.positions)
