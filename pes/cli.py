"""The commands. A mistake of the user ends in one line and exit code 2."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pes.run.audit.command import audit as run_audit
from pes.run.cluster import ranks_started
from pes.run.evaluate.command import HOLES
from pes.run.evaluate.command import evaluate as run_evaluate
from pes.run.levels.command import run_levels
from pes.run.refine.command import run_refine
from pes.run.sample.command import sample as run_sample
from pes.run.signals import Stopped
from pes.run.train.command import train as run_train

__all__ = ["audit", "evaluate", "levels", "refine", "sample", "train"]


def train(arguments: Sequence[str] | None = None) -> None:
    """`pes-train`."""
    parser = argparse.ArgumentParser("pes-train", description="Fit a surface to ab initio points.")
    parser.add_argument("--config", type=Path, required=True, help="YAML file")
    parser.add_argument("--check", action="store_true", help="check configuration and data, stop")
    parser.add_argument("--output", type=Path, help="run folder, default runs/<name>")
    parser.add_argument("--resume", metavar="auto|PATH", help="continue an unfinished run")
    _common(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        with ranks_started() as ranks:
            run_train(
                given.config, output=given.output, resume=given.resume,
                settings=_settings(given), overwrite=given.overwrite, check=given.check,
                ranks=ranks,
            )  # fmt: skip

    _end(command)


def levels(arguments: Sequence[str] | None = None) -> None:
    """`pes-levels`."""
    parser = argparse.ArgumentParser("pes-levels", description="Vibrational levels of a surface.")
    parser.add_argument("run", type=Path, nargs="?", help="folder of a finished training")
    parser.add_argument("--config", type=Path, help="YAML file")
    parser.add_argument("--output", type=Path, help="folder, default RUN/levels or runs/<name>")
    parser.add_argument("--resume", metavar="auto|PATH", help="continue where it was cut short")
    _common(parser)
    given = parser.parse_args(arguments)
    if (given.run is None) == (given.config is None):
        parser.error("give a run folder or --config FILE")

    def command() -> None:
        run_levels(
            given.run, config=given.config, output=given.output, settings=_settings(given),
            overwrite=given.overwrite, resume=given.resume,
        )  # fmt: skip

    _end(command)


def refine(arguments: Sequence[str] | None = None) -> None:
    """`pes-refine`."""
    parser = argparse.ArgumentParser("pes-refine", description="Adjust a surface to levels.")
    parser.add_argument("--config", type=Path, required=True, help="YAML file")
    parser.add_argument("--output", type=Path, help="folder, default runs/<name>")
    _common(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        run_refine(
            given.config, output=given.output, settings=_settings(given), overwrite=given.overwrite
        )

    _end(command)


def evaluate(arguments: Sequence[str] | None = None) -> None:
    """`pes-evaluate`."""
    parser = argparse.ArgumentParser("pes-evaluate", description="Errors of a surface on points.")
    parser.add_argument("surface", help="run folder, surface file, or module:function")
    parser.add_argument("data", type=Path, help="HDF5 or extended XYZ file")
    parser.add_argument("--output", type=Path, help="folder, default beside the run")
    parser.add_argument(
        "--holes", type=_count, default=HOLES, metavar="N",
        help="geometries to search for holes, default %(default)s; 0 for no search",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    given = parser.parse_args(arguments)

    def command() -> None:
        run_evaluate(
            given.surface, given.data, output=given.output, holes=given.holes,
            device=given.device, overwrite=given.overwrite,
        )  # fmt: skip

    _end(command)


def audit(arguments: Sequence[str] | None = None) -> None:
    """`pes-audit`."""
    parser = argparse.ArgumentParser("pes-audit", description="What is in a file of points.")
    parser.add_argument("data", type=Path, help="HDF5 or extended XYZ file")
    parser.add_argument("--output", type=Path, help="folder, default audit-DATA")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")
    given = parser.parse_args(arguments)
    _end(lambda: run_audit(given.data, output=given.output, overwrite=given.overwrite))


def sample(arguments: Sequence[str] | None = None) -> None:
    """`pes-sample`."""
    parser = argparse.ArgumentParser("pes-sample", description="Choose geometries to compute.")
    parser.add_argument("--config", type=Path, required=True, help="YAML file")
    parser.add_argument("--output", type=Path, help="folder, default runs/<name>")
    _common(parser)
    given = parser.parse_args(arguments)

    def command() -> None:
        run_sample(
            given.config, output=given.output, settings=_settings(given),
            overwrite=given.overwrite,
        )  # fmt: skip

    _end(command)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", help="auto, cpu or cuda")
    parser.add_argument(
        "--set", action="append", default=[], metavar="section.key=value", dest="settings"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a finished run")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a number of geometries, 0 or more, got {text!r}")
    return int(text)


def _settings(given: argparse.Namespace) -> list[str]:
    return [*given.settings, *([f"device={given.device}"] if given.device else [])]


def _end(command: Callable[[], object]) -> None:
    """Run; what the user can mend becomes one line, anything else keeps its traceback."""
    try:
        command()
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"pes: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(2) from None
    except Stopped as stop:
        raise SystemExit(stop.code) from None
    except KeyboardInterrupt:
        print(
            "pes: interrupted; an unfinished training goes on with --resume auto", file=sys.stderr
        )
        raise SystemExit(130) from None


if __name__ == "__main__":
    train()
