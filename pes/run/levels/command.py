"""`pes-levels`: surface to levels, their errors and derivatives, in one folder."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pes.config import (
    ForceFieldConfig,
    LevelsConfig,
    ModelConfig,
    Vibration,
    checked,
    load_config,
    read_yaml,
)
from pes.potential import Surface
from pes.run.folder import check_folder, claimed, open_log, pick_device
from pes.run.levels.additions import additions
from pes.run.levels.progress import Report, report
from pes.run.levels.request import Request, request_of_run, threads_for
from pes.run.levels.results import OPTIONAL, write_results
from pes.run.levels.resume import STATE, check_state
from pes.run.signals import Stopped
from pes.setup.automatic.request import SIGNALLED
from pes.setup.inputs.dipoles import check_vectors, dipole_surface
from pes.setup.inputs.surfaces import load_potential, resolved
from pes.setup.levels.level_result import LevelsResult
from pes.setup.levels.solved import COUNT, solved
from pes.setup.lines.line_list import check_lines
from pes.setup.problem.problem import Problem, problem
from pes.setup.results.density_maps import Maps, density_maps
from pes.setup.results.level_files import LEVELS_JSON
from pes.setup.results.sensitivity import check_sensitivities
from pes.setup.rotation.rotation_checks import check_rotation, check_size
from pes.staging import staged

__all__ = ["levels_of_config", "run_levels"]

log = logging.getLogger("pes")


def run_levels(
    surface: str | Path | None = None,
    *,
    config: Path | None = None,
    output: Path | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
    resume: str | None = None,
    functions: Sequence[str] = (),
) -> Path:
    """Levels of a surface, or as a configuration says.

    Args:
        surface: folder of a finished training, whose `vibration` section is used, or of a fit
            saved from Python; else surface file, module:function, file.py:function or the name of
            an analytic surface; what `settings` do not say is chosen.
        config: YAML file instead.
        output: folder of the results; default RUN/levels or runs/<name>.
        settings: `section.key=value` that override the file.
        overwrite: replace earlier results.
        resume: `auto` goes on where a calculation of the same levels was cut short; else the
            file of its state.
        functions: names of functions that code may be run of beside those in `config`: what a
            surface file is built on, or the dipole that the configuration of a run folder names.

    Returns:
        The folder.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    if surface is not None and Path(surface).is_dir():
        request = request_of_run(Path(surface), settings, output, functions)
        return _claimed(request, overwrite=overwrite, resume=resume)
    if surface is not None:
        # A surface by its name is a configuration of this one key.
        source = str(surface)
        content = {"name": Path(source.partition(":")[0]).stem, "surface": source}
        return levels_of_config(
            checked(content, LevelsConfig, settings, source), Path.cwd(), output=output,
            overwrite=overwrite, resume=resume, functions=functions,
        )  # fmt: skip
    if config is None:
        raise ValueError("give a surface, such as a run folder, or --config FILE")
    if "force_field" in read_yaml(config):
        from pes.run.levels.force_field import run_force_field

        if resume is not None:
            raise ValueError(
                "a calculation with a force field cannot be resumed; leave out --resume"
            )
        field = load_config(config, ForceFieldConfig, settings)
        folder = output or Path("runs") / field.name
        return run_force_field(field, config.parent, folder, overwrite=overwrite)
    if "model" in read_yaml(config):
        from pes.run.levels.harmonic_gaussian import run_model

        model = load_config(config, ModelConfig, settings)
        return run_model(model, output or Path("runs") / model.name, overwrite=overwrite)
    return levels_of_config(
        load_config(config, LevelsConfig, settings), config.parent, output=output,
        overwrite=overwrite, resume=resume, functions=functions,
    )  # fmt: skip


def levels_of_config(
    settings: LevelsConfig,
    base: Path,
    *,
    output: Path | None = None,
    overwrite: bool = False,
    resume: str | None = None,
    functions: Sequence[str] = (),
) -> Path:
    """Levels as checked settings say, whose files are named as seen from `base`.

    The other arguments, the result and the errors are those of `run_levels`.
    """
    known = (*(resolved(one, Path.cwd()) for one in functions), *settings.functions)
    surface = load_potential(settings.surface, base, known)
    device = pick_device(settings.device, settings.threads or threads_for(settings, surface))
    source = resolved(settings.surface, base)
    content = {**settings.model_dump(mode="json"), "surface": source}
    content |= {"functions": [resolved(one, base) for one in known]} if known else {}
    if settings.spectrum is not None:
        content["spectrum"]["dipole"] = resolved(settings.spectrum.dipole, base)
    folder = output or Path("runs") / settings.name
    request = Request(settings.name, settings, content, source, surface, device, folder, base, None)
    return _claimed(request, overwrite=overwrite, resume=resume)


