"""Commands about points: those that make, choose, check and rewrite them."""

from collections.abc import Sequence

from pes.run.loading import loading
from pes.run.messages import ended
from pes.run.options import (
    common_options,
    file_option,
    folder_option,
    parser_of,
    picture_option,
    setting_options,
    settings_of,
    stated,
    statement_options,
    with_pictures,
)

__all__ = ["audit", "convert", "label", "sample"]


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
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.audit.command import run_audit

        code = run_audit(
            given.data, format=given.format, statements=stated(given), output=given.output,
            overwrite=given.overwrite,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    ended(with_pictures(command, given))


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
    parser.add_argument("--to", help="format of OUT, if several formats have its suffix")
    statement_options(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.convert.command import convert as run_convert

        run_convert(
            given.sources, given.target, format=given.format, to=given.to,
            statements=stated(given), overwrite=given.overwrite,
        )  # fmt: skip

    ended(command)


def label(arguments: Sequence[str] | None = None) -> None:
    """`pes-label`."""
    parser = parser_of(
        "pes-label", "Compute the energies of geometries by PySCF or any other program. The same "
        "command again continues where it ended. Exit code: 0 if every point has its energy, 3 if "
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
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.label.command import run_label

        code = run_label(
            given.config, output=given.output, settings=given.settings, retry=given.retry,
            overwrite=given.overwrite,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    ended(with_pictures(command, given))


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
        help="run folder with levels; new points are chosen to reduce their error bars; exit code "
        "3 if all error bars are small enough",
    )  # fmt: skip
    for name, what in (
        ("levels", "number of levels to improve, the ground state included (default: 20)"),
        ("accuracy", "error bar that is small enough, cm-1"),
        ("count", "number of geometries to choose (default: 100)"),
    ):
        parser.add_argument(f"--{name}", metavar="N", help=f"{what}; short for --set {name}=N")
    folder_option(parser, "--output", help="folder of the geometries (default: runs/<name>)")
    common_options(parser)
    picture_option(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with loading():
            from pes.run.sample.command import sample as run_sample

        short = ("levels", "accuracy", "count")
        options = [f"{name}={value}" for name in short if (value := getattr(given, name))]
        code = run_sample(
            given.config, run=given.run, output=given.output,
            settings=[*settings_of(given), *options], overwrite=given.overwrite,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    ended(with_pictures(command, given))
