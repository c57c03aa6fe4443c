"""Tables of an evaluation: errors by energy window, extrapolation, worst points, holes."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from pes.evaluation.holes import DISAGREEMENT, HoleReport, Place
from pes.evaluation.points import PointErrors
from pes.geometry import distances
from pes.molecule import Molecule
from pes.potential.holes.box import DistanceBox
from pes.units import ANGSTROM, CM1

__all__ = [
    "bonds",
    "calibration_table",
    "extrapolation_lines",
    "hole_lines",
    "isolated_lines",
    "part_tables",
    "window_rows",
    "window_table",
    "worst_lines",
    "zero_lines",
]

LISTED = 10
"""Holes that are printed."""

OTHER_ZERO = 10.0
"""Mean error in units of the scatter about it from which it is taken for a constant."""
NO_CONSTANT = 1.0
"""Mean error in cm⁻¹ that no other zero of energies explains."""

MEASURES = ("rmse", "mae", "median", "max")

PART_TITLES = MappingProxyType(
    {"train": "training points", "validation": "validation points, which chose among fits",
     "test": "test points of the fit", "unseen": "points that were not used in the fit"}
)  # fmt: skip

MOST_BONDS = 6
"""Distances shown of one geometry, the shortest first."""


def zero_lines(points: PointErrors) -> list[str]:
    """Sentence for errors that are all about the same: the labels have another zero."""
    mean = float(points.residuals.mean())
    scatter = float((points.residuals - mean).square().mean().sqrt())
    if abs(mean) < NO_CONSTANT or abs(mean) < OTHER_ZERO * scatter or len(points.residuals) < 2:
        return []
    return [
        f"the errors have a mean of {mean:+.4f} cm-1 and scatter by {scatter:.4f} cm-1 about it: "
        "the energies of these points seem to have another zero, or to be of another method, than "
        "those of the fit; all errors below include this constant"
    ]


def isolated_lines(points: PointErrors, rows: Sequence[int]) -> list[str]:
    """Error without the isolated points, whose rows are named; no line if there are none."""
    others = torch.ones(len(points.residuals), dtype=torch.bool)
    others[list(rows)] = False
    if not rows or not others.any():
        return []
    every, rest = (
        float(e.square().mean().sqrt()) for e in (points.residuals, points.residuals[others])
    )
    named = ", ".join(f"{row} ({float(points.residuals[row]):+.4g} cm-1)" for row in rows[:LISTED])
    more = " and others" if len(rows) > LISTED else ""
    return [
        f"without {len(rows)} isolated point{'s' * (len(rows) > 1)}, row{'s' * (len(rows) > 1)} "
        f"{named}{more}, the RMSE is {rest:.4f} instead of {every:.4f} cm-1"
    ]


def window_rows(report: Mapping[str, Any]) -> list[list[str]]:
    """Head, then counts and errors of each energy window; empty windows are left out."""
    with_forces = report["force"]["rmse"]["all"] is not None
    quantities = {"energy": "cm-1", **({"force": "cm-1/A"} if with_forces else {})}
    head = [
        name
        for quantity, unit in quantities.items()
        for name in (f"{quantity} RMSE", "MAE", "median", f"max ({unit})")
    ]
    rows = [["window", "points", *head]]
    for window, count in report["points"]["count"].items():
        if count:
            values = [report[q][m][window] for q in quantities for m in MEASURES]
            rows.append([_window(window), f"{count}", *(f"{value:.4f}" for value in values)])
    return rows


def window_table(report: Mapping[str, Any]) -> str:
    """Counts and errors by energy window, one line each."""
    return "\n".join(
        f"{window:<14}{count:>8}" + "".join(f" {value:>12}" for value in values)
        for window, count, *values in window_rows(report)
    )


def part_tables(reports: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A title and a table for each part of the fit; only the title if all points are of one."""
    if len(reports) == 1:
        return [f"all are {PART_TITLES[part]}" for part in reports]
    return [
        line
        for part, report in reports.items()
        for line in (f"errors at {PART_TITLES[part]}:", window_table(report))
    ]


def calibration_table(calibration: Mapping[str, Mapping[str, float]]) -> str:
    """Spread of the ensemble and the fractions of errors within it, by energy window."""
    lines = [f"{'window':<14}{'points':>8}{'spread/cm-1':>13}{'within 1':>10}{'within 2':>10}"]
    lines += [
        f"{_window(window):<14}{row['points']:>8}{row['spread']:13.4f}"
        f"{100 * row['within_1']:9.1f}%{100 * row['within_2']:9.1f}%"
        for window, row in calibration.items()
    ]
    return "\n".join([*lines, f"{'normal errors':<35}{68.3:9.1f}%{95.4:9.1f}%"])


