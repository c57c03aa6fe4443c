"""`pes-refine`: a surface adjusted to observed levels, in one folder."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pes import plots
from pes.config import ObservedLevels, RefineConfig, Vibration, load_config
from pes.data import Dataset, read
from pes.data.observed import Observed, read_observed
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import LinearSurface, SurfaceRecord, save_surface
from pes.potential.corrected import CorrectedSurface
from pes.refine import STRENGTHS, Anchor, Comparison, Isotopologue, Step, cross_validated, refined
from pes.run.folder import (
    check_folder,
    environment,
    environment_line,
    open_folder,
    open_log,
    pick_device,
    write_config,
    write_json,
)
from pes.run.level_tables import write_csv
from pes.run.surfaces import Loaded, load_potential, resolved
from pes.run.vibration import problem
from pes.training.weights import ratio
from pes.units import ANGSTROM, CM1

__all__ = ["run_refine"]

log = logging.getLogger("pes")

DONE = "refinement.json"
DEGREES = (1, 2, 3, 4, 5)
"""Of the polynomial that are tried."""
RESULTS = ("surface.safetensors", "levels.csv", "steps.csv", "refinement.png")


@dataclass(frozen=True)
class Trial:
    """A way to adjust the surface.

    Attributes:
        name: for tables.
        surface: what is refined.
        parameters: what of it may change.
        isotopologues: on this surface.
    """

    name: str
    surface: nn.Module
    parameters: list[nn.Parameter]
    isotopologues: list[Isotopologue]


@dataclass(frozen=True)
class Outcome:
    """What a refinement found.

    Attributes:
        trial: the one that was refined.
        strength: λ of the anchor.
        validation: trial, λ and the RMS of levels predicted from the others, hartree.
        steps: from the start on.
    """

    trial: Trial
    strength: float
    validation: list[tuple[str, float, float]]
    steps: list[Step]


def run_refine(
    path: Path,
    *,
    output: Path | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Refine a surface as a configuration says.

    Args:
        path: YAML file.
        output: run folder; default runs/<name>.
        settings: `section.key=value` that override the file.
        overwrite: replace earlier results.

    Returns:
        The folder.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    config = _resolved(load_config(path, RefineConfig, settings), path.parent)
    folder = output or Path("runs") / config.name
    check_folder(folder, finished=DONE, overwrite=overwrite)
    device = pick_device(config.device, config.threads)
    loaded = load_potential(config.surface, path.parent)
    dataset = read(config.data)
    anchor = _anchor(config, loaded, dataset, device)
    trials = [_trial(config, degree, loaded, device) for degree in _degrees(config)]
    if not any(bool(which.fitted.any()) for which in trials[0].isotopologues):
        raise ValueError("`isotopologues`: every level is held out; nothing is left to fit")
    open_folder(folder, finished=DONE, stale=RESULTS)
    open_log(folder / "refine.log")
    log.info("%s", environment_line(device))
    outcome = _outcome(config, trials, anchor)
    _write(folder, config, outcome, _record(loaded, dataset), device)
    return folder


def _degrees(config: RefineConfig) -> tuple[int, ...]:
    if config.adjust.kind == "weights":
        return (0,)
    return DEGREES if config.adjust.degree == "auto" else (config.adjust.degree,)


def _trial(config: RefineConfig, degree: int, loaded: Loaded, device: torch.device) -> Trial:
    name, surface, parameters = _adjustable(config, degree, loaded)
    surface.to(device)
    isotopologues = [_isotopologue(config, which, loaded, surface, device)
                     for which in config.isotopologues]  # fmt: skip
    return Trial(name, surface, parameters, isotopologues)


def _resolved(config: RefineConfig, base: Path) -> RefineConfig:
    """The configuration with its files named in full."""
    each = tuple(
        which.model_copy(update={"observed": (base / which.observed).resolve()})
        for which in config.isotopologues
    )
    return config.model_copy(
        update={
            "surface": resolved(config.surface, base),
            "data": (base / config.data).resolve(),
            "isotopologues": each,
        }
    )


def _adjustable(
    config: RefineConfig, degree: int, loaded: Loaded
) -> tuple[str, nn.Module, list[nn.Parameter]]:
    """Name, surface to refine, and what of it may change."""
    module, wanted = loaded.module, config.adjust
    if loaded.symbols is None:
        raise ValueError("`surface`: it does not say what atoms it is for; use a surface file")
    if wanted.kind == "weights":
        parameters = [p for p in module.parameters() if p.requires_grad]
        if not parameters:
            raise ValueError("`adjust: weights`: the surface has none; use kind: polynomial")
        return "weights", module, parameters
    descriptor = Invariants(
        Molecule(loaded.symbols).elements, degree, length=wanted.length * ANGSTROM,
        variable=wanted.variable,
    )  # fmt: skip
    correction = LinearSurface(descriptor)
    surface = CorrectedSurface(module, correction)
    return f"polynomial of degree {degree}", surface, list(correction.parameters())


def _anchor(config: RefineConfig, loaded: Loaded, dataset: Dataset, device: torch.device) -> Anchor:
    wanted, found = (Molecule(s).elements for s in (loaded.symbols or (), dataset.symbols))
    if wanted != found:
        raise ValueError(
            f"{config.data}: the atoms are {' '.join(found)}, those of the surface "
            f"{' '.join(wanted)}; order and elements must agree"
        )
    weights = ratio(dataset.energies - dataset.energies.min(), offset=config.anchor_energy * CM1)
    weights = weights**2 / (weights**2).mean()
    return Anchor(*(t.to(device) for t in (dataset.positions, dataset.energies, weights)))


def _isotopologue(
    config: RefineConfig,
    wanted: ObservedLevels,
    loaded: Loaded,
    surface: nn.Module,
    device: torch.device,
) -> Isotopologue:
    vibration = Vibration(
        molecule=wanted.molecule, nuclear_masses=config.nuclear_masses,
        coordinates=config.coordinates, basis=config.basis, cap=config.cap,
    )  # fmt: skip
    task = problem(vibration, Loaded(surface, loaded.symbols, loaded.record), device)
    observed = _kept(read_observed(wanted.observed), wanted)
    modes = len(task.internal.names)
    if len(observed.quanta[0]) != modes:
        raise ValueError(
            f"{wanted.observed}: {len(observed.quanta[0])} quanta for each level, the molecule "
            f"has {modes} coordinates"
        )
    like = task.internal.kinds[0] == task.internal.kinds[1]
    bonds = config.coordinates.kind in (None, "valence", "radau") and not config.coordinates.normal
    triatomic = len(wanted.molecule) == 3 and bonds
    ends = [m for i, m in enumerate(task.masses.tolist()) if i != _middle(task.molecule)]
    return Isotopologue(
        " ".join(wanted.molecule), task.system, task.coordinates, task.start, observed,
        _fitted(observed, wanted), triatomic and like and len(set(ends)) == 1,
        config.cap * CM1, config.uncertainty_floor * CM1,
    )  # fmt: skip


def _middle(molecule: Molecule) -> int:
    alone = [i for i, e in enumerate(molecule.elements) if molecule.elements.count(e) == 1]
    return alone[0] if alone else 0


def _kept(observed: Observed, wanted: ObservedLevels) -> Observed:
    """Levels up to the limit."""
    if wanted.up_to is None:
        return observed
    low = (observed.energies <= wanted.up_to * CM1).nonzero().flatten().tolist()
    if not low:
        raise ValueError(f"{wanted.observed} has no level below {wanted.up_to} cm-1")
    return Observed(
        tuple(observed.quanta[i] for i in low), observed.energies[low], observed.uncertainties[low]
    )


def _fitted(observed: Observed, wanted: ObservedLevels) -> Tensor:
    for quanta in wanted.held_levels:
        if quanta not in observed.quanta:
            raise ValueError(f"`held_levels`: {list(quanta)} is not in {wanted.observed}")
    return torch.tensor([not wanted.held and q not in wanted.held_levels for q in observed.quanta])


def _outcome(config: RefineConfig, trials: list[Trial], anchor: Anchor) -> Outcome:
    """The refinement, said as it goes."""
    count = sum(int(which.fitted.sum()) for which in trials[0].isotopologues)
    log.info("%s: %d levels fitted, %d ab initio points", config.name, count, len(anchor.energies))
    validation = _validation(config, trials, anchor)
    trial, strength = trials[0], config.anchor
    if validation:
        name, strength, _ = min(validation, key=lambda row: row[2])
        trial = next(t for t in trials if t.name == name)
    size = sum(p.numel() for p in trial.parameters)
    log.info("%s, %d parameters, anchor %.1e", trial.name, size, strength)
    log.info("%5s %12s %14s %14s", "step", "fitted/cm-1", "held out/cm-1", "ab initio/cm-1")
    steps = []
    for number, step in enumerate(
        refined(
            trial.surface, trial.parameters, trial.isotopologues, anchor, float(strength),
            steps=config.steps,
        )
    ):  # fmt: skip
        values = (step.fitted / CM1, step.held / CM1, step.anchor / CM1)
        log.info("%5d %12.3f %14.3f %14.3f", number, *values)
        steps.append(step)
    return Outcome(trial, float(strength), validation, steps)


def _validation(
    config: RefineConfig, trials: list[Trial], anchor: Anchor
) -> list[tuple[str, float, float]]:
    """How well each fitted level follows from the others; empty where nothing is to be chosen."""
    if config.anchor != "auto" and len(trials) == 1:
        return []
    strengths = STRENGTHS if config.anchor == "auto" else (float(config.anchor),)
    rows = []
    for trial in trials:
        found = cross_validated(
            trial.surface, trial.parameters, trial.isotopologues, anchor, strengths=strengths
        )
        rows += [(trial.name, strength, error) for strength, error in found]
        strength, error = min(found, key=lambda row: row[1])
        log.info(
            "%s: each level from the others to %.3f cm-1 with anchor %.1e", trial.name,
            error / CM1, strength,
        )  # fmt: skip
    return rows


def _write(
    folder: Path,
    config: RefineConfig,
    outcome: Outcome,
    record: SurfaceRecord,
    device: torch.device,
) -> None:
    surface, isotopologues = outcome.trial.surface, outcome.trial.isotopologues
    first, last = outcome.steps[0], outcome.steps[-1]
    rows = level_rows(isotopologues, first.comparisons, last.comparisons)
    for line in printed(rows):
        log.info("%s", line)
    for which, comparison in zip(isotopologues, last.comparisons, strict=True):
        for reason in comparison.assignment.reasons:
            log.warning("warning: %s, not assigned: %s", which.name, reason)
        for warning in comparison.levels.warnings:
            log.warning("warning: %s: %s", which.name, warning)
    write_config(folder / "config.yaml", config)
    write_csv(folder / "levels.csv", rows)
    steps = [
        {"step": n, "fitted": s.fitted / CM1, "held_out": s.held / CM1, "ab_initio": s.anchor / CM1,
         "damping": s.damping}
        for n, s in enumerate(outcome.steps)
    ]  # fmt: skip
    write_csv(folder / "steps.csv", steps)
    plots.refinement(folder / "refinement.png", rows)
    note = {"from": config.surface, "anchor": outcome.strength, "rms_cm1": rms(rows)}
    record = replace(record, notes={**record.notes, "refined": note})
    save_surface(folder / "surface.safetensors", surface.cpu(), record)
    write_json(
        folder / DONE,
        {
            "format": "pes-refinement",
            "version": 1,
            "name": config.name,
            "units": "cm-1",
            "adjusted": outcome.trial.name,
            "anchor": outcome.strength,
            "cross_validation": [[name, a, e / CM1] for name, a, e in outcome.validation],
            "rms": rms(rows),
            "steps": steps,
            "levels": rows,
            "refused": {
                which.name: comparison.assignment.reasons
                for which, comparison in zip(isotopologues, last.comparisons, strict=True)
            },
            **environment(device),
        },
    )
    log.info("surface: %s", folder / "surface.safetensors")


def _record(loaded: Loaded, dataset: Dataset) -> SurfaceRecord:
    """That of the surface; of one without a file, the ab initio points stand for it."""
    if loaded.record is not None:
        return loaded.record
    span = (float(dataset.energies.min()), float(dataset.energies.max()))
    return SurfaceRecord(loaded.symbols or (), span, dataset.sha256, dataset.positions)


def level_rows(
    isotopologues: Sequence[Isotopologue], before: Sequence[Comparison], after: Sequence[Comparison]
) -> list[dict[str, Any]]:
    """One row for each observed level, cm⁻¹; NaN where it was not assigned."""
    rows = []
    for which, old, new in zip(isotopologues, before, after, strict=True):
        for i, quanta in enumerate(which.observed.quanta):
            energy = float(which.observed.energies[i]) / CM1
            rows.append(
                {
                    "molecule": which.name,
                    "quanta": " ".join(map(str, quanta)),
                    "observed": energy,
                    "before": float(old.calculated[i]) / CM1 - energy,
                    "after": float(new.calculated[i]) / CM1 - energy,
                    "role": "fitted" if which.fitted[i] else "held out",
                }
            )
    return rows


def rms(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Of calculated − observed, by molecule and role, before and after, cm⁻¹."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(f"{row['molecule']}, {row['role']}", {})
    for key, values in found.items():
        chosen = [row for row in rows if f"{row['molecule']}, {row['role']}" == key]
        for when in ("before", "after"):
            errors = torch.tensor([row[when] for row in chosen], dtype=torch.float64)
            errors = errors[errors.isfinite()]
            values[when] = float(errors.square().mean().sqrt())
        values["levels"] = len(chosen)
    return found


def printed(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The table of levels and the root mean squares, for the screen."""
    lines = [
        "",
        f"{'molecule':<10} {'quanta':<9} {'observed':>10} {'before':>9} {'after':>9}  role",
    ]
    for row in rows:
        lines.append(
            f"{row['molecule']:<10} {row['quanta']:<9} {row['observed']:>10.3f} "
            f"{row['before']:>9.3f} {row['after']:>9.3f}  {row['role']}"
        )
    lines.append("")
    for name, values in rms(rows).items():
        lines.append(
            f"RMS of calculated - observed, {name} ({values['levels']} levels): "
            f"{values['before']:.3f} before, {values['after']:.3f} cm-1 after"
        )
    return lines
