"""Sections of a page about a fit: how it went, its errors, what checks of the surface said."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pes.evaluation.gradient_check import GRADIENTS
from pes.evaluation.result import EVALUATED
from pes.evaluation.tables import window_rows
from pes.report.page_part import PagePart, Table, number, pictures
from pes.setup.training.outcome.ending import STOPPED
from pes.setup.training.outcome.fit_tables import error_rows

__all__ = ["check_sections", "fit_sections"]

FIT_PICTURES = {
    "learning_curve.png": "Learning curve: root-mean-square errors of training and validation "
    "points against the epoch. Panel (b), if there is one, shows the errors of forces.",
    "residuals.png": "(a) Residuals of all points against their energy; the scale is linear where "
    "nine tenths of them lie and logarithmic beyond. (b) Distribution of the residuals. (c) "
    "Root-mean-square error in intervals of energy.",
    "calibration.png": "Spread of the ensemble at test points. (a) Error of each point against its "
    "spread. (b) Share of errors within k spreads, and the share that normally distributed errors "
    "would have.",
}
EVALUATION_PICTURES = {
    "errors.png": "(a) Prediction against label. (b) Residuals. Further panels show the size of "
    "the error against the distance to the nearest training point, and errors of forces.",
    "calibration.png": FIT_PICTURES["calibration.png"],
}
GRADIENT_PICTURES = {
    "gradients.png": "Error of numerical derivatives against the step: rounding on the left, "
    "truncation on the right.",
}

MEMBERS = (
    "Members of the ensemble. In the validation errors, outliers count at most six times the RMS "
    "of the other points"
)


def fit_sections(folder: Path, summary: Mapping[str, Any]) -> list[PagePart]:
    """Section of the page about the fit and its errors.

    Args:
        folder: folder of the training.
        summary: content of summary.json.
    """
    if "errors_debye" in summary:
        return [PagePart("Dipole fit", tables=_dipole_fit(summary))]
    return [
        PagePart("Fit", _story(summary), _members(summary), pictures(folder, FIT_PICTURES)),
        PagePart(
            "Errors",
            ["Root-mean-square errors by energy above the lowest point. Test points took no part "
             "in the fit or in any choice."],
            [_errors(summary["errors"]), *_calibration(summary)],
        ),
    ]  # fmt: skip


def _dipole_fit(summary: Mapping[str, Any]) -> list[Table]:
    """Errors of a dipole surface, and the forms tried."""
    tried = summary["candidates"]
    columns = [key for key in tried[0] if key != "endings"]
    forms = [[_cell(one[key]) for key in columns] for one in tried]
    return [
        _dipole_errors(summary["errors_debye"]),
        Table("Forms that were tried, the best first", columns, forms),
    ]


def _dipole_errors(errors: Mapping[str, Any]) -> Table:
    measures = ("rmse", "a", "b", "c")
    rows = [
        [part, window, str(int(own["points"])), *(number(1e4 * own[m]) for m in measures)]
        for part, windows in errors.items()
        for window, own in windows.items()
    ]
    head = ("part", "energy/cm⁻¹", "points", "RMSE", *measures[1:])
    return Table("Errors of a component (1e-4 debye)", head, rows)


def _cell(value: float | list[int]) -> str:
    return "-".join(map(str, value)) if isinstance(value, list) else number(value)


def check_sections(folder: Path) -> list[PagePart]:
    """Evaluations on other points, and the check of gradients, that lie in the folder."""
    sections = []
    for path in sorted(folder.glob(f"*/{EVALUATED}")):
        content = json.loads(path.read_text(encoding="utf-8"))
        words = [f"Points of {content['data'] or path.parent.name}."]
        if "errors_debye" in content:
            table = _dipole_errors(content["errors_debye"])
            sections.append(PagePart("Evaluation", words, [table]))
            continue
        head, *rows = window_rows(content["errors"])
        holes = content.get("holes")
        if holes is not None:
            count = len(holes["below_minimum"])
            found = f"{count} places below the minimum" if count else "no hole"
            words.append(f"A search of {holes['samples']:,} geometries found {found}.")
        table = Table("Errors by energy above the lowest point", head, rows)
        images = pictures(path.parent, EVALUATION_PICTURES)
        sections.append(PagePart("Evaluation", words, [table], images))
    for path in sorted(folder.glob(f"*/{GRADIENTS}")):
        content = json.loads(path.read_text(encoding="utf-8"))
        words = [f"At {content['geometries']} geometries, {content['verdict']}."]
        images = pictures(path.parent, GRADIENT_PICTURES)
        sections.append(PagePart("Check of forces", words, pictures=images))
    return sections


def _story(summary: Mapping[str, Any]) -> list[str]:
    """Points, parameters and the end of the fit, in sentences."""
    names = {"train": "for training", "validation": "for validation", "test": "for the test"}
    points = ", ".join(f"{count:,} {names[part]}" for part, count in summary["points"].items())
    seconds = summary["seconds"]["training"]
    words = [
        f"The surface has {summary['parameters']:,} parameters and was fitted in {seconds:.0f} s. "
        f"Points: {points}."
    ]
    if "epochs" in summary:
        # Members of an ensemble have best epochs of their own, which stand in their table.
        best = "" if "ensemble" in summary else f" (the best was epoch {summary['best_epoch']})"
        why = STOPPED[summary["stopped_by"]]
        words.append(f"The fit ended after {summary['epochs']} epochs{best}: {why}.")
    return words


def _errors(errors: Mapping[str, Any]) -> Table:
    head, *rows = error_rows(errors)
    return Table("Root-mean-square errors", head, rows)


def _members(summary: Mapping[str, Any]) -> list[Table]:
    """Members of an ensemble."""
    if "ensemble" not in summary:
        return []
    head = ("member", "validation error/cm⁻¹", "test RMSE/cm⁻¹", "best epoch", "kept")
    rows = [
        (
            str(k), number(row["validation_cm1"]), number(row["test_rmse_cm1"]),
            str(row["best_epoch"]), "yes" if row["kept"] else "no",
        )
        for k, row in enumerate(summary["ensemble"]["members"], 1)
    ]  # fmt: skip
    return [Table(MEMBERS, head, rows)]


def _calibration(summary: Mapping[str, Any]) -> list[Table]:
    """Calibration of an ensemble: spread against error."""
    if "ensemble" not in summary:
        return []
    head = ("window", "points", "spread/cm⁻¹", "within 1 spread", "within 2 spreads")
    rows = [
        (
            "all" if window == "all" else f"< {window} cm⁻¹", str(row["points"]),
            number(row["spread"]), f"{row['within_1']:.1%}", f"{row['within_2']:.1%}",
        )
        for window, row in summary["ensemble"]["calibration"].items()
    ]  # fmt: skip
    rows.append(("normal errors", "–", "–", "68.3%", "95.4%"))
    return [Table("Errors at test points against the spread of the members", head, rows)]