def _window(name: str) -> str:
    return "all" if name == "all" else f"< {name} cm-1"


def extrapolation_lines(points: PointErrors) -> list[str]:
    """Errors within and beyond the reach of the training points."""
    if points.nearest is None:
        return ["the surface has no training points; extrapolation cannot be measured"]
    known = points.is_training
    groups = {
        "training points": known,
        "new, nearest <= 1": ~known & (points.nearest <= 1),
        "new, nearest > 1": points.nearest > 1,
    }
    lines = [
        "nearest: distance to the nearest training point, in units of the largest gap between "
        "training points; the surface extrapolates where it is above 1"
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
        height, error = float(points.heights[row]), float(points.residuals[row])
        line = f"{row:>8} {height:11.1f} {error:+11.4f}"
        line += f"{float(points.nearest[row]):9.2f}" if points.nearest is not None else ""
        line += f"{float(points.spread[row]):9.4f}" if points.spread is not None else ""
        lines.append(f"{line}  {bonds(positions[row], elements)}")
    return lines


def bonds(positions: Tensor, elements: Sequence[str]) -> str:
    """The shortest distances of one geometry (N, 3) in Å, as `O0-H1 0.9579`.

    Example:
        >>> import torch
        >>> bonds(torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.4]]), ("H", "H"))
        'H0-H1 0.7408'
    """
    names = [f"{elements[a]}{a}-{elements[b]}{b}" for a, b in combinations(range(len(elements)), 2)]
    lengths = (distances(positions[None])[0] / ANGSTROM).tolist()
    order = sorted(range(len(names)), key=lambda pair: lengths[pair])[:MOST_BONDS]
    return "  ".join(f"{names[pair]} {lengths[pair]:.4f}" for pair in sorted(order))


def hole_lines(report: HoleReport) -> list[str]:
    """Result of a search for holes, the places nearest to the training points first."""
    search, elements = report.search, Molecule(report.symbols).elements
    whose = "training points" if report.from_training else "points"
    lines = [
        f"search for holes: {search.samples} geometries within the distances of the {whose} "
        f"({_bounds(report.box)} A) were tried in {report.seconds:.1f} s",
        f"the minimum of the surface lies {abs(search.minimum - report.lowest) / CM1:.2f} cm-1 "
        f"{'below' if search.minimum < report.lowest else 'above'} the lowest label, at "
        f"{bonds(search.well, elements)}",
        "no geometry lies below the minimum: no hole was found",
    ]
    if report.below:
        number = f"{len(report.below)} hole{'s' * (len(report.below) > 1)}"
        lines[-1] = (
            f"{number} below the minimum, the deepest by {-search.holes[0].energy / CM1:.0f} cm-1; "
            f"{100 * search.share_below:.2g} % of the geometries lie in holes"
        )
    lines += _place_lines(report.below, elements)
    if report.disagreement is not None:
        count = len(report.disagreement)
        lines.append(
            f"below {(report.highest - search.minimum) / CM1:.0f} cm-1 the members of the ensemble "
            f"differ at {count or 'no'} geometr{'y' if count == 1 else 'ies'} by more than "
            f"{report.limit / CM1:.0f} cm-1, {100 * DISAGREEMENT:g} % of that energy"
        )
        lines += _place_lines(report.disagreement, elements)
    if report.places:
        lines.append(
            "add points there (holes.xyz lists all these places), or choose ranges of coordinates "
            "that leave them out; pes-levels warns where its grid meets a hole"
        )
    return lines


def _bounds(box: DistanceBox) -> str:
    """Bounds of each kind of distance in Å."""
    names = ["-".join(pair) for pair in combinations(box.elements, 2)]
    ends = zip((box.low / ANGSTROM).tolist(), (box.high / ANGSTROM).tolist(), strict=True)
    shown = {name: f"{low:.2f}-{high:.2f}" for name, (low, high) in zip(names, ends, strict=True)}
    return ", ".join(f"{name} {span}" for name, span in shown.items())


def _place_lines(places: Sequence[Place], elements: Sequence[str]) -> list[str]:
    if not places:
        return []
    spread = "spread_cm1" in places[0].numbers
    lines = [f"{'energy/cm-1':>14}{'nearest':>9}{spread * '    spread'}  distances (A)"]
    for place in places[:LISTED]:
        numbers = place.numbers
        shown = f"{numbers['spread_cm1']:10.1f}" if spread else ""
        lines.append(
            f"{numbers['above_minimum_cm1']:14.1f}{numbers['nearest_training']:9.2f}{shown}  "
            f"{bonds(place.positions, elements)}"
        )
    if len(places) > LISTED:
        lines.append(f"{f'and {len(places) - LISTED} more':>14}")
    return lines
