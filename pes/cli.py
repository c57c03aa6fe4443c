"""The commands. A mistake of the user ends in one line and exit code 2.

Each command imports what it runs when it runs: half of the time to start is that of the others.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from pes.run import examples
from pes.run.examples import Example, copy_example
from pes.run.messages import ended
from pes.run.options import (
    STATEMENTS,
    common_options,
    example_option,
    file_option,
    folder_option,
    function_option,
    parser_of,
    setting_options,
    settings_of,
    stated,
    statement_options,
    whole_number,
)

__all__ = [
    "audit",
    "convert",
    "evaluate",
    "export",
    "label",
    "levels",
    "refine",
    "sample",
    "train",
]


def train(arguments: Sequence[str] | None = None) -> None:
    """`pes-train`."""
    parser = parser_of(
        "pes-train", "Fit a surface to ab initio points.",
        "pes-train mine.xyz --minutes 5",
        "pes-train --config mine.yaml --set training.epochs=200 --set name=short",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    file_option(
        source, "data", nargs="?", help="points to fit; what suits them is chosen, see --minutes"
    )
    file_option(source, "--config", help="configuration of the fit, a YAML file")
    example_option(source, examples.TRAIN)
    parser.add_argument(
        "--minutes", type=float, metavar="N",
        help="CPU-minutes of the fit (default: 5 for DATA, no limit for a configuration)",
    )  # fmt: skip
    statement_options(parser)
    file_option(
        parser, "--split", help="rows of train, validation and test of DATA (JSON or .npz), or of "
        "the test alone (text)",
    )  # fmt: skip
    file_option(parser, "--test", help="points of the test, in the format of DATA")
    parser.add_argument(
        "--check", action="store_true", help="check the configuration and the data, then stop"
    )
    parser.add_argument(
        "--regroup", action="store_true",
        help="move copies of a geometry that a given split has in several parts into one",
    )  # fmt: skip
    folder_option(parser, "--output", help="folder of the run (default: runs/<name>)")
    file_option(
        parser, "--resume", kind=str, metavar="auto|PATH",
        help="continue a run, also a finished one, with more time: auto takes the state in its "
        "folder, if there is one",
    )  # fmt: skip
    common_options(parser)
    given = parser.parse_args(arguments)
    names = ("format", *STATEMENTS, "split", "test")
    statements = {name: value for name in names if (value := getattr(given, name)) is not None}

    def command() -> None:
        from pes.run.cluster import ranks_started
        from pes.run.train.command import train as run_train

        with ranks_started() as ranks:
            run_train(
                given.config, data=given.data, statements=statements, minutes=given.minutes,
                output=given.output, resume=given.resume,
                settings=[*settings_of(given), *["data.regroup=true"] * given.regroup],
                overwrite=given.overwrite, check=given.check, ranks=ranks,
            )  # fmt: skip

    ended(_copy(examples.TRAIN[given.example]) if given.example else command)


def levels(arguments: Sequence[str] | None = None) -> None:
    """`pes-levels`."""
    parser = parser_of(
        "pes-levels", "Compute the vibrational levels of a surface.",
        "pes-levels runs/h2o --set vibration.levels=40",
        "pes-levels --config mine.yaml --set coordinates.kind=radau",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    folder_option(source, "run", nargs="?", help="folder of a finished pes-train")
    file_option(source, "--config", help="configuration of the calculation, a YAML file")
    example_option(source, examples.LEVELS)
    folder_option(
        parser, "--output", help="folder of the levels (default: RUN/levels or runs/<name>)"
    )
    file_option(
        parser, "--resume", kind=str, metavar="auto|PATH",
        help="continue a calculation that was cut short: auto takes the vectors in its folder",
    )  # fmt: skip
    common_options(parser)
    function_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.levels.command import run_levels

        run_levels(
            given.run, config=given.config, output=given.output, settings=settings_of(given),
            overwrite=given.overwrite, resume=given.resume, functions=given.functions,
        )  # fmt: skip

    ended(_copy(examples.LEVELS[given.example]) if given.example else command)


def refine(arguments: Sequence[str] | None = None) -> None:
    """`pes-refine`."""
    parser = parser_of(
        "pes-refine", "Adjust a surface to observed levels.",
        "pes-refine --config configs/refine_h2o.yaml",
        "pes-refine --config configs/refine_h2o.yaml --set adjust.degree=3 --set name=cubic",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    file_option(source, "--config", help="configuration of the refinement, a YAML file")
    example_option(source, examples.REFINE)
    folder_option(parser, "--output", help="folder of the results (default: runs/<name>)")
    common_options(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.refine.command import run_refine

        run_refine(
            given.config,
            output=given.output,
            settings=settings_of(given),
            overwrite=given.overwrite,
        )

    ended(_copy(examples.REFINE[given.example]) if given.example else command)


def evaluate(arguments: Sequence[str] | None = None) -> None:
    """`pes-evaluate`."""
    from pes.run.evaluate.command import HOLES, run_evaluate

    parser = parser_of(
        "pes-evaluate", "Compare a surface with points and search it for holes.",
        "pes-evaluate runs/h2o other.h5",
        "pes-evaluate my_surface.py:potential points.xyz --holes 0",
    )  # fmt: skip
    file_option(
        parser, "surface", kind=str,
        help="run folder, surface file, module:function or file.py:function",
    )  # fmt: skip
    file_option(parser, "data", help="points to compare with, in any format that pes-convert reads")
    statement_options(parser)
    folder_option(
        parser, "--output", help="folder of the results (default: a folder beside the run)"
    )
    parser.add_argument(
        "--holes", type=whole_number, default=HOLES, metavar="N",
        help="number of geometries in the search for holes (default: %(default)s; 0: no search)",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    function_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        run_evaluate(
            given.surface, given.data, format=given.format, statements=stated(given),
            output=given.output, holes=given.holes, device=given.device,
            overwrite=given.overwrite, functions=given.functions,
        )  # fmt: skip

    ended(command)


def audit(arguments: Sequence[str] | None = None) -> None:
    """`pes-audit`."""
    parser = parser_of(
        "pes-audit", "Report what a file of points holds and what looks wrong with it. Exit code: "
        "0 if nothing looks wrong (notes apart), 3 for warnings, 4 for errors (pes-train refuses "
        "them).",
        "pes-audit mine.h5",
        "pes-audit h2o.csv --formula HHO --units energy=hartree,length=angstrom",
    )  # fmt: skip
    file_option(parser, "data", help="points, in any format that pes-convert reads")
    statement_options(parser)
    folder_option(parser, "--output", help="folder of the report (default: audit-DATA)")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.audit.command import run_audit

        code = run_audit(
            given.data, format=given.format, statements=stated(given), output=given.output,
            overwrite=given.overwrite,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    ended(command)


def convert(arguments: Sequence[str] | None = None) -> None:
    """`pes-convert`."""
    parser = parser_of(
        "pes-convert", "Write points of one format, or of several files, in another format.",
        "pes-convert methane.xyz.gz methane.h5",
        'pes-convert h2o.csv h2o.h5 --formula "H H O" --units energy=hartree,length=angstrom',
        'pes-convert h2o.dat h2o.h5 --formula "O H H" --columns "r1 r2 cos energy" '
        "--units energy=cm-1,length=angstrom",
    )  # fmt: skip
    file_option(
        parser, "sources", nargs="+", metavar="IN", help="points, plain or in .gz, .xz or .zip"
    )
    file_option(parser, "target", metavar="OUT", help="file to write, such as mine.h5")
    parser.add_argument("--to", help="format of OUT where its suffix belongs to several")
    statement_options(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.convert.command import convert as run_convert

        run_convert(
            given.sources, given.target, format=given.format, to=given.to,
            statements=stated(given), overwrite=given.overwrite,
        )  # fmt: skip

    ended(command)


def export(arguments: Sequence[str] | None = None) -> None:
    """`pes-export`."""
    from pes.run.export.command import TARGETS, run_export

    parser = parser_of(
        "pes-export", "Write a surface as C, Fortran, NumPy or torch, for other programs.",
        "pes-export runs/h2o h2o.c",
        "pes-export runs/h2o h2o_surface.py --to numpy",
    )  # fmt: skip
    file_option(parser, "surface", kind=str, help="run folder or surface file")
    file_option(parser, "target", metavar="OUT", help="file to write: .c, .f90, .py or .pt2")
    parser.add_argument("--to", choices=TARGETS, help="language where the suffix cannot tell")
    function_option(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    given = parser.parse_args(arguments)

    def command() -> None:
        run_export(
            given.surface, given.target, to=given.to, functions=given.functions,
            overwrite=given.overwrite,
        )  # fmt: skip

    ended(command)


def sample(arguments: Sequence[str] | None = None) -> None:
    """`pes-sample`."""
    parser = parser_of(
        "pes-sample", "Choose the geometries that are worth an ab initio calculation next.",
        "pes-sample --config new.yaml",
        "pes-sample --from runs/h2o --levels 20 --accuracy 0.5",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    file_option(source, "--config", help="configuration of the choice, a YAML file")
    folder_option(
        source, "--from", dest="run", metavar="RUN",
        help="run folder with its levels, whose error bars new points are to reduce; exit code 3 "
        "if all are small enough",
    )  # fmt: skip
    for name, what in (
        ("levels", "number of levels that matter, with the ground state (default: 20)"),
        ("accuracy", "error bar that is small enough, cm-1"),
        ("count", "number of geometries to choose (default: 100)"),
    ):
        parser.add_argument(f"--{name}", metavar="N", help=f"{what}; short for --set {name}=N")
    folder_option(parser, "--output", help="folder of the geometries (default: runs/<name>)")
    common_options(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.sample.command import sample as run_sample

        short = ("levels", "accuracy", "count")
        options = [f"{name}={value}" for name in short if (value := getattr(given, name))]
        code = run_sample(
            given.config, run=given.run, output=given.output,
            settings=[*settings_of(given), *options], overwrite=given.overwrite,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    ended(command)


def label(arguments: Sequence[str] | None = None) -> None:
    """`pes-label`."""
    parser = parser_of(
        "pes-label", "Compute the energies of geometries by PySCF or any other program. The same "
        "command again goes on where it ended. Exit code: 0 if every point has its energy, 3 if "
        "some points failed.",
        "pes-label --config label.yaml",
        "pes-label --config label.yaml --retry --set attempts=5",
    )  # fmt: skip
    file_option(parser, "--config", required=True, help="configuration of the labels, a YAML file")
    folder_option(parser, "--output", help="folder of the points (default: runs/<name>)")
    parser.add_argument(
        "--retry", action="store_true", help="compute points again that failed before"
    )
    setting_options(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.label.command import run_label

        code = run_label(
            given.config, output=given.output, settings=given.settings, retry=given.retry,
            overwrite=given.overwrite,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    ended(command)


def _copy(example: Example) -> Callable[[], None]:
    """Copy an example here and say what to do with it."""

    def command() -> None:
        copy_example(example, Path())
        print(f"copied: {', '.join(example.files)}\nnext:")
        print("\n".join(f"  {line}" for line in example.commands))

    return command


if __name__ == "__main__":
    train()
