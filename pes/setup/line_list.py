"""Line list of a levels calculation with rotation: states, lines, partition function."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from pes.potential import Ensemble
from pes.rovibration.lines import Lines, Spectrum, intensities, lines, strengths
from pes.rovibration.nuclear_spin import permuted, spin_weights
from pes.rovibration.partition import above_highest_j, above_highest_level, partition_function
from pes.setup.dipoles import DipoleLike, dipole_function
from pes.setup.line_files import LineTables, write_line_list
from pes.setup.line_names import band_name, level_name
from pes.setup.rotation import Rotation
from pes.units import CM1, DEBYE
from pes.vibration.analysis.uncertainty import standard_deviation

__all__ = ["LineList", "check_temperature", "line_list"]

TEMPERATURES = torch.arange(10, 1001, 10, dtype=torch.float64)
"""Kelvin, of the partition function that is written."""

SHARE = 1e-3
"""Part of the partition function that may be missing without a warning."""

NO_STATISTICS = (
    "the levels have no representation of the group that exchanges all like nuclei: nuclear-spin "
    "weights of single lines are wrong, and lines are listed that do not exist"
)


@dataclass(frozen=True, repr=False, eq=False)
class LineList:
    """Levels with rotation and the lines among them.

    Attributes:
        rotation: the levels.
        moments: of the J = 0 states along the axes of the body, (3, n, n) in debye.
        temperature: of the intensities, kelvin.
        weakest: intensity in cm/molecule below which lines are left out.
        members: moments of each member of an ensemble of dipole surfaces, (M, 3, n, n); None
            without.
    """

    rotation: Rotation
    moments: Tensor
    temperature: float = 296.0
    weakest: float = 0.0
    members: Tensor | None = None

    @cached_property
    def weights(self) -> list[Tensor]:
        """Nuclear-spin weights of the levels of each J."""
        nuclei, operations = self.rotation.molecule.nuclei, self.rotation.basis.operations
        return [
            spin_weights(nuclei, operations, j.characters, j.degeneracies)
            for j in self.rotation.levels
        ]

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

    def truncation(self, temperatures: Tensor) -> tuple[Tensor, Tensor]:
        """Estimates of what Q(T) lacks: by levels of higher J, and by higher vibrational levels.

        Both are parts of Q(T); NaN where a J is missing from the list.

        Returns:
            Two parts, (T,) each.
        """
        start, shares = 0, {}
        for one in self.rotation.levels:
            own = slice(start, start := start + len(one.energies))
            shares[one.j] = partition_function(
                self.energies[own], self.degeneracies[own], temperatures
            )
        levels = self.rotation.basis.levels
        origins = self.rotation.basis.origins.cpu() / CM1
        linear = self.rotation.basis.is_linear
        modes = 3 * len(self.rotation.molecule.symbols) - (5 if linear else 6)
        return (
            above_highest_j(shares) / self.partition(temperatures),
            above_highest_level(origins, levels.zero_point_energy / CM1, modes, temperatures),
        )

    @property
    def _statistics_known(self) -> bool:
        return permuted(self.rotation.molecule.nuclei, self.rotation.basis.operations)

    @property
    def _temperature(self) -> Tensor:
        return torch.tensor([self.temperature], dtype=torch.float64)

    @property
    def warnings(self) -> list[str]:
        """Reasons for doubt."""
        highest = max(one.j for one in self.rotation.levels)
        by_j, by_level = (float(part) for part in self.truncation(self._temperature))
        said = [] if self._statistics_known else [NO_STATISTICS]
        if not by_j < SHARE:
            said.append(
                f"levels above J = {highest}, the highest, would add {_percent(by_j)} to the "
                f"partition function at {self.temperature:g} K: intensities are too large; raise "
                "`J`"
            )
        if not by_level < SHARE:
            said.append(
                f"vibrational levels above the highest would add {_percent(by_level)} to the "
                f"partition function at {self.temperature:g} K: intensities are too large; raise "
                "`levels` or `energy`"
            )
        return said

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
        columns: list[list[Tensor | None]] = []
        for some, lower, upper, values in self.blocks():
            kept = (values > 0) & (values >= self.weakest)
            errors = self.uncertainties[lower] + self.uncertainties[upper]
            rows = (
                some.wavenumbers, values, some.einstein, self.rows[lower], self.rows[upper], errors,
                self._position_spread(lower, upper), self._intensity_spread(some, values),
            )  # fmt: skip
            columns.append([None if row is None else row[kept] for row in rows])
        joined = [
            None if parts[0] is None else torch.cat([p for p in parts if p is not None])
            for parts in zip(*columns, strict=True)
        ]
        first = joined[0]
        assert first is not None
        order = first.argsort()
        return Spectrum(*(None if c is None else c[order] for c in joined))  # pyright: ignore

    def _position_spread(self, lower: Tensor, upper: Tensor) -> Tensor | None:
        """Standard deviation of wavenumbers over the members of an ensemble surface, in cm⁻¹."""
        if not self.rotation.moved:
            return None
        moved = torch.cat(self.rotation.moved, 1)
        return standard_deviation(moved[:, upper] - moved[:, lower]) / CM1

    def _intensity_spread(self, some: Lines, values: Tensor) -> Tensor | None:
        """Standard deviation of intensities over the members of an ensemble of dipoles."""
        if self.members is None:
            return None
        by_j = {one.j: one for one in self.rotation.levels}
        upper, lower = by_j[some.upper_j], by_j[some.lower_j]
        each = [strengths(one, upper, lower)[some.upper, some.lower] for one in self.members]
        return values * standard_deviation(torch.stack(each)) / some.strengths

    @cached_property
    def lifetimes(self) -> Tensor:
        """1/Σ A of the levels in the order of the table, (S,) in s; infinite without lines down."""
        rates = torch.zeros_like(self.energies)
        for some, _, upper, _ in self.blocks():
            rates.index_add_(0, self.rows[upper], some.einstein)
        return 1 / rates

    @cached_property
    def bands(self) -> list[tuple[str, float, float]]:
        """Name, place (cm⁻¹) and intensity (cm/molecule) of each band, the strongest first.

        A band is all lines between two vibrational states; its place is the mean wavenumber of its
        lines by intensity.
        """
        s, table = self.spectrum, self.rotation.table
        level = torch.tensor([row["level"] for row in table])
        pairs, band = torch.stack((level[s.upper], level[s.lower])).unique(
            dim=1, return_inverse=True
        )
        sums, places = s.intensities.new_zeros(2, pairs.shape[1])
        sums.index_add_(0, band, s.intensities)
        places.index_add_(0, band, s.intensities * s.wavenumbers)
        order = sums.argsort(descending=True).tolist()
        names = [band_name(self.rotation.quanta, *pairs[:, k].tolist()) for k in order]
        centres = (places / sums).tolist()
        return [(name, centres[k], float(sums[k])) for name, k in zip(names, order, strict=True)]

    def __repr__(self) -> str:
        levels, count = len(self.energies), len(self.spectrum.wavenumbers)
        return (
            f"LineList({self.rotation.molecule.formula}: {count} lines among {levels} levels at "
            f"{self.temperature:g} K)"
        )

    def lines(self, most: int = 10) -> list[str]:
        """The strongest lines for the screen."""
        s, table, labels = self.spectrum, self.rotation.table, self.rotation.quanta
        text = [
            f"{len(s.wavenumbers)} lines; the strongest at {self.temperature:g} K:",
            f"{'cm-1':>12} {'+-':>8} {'cm/molecule':>12} {'A/s-1':>10}  upper <- lower",
        ]
        for k in s.intensities.argsort(descending=True)[:most].tolist():
            up, low = (level_name(table[int(row[k])], labels) for row in (s.upper, s.lower))
            text.append(
                f"{float(s.wavenumbers[k]):12.4f} {float(s.uncertainty[k]):8.4f} "
                f"{float(s.intensities[k]):12.4e} {float(s.einstein[k]):10.3e}  {up} <- {low}"
            )
        return text

    def save(self, folder: str | Path, name: str) -> Path:
        """Write all files of `pes.setup.line_files` into a folder, which is made if need be."""
        order = self.rows.argsort()
        tables = LineTables(
            self.rotation.molecule, self.rotation.quanta.heading, self.temperature,
            self.rotation.table, self.degeneracies[order], self.lifetimes, self.spectrum,
            self._transitions, TEMPERATURES, self.partition(TEMPERATURES),
            self.truncation(TEMPERATURES),
        )  # fmt: skip
        return write_line_list(tables, folder, name)

    def _transitions(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """Rows of the upper and lower level, A and wavenumbers of lines of any intensity."""
        for some, lower, upper, _ in self.blocks():
            yield self.rows[upper], self.rows[lower], some.einstein, some.wavenumbers


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
        TypeError: for anything but a `Rotation`, such as levels without rotation.
        ValueError: for a temperature that is not above zero, a nucleus of unknown spin, or a dipole
            function that returns another shape.
    """
    if not isinstance(rotation, Rotation):
        raise TypeError(
            f"rotation must be levels with rotation, got {type(rotation).__name__}; "
            "pes.levels(surface, molecule).rotation(range(3)) makes them"
        )
    check_temperature(temperature)
    function = dipole_function(dipole, symbols=rotation.molecule.symbols)
    moments = rotation.basis.moments(function) / DEBYE
    members = None
    if isinstance(function, Ensemble):
        each = torch.stack([rotation.basis.moments(one) / DEBYE for one in function.members])
        members = moments + function.inflation * (each - each.mean(0))
    return LineList(rotation, moments, temperature, weakest, members)


def check_temperature(temperature: float) -> None:
    """Raise a `ValueError` for a temperature at which lines have no intensities."""
    if temperature <= 0:
        raise ValueError(f"`spectrum.temperature` must be above 0 for lines, got {temperature}")


def _percent(part: float) -> str:
    return "an unknown part" if part != part else f"{100 * part:.2g} %"
