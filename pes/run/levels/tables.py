"""What a run of levels prints and writes: tables, JSON, HDF5."""

from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any

import h5py
import torch
from torch import Tensor

from pes.files import replaced
from pes.potential import Surface
from pes.potential.holes.coverage import Coverage
from pes.run.levels.density_maps import Maps, write_maps
from pes.run.levels.derivatives import Derived
from pes.run.levels.uncertainty import Spreads
from pes.run.ranges import unit
from pes.run.vibration import Problem
from pes.setup.environment import environment
from pes.units import AMU, CM1
from pes.vibration.analysis.characters import characters
from pes.vibration.analysis.intensities import Sticks
from pes.vibration.analysis.rotational_constants import rotational_constants
from pes.vibration.levels.result import Levels
from pes.vibration.symmetry.blocks import symmetry_blocks
from pes.vibration.symmetry.operations import symmetry_operations
from pes.vibration.symmetry.representations import symmetry_labels

__all__ = [
    "derivative_rows",
    "far",
    "header",
    "level_table",
    "printed",
    "stick_rows",
    "summary",
    "write_hdf5",
]

OUTSIDE = 1.0
"""Distance to the nearest training point, in the largest spacing of these, that counts as far."""

FAR = 1e-3
"""Probability beyond the training points from which a level is marked."""


def level_table(
    found: Levels, task: Problem, surface: Surface, error_bars: Spreads
) -> list[dict[str, Any]]:
    """One row for each level, in cm⁻¹, Å and degrees."""
    averages = found.densities @ found.points
    symmetry = _symmetry(found)
    constants = rotational_constants(found, task.masses.cpu()) / CM1
    quanta, weight = found.leading
    outside = _outside(found, task, surface)
    kinds = list(zip(task.internal.names, task.internal.kinds, strict=True))
    rows = []
    for n, excitation in enumerate((found.excitations / CM1).tolist()):
        row: dict[str, Any] = {
            "level": n,
            "energy": excitation,
            "convergence": float(found.convergence[n]) / CM1,
            "residual": float(found.eigenpairs.residuals[n]) / CM1,
        }
        row |= {name: float(column[n]) / CM1 for name, column in error_bars.columns.items()}
        for k, (name, kind) in enumerate(kinds):
            row[f"<{name}>"] = float(averages[n, k]) / unit(kind)[1]
        for axis, constant in zip("ABC", constants[n].tolist(), strict=True):
            if not isnan(constant):
                row[f"<{axis}>"] = constant
        row["quanta"] = " ".join(map(str, quanta[n].tolist()))
        row["weight"] = float(weight[n])
        if symmetry:
            row["symmetry"] = symmetry[n]
        if outside is not None:
            row["outside"] = float(outside[n])
            row["far"] = row["outside"] > FAR
        rows.append(row)
    return rows


def _symmetry(found: Levels) -> list[str]:
    """Label of each level, or nothing where the coordinates show no symmetry."""
    if found.eigenpairs.symmetry:
        return list(found.eigenpairs.symmetry)
    group = symmetry_operations(found.system, found.bases)
    return symmetry_labels(group, characters(found, group)) if group else []


def _outside(found: Levels, task: Problem, surface: Surface) -> Tensor | None:
    """Probability of each level farther from the training points than these lie apart, (S,)."""
    if surface.record is None:
        return None
    coverage = Coverage(task.molecule.elements, surface.record.training_positions)
    with torch.no_grad():
        distant = coverage(found.positions) > OUTSIDE
    return found.densities[:, distant].sum(1)


