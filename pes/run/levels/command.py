"""`pes-levels`: surface to levels, their errors and derivatives, in one folder."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from pes.config import (
    FitConfig,
    LevelsConfig,
    ModelConfig,
    TrainConfig,
    Vibration,
    checked,
    load_config,
    read_yaml,
)
from pes.memory import free_memory
from pes.potential import Surface
from pes.run.folder import check_folder, check_space, claimed, open_log, pick_device
from pes.run.levels.results import OPTIONAL, Additions, write_results
from pes.run.levels.resume import STATE, check_state, earlier, keeper
from pes.setup.automatic.growing_grids import STEP, SparsePoints, memory
from pes.setup.automatic.missing_wells import LargeAmplitudes
from pes.setup.automatic.quanta_forecast import Forecast
from pes.setup.chosen import description
from pes.setup.density_maps import Maps, density_maps
from pes.setup.dipoles import dipole_function
from pes.setup.level_files import LEVELS_JSON
from pes.setup.level_result import LevelsResult
from pes.setup.levels import COUNT, accuracy_goal, growing_minutes, solved
from pes.setup.line_list import line_list
from pes.setup.problem import Problem, problem
from pes.setup.rotation import check_rotation
from pes.setup.sensitivity import check_sensitivities
from pes.setup.surfaces import load_potential, names_function, permitted, resolved
from pes.setup.truncation import products, sparse_grid
from pes.staging import staged
from pes.units import CM1
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.levels.size_estimate import SizeEstimate, estimated_size

__all__ = ["run_levels"]

log = logging.getLogger("pes")


@dataclass(frozen=True)
class Request:
    """What to compute and where to write it.

    Attributes:
        name: in the tables.
        vibration: section of the configuration.
        content: of config.yaml, files named in full.
        source: surface as a configuration names it, its file in full.
        surface: on its device.
        device: of the calculation.
        folder: of the results.
        base: folder that relative paths start from.
        state: of a calculation that was cut short, to go on from.
    """

    name: str
    vibration: Vibration
    content: Mapping[str, Any]
    source: str
    surface: Surface
    device: torch.device
    folder: Path
    base: Path
    state: Path | None


def run_levels(
    run: Path | None = None,
    *,
    config: Path | None = None,
    output: Path | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
    resume: str | None = None,
    functions: Sequence[str] = (),
) -> Path:
    """Levels as a configuration says, of a trained run folder or of any surface.

    Args:
        run: folder of a finished training, whose `vibration` section is used, or of a fit saved
            from Python, with every default.
        config: YAML file instead.
        output: folder of the results; default RUN/levels or runs/<name>.
        settings: `section.key=value` that override the file.
        overwrite: replace earlier results.
        resume: `auto` goes on where a calculation of the same levels was cut short; else the
            file of its state.
        functions: names of functions that code may be run of beside those in `config`: what a
            surface file is built on, or the dipole that the configuration of `run` names.

    Returns:
        The folder.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    if run is not None:
        if not run.is_dir():
            raise FileNotFoundError(f"{run}: no such run folder")
        whole = _of_training(run, settings)
        _check_dipole(run, whole.vibration, settings, functions)
        surface = load_potential(str(run.resolve()), Path.cwd(), functions)
        device = pick_device(whole.device, whole.threads)
        folder = output or run / "levels"
        vibration, name, base = whole.vibration, whole.name, Path.cwd()
        content, source = vibration.model_dump(mode="json"), str(run.resolve())
        names = [resolved(one, base) for one in functions]
    elif config is None:
        raise ValueError("give a run folder or --config FILE")
    elif "model" in read_yaml(config):
        from pes.run.levels.harmonic_gaussian import run_model

        model = load_config(config, ModelConfig, settings)
        return run_model(model, output or Path("runs") / model.name, overwrite=overwrite)
    else:
        vibration = load_config(config, LevelsConfig, settings)
        known = (*(resolved(one, Path.cwd()) for one in functions), *vibration.functions)
        surface = load_potential(vibration.surface, config.parent, known)
        device = pick_device(vibration.device, vibration.threads)
        folder = output or Path("runs") / vibration.name
        name, base = vibration.name, config.parent
        source = resolved(vibration.surface, config.parent)
        names = [resolved(one, config.parent) for one in known]
        content = {**vibration.model_dump(mode="json"), "surface": source}
    content |= {"functions": names} if names else {}
    with claimed(folder):
        state = check_state(folder, resume, overwrite=overwrite)
        check_folder(folder, finished=LEVELS_JSON, overwrite=overwrite, resume=resume is not None)
        surface.to(device)
        return _run(Request(name, vibration, content, source, surface, device, folder, base, state))


def _of_training(run: Path, settings: Sequence[str]) -> TrainConfig | FitConfig:
    """The configuration of a run folder; `FitResult.save` writes none."""
    file = run / "config.yaml"
    if file.is_file():
        return load_config(file, TrainConfig, settings)
    return checked({"name": run.resolve().name}, FitConfig, settings, str(run))


def _check_dipole(
    run: Path, vibration: Vibration, settings: Sequence[str], functions: Sequence[str]
) -> None:
    """Refuse a dipole that only the folder names: a run folder, like a surface file, is data.

    Raises:
        ValueError: unless `settings` or `functions` name it too.
    """
    if vibration.spectrum is None or any("spectrum" in setting for setting in settings):
        return
    dipole = vibration.spectrum.dipole
    if names_function(dipole, Path.cwd()) and permitted(dipole, functions) is None:
        raise ValueError(
            f"{run / 'config.yaml'} names the dipole function {dipole}, and a run folder alone "
            f"runs no code; if you trust that function, name it: --function {dipole}"
        )