def _claimed(request: Request, *, overwrite: bool, resume: str | None) -> Path:
    """The folder, once it is known to be free, made the one of this process, and filled."""
    folder = request.folder
    with claimed(folder):
        if request.vibration.isotopologues():
            from pes.run.levels.isotopologues import ISOTOPOLOGUES, run_isotopologues

            check_folder(folder, finished=ISOTOPOLOGUES, overwrite=overwrite)
            surface = request.surface.to(request.device)
            return run_isotopologues(
                surface, request.vibration, request.content, folder, request.device, request.base
            )
        if request.vibration.sweep is not None:
            from pes.run.levels.sweep import SWEEP, run_sweep

            check_folder(folder, finished=SWEEP, overwrite=overwrite)
            surface = request.surface.to(request.device)
            return run_sweep(
                surface, request.vibration, request.content, folder, request.device, request.base
            )
        state = check_state(folder, resume, overwrite=overwrite)
        overwrite = overwrite or state is not None
        check_folder(folder, finished=LEVELS_JSON, overwrite=overwrite, resume=resume is not None)
        request.surface.to(request.device)
        return _run(replace(request, state=state))


def _run(request: Request) -> Path:
    config = request.vibration
    wanted = config.sensitivities
    check_sensitivities(request.surface, wanted.parameters, weights=wanted.weights)
    task, dipole = _posed(request)
    maps = _maps(config, task)
    open_log(None)
    with report(
        task, config, request.content, folder=request.folder, state=request.state
    ) as reported:  # fmt: skip
        result = solved(
            task, count=config.levels, energy=config.energy, truncation=config.truncation(),
            cap=config.cap, solver=config.solver, symmetry=config.symmetry,
            convergence=config.convergence, ensemble=config.ensemble, labels=config.labels,
            accuracy=config.accuracy, minutes=config.minutes, memory=config.memory,
            progress=reported.progress, watch=reported.watch, start=reported.start,
            stopped=reported.received, store=reported.store,
        )  # fmt: skip
    number = reported.received()
    if number and config.J:
        lines = "" if config.spectrum is None else " and all lines between them"
        log.warning("warning: levels with J > 0%s are left out: %s", lines, SIGNALLED)
    more = additions(config, result, dipole, maps, () if number else config.J)
    old = [path.name for path in request.folder.glob("density_*.png")]
    with staged(request.folder, finished=LEVELS_JSON, stale=[*OPTIONAL, *old]) as place:
        write_results(
            place, result, more, name=request.name, content=request.content,
            source=request.source, device=request.device,
        )  # fmt: skip
    log.info("written to %s; the J = 0 levels took %.1f s", request.folder, result.seconds)
    _end_state(request.folder, result, reported)
    if number:
        raise _stopped(number, request.folder)
    return request.folder


def _end_state(folder: Path, result: LevelsResult, reported: Report) -> None:
    """Keep the state of a series that could grow further, and say so; remove any other."""
    state = folder / STATE
    if reported.goal is None or bool((result.convergence <= reported.goal).all()):
        state.unlink(missing_ok=True)
    elif state.exists() and not reported.received():
        log.info(
            "%s holds the largest calculation: with a larger `minutes` or `memory`, and --resume "
            "auto, the next one goes on from it", state,
        )  # fmt: skip


def _posed(request: Request) -> tuple[Problem, Surface | None]:
    """The problem, and the dipole moments if there is a spectrum; what does not fit is refused."""
    config, dipole = request.vibration, None
    if config.spectrum is not None:
        dipole = dipole_surface(config.spectrum.dipole, request.base)
    task = problem(
        request.surface, config.isotopes(), nuclear_masses=config.nuclear_masses,
        coordinates=config.coordinates, basis=config.basis,
        perturbations=config.bumps(), device=request.device,
    )  # fmt: skip
    if config.spectrum is not None and dipole is not None:
        dipole = dipole_surface(dipole, symbols=task.molecule.symbols)
        check_vectors(dipole, task.minimum, config.spectrum.dipole, charge=config.spectrum.charge)
    if config.J:
        check_rotation(task, config.J, config.rotation.frame)
        check_size(config.J, config.rotation.states, config.levels or 1, config.memory)
        if config.spectrum is not None:
            check_lines(config.J, config.spectrum.temperature)
    return task, dipole


def _stopped(number: int, folder: Path) -> Stopped:
    """Message about a calculation that a signal ended."""
    stopped = Stopped(
        number,
        f"; the levels reached are in {folder}; for better ones repeat the command with "
        f"{'--resume auto' if (folder / STATE).exists() else '--overwrite'}",
    )
    log.info("%s", stopped)
    return stopped


def _maps(config: Vibration, task: Problem) -> Maps | None:
    wanted = config.densities
    if wanted is None:
        return None
    count = config.levels or (COUNT if config.energy is None else None)
    return density_maps(task, wanted.levels, wanted.pairs, count=count)
