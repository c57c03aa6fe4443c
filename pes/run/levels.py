"""`pes-levels`: surface to levels, their errors and derivatives, in one folder."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from pes import plots
from pes.config import LevelsConfig, ModelConfig, TrainConfig, Vibration, load_config, read_yaml
from pes.run.folder import (
    check_folder,
    environment_line,
    open_folder,
    open_log,
    pick_device,
    write_config,
    write_json,
)
from pes.run.level_tables import (
    derivative_rows,
    far,
    header,
    level_table,
    printed,
    stick_rows,
    summary,
    write_csv,
    write_hdf5,
)
from pes.run.model import run_model
from pes.run.surfaces import Loaded, UserFunction, imported, load_potential, resolved
from pes.run.vibration import Problem, problem
from pes.units import AMU, CM1
from pes.vibration.eigensolver import SolverError
from pes.vibration.levels import Levels, levels
from pes.vibration.sensitivity import sensitivity
from pes.vibration.spectrum import Sticks, spectrum

__all__ = ["run_levels"]

log = logging.getLogger("pes")

DONE = "levels.json"
OPTIONAL = ("sensitivities.csv", "spectrum.csv", "spectrum.png")


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
        base = Path.cwd()
        return _levels(whole.name, whole.vibration, surface, device, folder, base, overwrite)
    if config is None:
        raise ValueError("give a run folder or --config FILE")
    if "model" in read_yaml(config):
        model = load_config(config, ModelConfig, settings)
        return run_model(model, output or Path("runs") / model.name, overwrite=overwrite)
    wanted = load_config(config, LevelsConfig, settings)
    wanted = wanted.model_copy(update={"surface": resolved(wanted.surface, config.parent)})
    surface = load_potential(wanted.surface, config.parent)
    device = pick_device(wanted.device, wanted.threads)
    folder = output or Path("runs") / wanted.name
    return _levels(wanted.name, wanted, surface, device, folder, config.parent, overwrite)


def _levels(
    name: str,
    config: Vibration,
    surface: Loaded,
    device: torch.device,
    folder: Path,
    base: Path,
    overwrite: bool,
) -> Path:
    check_folder(folder, finished=DONE, overwrite=overwrite)
    if not isinstance(surface.potential, UserFunction):
        surface.potential.to(device)
    _check_derivatives(config, surface)
    dipole = _dipole(config, base)
    task = problem(config, surface, device)
    started = time.perf_counter()
    found = _solved(config, task)
    seconds = time.perf_counter() - started
    table = level_table(found, task, surface)
    derivatives = _derivatives(config, found, task, surface)
    weights = _weight_derivatives(config, found, surface)
    sticks = _sticks(config, found, task, dipole)
    open_folder(folder, finished=DONE, stale=OPTIONAL)
    open_log(folder / "levels.log")
    log.info("%s", environment_line(device))
    for line in (*header(name, found, task), *printed(table, derivatives)):
        log.info("%s", line)
    for warning in (*found.warnings, *far(table)):
        log.warning("warning: %s", warning)
    write_config(folder / "config.yaml", config)
    write_csv(folder / "levels.csv", table)
    if derivatives:
        write_csv(folder / "sensitivities.csv", derivative_rows(found, derivatives))
    write_hdf5(folder / "levels.h5", found, task, weights)
    kinds = ["angle" if k == "dihedral" else k for k in task.internal.kinds]
    plots.level_diagram(folder / "levels.png", found, name, kinds=kinds)
    if sticks is not None:
        write_csv(folder / "spectrum.csv", stick_rows(sticks))
        plots.sticks(folder / "spectrum.png", sticks)
    write_json(folder / DONE, summary(name, found, task, table, derivatives, seconds, device))
    log.info("written to %s in %.1f s", folder, seconds)
    return folder


def _check_derivatives(config: Vibration, surface: Loaded) -> None:
    """Refuse derivatives that need torch from a function that does not speak it."""
    wanted = config.sensitivities
    module = None if isinstance(surface.potential, UserFunction) else surface.potential
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
    form = "{desc:<16} {bar:20} {elapsed}"
    with tqdm(total=total, bar_format=form, leave=False, disable=None) as progress:

        def step(name: str) -> None:
            progress.set_description(name)
            progress.update()

        try:
            return levels(
                task.system, task.coordinates,
                config.levels or (20 if config.energy is None else None),
                energy=None if config.energy is None else config.energy * CM1,
                quanta=config.quanta, cap=config.cap * CM1, solver=config.solver,
                convergence=config.convergence, reference=task.start, progress=step,
            )  # fmt: skip
        except SolverError as failure:
            raise ValueError(f"no levels: {failure}") from failure


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
                raise ValueError(
                    f"`sensitivities.parameters`: {name} is no single number; use weights"
                )
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


def _dipole(config: Vibration, base: Path) -> UserFunction | None:
    if config.spectrum is None:
        return None
    name = config.spectrum.dipole
    return UserFunction(imported(name, base), name, (3,))


def _sticks(
    config: Vibration, found: Levels, task: Problem, dipole: UserFunction | None
) -> Sticks | None:
    if config.spectrum is None or dipole is None:
        return None
    masses = task.masses.detach()
    return spectrum(found, dipole, masses, temperature=config.spectrum.temperature)