def _run(request: Request) -> Path:
    config = request.vibration
    wanted = config.sensitivities
    check_sensitivities(request.surface, wanted.parameters, weights=wanted.weights)
    dipole = None
    if config.spectrum is not None:
        dipole = dipole_function(config.spectrum.dipole, request.base)
    task = problem(
        request.surface, config.molecule, nuclear_masses=config.nuclear_masses,
        coordinates=config.coordinates.resolved(), basis=config.sizes(),
        perturbations=config.bumps(), device=request.device,
    )  # fmt: skip
    if config.J:
        check_rotation(task, config.J, config.rotation.frame)
    maps = _maps(config, task)
    open_log(None)
    result = _solved(request, task)
    derived = result.sensitivity(
        masses=wanted.masses,
        parameters=[*wanted.parameters, *(task.surface.parameters() if wanted.weights else ())],
        second=wanted.second,
    )
    sticks, rotation, lines = None, None, None
    if config.J:
        rotation = result.rotation(
            config.J, states=config.rotation.states, frame=config.rotation.frame
        )
    if config.spectrum is not None and dipole is not None:
        settings = config.spectrum
        sticks = result.spectrum(dipole, settings.temperature)
        if rotation is not None:
            lines = line_list(
                rotation, dipole, temperature=settings.temperature, weakest=settings.weakest
            )
    more = Additions(derived, sticks, maps, rotation, lines)
    old = [path.name for path in request.folder.glob("density_*.png")]
    with staged(request.folder, finished=LEVELS_JSON, stale=[*OPTIONAL, *old]) as place:
        write_results(
            place, result, more, name=request.name, content=request.content,
            source=request.source, device=request.device,
        )  # fmt: skip
    (request.folder / STATE).unlink(missing_ok=True)
    log.info("written to %s in %.1f s", request.folder, result.seconds)
    return request.folder


def _maps(config: Vibration, task: Problem) -> Maps | None:
    wanted = config.densities
    if wanted is None:
        return None
    count = config.levels or (COUNT if config.energy is None else None)
    return density_maps(task, wanted.levels, wanted.pairs, count=count)


def _solved(request: Request, task: Problem) -> LevelsResult:
    """The levels, with a progress bar and a state to resume from."""
    config = request.vibration
    goal = accuracy_goal(config.accuracy, task, config.truncation(), config.convergence)
    if goal is not None:
        return _grown(request, task, goal)
    largest = _size(config, task)
    free = free_memory(task.system.device)
    known = "of memory" if free is None else f"of memory, {free / 2**30:.2g} GiB are free"
    log.info("largest run: %s %s", largest, known)
    check_space(request.folder, _bytes_on_disk(largest.points, task, config.levels or COUNT))
    for missing in LargeAmplitudes(task).expected(config.levels or COUNT, config.energy):
        log.warning("%s", missing)
    total = 4 if config.convergence else 1
    form = "{desc:<16} {bar:20} {elapsed}"
    with tqdm(total=total, bar_format=form, leave=False, disable=None) as progress:
        stage, keep = "", keeper(request.folder, request.content)

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

        return solved(
            task, count=config.levels, energy=config.energy, truncation=config.truncation(),
            cap=config.cap, solver=config.solver, symmetry=config.symmetry,
            convergence=config.convergence, ensemble=config.ensemble, labels=config.labels,
            progress=step, watch=watch, start=earlier(request.state, request.content),
        )  # fmt: skip


def _bytes_on_disk(points: int, task: Problem, count: int) -> int:
    """Size of levels.h5: positions, points, weight, V and the wavefunctions at each point."""
    return 8 * points * (count + 3 * len(task.molecule.symbols) + len(task.coordinates) + 2)


def _size(config: Vibration, task: Problem) -> SizeEstimate | Forecast:
    """Size of the largest run."""
    count = config.levels or COUNT
    grid = sparse_grid(config.truncation(), task.internal)
    if grid is None:
        limits = products(config.truncation(), task.internal)
        return estimated_size(task.coordinates, limits, count, convergence=config.convergence)
    points = SparsePoints(grid.larger(quanta=STEP, level=STEP) if config.convergence else grid)
    return Forecast(points, memory(points, count))


def _grown(request: Request, task: Problem, goal: float) -> LevelsResult:
    """The levels of a calculation that grows to an accuracy, a log line for each step."""
    config = request.vibration
    free = free_memory(task.system.device)
    memory = "" if free is None else f"; {free / 2**30:.2g} GiB of memory are free"
    log.info("coordinates: %s", description(task))
    log.info(
        "ranges and sizes are chosen for levels within %g cm-1, in %g CPU-minutes at most%s",
        goal, growing_minutes(config.minutes, task), memory,
    )  # fmt: skip
    return solved(
        task, count=config.levels, energy=config.energy, truncation=config.truncation(),
        cap=config.cap, solver=config.solver, symmetry=config.symmetry, accuracy=goal,
        minutes=config.minutes, ensemble=config.ensemble, labels=config.labels,
        progress=lambda line: log.info("  %s", line),
    )  # fmt: skip
