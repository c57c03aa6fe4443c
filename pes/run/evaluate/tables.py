"""What an evaluation prints and writes: tables by energy window, worst points, predictions."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.data.formats.extxyz import write_geometries
from pes.data.symmetry import distances
from pes.files import replaced
from pes.units import ANGSTROM

__all__ = [
    "PointErrors",
    "bonds",
    "calibration_table",
    "extrapolation_lines",
    "window_table",
    "worst_lines",
    "write_predictions",
    "write_worst",
]

MOST_BONDS = 6
"""Distances shown of one geometry, the shortest first."""


@dataclass(frozen=True)
class PointErrors:
    """What is known of each of B points.

    Attributes:
        heights: label above the lowest training energy, cm⁻¹.
        residuals: surface − label, cm⁻¹.
        forces: norm of the error of all 3N force components, cm⁻¹/Å.
        nearest: distance to the nearest training point; above one is extrapolation.
        spread: of the members of an ensemble, cm⁻¹.
    """

    heights: Tensor
    residuals: Tensor
    forces: Tensor | None = None
    nearest: Tensor | None = None
    spread: Tensor | None = None

    @property
    def columns(self) -> dict[str, Tensor]:
        """All that is known, under the names that the files use."""
        named = {
            "label_cm1": self.heights,
            "prediction_minus_label_cm1": self.residuals,
            "force_error_norm_cm1_angstrom": self.forces,
            "nearest_training": self.nearest,
            "spread_cm1": self.spread,
        }
        return {name: values for name, values in named.items() if values is not None}

    def worst(self, count: int) -> list[int]:
        """Rows of the largest energy errors, the largest first."""
        return self.residuals.abs().argsort(descending=True)[:count].tolist()


def window_table(report: Mapping[str, Any]) -> str:
    """Counts and errors by energy window, one line each; empty windows are left out."""
    with_forces = report["force"]["rmse"]["all"] is not None
    quantities = {"energy": "cm-1", **({"force": "cm-1/A"} if with_forces else {})}
    head = "".join(
        f"{name:>13}"
        for quantity, unit in quantities.items()
        for name in (f"{quantity} RMSE", "MAE", f"max ({unit})")
    )
    lines = [f"{'window':<14}{'points':>8}{head}"]
    for window, count in report["points"]["count"].items():
        if count:
            values = [report[q][m][window] for q in quantities for m in ("rmse", "mae", "max")]
            lines.append(f"{_window(window):<14}{count:>8}" + "".join(f"{v:13.4f}" for v in values))
    return "\n".join(lines)


def calibration_table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Spread of the ensemble and the fractions of errors within it, by energy window."""
    lines = [f"{'window':<14}{'points':>8}{'spread/cm-1':>13}{'within 1':>10}{'within 2':>10}"]
    lines += [
        f"{_window(window):<14}{row['points']:>8}{row['spread']:13.4f}"
        f"{100 * row['within_1']:9.1f}%{100 * row['within_2']:9.1f}%"
        for window, row in found.items()
    ]
    return "\n".join([*lines, f"{'normal errors':<35}{68.3:9.1f}%{95.4:9.1f}%"])


def _window(name: str) -> str:
    return "all" if name == "all" else f"< {name} cm-1"


def extrapolation_lines(points: PointErrors) -> list[str]:
    """Errors within and beyond the reach of the training points."""
    if points.nearest is None:
        return ["the surface does not tell its training points: no distance to them"]
    known = points.nearest < 1e-9
    groups = {
        "training points": known,
        "others, nearest <= 1": ~known & (points.nearest <= 1),
        "others, nearest > 1": points.nearest > 1,
    }
    lines = [
        "nearest: distance to the nearest training point over the largest gap between those; "
        "above 1 is extrapolation"
    ]
    for name, mask in groups.items():
        if mask.any():
            rmse = float(points.residuals[mask].square().mean().sqrt())
            lines.append(f"{name:<22}{int(mask.sum()):>6} points, RMSE {rmse:.4f} cm-1")
    return lines


def worst_lines(
    points: PointErrors, rows: Sequence[int], positions: Tensor, elements: Sequence[str]
) -> list[str]:
    """Row, energy, error, what else is known, and distances of the worst points."""
    head = f"{'row':>8}{'label/cm-1':>12}{'error/cm-1':>12}"
    head += f"{'nearest':>9}" if points.nearest is not None else ""
    head += f"{'spread':>9}" if points.spread is not None else ""
    lines = ["worst points, rows from 0:", head + "  distances (A)"]
    for row in rows:
        line = f"{row:>8}{float(points.heights[row]):12.1f}{float(points.residuals[row]):+12.4f}"
        line += f"{float(points.nearest[row]):9.2f}" if points.nearest is not None else ""
        line += f"{float(points.spread[row]):9.4f}" if points.spread is not None else ""
        lines.append(f"{line}  {bonds(positions[row], elements)}")
    return lines


def bonds(positions: Tensor, elements: Sequence[str]) -> str:
    """The shortest distances of one geometry (N, 3) in Å, as `O0-H1 0.9579`.

    Example:
        >>> bonds(torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.4]]), ("H", "H"))
        'H0-H1 0.7408'
    """
    names = [f"{elements[a]}{a}-{elements[b]}{b}" for a, b in combinations(range(len(elements)), 2)]
    lengths = (distances(positions[None])[0] / ANGSTROM).tolist()
    order = sorted(range(len(names)), key=lambda pair: lengths[pair])[:MOST_BONDS]
    return "  ".join(f"{names[pair]} {lengths[pair]:.4f}" for pair in sorted(order))


def write_predictions(path: Path, points: PointErrors) -> None:
    """Every point and what is known of it, one line each."""
    with replaced(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", *points.columns])
        numbers = torch.stack(list(points.columns.values()), 1).tolist()
        writer.writerows([row, *values] for row, values in enumerate(numbers))


def write_worst(
    path: Path, points: PointErrors, rows: Sequence[int], positions: Tensor, symbols: Sequence[str]
) -> None:
    """The geometries of some points as extended XYZ, with what is known of each."""
    columns = {name: values[list(rows)].tolist() for name, values in points.columns.items()}
    write_geometries(path, symbols, positions[list(rows)], {"row": list(rows), **columns})
