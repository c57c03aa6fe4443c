"""Commands about surfaces: those that fit, use, adjust, judge and export them."""

from collections.abc import Sequence

from pes.run import examples
from pes.run.examples import copied
from pes.run.loading import loading
from pes.run.messages import ended
from pes.run.options import (
    STATEMENTS,
    common_options,
    example_option,
    file_option,
    folder_option,
    function_option,
    parser_of,
    picture_option,
    settings_of,
    stated,
    statement_options,
    whole_number,
    with_pictures,
)

__all__ = ["check_gradients", "evaluate", "export", "refine", "report", "train"]


def train(arguments: Sequence[str] | None = None) -> None:
    """`pes-train`."""
    parser = parser_of(
        "pes-train", "Fit a surface to ab initio points.",
        "pes-train mine.xyz --minutes 5",
        "pes-train --config mine.yaml --set training.epochs=200 --set name=short",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    file_option(source, "data", nargs="?", help="file of points; the program chooses the surface")
    file_option(source, "--config", help="configuration of the fit, a YAML file")
    example_option(source, examples.TRAIN)
    parser.add_argument(
        "--minutes", type=float, metavar="N",
        help="CPU-minutes of the fit (default: 5 for DATA, no limit for a configuration)",
    )  # fmt: skip
    parser.add_argument(
        "--dipole", action="store_true", help="fit the dipole moments of DATA, not the energies"
    )
    statement_options(parser)
    file_option(
        parser, "--split", help="file with the rows of the training, validation and test points "
        "(JSON or .npz), or of the test points alone (text)",
    )  # fmt: skip
    file_option(parser, "--test", help="file of the test points, in the format of DATA")
    parser.add_argument(
        "--check", action="store_true", help="check the configuration and the data, then stop"
    )
    parser.add_argument(
        "--regroup", action="store_true",
        help="if a split puts copies of a geometry into several parts, move them all into one",
    )  # fmt: skip
    folder_option(parser, "--output", help="folder of the run (default: runs/<name>)")
    file_option(
        parser, "--resume", kind=str, metavar="auto|PATH",
        help="continue a run, also a finished one, with more time: auto takes the state in its "
        "folder, if there is one",
    )  # fmt: skip
    common_options(parser)
    picture_option(parser)
    given = parser.parse_args(arguments)
    names = ("format", *STATEMENTS, "split", "test")
    statements = {name: value for name in names if (value := getattr(given, name)) is not None}

    def command() -> None:
        with loading():
            from pes.run.cluster import ranks_started
            from pes.run.train.command import train as run_train

        with ranks_started() as ranks:
            run_train(
                given.config, data=given.data, statements=statements, minutes=given.minutes,
                dipole=given.dipole, output=given.output, resume=given.resume,
                settings=[*settings_of(given), *["data.regroup=true"] * given.regroup],
                overwrite=given.overwrite, check=given.check, ranks=ranks,
            )  # fmt: skip

    example = given.example and copied(examples.TRAIN[given.example])
    ended(example or with_pictures(command, given))


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
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.refine.command import run_refine

        run_refine(
            given.config,
            output=given.output,
            settings=settings_of(given),
            overwrite=given.overwrite,
        )

    example = given.example and copied(examples.REFINE[given.example])
    ended(example or with_pictures(command, given))


def evaluate(arguments: Sequence[str] | None = None) -> None:
    """`pes-evaluate`."""
    with loading():
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
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        run_evaluate(
            given.surface, given.data, format=given.format, statements=stated(given),
            output=given.output, holes=given.holes, device=given.device,
            overwrite=given.overwrite, functions=given.functions,
        )  # fmt: skip

    ended(with_pictures(command, given))


def check_gradients(arguments: Sequence[str] | None = None) -> None:
    """`pes-check-gradients`."""
    parser = parser_of(
        "pes-check-gradients", "Compare the analytic forces of a surface with differences of its "
        "energies over a series of steps. Exit code: 0 if they agree (or the surface has none), "
        "3 if the energies are not smooth or too rough to tell, 4 if the forces are wrong.",
        "pes-check-gradients runs/h2o",
        "pes-check-gradients my_surface.py:potential --points points.xyz",
    )  # fmt: skip
    file_option(
        parser, "surface", kind=str,
        help="run folder, surface file, module:function, file.py:function or name",
    )  # fmt: skip
    file_option(
        parser, "--points", help="geometries to compare at, in any format that pes-convert reads "
        "(default: training points, or geometries around the minimum)",
    )  # fmt: skip
    parser.add_argument(
        "--geometries", type=whole_number, default=10, metavar="N",
        help="number of these geometries to compare at (default: %(default)s)",
    )  # fmt: skip
    folder_option(
        parser,
        "--output",
        help="folder of the results (default: gradients, in the run folder or here)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    function_option(parser)
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.check_gradients.command import run_check_gradients

        code = run_check_gradients(
            given.surface, points=given.points, geometries=given.geometries, output=given.output,
            overwrite=given.overwrite, functions=given.functions,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    ended(with_pictures(command, given))


def report(arguments: Sequence[str] | None = None) -> None:
    """`pes-report`."""
    parser = parser_of(
        "pes-report", "Write one HTML page about a run, pictures included: fit, errors, levels, "
        "convergence, spectrum, warnings, provenance.",
        "pes-report runs/h2o",
        "pes-report runs/h2o/levels --output levels_of_water.html",
    )  # fmt: skip
    folder_option(parser, "run", help="folder of pes-train, pes-levels or pes-refine")
    file_option(parser, "--output", help="file to write (default: report.html in the folder)")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier page")
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.report.command import run_report

        run_report(given.run, output=given.output, overwrite=given.overwrite)

    ended(command)


def export(arguments: Sequence[str] | None = None) -> None:
    """`pes-export`."""
    with loading():
        from pes.run.export.command import TARGETS, run_export

    parser = parser_of(
        "pes-export", "Write a surface as C, Fortran, NumPy, torch or ONNX, for other programs.",
        "pes-export runs/h2o h2o.c",
        "pes-export runs/h2o h2o_surface.py --to numpy",
    )  # fmt: skip
    file_option(parser, "surface", kind=str, help="run folder or surface file")
    file_option(parser, "target", metavar="OUT", help="file to write: .c, .f90, .py, .pt2, .onnx")
    parser.add_argument(
        "--to", choices=TARGETS, help="language, if the suffix of OUT does not determine it"
    )
    function_option(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    given = parser.parse_args(arguments)

    def command() -> None:
        run_export(
            given.surface, given.target, to=given.to, functions=given.functions,
            overwrite=given.overwrite,
        )  # fmt: skip

    ended(command)
