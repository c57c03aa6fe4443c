"""Options that several commands share."""

import argparse
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import shtab

from pes.run.examples import Example

__all__ = [
    "STATEMENTS",
    "common_options",
    "example_option",
    "file_option",
    "folder_option",
    "function_option",
    "parser_of",
    "picture_option",
    "setting_options",
    "settings_of",
    "stated",
    "statement_options",
    "whole_number",
    "with_pictures",
]

MOST_GEOMETRIES = 10_000_000
"""Largest number of points in a search for holes: a few GiB."""

STATEMENTS = ("formula", "columns", "keys", "units", "zmatrix")
"""Statements about a file of points, as `pes.read` takes them."""


class Parser(argparse.ArgumentParser):
    """A parser that says what to do about words that belong to no option."""

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            message = (
                f"no option takes {unknown!r}; write a value that has spaces in quotes, such as "
                "'O H H'; --help lists the options"
            )
        super().error(message)


def parser_of(name: str, purpose: str, *uses: str) -> Parser:
    """A parser whose help ends with examples of its use."""
    lines = "\n".join(f"  {use}" for use in uses)
    parser = Parser(
        name, description=purpose, epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"pes {version('pes')}")
    shtab.add_argument_to(parser, help="print a completion script for this shell, then stop")
    return parser


def file_option(
    parser: argparse._ActionsContainer, name: str, kind: type = Path, **how: object
) -> None:
    """An argument that names a file."""
    parser.add_argument(name, type=kind, **how).complete = shtab.FILE  # pyright: ignore


def folder_option(parser: argparse._ActionsContainer, name: str, **how: object) -> None:
    """An argument that names a folder."""
    parser.add_argument(name, type=Path, **how).complete = shtab.DIRECTORY  # pyright: ignore


def statement_options(parser: argparse.ArgumentParser) -> None:
    """Options that say about a file of points what its content cannot."""
    parser.add_argument(
        "--format",
        help="format of the file, such as extxyz or qm22, if its suffix does not determine it",
    )
    parser.add_argument("--formula", help="atoms in the order of the file, such as 'O H D'")
    parser.add_argument("--columns", help="names of the columns of a table, such as 'r0 r1 r2 E'")
    parser.add_argument(
        "--keys", help="names of quantities in the file, such as energy=E_ccsd,gradients=grad"
    )
    parser.add_argument("--units", help="units of the file, such as energy=eV,length=angstrom")
    parser.add_argument("--zmatrix", help="Z-matrix of a table, such as 'O; H 0; H 0 1'")


def stated(given: argparse.Namespace) -> dict[str, str | None]:
    """Statements about a file of points, by `STATEMENTS`."""
    return {name: getattr(given, name) for name in STATEMENTS}


def example_option(parser: argparse._ActionsContainer, choices: Mapping[str, Example]) -> None:
    """The option that copies an example in place of the work."""
    parser.add_argument(
        "--example", choices=choices,
        help="copy an example into this folder, say what to run next, then stop",
    )  # fmt: skip


def common_options(parser: argparse.ArgumentParser) -> None:
    """Options of the commands that have a configuration and a device."""
    parser.add_argument("--device", help="auto, cpu or cuda; short for --set device=...")
    setting_options(parser)


def setting_options(parser: argparse.ArgumentParser) -> None:
    """Options that replace values of the configuration, and earlier results."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="settings",
        help="replace one value of the configuration, written as in YAML, such as seed=3 or "
        "surface.hidden=[20,20]; may be given several times",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace earlier results")


def picture_option(parser: argparse.ArgumentParser) -> None:
    """The option that writes pictures as PDF."""
    parser.add_argument("--pdf", action="store_true", help="write each picture as PDF as well")


def with_pictures(command: Callable[[], object], given: argparse.Namespace) -> Callable[[], object]:
    """A command whose pictures are written as `picture_option` says."""
    if not given.pdf:
        return command

    def drawn() -> None:
        from pes.plots import also_as_pdf

        with also_as_pdf():
            command()

    return drawn


def function_option(parser: argparse.ArgumentParser) -> None:
    """Functions that a surface file or a run folder may use."""
    parser.add_argument(
        "--function", action="append", default=[], metavar="NAME", dest="functions",
        help="Python function, module:function or file.py:function, that a surface file or a run "
        "folder may call; without this option they run no code; may be given several times",
    )  # fmt: skip


def whole_number(text: str) -> int:
    """Number of geometries, no larger than memory allows.

    Raises:
        argparse.ArgumentTypeError: for anything else.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"the number of geometries must be a whole number, 0 or more, got {text!r}"
        )
    if len(text) > len(str(MOST_GEOMETRIES)) or int(text) > MOST_GEOMETRIES:
        raise argparse.ArgumentTypeError(f"{MOST_GEOMETRIES:,} geometries at most, got {text:.20}")
    return int(text)


def settings_of(given: argparse.Namespace) -> list[str]:
    """Settings that override the configuration, the device among them."""
    return [*given.settings, *([f"device={given.device}"] if given.device else [])]
