"""Request to `pes-levels`: a task, and the folder of its results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pes.config import FitConfig, TrainConfig, Vibration, checked, load_config
from pes.potential import Surface
from pes.run.folder import pick_device
from pes.setup.inputs.surfaces import load_potential, names_function, permitted, resolved
from pes.setup.machine.environment import usual_threads

__all__ = ["Request", "request_of_run", "threads_for"]


@dataclass(frozen=True)
class Request:
    """A task, and the folder of its results.

    Attributes:
        name: name in the tables.
        vibration: section of the configuration.
        content: content of config.yaml, files named in full.
        source: surface as a configuration names it, its file in full.
        surface: surface on its device.
        device: device of the calculation.
        folder: folder of the results.
        base: folder that relative paths start from.
        state: state of a calculation that was cut short, to go on from.
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


def request_of_run(
    run: Path, settings: Sequence[str], output: Path | None, functions: Sequence[str]
) -> Request:
    """Levels of a run folder; the arguments are those of `run_levels`."""
    whole = _of_training(run, settings)
    _check_dipole(run, whole.vibration, settings, functions)
    base, source = Path.cwd(), str(run.resolve())
    surface = load_potential(source, base, functions)
    device = pick_device(whole.device, whole.threads or threads_for(whole.vibration, surface))
    content = whole.vibration.model_dump(mode="json")
    names = [resolved(one, base) for one in functions]
    content |= {"functions": names} if names else {}
    folder = output or run / "levels"
    return Request(
        whole.name, whole.vibration, content, source, surface, device, folder, base, None
    )


def _of_training(run: Path, settings: Sequence[str]) -> TrainConfig | FitConfig:
    """The configuration of a run folder; `FitResult.save` writes none."""
    settings = [_in_section(one) for one in settings]
    file = run / "config.yaml"
    if file.is_file():
        return load_config(file, TrainConfig, settings)
    return checked({"name": run.resolve().name}, FitConfig, settings, str(run))


def _in_section(setting: str) -> str:
    """The same setting with the section of the levels, if it names none: messages name none."""
    first = setting.split("=")[0].split(".")[0]
    alone = first in Vibration.model_fields and first not in TrainConfig.model_fields
    return f"vibration.{setting}" if alone else setting


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


def threads_for(vibration: Vibration, surface: Surface) -> int | None:
    """CPU threads for the molecule of a configuration, or else that of its surface."""
    return usual_threads(len(vibration.molecule or surface.symbols or ()))
