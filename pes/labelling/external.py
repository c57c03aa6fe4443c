"""Any program that reads an input and prints an energy: a template, a command, a parser."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from pes.files import named_errors
from pes.labelling.program import Positions, Program, Record
from pes.units import ENERGY_UNITS, FORCE_UNITS, LENGTH_UNITS

__all__ = ["External", "check_pattern"]

MOST_WORDS = 200
"""Characters of a program's last line that a reason quotes."""


@dataclass(frozen=True)
class External(Program):
    """A program started once for each point, in a folder of its own.

    Attributes:
        template: text of the input file; `{geometry}` stands for lines such as `O 0.0 0.0 0.0`,
            `{guess}` for the text of the attempt, `{row}` for the number of the point.
        command: command that runs in this folder, without a shell.
        energy: regular expression whose group is the energy; its last match counts.
        gradient: regular expression with three groups, matched once for each atom, in the frame of
            the input; the last N matches count.
        forces: the same with forces in place of gradients; give one of the two.
        columns: further numbers by name, as `energy`; a name with `energy` in it has its unit.
        finished: regular expression that matches the output of a successful run; None if the exit
            code is enough.
        format: instead of patterns, the format of the output as `pes.read` knows it, such as
            `output` (by cclib); energies, forces and their frame are those of the file.
        input: name of the input file.
        output: name of the file to read; None for what the program prints.
        length: unit of the geometry in the input, angstrom or bohr.
        energy_unit: unit of the energies that the patterns match.
        gradient_unit: unit of gradients or forces that they match.
        guesses: text for `{guess}` in each attempt; the last one serves all further ones.
        minutes: largest wall time of one point; None for no limit.

    Raises:
        ValueError: for settings that cannot work together.
    """

    template: str
    command: str
    energy: str | None = None
    gradient: str | None = None
    forces: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    finished: str | None = None
    format: str | None = None
    input: str = "point.inp"
    output: str | None = None
    length: str = "angstrom"
    energy_unit: str = "hartree"
    gradient_unit: str = "hartree/bohr"
    guesses: tuple[str, ...] = ("",)
    minutes: float | None = None

    def __post_init__(self) -> None:
        if (self.energy is None) == (self.format is None):
            raise ValueError("give either `energy`, a pattern, or the `format` of the output")
        patterns = {name: getattr(self, name) for name in ("gradient", "forces")}
        if sum(p is not None for p in (*patterns.values(), self.format)) > 1:
            raise ValueError("give one of `gradient`, `forces` and `format`")
        if self.format is not None and self.columns:
            raise ValueError(
                "`columns` are patterns; leave them out with `format`, which has its own columns"
            )
        if "{geometry}" not in self.template:
            raise ValueError("the template has no {geometry}, the place of the atoms")
        if not self.guesses:
            raise ValueError("`guesses` needs one text at least, which may be empty")
        for name, pattern in {"energy": self.energy, **self.columns}.items():
            check_pattern(name, pattern, 1)
        for name, pattern in patterns.items():
            check_pattern(name, pattern, 3)
        check_pattern("finished", self.finished, 0)

    def record(
        self,
        symbols: Sequence[str],
        positions: Positions,
        place: Path,
        attempt: int,
    ) -> Record:
        """Run the program in a new folder and read its output; the folder of a failure stays."""
        with named_errors(place):
            return self._computed(symbols, positions, place, attempt)

    def _computed(
        self, symbols: Sequence[str], positions: Positions, place: Path, attempt: int
    ) -> Record:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        text = self.template.replace("{geometry}", self._geometry(symbols, positions))
        text = text.replace("{guess}", self.guesses[min(attempt, len(self.guesses) - 1)])
        (place / self.input).write_text(text.replace("{row}", place.name))
        printed = self._run(place)
        output = place / (self.output or printed)
        text = _text(output)
        if self.finished is not None and not re.search(self.finished, text, re.MULTILINE):
            raise RuntimeError(f"`finished` does not match the output: {_last_line(text)}")
        if self.format is not None:
            reader = import_module("pes.labelling.output_files")
            record = reader.read_point(output, self.format, positions)
        else:
            record = self._matched(text, positions)
        shutil.rmtree(place, ignore_errors=True)
        return record

    def check(self, symbols: Sequence[str]) -> None:
        """Check that the program is installed.

        Raises:
            ValueError: if it is not installed, or not on the PATH.
        """
        name = self._words()[0]
        if shutil.which(name) is None:
            raise ValueError(
                f"`command`: {name!r} is not installed, or not on the PATH; give its full path"
            )

    def provenance(self) -> Mapping[str, str | float]:
        """The command and the template."""
        return {"program": self.command, "template": self.template}

    def with_forces(self) -> Program:
        """This program, if its output has forces.

        Raises:
            ValueError: if it has none.
        """
        if self.gradient is None and self.forces is None and self.format is None:
            raise ValueError("a minimum needs forces: give `gradient`, `forces` or `format`")
        return self

    @property
    def units(self) -> Mapping[str, str]:
        """Unit of each column."""
        return {name: "hartree" if "energy" in name else "1" for name in self.columns}

    def _geometry(self, symbols: Sequence[str], positions: Positions) -> str:
        """Lines of symbol and coordinates, fixed point: not every program reads 1e-17."""
        size = LENGTH_UNITS[self.length]
        rows = zip(symbols, positions, strict=True)
        return "\n".join(
            f"{s:2}" + "".join(f" {component / size:20.14f}" for component in x) for s, x in rows
        )

    def _words(self) -> list[str]:
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise ValueError(f"`command`: {error}, got {self.command!r}") from None
        if not words:
            raise ValueError("`command` is empty")
        return words

    def _run(self, place: Path) -> str:
        """Run the command; the name of the file with what it printed.

        Raises:
            RuntimeError: if it ends with an error, or not in time.
        """
        name = "printed.out"
        with (place / name).open("wb") as file:
            try:
                run = subprocess.run(
                    self._words(), cwd=place, stdin=subprocess.DEVNULL, stdout=file,
                    stderr=subprocess.STDOUT, check=False,
                    timeout=None if self.minutes is None else 60 * self.minutes,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise RuntimeError(f"not finished in {self.minutes:g} minutes") from None
        if run.returncode:
            raise RuntimeError(f"exit code {run.returncode}: {_last_line(_text(place / name))}")
        return name

    def _matched(self, text: str, positions: Positions) -> dict[str, Any]:
        """Values that the patterns match, in atomic units."""
        unit = ENERGY_UNITS[self.energy_unit]
        columns = {name: self._number(name, p, text) for name, p in self.columns.items()}
        record: dict[str, Any] = {
            "positions": positions,
            "energy": self._number("energy", str(self.energy), text) * unit,
            "columns": {n: x * unit if "energy" in n else x for n, x in columns.items()},
        }
        sign = 1.0 if self.forces is not None else -1.0
        if (pattern := self.forces or self.gradient) is not None:
            rows = re.findall(pattern, text, re.MULTILINE)[-len(positions) :]
            if len(rows) < len(positions):
                raise RuntimeError(f"the output has gradients of {len(rows)} atoms")
            size = sign * FORCE_UNITS[self.gradient_unit]
            record["forces"] = [[size * _float("gradient", x) for x in row] for row in rows]
        return record

    @staticmethod
    def _number(name: str, pattern: str, text: str) -> float:
        matches = re.findall(pattern, text, re.MULTILINE)
        if not matches:
            raise RuntimeError(f"no {name} in the output")
        return _float(name, matches[-1])


def check_pattern(name: str, pattern: str | None, groups: int) -> None:
    """Refuse a regular expression that cannot give the numbers asked for.

    Raises:
        ValueError: with the reason.
    """
    if pattern is None:
        return
    try:
        number = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"`{name}` is not a regular expression: {error}") from None
    if groups and number != groups:
        each = "one group (...)" if groups == 1 else "three groups (...), one for each component,"
        raise ValueError(f"`{name}` needs {each} around its numbers, got {pattern!r}")


def _float(name: str, text: str) -> float:
    """A number as programs print it, Fortran's 1.0D-03 included."""
    try:
        return float(text.replace("D", "e").replace("d", "e"))
    except ValueError:
        raise RuntimeError(f"the {name} in the output is not a number: {text[:50]!r}") from None


def _last_line(text: str) -> str:
    lines = (line.strip() for line in reversed(text.split("\n")))
    return next((line[:MOST_WORDS] for line in lines if line), "no output")


def _text(path: Path) -> str:
    if not path.is_file():
        raise RuntimeError(f"the program wrote no {path.name}")
    return path.read_text(errors="replace")
