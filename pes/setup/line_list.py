"""Line list of a levels calculation with rotation: states, lines, partition function, files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from pes.files import replaced, write_csv
from pes.rovibration.lines import Lines, intensities, lines, partition_function
from pes.rovibration.nuclear_spin import spin_weights
from pes.setup.dipoles import DipoleLike, dipole_function
from pes.setup.rotation import Rotation
from pes.units import CM1, DEBYE

__all__ = ["LINES_CSV", "LineList", "Spectrum", "line_list"]

LINES_CSV = "lines.csv"

TEMPERATURES = torch.arange(10, 1001, 10, dtype=torch.float64)
"""Kelvin, of the partition function that is written."""

SHARE = 1e-3
"""Part of the partition function in the highest J from which a warning is due."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Absorption lines by wavenumber.

    Attributes:
        wavenumbers: (L,) in cm⁻¹.
        intensities: (L,) in cm/molecule.
        einstein: A, (L,) in s⁻¹.
        lower: row of the lower level in the table of states, (L,).
        upper: row of the upper level, (L,).
        uncertainty: sum of the estimated errors of both levels, (L,) in cm⁻¹.
    """

    wavenumbers: Tensor
    intensities: Tensor
    einstein: Tensor
    lower: Tensor
    upper: Tensor
    uncertainty: Tensor


@dataclass(frozen=True, repr=False, eq=False)
class LineList:
    """Levels with rotation and the lines among them.

    Attributes:
        rotation: the levels.
        moments: of the J = 0 states along the axes of the body, (3, n, n) in debye.
        temperature: of the intensities, kelvin.
        weakest: intensity in cm/molecule below which lines are left out.
    """

    rotation: Rotation
    moments: Tensor
    temperature: float = 296.0
    weakest: float = 0.0

    @cached_property
    def weights(self) -> list[Tensor]:
        """Nuclear-spin weights of the levels of each J."""
        nuclei, operations = self.rotation.molecule.nuclei, self.rotation.basis.operations
        return [spin_weights(nuclei, operations, j.characters) for j in self.rotation.levels]

    @cached_property
    def degeneracies(self) -> Tensor:
        """g_ns (2J + 1) of all levels, in the order of the J, (S,)."""
        levels = zip(self.weights, self.rotation.levels, strict=True)
        return torch.cat([weights * (2 * one.j + 1) for weights, one in levels])

    @cached_property
    def energies(self) -> Tensor:
        """Energies of all levels above the J = 0 ground state, in the order of the J, (S,) cm⁻¹."""
        parts = [one.energies for one in self.rotation.levels]
        return (torch.cat(parts) - self.rotation.ground) / CM1

    @cached_property
    def uncertainties(self) -> Tensor:
        """Estimated errors of all levels, (S,) in cm⁻¹."""
        return torch.cat([one.convergence for one in self.rotation.levels]) / CM1

    @cached_property
    def rows(self) -> Tensor:
        """Row of each level in the table by energy, (S,)."""
        rows = torch.empty(len(self.energies), dtype=torch.long)
        rows[self.energies.argsort(stable=True)] = torch.arange(len(rows))
        return rows

    def partition(self, temperatures: Tensor) -> Tensor:
        """Q(T) of the levels, (T,)."""
        return partition_function(self.energies, self.degeneracies, temperatures)

    @property
    def highest_share(self) -> float:
        """Part of Q at the temperature of the intensities that the highest J makes."""
        boltzmann = partition_function(
            self.energies, self._of_highest * self.degeneracies, self._temperature
        )
        return float(boltzmann / self.partition(self._temperature))

    @property
    def _of_highest(self) -> Tensor:
        sizes = [len(one.energies) for one in self.rotation.levels]
        highest = max(one.j for one in self.rotation.levels)
        js = torch.tensor([one.j for one in self.rotation.levels])
        return (js.repeat_interleave(torch.tensor(sizes)) == highest).double()

    @property
    def _temperature(self) -> Tensor:
        return torch.tensor([self.temperature], dtype=torch.float64)

    @property
    def warnings(self) -> list[str]:
        """Reasons for doubt."""
        share, highest = self.highest_share, max(one.j for one in self.rotation.levels)
        if share < SHARE:
            return []
        return [
            f"levels with J = {highest}, the highest, make {100 * share:.2g} % of the partition "
            f"function at {self.temperature:g} K: intensities are too large; raise `J`"
        ]

    def blocks(self) -> Iterator[tuple[Lines, Tensor, Tensor, Tensor]]:
        """Lines of two J at a time with their lower and upper rows and their intensities."""
        start, first = {}, 0
        for one in self.rotation.levels:
            start[one.j], first = first, first + len(one.energies)
        weights = dict(zip(start, self.weights, strict=True))
        partition = float(self.partition(self._temperature))
        for some in lines(self.moments, self.rotation.levels):
            lower, upper = start[some.lower_j] + some.lower, start[some.upper_j] + some.upper
            values = intensities(
                some, self.energies[lower], weights[some.lower_j][some.lower], self.temperature,
                partition,
            )  # fmt: skip
            yield some, lower, upper, values

    @cached_property
    def spectrum(self) -> Spectrum:
        """All lines at or above the weakest intensity, by wavenumber."""
        columns: list[tuple[Tensor, ...]] = []
        for some, lower, upper, values in self.blocks():
            kept = (values > 0) & (values >= self.weakest)
            errors = self.uncertainties[lower] + self.uncertainties[upper]
            rows = (
                some.wavenumbers, values, some.einstein, self.rows[lower], self.rows[upper], errors,
            )  # fmt: skip
            columns.append(tuple(row[kept] for row in rows))
        joined = [torch.cat(parts) for parts in zip(*columns, strict=True)]
        order = joined[0].argsort()
        return Spectrum(*(column[order] for column in joined))

    def __repr__(self) -> str:
        levels, count = len(self.energies), len(self.spectrum.wavenumbers)
        return (
            f"LineList({self.rotation.molecule.formula}: {count} lines among {levels} levels at "
            f"{self.temperature:g} K)"
        )

    def lines(self, most: int = 10) -> list[str]:
        """The strongest lines for the screen."""
        s, table = self.spectrum, self.rotation.table
        text = [
            f"{len(s.wavenumbers)} lines; the strongest at {self.temperature:g} K:",
            f"{'cm-1':>12} {'+-':>8} {'cm/molecule':>12} {'A/s-1':>10}  upper <- lower",
        ]
        for k in s.intensities.argsort(descending=True)[:most].tolist():
            up, low = (_name(table[int(row[k])], self.rotation) for row in (s.upper, s.lower))
            text.append(
                f"{float(s.wavenumbers[k]):12.4f} {float(s.uncertainty[k]):8.4f} "
                f"{float(s.intensities[k]):12.4e} {float(s.einstein[k]):10.3e}  {up} <- {low}"
            )
        return text

    def save(self, folder: str | Path, name: str) -> Path:
        """Write lines.csv, and NAME.states, NAME.trans and NAME.pf as ExoMol lays them out.

        lines.csv holds the lines of the spectrum, NAME.trans those of any intensity.

        References:
            J. Tennyson et al., J. Mol. Spectrosc. 327, 73 (2016), doi:10.1016/j.jms.2016.05.002
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        with replaced(place / f"{name}.states") as file:
            file.write_text("".join(self._states()), encoding="utf-8")
        with replaced(place / f"{name}.trans") as file, file.open("w", encoding="utf-8") as out:
            for some, lower, upper, _ in self.blocks():
                rows = (self.rows[upper] + 1, self.rows[lower] + 1)
                pairs = (*rows, some.einstein, some.wavenumbers)
                out.writelines(
                    f"{u:12d} {d:12d} {a:10.4E} {w:15.6f}\n"
                    for u, d, a, w in zip(*(p.tolist() for p in pairs), strict=True)
                )
        write_csv(place / LINES_CSV, self._csv())
        values = zip(TEMPERATURES.tolist(), self.partition(TEMPERATURES).tolist(), strict=True)
        with replaced(place / f"{name}.pf") as file:
            file.write_text("".join(f"{t:8.1f} {q:15.4f}\n" for t, q in values), encoding="utf-8")
        return place

    def _csv(self) -> list[dict[str, object]]:
        """Rows of lines.csv; levels by their number in the states file."""
        s = self.spectrum
        columns = {
            "wavenumber_cm1": s.wavenumbers, "uncertainty_cm1": s.uncertainty,
            "intensity_cm_per_molecule": s.intensities, "einstein_per_s": s.einstein,
            "upper": s.upper + 1, "lower": s.lower + 1,
        }  # fmt: skip
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def _states(self) -> Iterator[str]:
        """Lines of the states file: number, energy, weight, J, uncertainty, labels."""
        order = self.rows.argsort()
        heading = self.rotation.quanta.heading
        for k, row in enumerate(self.rotation.table):
            weight = round(float(self.degeneracies[order[k]]))
            quanta = " ".join(f"{q:>3}" for q in _quanta(row[heading], heading))
            yield (
                f"{k + 1:12d} {row['energy']:12.6f} {weight:6d} {row['J']:7d} "
                f"{row['convergence']:12.6f} {row.get('irrep', '-'):>4} {quanta} "
                f"{row['Ka']:3d} {row['Kc']:3d}\n"
            )


