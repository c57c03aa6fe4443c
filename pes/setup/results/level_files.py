"""Files of a levels calculation: levels.csv, levels.h5, levels.json, and what goes with them."""

from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

import h5py

from pes.coordinates.kinds import KINDS
from pes.files import write_csv
from pes.hdf5_files import replaced_hdf5
from pes.setup.errors.uncertainty import Spreads
from pes.setup.errors.verdict import verdict
from pes.setup.labels.labels import LevelLabels
from pes.setup.machine.environment import environment
from pes.setup.problem.problem import Problem
from pes.setup.results.density_maps import Maps, write_maps
from pes.setup.results.sensitivity import Sensitivities
from pes.units import AMU, CM1
from pes.vibration.analysis.intensities import Sticks
from pes.vibration.levels.result import Levels

__all__ = ["LEVELS_JSON", "summary", "write_arrays", "write_tables"]

LEVELS_JSON = "levels.json"
"""Written last."""

PORTION = 2**16
"""Grid points whose positions are computed and written at once."""

Table = Sequence[Mapping[str, Any]]


def write_tables(
    folder: Path, table: Table, derived: Sensitivities, sticks: Sticks | None = None
) -> None:
    """levels.csv; sensitivities.csv and spectrum.csv if there are any."""
    write_csv(folder / "levels.csv", table)
    if derived.columns:
        write_csv(folder / "sensitivities.csv", derived.rows())
    if sticks is not None:
        sticks.save(folder)


def summary(
    name: str,
    levels: Levels,
    task: Problem,
    table: Table,
    quanta: LevelLabels,
    derived: Sensitivities,
    error_bars: Spreads,
    seconds: float,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Content of levels.json, in cm⁻¹; levels on the CPU."""
    return {
        "format": "pes-levels",
        "version": 2,
        "name": name,
        "units": "cm-1, angstrom, degrees; level energies count from the ground state; <A>, <B>, "
        "<C> are half the mean inverse moments of inertia in the Eckart frame",
        "molecule": list(task.molecule.symbols),
        "masses_u": (task.masses.detach() / AMU).tolist(),
        "nuclear_masses": task.molecule.nuclear_masses,
        "zero_point_energy": levels.zero_point_energy / CM1,
        "zero_point_convergence": float(levels.convergence[0]) / CM1,
        "minimum_energy": levels.minimum_energy / CM1,
        "minimum_energy_hartree": levels.minimum_energy,
        "cap": levels.cap / CM1 if levels.cap < inf else None,
        "basis": [
            vars(c) | {"unit": KINDS[kind].unit}
            for c, kind in zip(levels.bases, task.internal.kinds, strict=True)
        ],
        "quanta": levels.truncation.quanta,
        "solver": levels.eigenpairs.solver,
        "products": levels.eigenpairs.matvecs,
        "labels": quanta.heading,
        "label_convention": quanta.convention,
        "levels": list(table),
        "members": {way: (m / CM1).tolist() for way, m in error_bars.moved.items()},
        "derivatives": {k: v.tolist() for k, v in derived.columns.items()},
        "derivative_modes": derived.modes,
        "changes": {
            key: (row / CM1).tolist()
            for key, row in zip(("functions", "points", "ranges"), levels.changes, strict=True)
        },
        "warnings": list(warnings),
        "verdict": verdict(levels, table),
        "seconds": seconds,
        **environment(task.masses.device),
    }


def write_arrays(
    path: Path,
    levels: Levels,
    task: Problem,
    table: Table,
    derived: Sensitivities,
    maps: Maps | None = None,
) -> None:
    """Wavefunctions times √weight on the grid, and the grid; levels on the CPU."""
    content = {
        "energies": (levels.energies.numpy(), "hartree"),
        "convergence": (levels.convergence.numpy(), "hartree"),
        "points": (levels.points.numpy(), "bohr, radian"),
        "weights": (levels.weights.numpy(), "quadrature weight, density included"),
        "potential": (levels.hamiltonian.potential.numpy(), "hartree"),
        "coefficients": (levels.eigenpairs.coefficients.numpy(), "1"),
    }
    with replaced_hdf5(path) as file:
        file.attrs.update({"format": "pes-levels", "version": 2})
        file.attrs["symbols"] = list(task.molecule.symbols)
        file.attrs["minimum_energy"] = levels.minimum_energy
        for key, (array, units) in content.items():
            file.create_dataset(key, data=array).attrs["units"] = units
        _write_large(file, levels, len(task.molecule.symbols))
        if "irrep" in table[0]:
            file["irrep"] = [row["irrep"] for row in table]
        if maps is not None:
            write_maps(file, levels, task, maps)
        for key, tensor in derived.weights.items():
            entry = file.create_dataset(f"weight_derivatives/{key}", data=tensor.numpy())
            entry.attrs["units"] = "cm-1 per unit of the weight"


def _write_large(file: h5py.File, levels: Levels, atoms: int) -> None:
    """Wavefunctions level by level and positions in portions: neither need fit into memory."""
    basis, c, points = levels.hamiltonian.basis, levels.eigenpairs.coefficients, levels.points
    psi = file.create_dataset("wavefunctions", (len(c), len(points)), dtype="f8")
    psi.attrs["units"] = "psi times square root of weight"
    for n, one in enumerate(c):
        psi[n] = basis.on_grid(one[None])[0].numpy()
    x = file.create_dataset("positions", (len(points), atoms, 3), dtype="f8")
    x.attrs["units"] = "bohr"
    positions = levels.system.positions
    assert positions is not None
    for low in range(0, len(points), PORTION):
        x[low : low + PORTION] = positions(points[low : low + PORTION]).detach().numpy()
