"""Levels of several isotopologues on one surface, side by side, with isotope shifts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import Any

from pes.files import write_csv, write_json
from pes.molecule import Molecule
from pes.potential import Surface
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.setup.levels.level_result import LevelsResult
from pes.setup.levels.levels import levels
from pes.setup.levels.solved import ACCURACY
from pes.setup.rotation.rotation import Rotation
from pes.setup.series.paired_levels import paired_names
from pes.setup.series.paired_rotation import PURE, paired_rotation, pure_labels
from pes.setup.series.shared_sizes import shared_sizes
from pes.setup.series.with_rotation import Submitter, all_with_rotation
from pes.staging import staged
from pes.tables import html_table, text_table
from pes.units import CM1

__all__ = ["ISOTOPOLOGUES", "Isotopologues", "isotopologues"]

ISOTOPOLOGUES = "isotopologues.json"
"""Written last."""

ROTATING = "isotopologues_rotation.csv"
"""Levels with rotation side by side."""

GROUND = "ZPE"
"""Row of the zero-point energies."""


@dataclass(frozen=True, eq=False, repr=False)
class Isotopologues:
    """Levels of isotopologues; shifts are relative to the first one.

    Attributes:
        results: levels of each.
        rotations: levels with J > 0 of each; empty where these were not asked for.
    """

    results: tuple[LevelsResult, ...]
    rotations: tuple[Rotation, ...] = ()

    @property
    def names(self) -> list[str]:
        """Isotopes of each, such as `O H D`."""
        return [" ".join(one.task.molecule.symbols) for one in self.results]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row for each label that the first isotopologue has, in cm⁻¹.

        For each isotopologue: its level, for all but the first the shift, its estimated error of
        convergence (the sum of both) and, on an ensemble, its spread. Levels of the same quanta are
        paired; NaN where an isotopologue has none of these, or two, or numbers its modes by other
        species: ν4 of H2CO (B1) is ν6 of HDCO (A").
        """
        first = self.results[0]
        labels = _labels(first)
        return [
            {"label": label, **self._cells(label)}
            for label in dict.fromkeys([GROUND, *[x for x in labels if x is not None]])
        ]

    def _cells(self, label: str) -> dict[str, float]:
        first, cells = self.results[0], {}
        for number, (name, one) in enumerate(zip(self.names, self.results, strict=True)):
            paired = label == GROUND or _species(one) == _species(first)
            at, origin = _number(one, label) if paired else None, _number(first, label)
            energy = _energy(one, at)
            cells[name] = energy
            if number:
                error = (
                    nan
                    if at is None or origin is None
                    else float(one.convergence[at] + first.convergence[origin])
                )
                cells[f"shift {name}"] = energy - _energy(first, origin)
                cells[f"conv {name}"] = error
                if first.error_bars.moved:
                    cells[f"spread {name}"] = _spread(one, at, first, origin)
        return cells

    def rotation(self, J: Iterable[int], **settings: Any) -> "Isotopologues":
        """The same with levels with J > 0; the arguments are those of `LevelsResult.rotation`."""
        asked = tuple(J)
        rotations = tuple(one.rotation(asked, **settings) for one in self.results)
        return replace(self, rotations=rotations)

    @property
    def rotating_rows(self) -> list[dict[str, Any]]:
        """One row for each level with rotation of the first, in cm⁻¹; see `paired_rotation`."""
        if not self.rotations:
            return []
        pairs = zip(self.results, self.rotations, strict=True)
        labels = [_rotating_labels(one, rotation) for one, rotation in pairs]
        return paired_rotation(self.names, self.rotations, labels)

    def __repr__(self) -> str:
        return f"Isotopologues({', '.join(self.names)}: {len(self.results[0].energies)} levels)"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return html_table(self._text(), repr(self))

    def _text(self) -> list[list[str]]:
        rows = self.rows
        body = [
            [str(row["label"]), *(_shown(value) for key, value in row.items() if key != "label")]
            for row in rows
        ]
        heading = self.results[0].quanta.heading
        return [[heading, *list(rows[0])[1:]], *body]

    def lines(self) -> list[str]:
        """Table for the screen: levels, shifts and errors of the shifts in cm⁻¹."""
        mixed = [
            f"{name}: level{'s' * (len(levels) > 1)} {', '.join(map(str, levels))} not paired, for "
            f"no set of quanta has {PURE:g} of it, or another level has the same"
            for name, one in zip(self.names, self.results, strict=True)
            if (levels := [n for n, label in enumerate(_labels(one)) if n and label is None])
        ]
        first = f"{self.names[0]}: {self.results[0].quanta.convention}"
        return [*text_table(self._text()), *mixed, first]

    def save(self, folder: str | Path) -> Path:
        """Write the levels of each into its own folder, tables side by side and, last, .json."""
        place = Path(folder)
        for name, one in zip(self.names, self.results, strict=True):
            one.save(place / name.replace(" ", ""))
        for name, rotation in zip(self.names, self.rotations, strict=False):
            rotation.save(place / name.replace(" ", ""))
        with staged(place, finished=ISOTOPOLOGUES, stale=[ROTATING]) as new:
            write_csv(new / "isotopologues.csv", self.rows)
            if rows := self.rotating_rows:
                write_csv(new / ROTATING, rows)
            content = {
                "format": "pes-isotopologues", "version": 1, "units": "cm-1",
                "isotopologues": self.names, "rows": self.rows,
            }  # fmt: skip
            write_json(new / ISOTOPOLOGUES, content)
        return place


