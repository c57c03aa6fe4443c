"""Sections of a page about levels, their convergence, rotation, spectrum and refinement."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pes.report.page_part import PagePart, Table, number, pictures, rows_of_csv
from pes.setup.lines.line_names import level_name
from pes.units import ANGSTROM, DEGREE

__all__ = ["level_sections", "refinement_sections"]

STRONGEST = 30
"""Transitions that are listed."""

LEVEL_PICTURES = {
    "levels.png": "(a) Levels over cuts of the surface along its coordinates, with their quanta; "
    "from (b) on, densities of the lowest levels in pairs of coordinates.",
}
FIELD_PICTURES = {
    "levels.png": "(a) Levels above the mode that is excited in each. (b) Their estimated errors. "
    "(c) Largest estimated error of each calculation of the series, and largest difference of its "
    "levels from those of the last. Dotted: the error that was asked for.",
}
SPECTRUM_PICTURES = {
    "spectrum.png": "J = 0 transitions with their intensities, (a) on a linear and (b) on a "
    "logarithmic scale.",
    "lines.png": "Absorption lines with rotation, (a) on a linear and (b) on a logarithmic scale, "
    "their bands named.",
    "absorption.png": "Absorption cross-section with line profiles, (a) against wavenumber and (b) "
    "against wavelength, its bands named.",
}
REFINEMENT_PICTURES = {
    "refinement.png": "Calculated − observed energies of the levels before and after the "
    "refinement.",
}
HEADS = {
    "energy": "E/cm⁻¹", "convergence": "conv", "wavenumber_cm1": "wavenumber/cm⁻¹",
    "uncertainty_cm1": "error/cm⁻¹", "intensity_cm_per_molecule": "intensity/(cm/molecule)",
    "einstein_per_s": "A/s⁻¹", "intensity_km_per_mol": "intensity/(km/mol)",
    "mu_x_debye": "μx/debye", "mu_y_debye": "μy/debye", "mu_z_debye": "μz/debye",
    "position_spread_cm1": "spread of the wavenumber/cm⁻¹",
    "intensity_spread_cm_per_molecule": "spread of the intensity/(cm/molecule)",
}  # fmt: skip
"""Heads of columns whose names in the files are others."""
DROPPED = ("residual",)
UNITS = {"": ("", 1.0), "A": ("Å", ANGSTROM), "deg": ("degrees", DEGREE)}
"""Unit of a coordinate in levels.json: its name on the page and its size in atomic units."""

MEANINGS = {
    "convergence": "The column conv is the estimated error of the calculation on this surface "
    "(cm⁻¹).",
    "spread": "The column spread is the standard deviation over the members of the ensemble "
    "(cm⁻¹).",
    "fit": "The column fit is an upper estimate of the error that the fit leaves (cm⁻¹).",
    "P(extrap)": "P(extrap) is the probability of geometries beyond the points of the fit.",
}
"""Sentences about columns of the levels."""


def level_sections(folder: Path, content: Mapping[str, Any]) -> list[PagePart]:
    """Levels, convergence, and what else lies in their folder.

    Args:
        folder: folder of the levels.
        content: content of levels.json.
    """
    names = [str(name) for name in content["levels"][0] if name not in DROPPED]
    head = _heads(names)
    rows = [[number(row.get(name)) for name in names] for row in content["levels"]]
    words = [
        f"The zero-point energy is {content['zero_point_energy']:.4f} cm⁻¹ above the minimum; "
        "levels count from the ground state. "
        + " ".join(text for name, text in MEANINGS.items() if name in names)
    ]
    density = {
        file.name: f"Density of level {file.stem.removeprefix('density_')} in pairs of "
        "coordinates, over the training points."
        for file in sorted(folder.glob("density_*.png"))
    }
    title = f"Levels of {' '.join(content['molecule']) or content['force_field']}"
    table = Table("Vibrational levels (Å, degrees, cm⁻¹)", head, rows)
    drawn = FIELD_PICTURES if "force_field" in content else LEVEL_PICTURES | density
    images = pictures(folder, drawn)
    return [
        PagePart(title, words, [table], images), _convergence(content), *_rotation(folder),
        *_spectrum(folder),
    ]  # fmt: skip


def _convergence(content: Mapping[str, Any]) -> PagePart:
    """Sizes of the calculation, and what changing them did."""
    levels = content["levels"]
    known = [row["convergence"] for row in levels if number(row["convergence"]) != "–"]
    verdict = content.get("verdict")
    words = [f"{verdict[0].upper()}{verdict[1:]}."] if verdict else []
    if known:
        words.append(f"The largest estimated error is {max(known):.2g} cm⁻¹.")
    bases = Table(
        "Bases", ("coordinate", "functions", "points", "kind", "range"),
        [
            [str(b["name"]), str(b["functions"]), str(b["points"]), str(b["basis"]), _range(b)]
            for b in content["basis"]
        ],
    )  # fmt: skip
    changes = {key: values for key, values in content.get("changes", {}).items() if values}
    table = Table(
        "Changes of each level with other sizes (cm⁻¹)", ("level", *changes),
        [
            [str(row["level"]), *(number(values[k], 6) for values in changes.values())]
            for k, row in enumerate(levels)
            if all(k < len(values) for values in changes.values())
        ],
        folded=True,
    )  # fmt: skip
    tables = [*([bases] if content["basis"] else []), *([table] if changes else [])]
    return PagePart("Convergence", words, tables)


def _range(basis: Mapping[str, Any]) -> str:
    """Range of a coordinate in Å or degrees."""
    unit, size = UNITS.get(str(basis.get("unit")), ("in atomic units", 1.0))
    return f"{basis['low'] / size:.4f} to {basis['high'] / size:.4f} {unit}".rstrip()


def _rotation(folder: Path) -> list[PagePart]:
    rows = rows_of_csv(folder / "rovibrational.csv")
    if not rows:
        return []
    table = Table(
        f"{len(rows):,} levels with rotation", _heads(rows[0]),
        [[number(value) for value in row.values()] for row in rows], folded=len(rows) > STRONGEST,
    )  # fmt: skip
    return [PagePart("Rotation", tables=[table])]


def _spectrum(folder: Path) -> list[PagePart]:
    """Strongest transitions without and with rotation."""
    parts = (
        ("spectrum.csv", "transitions without rotation", []),
        ("lines.csv", "lines", rows_of_csv(folder / "rovibrational.csv")),
    )
    tables = [
        _strongest(rows, name, levels)
        for file, name, levels in parts
        if (rows := rows_of_csv(folder / file))
    ]
    images = pictures(folder, SPECTRUM_PICTURES)
    return [PagePart("Spectrum", tables=tables, pictures=images)] if tables or images else []


def _strongest(rows: list[dict[str, str]], name: str, levels: Sequence[Mapping[str, str]]) -> Table:
    """Strongest of some transitions; levels with rotation by their names."""
    strength = next(key for key in reversed(rows[0]) if "intensity" in key and "spread" not in key)
    rows.sort(key=lambda row: -float(row[strength]))
    shown = [dict(row) for row in rows[:STRONGEST]]
    for row in shown if levels else ():
        for end in ("upper", "lower"):
            level = levels[int(row[end]) - 1]
            row[end] = level_name(level, list(level)[list(level).index("level") + 1])
    cells = [[number(value) for value in row.values()] for row in shown]
    return Table(f"Strongest of {len(rows):,} {name}", _heads(rows[0]), cells, folded=True)


def _heads(names: Iterable[str]) -> list[str]:
    return [HEADS.get(name, name) for name in names]


def refinement_sections(folder: Path, content: Mapping[str, Any]) -> list[PagePart]:
    """Observed levels before and after a refinement.

    Args:
        folder: folder of the refinement.
        content: content of refinement.json.
    """
    words = [f"Adjusted: {content['adjusted']}; strength of the anchor {content['anchor']:g}."]
    rows = rows_of_csv(folder / "levels.csv")
    table = Table(
        "Observed levels and calculated − observed (cm⁻¹)", list(rows[0]) if rows else (),
        [[number(value, 3) for value in row.values()] for row in rows], folded=len(rows) > 60,
    )  # fmt: skip
    images = pictures(folder, REFINEMENT_PICTURES)
    return [PagePart("Refinement", words, [table], images)]
