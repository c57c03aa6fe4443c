"""`pes-spectrum`: a surface of energies and one of dipole moments to a line list."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pes.config import SpectrumConfig, checked, load_config, read_yaml
from pes.run.levels.command import levels_of_config

__all__ = ["run_spectrum"]


def run_spectrum(
    run: Path | None = None,
    dipole: str | None = None,
    *,
    config: Path | None = None,
    output: Path | None = None,
    settings: Sequence[str] = (),
    overwrite: bool = False,
    resume: str | None = None,
    functions: Sequence[str] = (),
) -> Path:
    """Levels for all J, their lines, the partition function, files and pictures in one folder.

    Args:
        run: run folder of a fit of energies, whose `vibration` section is used.
        dipole: run folder of a dipole fit, its file, or a function.
        config: YAML file instead.
        output: folder of the results; default RUN/spectrum or runs/<name>.
        settings: `section.key=value` that override the file.
        overwrite: replace earlier results.
        resume: `auto` goes on where the calculation of the J = 0 levels ended early; else the file
            of its state.
        functions: names of functions that surfaces may be built on.

    Returns:
        The folder.

    Raises:
        ValueError, FileNotFoundError: for anything the user can mend, in one line.
    """
    if config is not None:
        request, base = load_config(config, SpectrumConfig, settings), config.parent
    elif run is None or dipole is None:
        raise ValueError("give a run folder and a dipole surface, or --config FILE")
    else:
        if not run.is_dir():
            raise FileNotFoundError(f"{run}: no such run folder")
        request, base = checked(_content(run, dipole), SpectrumConfig, settings, str(run)), Path()
        output = output or run / "spectrum"
    return levels_of_config(
        request, base, output=output, overwrite=overwrite, resume=resume, functions=functions
    )


def _content(run: Path, dipole: str) -> dict[str, Any]:
    """The section `vibration` of a run folder with this dipole; its own dipole is left out."""
    file = run / "config.yaml"
    own = (read_yaml(file).get("vibration") or {}) if file.is_file() else {}
    spectrum = {**(own.get("spectrum") or {}), "dipole": dipole}
    kept = {key: value for key, value in own.items() if key != "J" or value}
    return {**kept, "name": run.resolve().name, "surface": str(run), "spectrum": spectrum}
