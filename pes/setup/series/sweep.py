"""Levels for several values of a parameter, a perturbation or a mass, side by side."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import Any

import torch

from pes.files import write_csv, write_json
from pes.molecule import Molecule
from pes.potential import Surface
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.setup.levels.level_result import LevelsResult
from pes.setup.levels.levels import levels
from pes.setup.problem.problem import isotopes_of
from pes.setup.results.sensitivity import check_sensitivities
from pes.setup.rotation.rotation import Rotation
from pes.setup.series.paired_levels import paired_names
from pes.setup.series.paired_rotation import paired_rotation, pure_labels
from pes.setup.series.with_rotation import Submitter, all_with_rotation
from pes.staging import staged
from pes.tables import html_table, text_table

__all__ = ["SWEEP", "Sweep", "sweep"]

SWEEP = "sweep.json"
"""Written last."""

ROTATING = "sweep_rotation.csv"
"""Levels with rotation side by side."""

GROUND = "ZPE"
"""Row of the zero-point energies."""

Entry = tuple[float, float]
"""Energy and estimated error, cm⁻¹."""


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Levels for several values of a parameter.

    Attributes:
        parameter: name of the parameter.
        unit: unit of the values.
        values: values of the parameter.
        levels: for each value: label → energy and estimated error, cm⁻¹.
        results: result for each value; empty where workers calculated levels alone.
        rotations: levels with J > 0 for each value; empty where these were not asked for.
    """

    parameter: str
    unit: str
    values: tuple[float, ...]
    levels: tuple[Mapping[str, Entry], ...]
    results: tuple[LevelsResult, ...] = ()
    rotations: tuple[Rotation, ...] = ()

    @property
    def names(self) -> list[str]:
        """Each value as tables have it."""
        return [f"{value:g}" for value in self.values]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row for each label of the first value: energy and `conv` by value, in cm⁻¹.

        Levels of the same quanta are paired; NaN where a value has none of these, or two.
        """
        rows = []
        for label in self.levels[0]:
            row: dict[str, Any] = {"label": label}
            for name, one in zip(self.names, self.levels, strict=True):
                row[name], row[f"conv {name}"] = one.get(label, (nan, nan))
            rows.append(row)
        return rows

    def rotation(self, J: Iterable[int], **settings: Any) -> "Sweep":
        """The same with levels with J > 0; the arguments are those of `LevelsResult.rotation`.

        Raises:
            ValueError: where workers calculated the levels, which send energies alone.
        """
        if not self.results:
            raise ValueError(
                "the workers of this sweep sent energies alone; give `rotation` to `pes.sweep`, "
                "such as rotation={'J': [0, 1, 2]}"
            )
        asked = tuple(J)
        return replace(self, rotations=tuple(r.rotation(asked, **settings) for r in self.results))

    @property
    def rotating_rows(self) -> list[dict[str, Any]]:
        """One row for each level with rotation of the first value; see `paired_rotation`."""
        if not self.rotations:
            return []
        labels = [pure_labels(one) for one in self.rotations]
        return paired_rotation(self.names, self.rotations, labels)

    def __repr__(self) -> str:
        ends = f"{min(self.values):g} to {max(self.values):g} {self.unit}"
        return f"Sweep({self.parameter} = {ends}: {len(self.values)} values)"

    def __str__(self) -> str:
        return "\n".join([repr(self), *self.lines()])

    def _repr_html_(self) -> str:
        return html_table(self._text(), repr(self))

    def lines(self) -> list[str]:
        """Table for the screen."""
        return text_table(self._text())

    def _text(self) -> list[list[str]]:
        rows = self.rows
        body = [[v if isinstance(v, str) else f"{v:.4f}" for v in row.values()] for row in rows]
        return [[*rows[0]], *body]

    def save(self, path: str | Path) -> Path:
        """Write the rows as a CSV file."""
        write_csv(Path(path), self.rows)
        return Path(path)

    def save_all(self, folder: str | Path) -> Path:
        """Write sweep.csv and, last, sweep.json into a folder, which is made if need be.

        With rotation, sweep_rotation.csv too, and the levels of each value into its own folder.
        """
        for name, one, rotation in zip(self.names, self.results, self.rotations, strict=False):
            one.save(Path(folder) / name)
            rotation.save(Path(folder) / name)
        with staged(folder, finished=SWEEP, stale=[ROTATING]) as place:
            self.save(place / "sweep.csv")
            if rows := self.rotating_rows:
                write_csv(place / ROTATING, rows)
            content = {
                "format": "pes-sweep", "version": 1, "units": "cm-1",
                "parameter": self.parameter, "parameter_unit": self.unit,
                "values": list(self.values), "rows": self.rows,
            }  # fmt: skip
            write_json(place / SWEEP, content)
        return Path(folder)


def sweep(
    surface: SurfaceLike,
    parameter: str,
    values: Iterable[float],
    molecule: str | Sequence[str] | Molecule | None = None,
    *,
    workers: Submitter | None = None,
    rotation: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Sweep:
    """Levels for several values of a parameter of a surface, a perturbation's strength or a mass.

    Args:
        surface: as for `levels`; a parameter must be a single number, as those of analytic ones.
        parameter: name of a parameter, or of one of the perturbations among the settings; or a
            mass: `m[1:H]` of the atom 1 (from 0), `m[H]` of all atoms of this symbol.
        values: values in the unit in which the surface gives this parameter, such as Å; strengths κ
            of a perturbation in cm⁻¹; masses in u.
        molecule: as for `levels`.
        workers: processes that calculate one value each: `distributed.Client(cluster)` of a
            cluster of Dask, whose jobs a batch system may run, or an executor of processes. All
            values are calculated here one after the other by default.
        rotation: arguments of `LevelsResult.rotation`, such as {"J": [0, 1, 2]}, for levels with
            J > 0 of each value, calculated where its levels are; workers must be those of Dask.
        settings: settings of `levels`, the same for all values.

    Raises:
        ValueError: for no value, one given twice, a parameter that the surface does not have, or
            what `levels` refuses.

    Example:
        >>> some = {"count": 2, "basis": {"all": 5}, "convergence": False}
        >>> bend = sweep("water_pjt1996", "r_e", [0.957, 0.959], **some)
        >>> [round(bend.rows[1][key], -1) for key in ("0.957", "0.959")]
        [1600.0, 1590.0]
    """
    asked = tuple(float(value) for value in values)
    if not asked or len(set(asked)) < len(asked):
        raise ValueError(f"`values` must be one or more numbers, each once, got {list(asked)}")
    known = as_surface(surface)
    bumps = settings.get("perturbations") or {}
    if parameter.startswith("m["):
        unit = "u"
        isotopes = isotopes_of(known, molecule, settings.get("nuclear_masses", False))
        jobs = [(known, _weighed(isotopes, parameter, value), settings) for value in asked]
    elif parameter in bumps:
        unit = "cm-1"
        jobs = [
            (known, molecule, settings | {"perturbations": bumps | {parameter: bump}})
            for bump in (replace(bumps[parameter], strength=value) for value in asked)
        ]
    else:
        check_sensitivities(known, [parameter])
        unit, size = getattr(known.module, "parameter_units", {}).get(parameter, ("a.u.", 1.0))
        jobs = [(_with(known, parameter, value * size), molecule, settings) for value in asked]
    if rotation is not None:
        results, turning = all_with_rotation(jobs, rotation, workers)
        return Sweep(parameter, unit, asked, tuple(map(_entries, results)), results, turning)
    if workers is not None:
        futures = [workers.submit(_levels, *job) for job in jobs]
        return Sweep(parameter, unit, asked, tuple(future.result() for future in futures))
    results = tuple(levels(one, isotopes, **own) for one, isotopes, own in jobs)
    return Sweep(parameter, unit, asked, tuple(map(_entries, results)), results)


def _weighed(molecule: Molecule, parameter: str, mass: float) -> Molecule:
    """The molecule with another mass (u) of the atoms that `m[1:H]` or `m[H]` names."""
    names = {f"m[{k}:{symbol}]": [k] for k, symbol in enumerate(molecule.symbols)}
    for symbol in molecule.symbols:
        names[f"m[{symbol}]"] = [k for k, other in enumerate(molecule.symbols) if other == symbol]
    if parameter not in names:
        raise ValueError(f"a mass must be one of {', '.join(names)}, got {parameter!r}")
    masses = dict.fromkeys(names[parameter], mass)
    return Molecule(molecule.symbols, molecule.nuclear_masses, masses)


def _with(surface: Surface, parameter: str, value: float) -> Surface:
    """A copy of a surface with another value of a parameter."""
    other = deepcopy(surface)
    with torch.no_grad():
        dict(other.module.named_parameters())[parameter].fill_(value)
    return other


def _levels(
    surface: Surface, molecule: str | Sequence[str] | Molecule | None, settings: Mapping[str, Any]
) -> dict[str, Entry]:
    return _entries(levels(surface, molecule, **settings))


def _entries(result: LevelsResult) -> dict[str, Entry]:
    """Name → energy and estimated error of the levels; those whose name is not alone left out."""
    quanta = result.quanta
    labels = [quanta.text(n) if q is not None else None for n, q in enumerate(quanta.quanta)]
    entries: dict[str, Entry] = {}
    levels_above = zip(result.energies.tolist(), result.convergence.tolist(), strict=True)
    for name, entry in list(zip(paired_names(result, labels), levels_above, strict=True))[1:]:
        if name is not None:
            entries.setdefault(name, entry)
    return {GROUND: (result.zero_point_energy, float(result.convergence[0])), **entries}
