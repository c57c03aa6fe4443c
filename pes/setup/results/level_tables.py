"""Tables of levels: rows in cm⁻¹, Å and degrees, for the screen, a notebook and files."""

from collections.abc import Mapping, Sequence
from math import inf, isnan, nan, pi
from typing import Any

import torch
from torch import Tensor

from pes.coordinates import Internal
from pes.coordinates.kinds import KINDS
from pes.setup.errors.extrapolation import outside
from pes.setup.errors.fit_error import fit_errors, fit_sentence
from pes.setup.errors.uncertainty import Spreads
from pes.setup.labels.irreps import degenerate_species
from pes.setup.labels.labels import LevelLabels
from pes.setup.problem.problem import Problem
from pes.setup.results.sensitivity import Sensitivities
from pes.tables import html_table, text_table
from pes.units import AMU, CM1
from pes.vibration.analysis.characters import characters
from pes.vibration.analysis.rotational_constants import is_spherical, rotational_constants
from pes.vibration.eigensolvers.blockwise import all_blocks
from pes.vibration.levels.result import Levels
from pes.vibration.levels.sentences import about_levels
from pes.vibration.symmetry.operations import symmetry_operations
from pes.vibration.symmetry.representations import symmetry_labels

__all__ = ["far", "header", "level_species", "level_table", "printed", "table_html", "unrotated"]

UNDIRECTED = 1e-3
"""Length of ⟨exp iφ⟩ up to which a dihedral has no mean."""

ROUNDING = 1e-6
"""Radians below a whole turn that count as none."""

FAR = 1e-3
"""Probability beyond the training points from which a level is marked."""


def level_table(
    levels: Levels, task: Problem, error_bars: Spreads, quanta: LevelLabels
) -> list[dict[str, Any]]:
    """One row for each level, in cm⁻¹, Å and degrees; levels on the CPU."""
    described, averages = _means(levels, task.internal)
    symmetry = level_species(levels, task)
    wells = tuple(task.other_wells) if len(task.molecule.symbols) == 3 else ()
    constants = rotational_constants(levels, task.masses.cpu(), wells) / CM1
    axes = [k for k in range(3) if not bool(constants[:, k].isnan().all())]
    beyond = outside(levels, task)
    fitted = fit_errors(levels, task, beyond)
    kinds = list(zip(described.names, described.kinds, strict=True))
    rows = []
    for n, excitation in enumerate((levels.excitations / CM1).tolist()):
        row: dict[str, Any] = {
            "level": n,
            "energy": excitation,
            "convergence": float(levels.convergence[n]) / CM1,
            "residual": float(levels.eigenpairs.residuals[n]) / CM1,
        }
        row |= {name: float(column[n]) / CM1 for name, column in error_bars.columns.items()}
        if fitted is not None:
            row["fit"] = float(fitted[n]) / CM1
        for k, (name, kind) in enumerate(kinds):
            row[f"<{name}>"] = float(averages[n, k]) / KINDS[kind].size
        row |= {f"<{'ABC'[k]}>": float(constants[n, k]) for k in axes}
        row[quanta.heading] = quanta.text(n)
        row["weight"] = float(quanta.weights[n])
        if symmetry:
            row["irrep"] = symmetry[n]
        if beyond is not None:
            row["P(extrap)"] = float(beyond[n])
        rows.append(row)
    return rows


def _means(levels: Levels, internal: Internal) -> tuple[Internal, Tensor]:
    """Coordinates whose means are shown, and the means, (S, Q) in bohr and radians.

    Of a dihedral φ the direction of ⟨exp iφ⟩, from the lower end on: 0 and 2π are one geometry, and
    the mean of φ itself would be half a turn away. NaN where all directions are equally probable.
    """
    described, averages = internal.described(levels.means(levels.points))
    for k in (k for k, kind in enumerate(internal.kinds) if kind == "dihedral"):
        turn, low = levels.points[:, k], levels.bases[k].low
        x, y = levels.means(torch.stack((turn.cos(), turn.sin()), 1)).unbind(1)
        beyond = (torch.atan2(y, x) - low) % (2 * pi)
        # Rounding must not turn 0 into a whole turn.
        beyond = beyond.where(2 * pi - beyond > ROUNDING, 0.0)
        averages[:, k] = (low + beyond).where(torch.hypot(x, y) > UNDIRECTED, nan)
    return described, averages