def isotopologues(
    surface: SurfaceLike,
    molecules: Iterable[str | Sequence[str] | Molecule],
    *,
    workers: Submitter | None = None,
    rotation: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Isotopologues:
    """Levels of several isotopologues on one surface.

    Isotopologues of three atoms share the ranges and sizes of the lightest one where the estimates
    allow it. This takes about a third of the time of separate calls of `levels`. Molecules of more
    atoms are calculated one by one, as are all if settings fix the sizes.

    Args:
        surface: as for `levels`.
        molecules: isotopes of each in the order of the surface's atoms, such as `"O H D"`; shifts
            count from the first.
        workers: processes that calculate one each, such as `distributed.Client(cluster)` of Dask;
            each isotopologue then has ranges and sizes of its own.
        rotation: arguments of `LevelsResult.rotation`, such as {"J": [0, 1, 2]}, for levels with
            J > 0 calculated by the same workers.
        settings: settings of `levels`, the same for all.

    Raises:
        ValueError: for no molecule, the same twice, or what `levels` refuses.

    Example:
        >>> some = {"count": 2, "basis": {"all": 5}, "convergence": False}
        >>> water = isotopologues("water_pjt1996", ["O H H", "18O H H"], **some)
        >>> water.names, round(water.rows[1]["shift 18O H H"])
        (['O H H', '18O H H'], -6)
    """
    asked = [m if isinstance(m, Molecule) else Molecule(m) for m in molecules]
    names = [" ".join(m.symbols) for m in asked]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"isotopologues must be one or more, each once, got {', '.join(names) or 'none'}"
        )
    known = as_surface(surface)
    if workers is not None and rotation is not None:
        jobs = [(known, molecule, settings) for molecule in asked]
        return Isotopologues(*all_with_rotation(jobs, rotation, workers))
    if workers is not None:
        futures = [workers.submit(_levels, known, molecule, settings) for molecule in asked]
        return Isotopologues(tuple(future.result() for future in futures))
    # What holds the lightest, whose wavefunctions reach farthest, holds them all.
    lightest = min(range(len(asked)), key=lambda k: float(asked[k].masses.sum()))
    origin = levels(known, asked[lightest], **settings)
    sizes = None
    if len(asked) > 1:
        sizes = shared_sizes(origin, settings.get("accuracy") or ACCURACY[3])
    results = []
    for number, molecule in enumerate(asked):
        one = origin if number == lightest else None
        if one is None and sizes is not None:
            one = sizes.levels(molecule, settings.get("ensemble", "first_order"))
        results.append(levels(known, molecule, **settings) if one is None else one)
    made = Isotopologues(tuple(results))
    return made if rotation is None else made.rotation(**rotation)


def _levels(surface: Surface, molecule: Molecule, settings: Mapping[str, Any]) -> LevelsResult:
    return levels(surface, molecule, **settings)


def _labels(one: LevelsResult) -> list[str | None]:
    """Name of each level but the ground state; None where another has the same."""
    names = paired_names(one, [_label(one, n) for n in range(len(one.energies))])
    return [None, *names[1:]]


def _label(one: LevelsResult, number: int) -> str | None:
    """Quanta of a level; None where no set of quanta has most of it."""
    known = one.quanta.quanta[number] is not None
    return one.quanta.text(number) if known and float(one.quanta.weights[number]) >= PURE else None


def _rotating_labels(one: LevelsResult, rotation: Rotation) -> list[str | None]:
    """Labels of J = 0 levels, then of states of a linear molecule with l > 0."""
    count = len(one.energies)
    return [*(_label(one, n) for n in range(count)), *pure_labels(rotation)[count:]]


def _species(one: LevelsResult) -> str:
    """Kind of the species that modes of four atoms and more are numbered by: of C2v, Cs or none."""
    if len(one.task.molecule.symbols) == 3:
        return "three atoms"
    names = "".join(str(row.get("irrep", "")) for row in one.table)
    return "Cs" if "'" in names or '"' in names else "C2v" if names else "none"


def _number(one: LevelsResult, label: str) -> int | None:
    """Number of the level of a label; the zero-point energy is number 0."""
    if label == GROUND:
        return 0
    labels = _labels(one)
    return labels.index(label) if label in labels else None


def _energy(one: LevelsResult, number: int | None) -> float:
    """Zero-point energy, or energy above the ground state, cm⁻¹."""
    if number is None:
        return nan
    return one.zero_point_energy if number == 0 else float(one.energies[number])


def _spread(one: LevelsResult, at: int | None, first: LevelsResult, origin: int | None) -> float:
    """Standard deviation of the shift over the members of an ensemble, cm⁻¹."""
    if at is None or origin is None:
        return nan
    way = next(iter(first.error_bars.moved))
    shifts = one.error_bars.moved[way][:, at] - first.error_bars.moved[way][:, origin]
    return float(shifts.std()) / CM1


def _shown(value: float) -> str:
    return "-" if value != value else f"{value:.4f}"
