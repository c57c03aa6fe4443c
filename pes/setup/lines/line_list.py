"""Line list of a levels calculation with rotation: lines, lifetimes, bands and files."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import torch
from torch import Tensor

from pes.rovibration.lines import Lines, Spectrum, intensities, lines, strengths
from pes.setup.inputs.dipoles import DipoleLike, check_vectors, dipole_surface, given_name
from pes.setup.lines.line_files import LineTables, write_line_list
from pes.setup.lines.line_names import band_name, level_name
from pes.setup.lines.line_progress import LineClock
from pes.setup.lines.thermal_levels import ThermalLevels
from pes.setup.rotation.rotation import Rotation
from pes.tables import html_table
from pes.units import CM1, DEBYE
from pes.vibration.analysis.uncertainty import standard_deviation

__all__ = ["LineList", "check_lines", "line_list"]

TEMPERATURES = torch.arange(10, 1001, 10, dtype=torch.float64)
"""Kelvin, of the partition function that is written."""


SHOWN = 30
"""Lines of a notebook's table."""


@dataclass(frozen=True, repr=False, eq=False)
class LineList:
    """Lines among levels with rotation.

    Attributes:
        levels: the levels, their weights and their partition function.
        moments: moments of the J = 0 states along the axes of the body, (3, n, n) in debye.
        temperature: temperature of the intensities, kelvin.
        weakest: intensity in cm/molecule below which lines are left out.
        spectrum: lines at or above the weakest intensity, by wavenumber.
        lifetimes: 1/Σ A of the levels in the order of the table, (S,) in s; infinite without lines
            down.
        count: lines of any intensity between levels that have nuclear-spin functions.
    """

    levels: ThermalLevels
    moments: Tensor
    temperature: float
    weakest: float
    spectrum: Spectrum
    lifetimes: Tensor
    count: int

    @property
    def rotation(self) -> Rotation:
        """The levels without weights."""
        return self.levels.rotation

    @property
    def warnings(self) -> list[str]:
        """Reasons for doubt."""
        said = self.levels.warnings(self.temperature)
        if len(self.spectrum.wavenumbers):
            return said
        return [*said, f"no line reaches {self.weakest:g} cm/molecule; lower `spectrum.weakest`"]

    @cached_property
    def bands(self) -> list[tuple[str, float, float]]:
        """Name, place (cm⁻¹) and intensity (cm/molecule) of each band, the strongest first.

        A band is all lines between two vibrational states; its place is the mean wavenumber of its
        lines by intensity.
        """
        s, count = self.spectrum, len(self.rotation.quanta.quanta)
        level = torch.tensor([row["level"] for row in self.rotation.table])
        # One number for both states: sorting pairs takes several times the memory of the lines.
        pairs, band = (level[s.upper] * count + level[s.lower]).unique(return_inverse=True)
        sums, places = s.intensities.new_zeros(2, len(pairs))
        sums.index_add_(0, band, s.intensities)
        places.index_add_(0, band, s.intensities * s.wavenumbers)
        order = sums.argsort(descending=True).tolist()
        names = [band_name(self.rotation.quanta, *divmod(int(pairs[k]), count)) for k in order]
        centres = (places / sums).tolist()
        return [(name, centres[k], float(sums[k])) for name, k in zip(names, order, strict=True)]

    def __repr__(self) -> str:
        levels, count = len(self.levels.energies), len(self.spectrum.wavenumbers)
        return (
            f"LineList({self.rotation.molecule.formula}: {count} lines among {levels} levels at "
            f"{self.temperature:g} K)"
        )

    def lines(self, most: int = 10) -> list[str]:
        """The strongest lines for the screen."""
        count = len(self.spectrum.wavenumbers)
        widths = (12, 8, 12, 10)
        return [
            f"{count} lines; the strongest at {self.temperature:g} K:",
            *(
                " ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=False))
                + f"  {row[-1]}"
                for row in self._cells(most)
            ),
        ]

    def _cells(self, most: int) -> list[list[str]]:
        """Head and rows of the strongest lines."""
        s, table, heading = self.spectrum, self.rotation.table, self.rotation.quanta.heading
        rows = [["cm-1", "conv", "cm/molecule", "A/s-1", "upper <- lower"]]
        for k in s.intensities.argsort(descending=True)[:most].tolist():
            up, low = (level_name(table[int(row[k])], heading) for row in (s.upper, s.lower))
            rows.append([
                f"{float(s.wavenumbers[k]):.4f}", f"{float(s.uncertainty[k]):.4f}",
                f"{float(s.intensities[k]):.4e}", f"{float(s.einstein[k]):.3e}", f"{up} <- {low}",
            ])  # fmt: skip
        return rows

    def _repr_html_(self) -> str:
        return html_table(self._cells(SHOWN), repr(self))

    def save(
        self,
        folder: str | Path,
        name: str | None = None,
        *,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Path:
        """Write all files of `pes.setup.lines.line_files` into a folder, which is made if need be.

        Args:
            folder: folder of the files.
            name: name of the files that take the name of the list; by default that of the folder.
            progress: called with sentences about what is written.
        """
        levels, order = self.levels, self.levels.rows.argsort()
        tables = LineTables(
            self.rotation.molecule, self.rotation.quanta.heading, self.temperature,
            self.rotation.table, levels.degeneracies[order], self.lifetimes, self.spectrum,
            self.count, self._transitions, TEMPERATURES, levels.partition(TEMPERATURES),
            levels.truncation(TEMPERATURES),
        )  # fmt: skip
        return write_line_list(tables, folder, name or Path(folder).name, progress)

    def _transitions(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Rows of the upper and lower level, A and wavenumbers of lines of any intensity."""
        for some, lower, upper in _blocks(self.levels, self.moments):
            rows = self.levels.rows
            yield rows[upper], rows[lower], some.einstein, some.wavenumbers


def line_list(
    rotation: Rotation,
    dipole: DipoleLike,
    *,
    temperature: float = 296.0,
    weakest: float = 1e-30,
    charge: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> LineList:
    """Lines among levels with rotation.

    Args:
        rotation: what `LevelsResult.rotation` returned.
        dipole: function of positions (B, N, 3) in bohr to (B, 3) in e·bohr, in torch or NumPy; a
            dipole surface; or the name of either: run folder, surface file, `module:function` or
            `file.py:function`.
        temperature: temperature of the intensities, kelvin, above zero.
        weakest: intensity in cm/molecule below which lines are not in the spectrum.
        charge: total charge of the molecule, e; by default that of a fitted dipole surface, and 0
            for a function.
        progress: called with sentences about lines so far, memory and the CPU time left.

    Raises:
        TypeError: for anything but a `Rotation`, such as levels without rotation.
        ValueError: for J = 0 alone, a temperature that is not above zero, a nucleus of unknown
            spin, or a dipole function that returns another shape, does not turn with the molecule
            or belongs to another total charge.
    """
    if not isinstance(rotation, Rotation):
        raise TypeError(
            f"rotation must be levels with rotation, got {type(rotation).__name__}; "
            "pes.levels(surface, molecule).rotation(range(3)) makes them"
        )
    check_lines((one.j for one in rotation.levels), temperature)
    surface = dipole_surface(dipole, symbols=rotation.molecule.symbols)
    check_vectors(surface, _geometry(rotation), given_name(dipole), charge=charge)
    ensemble = surface.ensemble
    levels = ThermalLevels(rotation)
    each = [surface.potential] if ensemble is None else list(ensemble.members)
    clock = LineClock(levels, 0 if ensemble is None else len(each), progress)
    progress(clock.forecast())
    parts = [
        rotation.basis.moments(one, partial(clock.moments, k)) / DEBYE for k, one in enumerate(each)
    ]
    moments, members = torch.stack(parts).mean(0), None
    if ensemble is not None:
        members = moments + ensemble.inflation * (torch.stack(parts) - moments)
    return _listed(levels, moments, members, temperature, weakest, clock)


def _geometry(rotation: Rotation) -> Tensor:
    """Positions (N, 3) in bohr of the lowest point of the grid."""
    levels = rotation.basis.levels.cpu()
    assert levels.system.positions is not None
    lowest = int(levels.hamiltonian.potential.argmin())
    return levels.system.positions(levels.points[lowest : lowest + 1]).detach()[0]


def check_lines(j: Iterable[int], temperature: float) -> None:
    """Raise a `ValueError` for J without lines, or a temperature without intensities."""
    if not any(one > 0 for one in j):
        raise ValueError("a line list needs a `J` above 0: no line joins two levels with J = 0")
    if temperature <= 0:
        raise ValueError(f"`spectrum.temperature` must be above 0 for lines, got {temperature}")


def _blocks(levels: ThermalLevels, moments: Tensor) -> Iterator[tuple[Lines, Tensor, Tensor]]:
    """Lines of two J at a time with the numbers of their lower and upper levels."""
    for some in lines(moments, levels.rotation.levels):
        start = levels.starts
        yield some, start[some.lower_j] + some.lower, start[some.upper_j] + some.upper


def _listed(
    levels: ThermalLevels,
    moments: Tensor,
    members: Tensor | None,
    temperature: float,
    weakest: float,
    clock: LineClock,
) -> LineList:
    """Lines of given moments.

    Args:
        levels: levels that the lines join.
        moments: (3, n, n) in debye.
        members: moments of each member of an ensemble of dipole surfaces, (M, 3, n, n).
        temperature: kelvin.
        weakest: cm/molecule.
        clock: hears of the lines of each two J.
    """
    columns: list[list[Tensor | None]] = []
    spins, rows, rates, count = levels.spins, levels.rows, torch.zeros_like(levels.energies), 0
    partition = float(levels.partition(torch.tensor([temperature], dtype=torch.float64)))
    clock.start()
    for some, lower, upper in _blocks(levels, moments):
        values = intensities(some, levels.energies[lower], spins[lower], temperature, partition)
        kept = (values > 0) & (values >= weakest)
        errors = levels.uncertainties[lower] + levels.uncertainties[upper]
        own = (
            some.wavenumbers, values, some.einstein, rows[lower], rows[upper], errors,
            _position_spread(levels, lower, upper),
            _intensity_spread(levels, members, some, values),
        )  # fmt: skip
        columns.append([None if column is None else column[kept] for column in own])
        rates.index_add_(0, rows[upper], some.einstein)
        count += int((spins[upper] > 0).sum())
        clock.add(some)
    return LineList(
        levels, moments, temperature, weakest, _by_wavenumber(columns), 1 / rates, count
    )


def _by_wavenumber(columns: list[list[Tensor | None]]) -> Spectrum:
    """Lines of all J from the columns of each two of them, which are emptied.

    One column after the other is put together, so that a long list is never there twice.
    """
    parts = [list(each) for each in zip(*columns, strict=True)]
    columns.clear()
    order = _joined(list(parts[0])).argsort()  # pyright: ignore[reportOptionalMemberAccess]
    sorted_columns = []
    while parts:
        column = _joined(parts.pop(0))
        sorted_columns.append(None if column is None else column[order])
    return Spectrum(*sorted_columns)


def _joined(parts: list[Tensor | None]) -> Tensor | None:
    """A column of all J; None where lines have none."""
    known = [part for part in parts if part is not None]
    return torch.cat(known) if known else None


def _position_spread(levels: ThermalLevels, lower: Tensor, upper: Tensor) -> Tensor | None:
    """Standard deviation of wavenumbers over the members of an ensemble surface, in cm⁻¹."""
    if not levels.rotation.moved:
        return None
    moved = torch.cat(levels.rotation.moved, 1)
    return standard_deviation(moved[:, upper] - moved[:, lower]) / CM1


def _intensity_spread(
    levels: ThermalLevels, members: Tensor | None, some: Lines, values: Tensor
) -> Tensor | None:
    """Standard deviation of intensities over the members of an ensemble of dipoles."""
    if members is None:
        return None
    by_j = {one.j: one for one in levels.rotation.levels}
    upper, lower = by_j[some.upper_j], by_j[some.lower_j]
    each = [strengths(one, upper, lower)[some.upper, some.lower] for one in members]
    return values * standard_deviation(torch.stack(each)) / some.strengths
