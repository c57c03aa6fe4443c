"""Tables of a refinement: observed levels before and after, root mean squares, steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from pes.refinement.comparison import Comparison, Isotopologue
from pes.refinement.gauss_newton import GaussNewtonStep
from pes.units import CM1

__all__ = ["comparison_rows", "level_lines", "root_mean_squares", "step_rows"]


def comparison_rows(
    isotopologues: Sequence[Isotopologue], before: Sequence[Comparison], after: Sequence[Comparison]
) -> list[dict[str, Any]]:
    """One row for each observed level, cm⁻¹; NaN where it was not assigned."""
    rows = []
    for isotopologue, old, new in zip(isotopologues, before, after, strict=True):
        for i, name in enumerate(isotopologue.observed.names):
            energy = float(isotopologue.observed.energies[i]) / CM1
            rows.append(
                {
                    "molecule": isotopologue.name,
                    "quanta": name,
                    "observed": energy,
                    "before": float(old.calculated[i]) / CM1 - energy,
                    "after": float(new.calculated[i]) / CM1 - energy,
                    "role": "fitted" if isotopologue.fitted[i] else "held out",
                }
            )
    return rows


def step_rows(steps: Sequence[GaussNewtonStep]) -> list[dict[str, float]]:
    """One row for each step, cm⁻¹."""
    return [
        {"step": n, "fitted": s.fitted / CM1, "held_out": s.held / CM1, "ab_initio": s.anchor / CM1,
         "damping": s.damping}
        for n, s in enumerate(steps)
    ]  # fmt: skip


def root_mean_squares(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """RMS of calculated − observed by molecule and role, before and after, cm⁻¹."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(f"{row['molecule']}, {row['role']}", []).append(row)
    return {
        name: {**{when: _rms(group, when) for when in ("before", "after")}, "levels": len(group)}
        for name, group in groups.items()
    }


def _rms(rows: Sequence[Mapping[str, Any]], when: str) -> float:
    errors = torch.tensor([row[when] for row in rows], dtype=torch.float64)
    return float(errors[errors.isfinite()].square().mean().sqrt())


def level_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table of levels and the root mean squares, as text."""
    wide = max(9, *(len(row["quanta"]) for row in rows))
    lines = [
        "",
        f"{'molecule':<10} {'quanta':<{wide}} {'observed':>10} {'before':>9} {'after':>9}  role",
    ]
    for row in rows:
        lines.append(
            f"{row['molecule']:<10} {row['quanta']:<{wide}} {row['observed']:>10.3f} "
            f"{row['before']:>9.3f} {row['after']:>9.3f}  {row['role']}"
        )
    lines.append("")
    for name, values in root_mean_squares(rows).items():
        lines.append(
            f"RMS of calculated - observed, {name} ({values['levels']} levels): "
            f"{values['before']:.3f} before, {values['after']:.3f} cm-1 after"
        )
    return lines
