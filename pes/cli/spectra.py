"""The command that makes line lists."""

from collections.abc import Sequence

from pes.run.loading import loading
from pes.run.messages import ended
from pes.run.options import (
    common_options,
    file_option,
    folder_option,
    function_option,
    parser_of,
    picture_option,
    settings_of,
    with_pictures,
)

__all__ = ["spectrum"]


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
    common_options(parser)
    function_option(parser)
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.spectrum.command import run_spectrum

        run_spectrum(
            given.run, given.dipole, config=given.config, output=given.output,
            settings=settings_of(given), overwrite=given.overwrite, functions=given.functions,
        )  # fmt: skip

    ended(with_pictures(command, given))
