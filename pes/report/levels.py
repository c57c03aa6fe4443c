"""Sections of a page about levels, their convergence, rotation, spectrum and refinement."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pes.report.page_part import PagePart, Table, number, pictures, rows_of_csv

__all__ = ["level_sections", "refinement_sections"]

STRONGEST = 30
"""Transitions that are listed."""

LEVEL_PICTURES = {
    "levels.png": "Levels over the surface along its coordinates, with their quanta.",
}
SPECTRUM_PICTURES = {
    "spectrum.png": "J = 0 transitions with their intensities.",
    "lines.png": "Absorption lines with rotation.",
}
REFINEMENT_PICTURES = {
    "refinement.png": "Calculated − observed energies of the levels before and after the "
    "refinement.",
}
HEADS = {"energy": "E/cm⁻¹", "convergence": "conv", "spread": "spread"}
DROPPED = ("residual",)


def level_sections(folder: Path, content: Mapping[str, Any]) -> list[PagePart]:
    """Levels, convergence, and what else lies in their folder.

    Args:
        folder: of the levels.
        content: of levels.json.
    """
    names = [str(name) for name in content["levels"][0] if name not in DROPPED]
    head = [HEADS.get(name) or name for name in names]
    rows = [[number(row.get(name)) for name in names] for row in content["levels"]]
    words = [
        f"Zero-point energy {content['zero_point_energy']:.4f} cm⁻¹ above the minimum; levels "
        "count from the ground state. conv is the estimated basis-set error, spread the "
        "uncertainty that the fit leaves, both in cm⁻¹."
    ]
    density = {
        file.name: f"Density of level {file.stem.removeprefix('density_')} in pairs of "
        "coordinates, over the training points."
        for file in sorted(folder.glob("density_*.png"))
    }
    title = f"Levels of {' '.join(content['molecule']) or content['force_field']}"
    table = Table("Vibrational levels (Å, degrees, cm⁻¹)", head, rows)
    images = pictures(folder, LEVEL_PICTURES | density)
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
        "Bases (bohr, radians)", ("coordinate", "functions", "points", "kind", "range"),
        [
            [str(b["name"]), str(b["functions"]), str(b["points"]), str(b["basis"]),
             f"{b['low']:.4f} to {b['high']:.4f}"]
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


def _rotation(folder: Path) -> list[PagePart]:
    rows = rows_of_csv(folder / "rovibrational.csv")
    if not rows:
        return []
    table = Table(
        f"{len(rows)} levels with rotation", list(rows[0]),
        [[number(value) for value in row.values()] for row in rows], folded=len(rows) > STRONGEST,
    )  # fmt: skip
    return [PagePart("Rotation", tables=[table])]


def _spectrum(folder: Path) -> list[PagePart]:
    """Strongest transitions without and with rotation."""
    tables = []
    for file, name in (("spectrum.csv", "transitions without rotation"), ("lines.csv", "lines")):
        rows = rows_of_csv(folder / file)
        if rows:
            strength = next(key for key in reversed(rows[0]) if "intensity" in key)
            rows.sort(key=lambda row: -float(row[strength]))
            shown = [[number(value) for value in row.values()] for row in rows[:STRONGEST]]
            caption = f"Strongest of {len(rows)} {name}"
            tables.append(Table(caption, list(rows[0]), shown, folded=True))
    images = pictures(folder, SPECTRUM_PICTURES)
    return [PagePart("Spectrum", tables=tables, pictures=images)] if tables or images else []


def refinement_sections(folder: Path, content: Mapping[str, Any]) -> list[PagePart]:
    """Observed levels before and after a refinement.

    Args:
        folder: of the refinement.
        content: of refinement.json.
    """
    words = [f"Adjusted: {content['adjusted']}; strength of the anchor {content['anchor']:g}."]
    rows = rows_of_csv(folder / "levels.csv")
    table = Table(
        "Observed levels and calculated − observed (cm⁻¹)", list(rows[0]) if rows else (),
        [[number(value, 3) for value in row.values()] for row in rows], folded=len(rows) > 60,
    )  # fmt: skip
    images = pictures(folder, REFINEMENT_PICTURES)
    return [PagePart("Refinement", words, [table], images)]
