"""`pes-levels`: surface to levels, their errors and derivatives, in one folder."""

import csv
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import torch
from torch import Tensor
from tqdm import tqdm

from pes import plots
from pes.config import LevelsConfig, ModelConfig, TrainConfig, Vibration, load_config, read_yaml
from pes.files import replaced
from pes.potential.coverage import Coverage
from pes.run.folder import (
    environment,
    open_folder,
    open_log,
    pick_device,
    write_config,
    write_json,
)
from pes.run.model import run_model
from pes.run.surfaces import Loaded, UserFunction, imported, load_potential
from pes.run.vibration import Problem, problem, unit
from pes.units import AMU, CM1
from pes.vibration.levels import Levels, levels
from pes.vibration.sensitivity import sensitivity
from pes.vibration.spectrum import Sticks, spectrum

__all__ = ["run_levels"]

log = logging.getLogger("pes")

DONE = "levels.json"
OUTSIDE = 1.0
"""Distance to the nearest training point, in the largest spacing of these, that counts as far."""


def run_levels(
    run: Path | None = None,
    *,
    config: Path | None = None,
    output: Path | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Levels as a configuration says, of a trained run folder or of any surface.

    Args:
        run: folder of a finished training; its `vibration` section is used.
        config: YAML file instead.
        output: folder of the results; default RUN/levels or runs/<name>.
        settings: `section.key=value` that override the file.
        overwrite: replace earlier results.

    Returns:
        The folder.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    if run is not None:
        if not run.is_dir():
            raise FileNotFoundError(f"{run}: no such run folder")
        whole = load_config(run / "config.yaml", TrainConfig, settings)
        surface = load_potential(str(run.resolve()), Path.cwd())
        device = pick_device(whole.device, whole.threads)
        folder = output or run / "levels"
        return _levels(whole.name, whole.vibration, surface, device, folder, overwrite)
    if config is None:
        raise ValueError("give a run folder or --config FILE")
    if "model" in read_yaml(config):
        model = load_config(config, ModelConfig, settings)
        pick_device(model.device, model.threads)
        folder = open_folder(output or Path("runs") / model.name, finished="model.json", overwrite=overwrite)
        return run_model(model, folder)
    wanted = load_config(config, LevelsConfig, settings)
    surface = load_potential(wanted.surface, config.parent)
    device = pick_device(wanted.device, wanted.threads)
    folder = output or Path("runs") / wanted.name
    return _levels(wanted.name, wanted, surface, device, folder, overwrite)


def _levels(
    name: str,
    config: Vibration,
    surface: Loaded,
    device: torch.device,
    folder: Path,
    overwrite: bool,
) -> Path:
    if (folder / DONE).exists() and not overwrite:
        raise ValueError(f"{folder} holds levels already; give --overwrite or another --output")
    if isinstance(surface.potential, torch.nn.Module):
        surface.potential.to(device)
    _check_derivatives(config, surface)
    task = problem(config, surface, device)
    started = time.perf_counter()
    found = _solved(config, task)
    seconds = time.perf_counter() - started
    table = _table(found, task, surface)
    derivatives = _derivatives(config, found, task, surface)
    sticks = _sticks(config, found, task)
    open_folder(folder, finished=DONE, overwrite=True)
    open_log(folder / "levels.log")
    log.info("%s", environment(device))
    for line in (*_header(name, found, task), *_printed(table, derivatives)):
        log.info("%s", line)
    for warning in (*found.warnings, *_far(table)):
        log.warning("warning: %s", warning)
    write_config(folder / "config.yaml", config)
    _write_csv(folder / "levels.csv", table)
    if derivatives:
        _write_csv(folder / "sensitivities.csv", _derivative_rows(found, derivatives))
    weights = _weight_derivatives(config, found, surface)
    _write_hdf5(folder / "levels.h5", found, task, weights)
    plots.level_diagram(folder / "levels.png", found, name)
    if sticks is not None:
        _write_csv(folder / "spectrum.csv", _stick_rows(sticks))
        plots.sticks(folder / "spectrum.png", sticks)
    write_json(folder / DONE, _summary(name, found, task, table, derivatives, seconds, device))
    log.info("written to %s in %.1f s", folder, seconds)
    return folder


def _check_derivatives(config: Vibration, surface: Loaded) -> None:
    """Refuse derivatives that need torch from a function that does not speak it."""
    wanted = config.sensitivities
    module = surface.potential if isinstance(surface.potential, torch.nn.Module) else None
    if (wanted.parameters or wanted.weights) and module is None:
        raise ValueError(
            "`sensitivities`: this surface is a plain function; derivatives by its parameters "
            "need a torch module. Masses and perturbations work"
        )
    if module is not None:
        names = dict(module.named_parameters())
        for name in wanted.parameters:
            if name not in names:
                raise ValueError(
                    f"`sensitivities.parameters`: the surface has no {name!r}, "
                    f"it has {', '.join(list(names)[:8])}"
                )


def _solved(config: Vibration, task: Problem) -> Levels:
    total = 4 if config.convergence else 1
    with tqdm(total=total, bar_format="{desc:<16} {bar:20} {elapsed}", leave=False) as progress:

        def step(name: str) -> None:
            progress.set_description(name)
            progress.update()

        try:
            return levels(
                task.system, task.coordinates,
                config.levels or (20 if config.energy is None else None),
                energy=None if config.energy is None else config.energy * CM1,
                cap=config.cap * CM1, solver=config.solver,
                convergence=config.convergence, reference=task.start, progress=step,
            )  # fmt: skip
        except RuntimeError as failure:
            raise ValueError(f"no levels: {failure}") from failure


def _table(found: Levels, task: Problem, surface: Loaded) -> list[dict[str, Any]]:
    """One row for each level, in cm⁻¹, Å and degrees."""
    averages = found.densities @ found.points
    quanta, weight = found.leading
    outside = _outside(found, task, surface)
    rows = []
    for n, excitation in enumerate((found.excitations / CM1).tolist()):
        row: dict[str, Any] = {
            "level": n,
            "energy": excitation,
            "convergence": float(found.convergence[n]) / CM1,
            "residual": float(found.pairs.residuals[n]) / CM1,
        }
        for k, (name, kind) in enumerate(zip(task.internal.names, task.internal.kinds, strict=True)):
            row[f"<{name}>"] = float(averages[n, k]) / unit(kind)[1]
        row["quanta"] = " ".join(map(str, quanta[n].tolist()))
        row["weight"] = float(weight[n])
        if outside is not None:
            row["outside"] = float(outside[n])
        rows.append(row)
    return rows


def _outside(found: Levels, task: Problem, surface: Loaded) -> Tensor | None:
    """Probability of each level farther from the training points than these lie apart, (S,)."""
    if surface.record is None:
        return None
    coverage = Coverage(task.molecule.elements, surface.record.training_positions)
    with torch.no_grad():
        far = coverage(found.positions) > OUTSIDE
    return found.densities[:, far].sum(1)


def _far(table: Sequence[Mapping[str, Any]]) -> list[str]:
    far = [row["level"] for row in table if row.get("outside", 0.0) > 1e-3]
    if not far:
        return []
    return [
        f"levels {', '.join(map(str, far))} reach beyond the training points "
        "(see `outside`); add points there before trusting them"
    ]


def _derivatives(
    config: Vibration, found: Levels, task: Problem, surface: Loaded
) -> dict[str, Tensor]:
    """Derivatives (S,) in cm⁻¹ per unit, by a name that holds the unit."""
    wanted, derivatives = config.sensitivities, {}
    if wanted.masses:
        (by_mass,) = sensitivity(found, [task.masses], system=task.system)
        for i, symbol in enumerate(task.molecule.symbols):
            derivatives[f"m[{i}:{symbol}] (cm-1/u)"] = by_mass[:, i] / CM1 * AMU
    if wanted.parameters:
        units = getattr(surface.module, "parameter_units", {})
        chosen = dict(surface.module.named_parameters())
        pieces = sensitivity(found, [chosen[p] for p in wanted.parameters], system=task.system)
        for name, piece in zip(wanted.parameters, pieces, strict=True):
            if piece.ndim > 1:
                raise ValueError(f"`sensitivities.parameters`: {name} is no single number; use weights")
            label, size = units.get(name, ("a.u.", 1.0))
            derivatives[f"{name} (cm-1/{label})"] = piece / CM1 * size
    if wanted.perturbations:
        (by_strength,) = sensitivity(found, [task.strengths], system=task.system)
        for i, name in enumerate(wanted.perturbations):
            derivatives[f"{name} (cm-1/cm-1)"] = by_strength[:, i]
    return derivatives


def _weight_derivatives(config: Vibration, found: Levels, surface: Loaded) -> dict[str, Tensor]:
    """dE/dw of every weight, (S, *shape) in cm⁻¹ per unit of the weight."""
    if not config.sensitivities.weights:
        return {}
    named = {n: p for n, p in surface.module.named_parameters() if p.requires_grad}
    pieces = sensitivity(found, list(named.values()))
    return {n: piece.cpu() / CM1 for n, piece in zip(named, pieces, strict=True)}


def _sticks(config: Vibration, found: Levels, task: Problem) -> Sticks | None:
    if config.spectrum is None:
        return None
    name = config.spectrum.dipole
    function = UserFunction(imported(name, Path.cwd()), name)
    masses = task.masses.detach()
    return spectrum(found, function, masses, temperature=config.spectrum.temperature)


def _header(name: str, found: Levels, task: Problem) -> list[str]:
    kind = "nuclear" if task.molecule.nuclear_masses else "atomic"
    masses = ", ".join(
        f"{s} {m / AMU:.8f}" for s, m in zip(task.molecule.symbols, task.masses.tolist(), strict=True)
    )
    lines = [f"{name}: {kind} masses {masses} u"]
    for c, k in zip(found.coordinates, task.internal.kinds, strict=True):
        label, size = unit(k)
        lines.append(
            f"{c.name}: {c.low / size:.4f} to {c.high / size:.4f} {label}, {c.functions} functions "
            f"of {c.primitives} {c.basis}, {c.points or c.primitives} points"
        )
    bottom = ", ".join(
        f"{n} {float(q) / unit(k)[1]:.6f} {unit(k)[0]}"
        for n, k, q in zip(task.internal.names, task.internal.kinds, found.minimum, strict=True)
    )
    return [
        *lines,
        f"minimum: {found.minimum_energy:.9f} hartree at {bottom}",
        f"V capped at {found.cap / CM1:.0f} cm-1 above it; {found.hamiltonian.size} functions, "
        f"{len(found.hamiltonian.potential)} grid points, solver {found.pairs.solver}",
        f"zero-point energy: {found.zero_point_energy / CM1:.4f} cm-1",
    ]


def _printed(table: Sequence[Mapping[str, Any]], derivatives: Mapping[str, Tensor]) -> list[str]:
    """Table of levels, then table of derivatives, for the screen."""
    averages = [key for key in table[0] if key.startswith("<")]
    head = f"{'level':>5} {'E/cm-1':>12} {'+-':>9}" + "".join(f"{a:>9}" for a in averages)
    lines = ["", head + f"  {'quanta':<9} {'weight':>6}" + ("  outside" if "outside" in table[0] else "")]
    for row in table:
        line = f"{row['level']:>5} {row['energy']:>12.4f} {row['convergence']:>9.4f}"
        line += "".join(f"{row[a]:>9.4f}" for a in averages)
        line += f"  {row['quanta']:<9} {row['weight']:>6.3f}"
        lines.append(line + (f" {row['outside']:>8.1e}" if "outside" in row else ""))
    if derivatives:
        lines += ["", "derivatives of E (above the minimum), Hellmann-Feynman, reverse mode"]
        lines.append(f"{'level':>5}" + "".join(f"{name:>20}" for name in derivatives))
        for n in range(len(table)):
            values = "".join(f"{float(d[n]):>20.6f}" for d in derivatives.values())
            lines.append(f"{n:>5}{values}")
    return lines


def _derivative_rows(found: Levels, derivatives: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    return [
        {"level": n, **{name: float(d[n]) for name, d in derivatives.items()}}
        for n in range(len(found.energies))
    ]


def _stick_rows(sticks: Sticks) -> list[dict[str, Any]]:
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


def _summary(
    name: str,
    found: Levels,
    task: Problem,
    table: Sequence[Mapping[str, Any]],
    derivatives: Mapping[str, Tensor],
    seconds: float,
    device: torch.device,
) -> dict[str, Any]:
    return {
        "format": "pes-levels",
        "version": 1,
        "name": name,
        "units": "cm-1, angstrom, degrees; level energies count from the ground state",
        "molecule": list(task.molecule.symbols),
        "masses_u": (task.masses.detach() / AMU).tolist(),
        "nuclear_masses": task.molecule.nuclear_masses,
        "zero_point_energy": found.zero_point_energy / CM1,
        "zero_point_convergence": float(found.convergence[0]) / CM1,
        "minimum_energy": found.minimum_energy / CM1,
        "minimum_energy_hartree": found.minimum_energy,
        "cap": found.cap / CM1,
        "basis": [vars(c) for c in found.coordinates],
        "solver": found.pairs.solver,
        "levels": list(table),
        "derivatives": {k: v.tolist() for k, v in derivatives.items()},
        "changes": {
            key: (row / CM1).tolist()
            for key, row in zip(("functions", "points", "ranges"), found.changes, strict=True)
        },
        "warnings": [*found.warnings, *_far(table)],
        "seconds": seconds,
        **environment(device),
    }


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with replaced(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)


def _write_hdf5(path: Path, found: Levels, task: Problem, weights: Mapping[str, Tensor]) -> None:
    """Wavefunctions times √weight on the grid, and the grid."""
    content = {
        "energies": (found.energies.numpy(), "hartree"),
        "convergence": (found.convergence.numpy(), "hartree"),
        "points": (found.points.numpy(), "bohr, radian"),
        "weights": (found.weights.numpy(), "quadrature weight, density included"),
        "positions": (found.positions.detach().numpy(), "bohr"),
        "potential": (found.hamiltonian.potential.numpy(), "hartree"),
        "wavefunctions": (found.wavefunctions.numpy(), "psi times square root of weight"),
        "coefficients": (found.pairs.coefficients.numpy(), "1"),
    }
    with replaced(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({"format": "pes-levels", "version": 1})
        file.attrs["symbols"] = list(task.molecule.symbols)
        file.attrs["minimum_energy"] = found.minimum_energy
        for key, (array, units) in content.items():
            file.create_dataset(key, data=array).attrs["units"] = units
        for key, tensor in weights.items():
            entry = file.create_dataset(f"weight_derivatives/{key}", data=tensor.numpy())
            entry.attrs["units"] = "cm-1 per unit of the weight"