def level_species(levels: Levels, task: Problem) -> list[str]:
    """Irreducible representation of each level; empty where the coordinates show no symmetry."""
    if levels.eigenpairs.symmetry:
        species = degenerate_species(levels, task)
        return [
            whole or part
            for whole, part in zip(species, levels.eigenpairs.symmetry, strict=True)
        ]  # fmt: skip
    group = symmetry_operations(levels.system, levels.bases)
    return symmetry_labels(group, characters(levels, group)) if group else []


def far(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Warning, if any, about levels that leave the region of the training points."""
    reaching = [row["level"] for row in table if row.get("P(extrap)", 0.0) > FAR]
    if not reaching:
        return []
    beyond = f"beyond the training points with more than {FAR:g} of"
    moved = [row["fit"] for row in table if row["level"] in reaching and row.get("fit") is not None]
    known = [error for error in moved if not isnan(error)]
    there = f"; the fit may be wrong there by up to {max(known):.2g} cm-1 (fit)" if known else ""
    remedy = f"probability (`P(extrap)`, marked !){there}; add points there before you trust"
    return [
        about_levels(
            reaching, f"reaches {beyond} its {remedy} it", f"reach {beyond} their {remedy} them"
        )
    ]


def unrotated(table: Sequence[Mapping[str, Any]], task: Problem) -> list[str]:
    """Why rotational constants, if any, are left out."""
    missing = [row["level"] for row in table if isnan(row.get("<B>", nan))]
    if not missing:
        return []
    with torch.no_grad():
        reference = task.internal.to_positions(task.start.cpu()[None], task.masses.cpu())[0]
    if is_spherical(reference, task.masses.detach().cpu()):
        return ["no rotational constants A, B, C: all moments of inertia are equal at the minimum"]
    why = (
        "no rotational constants: {} geometries where the molecule is linear or far from the "
        "shape of its minimum, and the mean of 1/(2I) is not defined"
    )
    return [
        about_levels(missing, f"has {why.format('it reaches')}", f"have {why.format('they reach')}")
    ]


def header(
    name: str, levels: Levels, task: Problem, error_bars: Spreads, quanta: LevelLabels
) -> list[str]:
    """Settings that the levels were computed with, and what labels mean, line by line."""
    kind = "nuclear" if task.molecule.nuclear_masses else "atomic"
    masses = ", ".join(
        f"{s} {m / AMU:.8f}"
        for s, m in zip(task.molecule.symbols, task.masses.tolist(), strict=True)
    )
    lines = [f"{name}: {kind} masses in u: {masses}"]
    kinds = [KINDS[k] for k in task.internal.kinds]
    for c, k in zip(levels.bases, kinds, strict=True):
        lines.append(
            f"{c.name}: {_with_unit(f'{c.low / k.size:.4f} to {c.high / k.size:.4f}', k.unit)}, "
            f"{c.functions} functions contracted from {c.primitives} {c.basis} functions, "
            f"{c.points or c.primitives} quadrature points"
        )
    bottom = ", ".join(
        f"{n} = {_with_unit(f'{float(q) / k.size + 0.0:.6f}', k.unit)}"
        for n, k, q in zip(task.internal.names, kinds, levels.minimum, strict=True)
    )
    members = []
    if error_bars.members:
        members = [
            f"The column spread is the standard deviation over the {error_bars.members} members "
            "of the ensemble, to first order: of the zero-point energy in row 0, of excitation "
            "energies in the other rows"
            + ". The column spread_full comes from levels of each member"
            * ("full" in error_bars.moved)
        ]
    fitted = fit_sentence(task)
    return [
        *lines,
        *members,
        *([] if fitted is None else [fitted]),
        f"minimum of the surface: {levels.minimum_energy:.9f} hartree at {bottom}",
        f"{_cap(levels)}; {levels.hamiltonian.size} basis functions, "
        f"{len(levels.hamiltonian.potential)} grid points, eigensolver {levels.eigenpairs.solver}",
        *_blocks(levels),
        quanta.convention,
        f"zero-point energy: {levels.zero_point_energy / CM1:.4f} cm-1",
    ]


def _blocks(levels: Levels) -> list[str]:
    """Number of functions and levels of each block."""
    if not levels.eigenpairs.symmetry:
        return []
    counts = [
        f"{b.label} ({b.size} functions, {_levels(levels.eigenpairs.symmetry.count(b.label))})"
        for b in all_blocks(levels.hamiltonian)
    ]
    return [f"symmetry blocks: {', '.join(counts)}"]


def _levels(count: int) -> str:
    return f"{count} level{'s' * (count != 1)}"


def _with_unit(number: str, unit: str) -> str:
    """A number and its unit; normal coordinates have none."""
    return f"{number} {unit}" if unit else number


def _cells(table: Sequence[Mapping[str, Any]], heading: str) -> list[list[str]]:
    """Heads of the printed columns, then the texts of each row."""
    first = table[0]
    spread = [key for key in ("spread", "spread_full", "fit") if key in first]
    means = [key for key in first if key.startswith("<")]
    extra = [key for key in ("irrep", "P(extrap)") if key in first]
    head = ["level", "E/cm-1", "conv", *spread, *means, heading, "weight", *extra]
    cells = [head]
    for row in table:
        conv = row["convergence"]
        numbers = ["-" if isnan(v := row[key]) else f"{v:z.4f}" for key in (*spread, *means)]
        texts = [row["irrep"]] if "irrep" in row else []
        if "P(extrap)" in row:
            texts.append(f"{row['P(extrap)']:.1e}{' !' * (row['P(extrap)'] > FAR)}")
        conv = "-" if conv != conv else f"{conv:.4f}"
        cells.append([str(row["level"]), f"{row['energy']:.4f}", conv, *numbers, row[heading],
                      f"{row['weight']:.3f}", *texts])  # fmt: skip
    return cells


def printed(table: Sequence[Mapping[str, Any]], heading: str, derived: Sensitivities) -> list[str]:
    """Table of levels, then table of derivatives, for the screen."""
    unknown = [
        f"- in the column {heading}: no set of quanta holds half of this level, for example in a "
        "resonance, or the quanta of its leading set are not certain; weight is the share of "
        "the leading set"
    ]
    some = any(row[heading] == "-" for row in table)
    return [
        "", *text_table(_cells(table, heading)), *unknown * some, *_printed_derivatives(derived)
    ]  # fmt: skip


def _printed_derivatives(derived: Sensitivities) -> list[str]:
    if not derived.columns:
        return []
    modes = ", ".join(f"{what} in {mode} mode" for what, mode in derived.modes.items())
    lines = [
        "",
        "derivatives of the absolute energies, from the Hellmann-Feynman theorem "
        f"(automatic differentiation: {modes})",
    ]
    if "K" in derived.columns:
        lines.append(
            "K = d ln E / d ln mu; E is the zero-point energy in row 0, the excitation energy in "
            "the other rows"
        )
    widths = {name: max(20, len(name) + 2) for name in derived.columns}
    lines.append(f"{'level':>5}" + "".join(f"{name:>{w}}" for name, w in widths.items()))
    for n in range(len(next(iter(derived.columns.values())))):
        values = "".join(
            f"{float(d[n]):>{widths[name]}.{'4e' if '*' in name else '6f'}}"
            for name, d in derived.columns.items()
        )
        lines.append(f"{n:>5}{values}")
    return lines


def _cap(levels: Levels) -> str:
    if levels.cap == inf:
        return "the potential has no cap"
    return f"the potential is capped {levels.cap / CM1:.0f} cm-1 above the minimum"


def table_html(table: Sequence[Mapping[str, Any]], heading: str, caption: str) -> str:
    """The same table for a notebook."""
    return html_table(_cells(table, heading), caption)