def line_list(
    rotation: Rotation,
    dipole: DipoleLike,
    *,
    temperature: float = 296.0,
    weakest: float = 1e-30,
) -> LineList:
    """Lines among levels with rotation.

    Args:
        rotation: what `LevelsResult.rotation` returned.
        dipole: function of positions (B, N, 3) in bohr to (B, 3) in e·bohr, in torch or NumPy; a
            dipole surface; or the name of either: run folder, surface file, `module:function` or
            `file.py:function`.
        temperature: of the intensities, kelvin, above zero.
        weakest: intensity in cm/molecule below which lines are not in the spectrum.

    Raises:
        ValueError: for a temperature that is not above zero, a nucleus of unknown spin, or a dipole
            function that returns another shape.
    """
    if temperature <= 0:
        raise ValueError(f"`spectrum.temperature` must be above 0 for lines, got {temperature}")
    function = dipole_function(dipole, symbols=rotation.molecule.symbols)
    moments = rotation.basis.moments(function) / DEBYE
    return LineList(rotation, moments, temperature, weakest)


def _quanta(text: str, heading: str) -> list[str]:
    """Quanta of a label, NaN for each where there is none."""
    return ["NaN"] * len(heading.split()) if text == "-" else text.split()


def _name(row: dict[str, object], rotation: Rotation) -> str:
    """Such as `0 1 0 1_11`."""
    return f"({row[rotation.quanta.heading]}) {row['J']}_{row['Ka']},{row['Kc']}"