def far(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Warning, if any, about levels that leave the region of the training points."""
    levels = [row["level"] for row in table if row.get("far")]
    if not levels:
        return []
    return [
        f"levels {', '.join(map(str, levels))} reach beyond the training points with more than "
        f"{FAR:g} of their probability (`outside`, marked !); add points there before trusting them"
    ]


def header(name: str, found: Levels, task: Problem, error_bars: Spreads) -> list[str]:
    """What the levels were computed with, line by line."""
    kind = "nuclear" if task.molecule.nuclear_masses else "atomic"
    masses = ", ".join(
        f"{s} {m / AMU:.8f}"
        for s, m in zip(task.molecule.symbols, task.masses.tolist(), strict=True)
    )
    lines = [f"{name}: {kind} masses {masses} u"]
    for c, k in zip(found.bases, task.internal.kinds, strict=True):
        label, size = unit(k)
        lines.append(
            f"{c.name}: {c.low / size:.4f} to {c.high / size:.4f} {label}, {c.functions} functions "
            f"of {c.primitives} {c.basis}, {c.points or c.primitives} points"
        )
    bottom = ", ".join(
        f"{n} {float(q) / unit(k)[1]:.6f} {unit(k)[0]}"
        for n, k, q in zip(task.internal.names, task.internal.kinds, found.minimum, strict=True)
    )
    members = []
    if error_bars.members:
        members = [
            f"spread: standard deviation over {error_bars.members} surfaces, of the zero-point "
            "energy in row 0, of excitations below; through |psi|^2, `full` by diagonalising each"
        ]
    return [
        *lines,
        *members,
        f"minimum: {found.minimum_energy:.9f} hartree at {bottom}",
        f"V capped at {found.cap / CM1:.0f} cm-1 above it; {found.hamiltonian.size} functions, "
        f"{len(found.hamiltonian.potential)} grid points, solver {found.eigenpairs.solver}",
        *_blocks(found),
        f"zero-point energy: {found.zero_point_energy / CM1:.4f} cm-1",
    ]


def _blocks(found: Levels) -> list[str]:
    """How many functions and levels each block has."""
    if not found.eigenpairs.symmetry:
        return []
    counts = [
        f"{b.label} {b.size} functions, {found.eigenpairs.symmetry.count(b.label)} levels"
        for b in symmetry_blocks(found.hamiltonian)
    ]
    return [f"blocks by symmetry: {'; '.join(counts)}"]


def printed(table: Sequence[Mapping[str, Any]], derived: Derived) -> list[str]:
    """Table of levels, then table of derivatives, for the screen."""
    widths = [(key, max(9, len(key) + 1)) for key in table[0] if key.startswith("<")]
    spread = [key for key in ("spread", "spread_full") if key in table[0]]
    head = f"{'level':>5} {'E/cm-1':>12} {'+-':>9}"
    head += "".join(f"{key.removeprefix('spread_'):>9}" for key in spread)
    head += "".join(f"{a:>{w}}" for a, w in widths)
    lines = [
        "",
        head
        + f"  {'quanta':<9} {'weight':>6}"
        + ("      sym" if "symmetry" in table[0] else "")
        + ("  outside" if "outside" in table[0] else ""),
    ]
    for row in table:
        estimate = "-" if row["convergence"] != row["convergence"] else f"{row['convergence']:.4f}"
        line = f"{row['level']:>5} {row['energy']:>12.4f} {estimate:>9}"
        line += "".join(f"{row[key]:>9.4f}" for key in spread)
        line += "".join(f"{row[a]:>{w}.4f}" for a, w in widths)
        line += f"  {row['quanta']:<9} {row['weight']:>6.3f}"
        line += f" {row['symmetry']:>8}" if "symmetry" in row else ""
        outside = f" {row['outside']:>8.1e}{' !' * row['far']}" if "outside" in row else ""
        lines.append(line + outside)
    if derived.columns:
        modes = ", ".join(f"{what} in {mode} mode" for what, mode in derived.modes.items())
        lines += ["", f"derivatives of the absolute energies by Hellmann-Feynman: {modes}"]
        if "K" in derived.columns:
            lines.append("K = dlnE/dlnmu: of the zero-point energy in row 0, of excitations below")
        widths = {name: max(20, len(name) + 2) for name in derived.columns}
        lines.append(f"{'level':>5}" + "".join(f"{name:>{w}}" for name, w in widths.items()))
        for n in range(len(table)):
            values = "".join(
                f"{float(d[n]):>{widths[name]}.{'4e' if '*' in name else '6f'}}"
                for name, d in derived.columns.items()
            )
            lines.append(f"{n:>5}{values}")
    return lines


def derivative_rows(found: Levels, derivatives: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    """Rows of sensitivities.csv."""
    return [
        {"level": n, **{name: float(d[n]) for name, d in derivatives.items()}}
        for n in range(len(found.energies))
    ]


def stick_rows(sticks: Sticks) -> list[dict[str, Any]]:
    """Rows of spectrum.csv."""
    return [
        {
            "lower": int(a),
            "upper": int(b),
            "wavenumber_cm1": float(w),
            "mu_x_debye": float(m[0]),
            "mu_y_debye": float(m[1]),
            "mu_z_debye": float(m[2]),
            "intensity_km_per_mol": float(i),
        }
        for a, b, w, m, i in zip(
            sticks.lower, sticks.upper, sticks.wavenumbers, sticks.moments,
            sticks.intensities, strict=True,
        )
    ]  # fmt: skip


def summary(
    name: str,
    found: Levels,
    task: Problem,
    table: Sequence[Mapping[str, Any]],
    derived: Derived,
    error_bars: Spreads,
    seconds: float,
    device: torch.device,
) -> dict[str, Any]:
    """Content of levels.json, in cm⁻¹."""
    return {
        "format": "pes-levels",
        "version": 1,
        "name": name,
        "units": "cm-1, angstrom, degrees; level energies count from the ground state; <A>, <B>, "
        "<C> are half the mean inverse moments of inertia in the Eckart frame",
        "molecule": list(task.molecule.symbols),
        "masses_u": (task.masses.detach() / AMU).tolist(),
        "nuclear_masses": task.molecule.nuclear_masses,
        "zero_point_energy": found.zero_point_energy / CM1,
        "zero_point_convergence": float(found.convergence[0]) / CM1,
        "minimum_energy": found.minimum_energy / CM1,
        "minimum_energy_hartree": found.minimum_energy,
        "cap": found.cap / CM1,
        "basis": [vars(c) for c in found.bases],
        "quanta": found.truncation.quanta,
        "solver": found.eigenpairs.solver,
        "products": found.eigenpairs.matvecs,
        "levels": list(table),
        "members": {way: (m / CM1).tolist() for way, m in error_bars.moved.items()},
        "derivatives": {k: v.tolist() for k, v in derived.columns.items()},
        "derivative_modes": derived.modes,
        "changes": {
            key: (row / CM1).tolist()
            for key, row in zip(("functions", "points", "ranges"), found.changes, strict=True)
        },
        "warnings": [*found.warnings, *far(table)],
        "seconds": seconds,
        **environment(device),
    }


def write_hdf5(
    path: Path,
    found: Levels,
    task: Problem,
    table: Sequence[Mapping[str, Any]],
    weights: Mapping[str, Tensor],
    wanted_maps: Maps | None,
) -> None:
    """Wavefunctions times √weight on the grid, and the grid."""
    content = {
        "energies": (found.energies.numpy(), "hartree"),
        "convergence": (found.convergence.numpy(), "hartree"),
        "points": (found.points.numpy(), "bohr, radian"),
        "weights": (found.weights.numpy(), "quadrature weight, density included"),
        "positions": (found.positions.detach().numpy(), "bohr"),
        "potential": (found.hamiltonian.potential.numpy(), "hartree"),
        "wavefunctions": (found.wavefunctions.numpy(), "psi times square root of weight"),
        "coefficients": (found.eigenpairs.coefficients.numpy(), "1"),
    }
    with replaced(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({"format": "pes-levels", "version": 1})
        file.attrs["symbols"] = list(task.molecule.symbols)
        file.attrs["minimum_energy"] = found.minimum_energy
        for key, (array, units) in content.items():
            file.create_dataset(key, data=array).attrs["units"] = units
        if "symmetry" in table[0]:
            file["symmetry"] = [row["symmetry"] for row in table]
        if wanted_maps is not None:
            write_maps(file, found, task, wanted_maps)
        for key, tensor in weights.items():
            entry = file.create_dataset(f"weight_derivatives/{key}", data=tensor.numpy())
            entry.attrs["units"] = "cm-1 per unit of the weight"
