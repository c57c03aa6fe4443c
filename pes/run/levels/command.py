"""`pes-levels`: surface to levels, their errors and derivatives, in one folder."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from pes import plots
from pes.config import LevelsConfig, ModelConfig, TrainConfig, Vibration, load_config, read_yaml
from pes.files import write_csv, write_json
from pes.memory import free_memory
from pes.potential import Surface, UserFunction
from pes.run.folder import check_folder, open_folder, open_log, pick_device, write_config
from pes.run.folds import folds
from pes.run.levels.density_maps import draw_maps, maps
from pes.run.levels.derivatives import check_derivatives, derivatives, weight_derivatives
from pes.run.levels.harmonic_gaussian import run_model
from pes.run.levels.resume import STATE, check_state, earlier, keeper
from pes.run.levels.tables import (
    derivative_rows,
    far,
    header,
    level_table,
    printed,
    stick_rows,
    summary,
    write_hdf5,
)
from pes.run.levels.uncertainty import spreads
from pes.run.products import products
from pes.run.vibration import Problem, problem
from pes.setup.environment import environment_line
from pes.setup.surfaces import imported, load_potential, resolved
from pes.units import CM1
from pes.vibration.analysis.intensities import Sticks, spectrum
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import SolverError
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.levels.result import Levels
from pes.vibration.levels.size_estimate import estimated_size

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
    resume: str | None = None,
) -> Path:
    """Levels as a configuration says, of a trained run folder or of any surface.

    Args:
        run: folder of a finished training; its `vibration` section is used.
        config: YAML file instead.
        output: folder of the results; default RUN/levels or runs/<name>.
        settings: `section.key=value` that override the file.
        overwrite: replace earlier results.
        resume: `auto` goes on where a calculation of the same levels was cut short; else the
            file of its state.

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
        state = check_state(folder, resume, overwrite=overwrite)
        return _levels(whole.name, whole.vibration, surface, device, folder, base, overwrite, state)
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
    state = check_state(folder, resume, overwrite=overwrite)
    return _levels(wanted.name, wanted, surface, device, folder, config.parent, overwrite, state)


def _levels(
    name: str,
    config: Vibration,
    surface: Surface,
    device: torch.device,
    folder: Path,
    base: Path,
    overwrite: bool,
    state: Path | None,
) -> Path:
    check_folder(folder, finished=DONE, overwrite=overwrite)
    surface.to(device)
    check_derivatives(config, surface)
    dipole = _dipole(config, base)
    task = problem(config, surface, device)
    wanted_maps = maps(config, task, surface)
    started = time.perf_counter()
    open_log(None)
    found = _solved(config, task, folder, state)
    found = replace(found, warnings=(*found.warnings, *folds(task.internal, found)))
    seconds = time.perf_counter() - started
    error_bars = spreads(config, found, task, surface)
    derived = derivatives(config, found, task, surface)
    weights = weight_derivatives(config, found, surface)
    # Tables and pictures are made on the CPU, whatever device the levels come from.
    found = found.cpu()
    table = level_table(found, task, surface, error_bars)
    sticks = _sticks(config, found, task, dipole)
    old = [path.name for path in folder.glob("density_*.png")]
    open_folder(folder, finished=DONE, stale=[*OPTIONAL, *old])
    open_log(folder / "levels.log")
    log.info("%s", environment_line(device))
    for line in (*header(name, found, task, error_bars), *printed(table, derived)):
        log.info("%s", line)
    for warning in (*found.warnings, *far(table)):
        log.warning("warning: %s", warning)
    write_config(folder / "config.yaml", config)
    write_csv(folder / "levels.csv", table)
    if derived.columns:
        write_csv(folder / "sensitivities.csv", derivative_rows(found, derived.columns))
    write_hdf5(folder / "levels.h5", found, task, table, weights, wanted_maps)
    plots.level_diagram(folder / "levels.png", found, name, kinds=task.internal.kinds)
    if wanted_maps is not None:
        draw_maps(folder, found, task, wanted_maps)
    if sticks is not None:
        write_csv(folder / "spectrum.csv", stick_rows(sticks))
        plots.sticks(folder / "spectrum.png", sticks)
    write_json(
        folder / DONE, summary(name, found, task, table, derived, error_bars, seconds, device)
    )
    (folder / STATE).unlink(missing_ok=True)
    log.info("written to %s in %.1f s", folder, seconds)
    return folder


def _solved(config: Vibration, task: Problem, folder: Path, state: Path | None) -> Levels:
    count = config.levels or (20 if config.energy is None else None)
    limits = products(config, task.internal)
    largest = estimated_size(task.coordinates, limits, count or 20, convergence=config.convergence)
    free = free_memory(task.system.device)
    known = "of memory" if free is None else f"of memory, {free / 2**30:.2g} GiB are free"
    log.info("largest run: %s %s", largest, known)
    total = 4 if config.convergence else 1
    form = "{desc:<16} {bar:20} {elapsed}"
    with tqdm(total=total, bar_format=form, leave=False, disable=None) as progress:
        stage, keep = "", keeper(folder, config)

        def step(name: str) -> None:
            nonlocal stage
            stage = name
            progress.set_description(name)
            progress.update()

        def watch(now: Progress) -> None:
            left = f"{now.converged}/{now.requested} to {now.residual / CM1:.1e} cm-1"
            progress.set_description(f"{stage}: {left}")
            # The other runs have other bases.
            if stage == "levels":
                keep(now)

        try:
            return vibrational_levels(
                task.system, task.coordinates,
                count, energy=None if config.energy is None else config.energy * CM1,
                truncation=limits, cap=config.cap * CM1,
                solver=config.solver, convergence=config.convergence, reference=task.start,
                progress=step, watch=watch, start=earlier(state, config),
                symmetry=config.symmetry,
            )  # fmt: skip
        except SolverError as failure:
            raise ValueError(f"no levels: {failure}") from failure


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
    masses = task.masses.detach().cpu()
    return spectrum(found, dipole, masses, temperature=config.spectrum.temperature)
