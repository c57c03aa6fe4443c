"""What a refinement leaves: levels before and after, steps, the surface."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pes import plots
from pes.config import RefineConfig
from pes.files import write_csv, write_json
from pes.potential import SurfaceRecord, save_surface
from pes.refinement import Comparison, Isotopologue
from pes.run.folder import write_config
from pes.run.refine.outcome import Outcome
from pes.setup.environment import environment
from pes.units import CM1

__all__ = ["DONE", "RESULTS", "write_outcome"]

log = logging.getLogger("pes")

DONE = "refinement.json"
RESULTS = ("surface.safetensors", "levels.csv", "steps.csv", "refinement.png")


def write_outcome(
    folder: Path,
    config: RefineConfig,
    outcome: Outcome,
    record: SurfaceRecord,
    device: torch.device,
) -> None:
    """Into a run folder and onto the screen; `record` is that of the surface it began with."""
    surface, isotopologues = outcome.trial.surface, outcome.trial.isotopologues
    first, last = outcome.steps[0], outcome.steps[-1]
    rows = _level_rows(isotopologues, first.comparisons, last.comparisons)
    for line in _printed(rows):
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
    note = {"from": config.surface, "anchor": outcome.strength, "rms_cm1": _rms(rows)}
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
            "rms": _rms(rows),
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


def _level_rows(
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


def _rms(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
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


def _printed(rows: Sequence[dict[str, Any]]) -> list[str]:
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
    for name, values in _rms(rows).items():
        lines.append(
            f"RMS of calculated - observed, {name} ({values['levels']} levels): "
            f"{values['before']:.3f} before, {values['after']:.3f} cm-1 after"
        )
    return lines
