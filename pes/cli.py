"""The commands. A mistake of the user ends in one line and exit code 2.

Each command imports what it runs when it runs: half of the time to start is that of the others.
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from warnings import catch_warnings

import shtab

from pes.run import examples
from pes.run.examples import Example, copy_example
from pes.run.messages import is_mendable, line_of, own_code
from pes.run.signals import Stopped

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

MOST_GEOMETRIES = 10_000_000
"""In a search for holes: a few GiB."""

STATEMENTS = ("formula", "columns", "keys", "units", "zmatrix")
"""Statements about a file of points, as `pes.read` takes them."""


def train(arguments: Sequence[str] | None = None) -> None:
    """`pes-train`."""
    parser = _parser(
        "pes-train", "Fit a surface to ab initio points.",
        "pes-train mine.xyz --minutes 5",
        "pes-train --config mine.yaml --set training.epochs=200 --set name=short",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    _file(source, "data", nargs="?", help="points to fit; what suits them is chosen, see --minutes")
    _file(source, "--config", help="configuration of the fit, a YAML file")
    _example(source, examples.TRAIN)
    parser.add_argument(
        "--minutes", type=float, metavar="N",
        help="CPU-minutes of the fit (default: 5 for DATA, no limit for a configuration)",
    )  # fmt: skip
    _statements(parser)
    _file(parser, "--split", help="rows of train, validation and test of DATA (JSON or .npz), or "
          "of the test alone (text)")  # fmt: skip
    _file(parser, "--test", help="points of the test, in the format of DATA")
    parser.add_argument(
        "--check", action="store_true", help="check the configuration and the data, then stop"
    )
    parser.add_argument(
        "--regroup", action="store_true",
        help="move copies of a geometry that a given split has in several parts into one",
    )  # fmt: skip
    _folder(parser, "--output", help="folder of the run (default: runs/<name>)")
    _file(
        parser, "--resume", kind=str, metavar="auto|PATH",
        help="continue a run, also a finished one, with more time: auto takes the state in its "
        "folder, if there is one",
    )  # fmt: skip
    _common(parser)
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
                settings=[*_settings(given), *["data.regroup=true"] * given.regroup],
                overwrite=given.overwrite, check=given.check, ranks=ranks,
            )  # fmt: skip

    _end(_copy(examples.TRAIN[given.example]) if given.example else command)


def levels(arguments: Sequence[str] | None = None) -> None:
    """`pes-levels`."""
    parser = _parser(
        "pes-levels", "Compute the vibrational levels of a surface.",
        "pes-levels runs/h2o --set vibration.levels=40",
        "pes-levels --config mine.yaml --set coordinates.kind=radau",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    _folder(source, "run", nargs="?", help="folder of a finished pes-train")
    _file(source, "--config", help="configuration of the calculation, a YAML file")
    _example(source, examples.LEVELS)
    _folder(parser, "--output", help="folder of the levels (default: RUN/levels or runs/<name>)")
    _file(
        parser, "--resume", kind=str, metavar="auto|PATH",
        help="continue a calculation that was cut short: auto takes the vectors in its folder",
    )  # fmt: skip
    _common(parser)
    _functions(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.levels.command import run_levels

        run_levels(
            given.run, config=given.config, output=given.output, settings=_settings(given),
            overwrite=given.overwrite, resume=given.resume, functions=given.functions,
        )  # fmt: skip

    _end(_copy(examples.LEVELS[given.example]) if given.example else command)


def refine(arguments: Sequence[str] | None = None) -> None:
    """`pes-refine`."""
    parser = _parser(
        "pes-refine", "Adjust a surface to observed levels.",
        "pes-refine --config configs/refine_h2o.yaml",
        "pes-refine --config configs/refine_h2o.yaml --set adjust.degree=3 --set name=cubic",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group(required=True)
    _file(source, "--config", help="configuration of the refinement, a YAML file")
    _example(source, examples.REFINE)
    _folder(parser, "--output", help="folder of the results (default: runs/<name>)")
    _common(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.refine.command import run_refine

        run_refine(
            given.config, output=given.output, settings=_settings(given), overwrite=given.overwrite
        )

    _end(_copy(examples.REFINE[given.example]) if given.example else command)


def evaluate(arguments: Sequence[str] | None = None) -> None:
    """`pes-evaluate`."""
    from pes.run.evaluate.command import HOLES, run_evaluate

    parser = _parser(
        "pes-evaluate", "Compare a surface with points and search it for holes.",
        "pes-evaluate runs/h2o other.h5",
        "pes-evaluate my_surface.py:potential points.xyz --holes 0",
    )  # fmt: skip
    _file(
        parser, "surface", kind=str,
        help="run folder, surface file, module:function or file.py:function",
    )  # fmt: skip
    _file(parser, "data", help="points to compare with, in any format that pes-convert reads")
    _statements(parser)
    _folder(parser, "--output", help="folder of the results (default: a folder beside the run)")
    parser.add_argument(
        "--holes", type=_count, default=HOLES, metavar="N",
        help="number of geometries in the search for holes (default: %(default)s; 0: no search)",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    _functions(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        run_evaluate(
            given.surface, given.data, format=given.format, statements=_stated(given),
            output=given.output, holes=given.holes, device=given.device,
            overwrite=given.overwrite, functions=given.functions,
        )  # fmt: skip

    _end(command)


def audit(arguments: Sequence[str] | None = None) -> None:
    """`pes-audit`."""
    parser = _parser(
        "pes-audit", "Report what a file of points holds and what looks wrong with it. Exit code: "
        "0 if nothing looks wrong (notes apart), 3 for warnings, 4 for errors (pes-train refuses "
        "them).",
        "pes-audit mine.h5",
        "pes-audit h2o.csv --formula HHO --units energy=hartree,length=angstrom",
    )  # fmt: skip
    _file(parser, "data", help="points, in any format that pes-convert reads")
    _statements(parser)
    _folder(parser, "--output", help="folder of the report (default: audit-DATA)")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.audit.command import run_audit

        code = run_audit(
            given.data, format=given.format, statements=_stated(given), output=given.output,
            overwrite=given.overwrite,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    _end(command)


def convert(arguments: Sequence[str] | None = None) -> None:
    """`pes-convert`."""
    parser = _parser(
        "pes-convert", "Write points of one format, or of several files, in another format.",
        "pes-convert methane.xyz.gz methane.h5",
        'pes-convert h2o.csv h2o.h5 --formula "H H O" --units energy=hartree,length=angstrom',
        'pes-convert h2o.dat h2o.h5 --formula "O H H" --columns "r1 r2 cos energy" '
        "--units energy=cm-1,length=angstrom",
    )  # fmt: skip
    _file(parser, "sources", nargs="+", metavar="IN", help="points, plain or in .gz, .xz or .zip")
    _file(parser, "target", metavar="OUT", help="file to write, such as mine.h5")
    parser.add_argument("--to", help="format of OUT where its suffix belongs to several")
    _statements(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.convert.command import convert as run_convert

        run_convert(
            given.sources, given.target, format=given.format, to=given.to,
            statements=_stated(given), overwrite=given.overwrite,
        )  # fmt: skip

    _end(command)


def export(arguments: Sequence[str] | None = None) -> None:
    """`pes-export`."""
    from pes.run.export.command import TARGETS, run_export

    parser = _parser(
        "pes-export", "Write a surface as C, Fortran, NumPy or torch, for other programs.",
        "pes-export runs/h2o h2o.c",
        "pes-export runs/h2o h2o_surface.py --to numpy",
    )  # fmt: skip
    _file(parser, "surface", kind=str, help="run folder or surface file")
    _file(parser, "target", metavar="OUT", help="file to write: .c, .f90, .py or .pt2")
    parser.add_argument("--to", choices=TARGETS, help="language where the suffix cannot tell")
    _functions(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    given = parser.parse_args(arguments)

    def command() -> None:
        run_export(
            given.surface, given.target, to=given.to, functions=given.functions,
            overwrite=given.overwrite,
        )  # fmt: skip

    _end(command)


def sample(arguments: Sequence[str] | None = None) -> None:
    """`pes-sample`."""
    parser = _parser(
        "pes-sample", "Choose the geometries that are worth an ab initio calculation next.",
        "pes-sample --config new.yaml",
        "pes-sample --config new.yaml --set count=200 --set energy=15000",
    )  # fmt: skip
    _file(parser, "--config", required=True, help="configuration of the choice, a YAML file")
    _folder(parser, "--output", help="folder of the geometries (default: runs/<name>)")
    _common(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.sample.command import sample as run_sample

        run_sample(
            given.config, output=given.output, settings=_settings(given),
            overwrite=given.overwrite,
        )  # fmt: skip

    _end(command)


def label(arguments: Sequence[str] | None = None) -> None:
    """`pes-label`."""
    parser = _parser(
        "pes-label", "Compute the energies of geometries by PySCF or any other program. The same "
        "command again goes on where it ended. Exit code: 0 if every point has its energy, 3 if "
        "some points failed.",
        "pes-label --config label.yaml",
        "pes-label --config label.yaml --retry --set attempts=5",
    )  # fmt: skip
    _file(parser, "--config", required=True, help="configuration of the labels, a YAML file")
    _folder(parser, "--output", help="folder of the points (default: runs/<name>)")
    parser.add_argument(
        "--retry", action="store_true", help="compute points again that failed before"
    )
    _set(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        from pes.run.label.command import run_label

        code = run_label(
            given.config, output=given.output, settings=given.settings, retry=given.retry,
            overwrite=given.overwrite,
        )  # fmt: skip
        if code:
            raise SystemExit(code)

    _end(command)


def _parser(name: str, purpose: str, *uses: str) -> argparse.ArgumentParser:
    """A parser whose help ends with examples of its use."""
    lines = "\n".join(f"  {use}" for use in uses)
    parser = argparse.ArgumentParser(
        name, description=purpose, epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"pes {version('pes')}")
    shtab.add_argument_to(parser, help="print a completion script for this shell, then stop")
    return parser


def _file(parser: argparse._ActionsContainer, name: str, kind: type = Path, **how: object) -> None:
    parser.add_argument(name, type=kind, **how).complete = shtab.FILE  # pyright: ignore


def _folder(parser: argparse._ActionsContainer, name: str, **how: object) -> None:
    parser.add_argument(name, type=Path, **how).complete = shtab.DIRECTORY  # pyright: ignore


def _statements(parser: argparse.ArgumentParser) -> None:
    """Options that say about a file of points what its content cannot."""
    parser.add_argument("--format", help="format of the file where its suffix cannot tell")
    parser.add_argument("--formula", help="atoms in the order of the file, such as 'O H D'")
    parser.add_argument("--columns", help="names of the columns of a table, such as 'r0 r1 r2 E'")
    parser.add_argument("--keys", help="names in the file, such as energy=E_ccsd,gradients=grad")
    parser.add_argument("--units", help="units of the file, such as energy=eV,length=angstrom")
    parser.add_argument("--zmatrix", help="Z-matrix of a table, such as 'O; H 0; H 0 1'")


def _stated(given: argparse.Namespace) -> dict[str, str | None]:
    return {name: getattr(given, name) for name in STATEMENTS}


def _example(parser: argparse._ActionsContainer, choices: Mapping[str, Example]) -> None:
    parser.add_argument(
        "--example", choices=choices,
        help="copy an example into this folder, say what to run next, then stop",
    )  # fmt: skip


def _copy(example: Example) -> Callable[[], None]:
    """Copy an example here and say what to do with it."""

    def command() -> None:
        copy_example(example, Path())
        print(f"copied: {', '.join(example.files)}\nnext:")
        print("\n".join(f"  {line}" for line in example.commands))

    return command


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", help="auto, cpu or cuda; short for --set device=...")
    _set(parser)


def _set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="settings",
        help="replace one value of the configuration, written as in YAML, such as seed=3 or "
        "surface.hidden=[20,20]; may be given several times",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")


def _functions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--function", action="append", default=[], metavar="NAME", dest="functions",
        help="function, module:function or file.py:function, that a surface file or a run folder "
        "may use; alone they run no code; may be given several times",
    )  # fmt: skip


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"the number of geometries must be a whole number, 0 or more, got {text!r}"
        )
    if len(text) > len(str(MOST_GEOMETRIES)) or int(text) > MOST_GEOMETRIES:
        raise argparse.ArgumentTypeError(f"{MOST_GEOMETRIES:,} geometries at most, got {text:.20}")
    return int(text)


def _settings(given: argparse.Namespace) -> list[str]:
    return [*given.settings, *([f"device={given.device}"] if given.device else [])]


def _warned(message: Warning | str, *_: object, **__: object) -> None:
    """A warning of the library as one line."""
    print(f"pes: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _end(command: Callable[[], object]) -> None:
    """Run; what the user can mend becomes one line, anything else keeps its traceback."""
    try:
        with catch_warnings():
            warnings.showwarning = _warned
            command()
    except Stopped as stop:
        raise SystemExit(stop.code) from None
    except KeyboardInterrupt:
        print(
            "pes: interrupted; continue an unfinished training with --resume auto", file=sys.stderr
        )
        raise SystemExit(130) from None
    except (Exception, SystemExit) as error:
        # A surface that calls sys.exit(0) would else end the command in silence, with code 0.
        line = line_of(error) if is_mendable(error) else own_code(error)
        if line is None:
            raise
        print(f"pes: {line}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    train()
