"""Commands that compute levels and line lists."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pes.run import examples
from pes.run.examples import copied
from pes.run.loading import loading
from pes.run.messages import ended
from pes.run.options import (
    common_options,
    example_option,
    file_option,
    folder_option,
    function_option,
    parser_of,
    picture_option,
    settings_of,
    with_pictures,
)

__all__ = ["levels", "spectrum"]

LEVEL_KEYS = {
    "levels": "number of levels, the ground state included (default: 20)",
    "accuracy": "error that is small enough, cm-1 (default: 0.01 for three atoms, 0.1 for four, "
    "1 for more)",
    "minutes": "CPU-minutes that the calculation may take",
}
"""Keys of a calculation of levels that have an option of `pes-levels`, and what they are."""


def levels(arguments: Sequence[str] | None = None) -> None:
    """`pes-levels`."""
    parser = parser_of(
        "pes-levels", "Compute the vibrational levels of a surface.",
        "pes-levels runs/h2o --levels 40 --molecule 'O H D'",
        "pes-levels my_surface.py:potential --molecule 'O H H' --accuracy 0.05",
        "pes-levels --config mine.yaml --set coordinates.kind=radau",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    file_option(
        source, "surface", kind=str, nargs="?",
        help="run folder, surface file, module:function, file.py:function or name",
    )  # fmt: skip
    file_option(source, "--config", help="configuration of the calculation, a YAML file")
    example_option(source, examples.LEVELS)
    parser.add_argument(
        "--molecule", help="isotopes in the order of the atoms, such as 'O H D' (default: those "
        "of the surface); short for the key molecule",
    )  # fmt: skip
    for name, what in LEVEL_KEYS.items():
        parser.add_argument(f"--{name}", metavar="N", help=f"{what}; short for the key {name}")
    folder_option(
        parser, "--output", help="folder of the levels (default: RUN/levels or runs/<name>)"
    )
    _resume_option(parser)
    common_options(parser)
    function_option(parser)
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.levels.command import run_levels

        run_levels(
            given.surface, config=given.config, output=given.output,
            settings=[*_level_settings(given), *settings_of(given)],
            overwrite=given.overwrite, resume=given.resume, functions=given.functions,
        )  # fmt: skip

    example = given.example and copied(examples.LEVELS[given.example])
    ended(example or with_pictures(command, given))


def _level_settings(given: argparse.Namespace) -> list[str]:
    """Options of `pes-levels` that are short for a key, as `section.key=value`."""
    section = "vibration." if given.surface and Path(given.surface).is_dir() else ""
    values = {name: getattr(given, name) for name in LEVEL_KEYS}
    if given.molecule is not None:
        values["molecule"] = f"[{', '.join(given.molecule.replace(',', ' ').split())}]"
    return [f"{section}{name}={value}" for name, value in values.items() if value is not None]


def spectrum(arguments: Sequence[str] | None = None) -> None:
    """`pes-spectrum`."""
    parser = parser_of(
        "pes-spectrum", "Compute the line list of a surface of energies and one of dipole moments.",
        "pes-spectrum runs/h2o runs/h2o_dipole --set spectrum.temperature=1000",
        "pes-spectrum --config configs/spectrum_h2o.yaml",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    folder_option(source, "run", nargs="?", help="folder of a finished pes-train run of energies")
    file_option(source, "--config", help="configuration of the line list, a YAML file")
    file_option(
        parser, "dipole", kind=str, nargs="?",
        help="run folder or file of a dipole surface, module:function or file.py:function",
    )  # fmt: skip
    folder_option(
        parser, "--output", help="folder of the line list (default: RUN/spectrum or runs/<name>)"
    )
    _resume_option(parser)
    common_options(parser)
    function_option(parser)
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.spectrum.command import run_spectrum

        run_spectrum(
            given.run, given.dipole, config=given.config, output=given.output,
            settings=settings_of(given), overwrite=given.overwrite, resume=given.resume,
            functions=given.functions,
        )  # fmt: skip

    ended(with_pictures(command, given))


def _resume_option(parser: argparse.ArgumentParser) -> None:
    file_option(
        parser, "--resume", kind=str, metavar="auto|PATH",
        help="continue a calculation of levels that ended early: auto takes the state in its "
        "folder",
    )  # fmt: skip
