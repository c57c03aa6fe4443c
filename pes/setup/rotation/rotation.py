"""Levels with J > 0 of a levels calculation: tables, warnings and files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isnan, nan
from pathlib import Path
from typing import Any

from torch import Tensor

from pes.files import write_csv
from pes.molecule import Molecule
from pes.rovibration import Contraction, Rovibrational
from pes.rovibration.straight import NEAR_LINE, near_line_energies
from pes.setup.labels.labels import LevelLabels
from pes.tables import html_table, text_table
from pes.units import CM1
from pes.vibration.analysis.uncertainty import standard_deviation

__all__ = ["ROVIBRATIONAL_CSV", "Rotation"]

ROVIBRATIONAL_CSV = "rovibrational.csv"

ROUNDING = 1e-9
"""cm⁻¹; the ground state of J = 0 is solved for again and would read -0.0000."""

SHOWN = 30
"""Levels printed."""


@dataclass(frozen=True, repr=False)
class Rotation:
    """Rovibrational levels in cm⁻¹ above the J = 0 ground state, each with an estimate.

    Attributes:
        molecule: its isotopes.
        basis: J = 0 states that were contracted.
        levels: levels of each J.
        quanta: vibrational labels of the J = 0 levels.
        moved: by how much each member of an ensemble surface moves the energies above the J = 0
            ground state of each J from their mean, (M, S) in hartree; empty without an ensemble.
        slopes: derivatives of the energies of each J, (S,), by names that hold the unit.
        missing: J that were asked for and not reached within the CPU time.
        fewer: J = 0 states that the CPU time allowed, and those of the default; None for all.
        instead: J = 0 states that the basis and the levels allow, and those that were asked for;
            None where they are the same.
        fit: errors that a fitted surface leaves in the J = 0 levels, of a linear molecule in the
            states of each K, cm⁻¹; the first is that of the zero-point energy. Empty where they are
            not known.
    """

    molecule: Molecule
    basis: Contraction
    levels: tuple[Rovibrational, ...]
    quanta: LevelLabels
    moved: tuple[Tensor, ...] = ()
    slopes: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)
    missing: tuple[int, ...] = ()
    fewer: tuple[int, int] | None = None
    instead: tuple[int, int] | None = None
    fit: tuple[float, ...] = ()

    @property
    def ground(self) -> float:
        """Energy of the J = 0 ground state, hartree."""
        return float(self.basis.levels.energies[0])

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """One row for each level, by energy, as in rovibrational.csv."""
        rows = []
        spreads = [standard_deviation(moved) / CM1 for moved in self.moved]
        for i, one in enumerate(self.levels):
            for k in range(len(one.energies)):
                level = int(one.vibration[k])
                energy = (float(one.energies[k]) - self.ground) / CM1
                row = {
                    "J": one.j, "Ka": int(one.ka[k]), "Kc": int(one.kc[k]), "level": level,
                    self.quanta.heading: self.quanta.text(level),
                    "energy": energy if abs(energy) > ROUNDING else 0.0,
                    "convergence": float(one.convergence[k]) / CM1,
                    "weight": float(one.share[k]),
                }  # fmt: skip
                if self.basis.is_linear:
                    row["parity"] = self._parity(one, k)
                row |= {"irrep": one.symmetry[k]} if one.symmetry else {}
                row |= {} if one.projection is None else {"K": int(one.projection[k])}
                row |= {} if one.members is None else {"degeneracy": int(one.degeneracies[k])}
                row |= {"spread": float(spreads[i][k])} if spreads else {}
                row |= {"fit": self._fit_error(level, energy)} if self.fit else {}
                row |= {name: float(columns[i][k]) for name, columns in self.slopes.items()}
                rows.append(row)
        rows.sort(key=lambda row: row["energy"])
        return _counted(rows) if self._is_spherical else rows

    def _fit_error(self, level: int, energy: float) -> float:
        """Error that the fit leaves in a level, cm⁻¹; NaN where that of its state is unknown.

        To that of the J = 0 level, of a linear molecule of the state with its l, comes one of the
        rotational energy: a surface that is wrong by a
        part p of the zero-point energy has curvatures wrong by 2 p, and lengths by less.
        """
        if level >= len(self.fit):
            return nan
        of_level = self.fit[level] if level else 0.0
        turning = energy - (float(self.basis.coupling.energies[level]) - self.ground) / CM1
        zero_point = self.basis.levels.zero_point_energy / CM1
        return of_level + 2 * abs(turning) * self.fit[0] / zero_point

    def _parity(self, one: Rovibrational, level: int) -> str:
        """The parity of a level is (−1)^J for e, and the opposite for f."""
        inversion = [operation.name for operation in self.basis.operations].index("E*")
        even = float(one.characters[level, inversion]) > 0
        return "e" if even == (one.j % 2 == 0) else "f"

    @property
    def _is_spherical(self) -> bool:
        """Whether all axes of the molecule are equivalent, so that Ka, Kc and K do not exist."""
        of = self.basis.coupling.multiplets
        return of is not None and of.group.axis is None

    @property
    def warnings(self) -> list[str]:
        """Reasons for doubt, with what to do about each."""
        return [
            *self._cut_short(), *self._other_states(), *self._near_lines(), *self._left_out()
        ]  # fmt: skip

    def _other_states(self) -> list[str]:
        """Warning about a number of states that is not the one asked for."""
        if self.instead is None:
            return []
        taken, asked = self.instead
        if taken > asked:
            return [
                f"{taken} J = 0 states are contracted, one for each level, in place of the {asked} "
                "of `rotation.states`; raise `rotation.states`"
            ]
        return [
            f"all {taken} J = 0 states that the basis has are contracted, not the {asked} of "
            "`rotation.states`; for more give larger sizes, such as `quanta` or `basis`"
        ]

    def _cut_short(self) -> list[str]:
        """Warnings about what the CPU time did not allow."""
        said = []
        if self.missing:
            js = ", ".join(map(str, self.missing))
            said.append(
                f"levels with J = {js} are missing: `minutes` was too short for them; raise "
                "`minutes`"
            )
        if self.fewer is not None:
            said.append(
                f"`minutes` allowed {self.fewer[0]} J = 0 states in place of {self.fewer[1]}, "
                "which makes the estimates larger; raise `minutes`, or give `rotation.states`"
            )
        return said

    def _near_lines(self) -> list[str]:
        """Warning about levels at linear geometries, where other frames than `linear` fail."""
        if self.basis.coupling.axial is not None:
            return []
        reaching = near_line_energies(self.basis.levels) > NEAR_LINE
        if not bool(reaching.any()):
            return []
        level = int(reaching.nonzero()[0])
        return [
            f"level {level} reaches geometries where the molecule is linear and its rotational "
            f"energy diverges: in the frame {self.basis.frame!r} levels with Ka > 0 of such a "
            "level may be wrong by more than their estimates; for three atoms in two lengths and "
            "an angle give `rotation.frame: linear`"
        ]

    def _left_out(self) -> list[str]:
        """Warning about levels that belong to no J = 0 level."""
        left_out = {one.j: one.left_out for one in self.levels if one.left_out}
        if not left_out:
            return []
        js = ", ".join(map(str, left_out))
        return [
            f"{sum(left_out.values())} levels with J = {js} are left out: they mix the J = 0 "
            "levels with states above these; raise `levels`"
        ]

    def lines(self, most: int = SHOWN) -> list[str]:
        """The lowest levels for the screen."""
        shown = f"the lowest {most} of {len(self.table)} " if most < len(self.table) else ""
        states = "states with all l" if self.basis.is_linear else "J = 0 states"
        return [
            f"{shown}levels with rotation from {len(self.basis.coupling.energies)} {states} "
            f"({self.basis.frame} frame), "
            "above the J = 0 ground state",
            *text_table(self._cells(most)),
        ]

    def _cells(self, most: int) -> list[list[str]]:
        heading = self.quanta.heading
        rows = self.table[:most]
        extra = [
            key for key in ("parity", "irrep", "K", "spread", "fit") if rows and key in rows[0]
        ]
        keys = ["J", *(("n",) if self._is_spherical else ("Ka", "Kc")), "level", heading]
        head = [*keys, "E/cm-1", "conv", "weight", *extra]
        return [
            head,
            *(
                [
                    *(str(row[key]) for key in keys), f"{row['energy']:.4f}",
                    f"{row['convergence']:.4f}", f"{row['weight']:.3f}",
                    *(_shown(row[key]) for key in extra),
                ]
                for row in rows
            ),
        ]  # fmt: skip

    def __repr__(self) -> str:
        js = [one.j for one in self.levels]
        worst = max(row["convergence"] for row in self.table)
        return (
            f"Rotation({self.molecule.formula}: {len(self.table)} levels, "
            f"J = {min(js)} to {max(js)}, conv up to {worst:.2g} cm-1)"
        )

    def __str__(self) -> str:
        return "\n".join([repr(self), *self.lines()])

    def _repr_html_(self) -> str:
        return html_table(self._cells(len(self.table)), repr(self))

    def save(self, folder: str | Path) -> Path:
        """Write rovibrational.csv into a folder, which is made if need be; the folder."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        write_csv(place / ROVIBRATIONAL_CSV, self.table)
        return place


def _counted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by energy with n, which counts the levels of one J and species, for Ka and Kc."""
    count: Counter[tuple[int, str]] = Counter()
    made = []
    for row in rows:
        key = row["J"], row["irrep"]
        count[key] += 1
        own = {name: value for name, value in row.items() if name not in ("J", "Ka", "Kc")}
        made.append({"J": row["J"], "n": count[key], **own})
    return made


def _shown(value: str | float) -> str:
    if not isinstance(value, float):
        return str(value)
    return "-" if isnan(value) else f"{value:.4f}"
