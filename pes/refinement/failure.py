"""Whether a refinement reached what the observed levels ask for, and which level is to blame."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

__all__ = ["failure"]

FAR = 30.0
"""RMS of the fitted levels in units of their uncertainties above which a refinement has failed."""

OUTLIER = 20.0
"""Error before the fit over the median of the others above which a level is to blame."""

OTHER_MOLECULE = 0.1
"""Median of error over energy before the fit, above which the levels are those of something else:
isotopes of hydrogen differ by 0.3, good surfaces err by 0.01."""


def failure(rows: Sequence[Mapping[str, Any]], uncertainties: Sequence[float]) -> str | None:
    """One sentence about a refinement that has failed, None about one that has not.

    Args:
        rows: rows of all observed levels, as `comparison_rows` makes them, cm⁻¹.
        uncertainties: uncertainty of each, none below the floor, cm⁻¹.

    Example:
        >>> row = {"molecule": "O H H", "quanta": "0 1 0", "observed": 1595.0, "role": "fitted"}
        >>> failure([row | {"before": 3.0, "after": 0.1}], [0.1]) is None
        True
        >>> failure([row | {"before": 300.0, "after": 200.0}], [0.1])[:60]
        'the refinement failed: the fitted levels end 2000 times thei'
    """
    pairs = zip(rows, uncertainties, strict=True)
    fitted = [
        (row, u) for row, u in pairs if row["role"] == "fitted" and row["after"] == row["after"]
    ]
    if not fitted:
        return None
    rms = (sum((row["after"] / u) ** 2 for row, u in fitted) / len(fitted)) ** 0.5
    if rms < FAR:
        return None
    return (
        f"the refinement failed: the fitted levels end {rms:.0f} times their uncertainties from "
        f"the observed ones; {_blame([row for row, _ in fitted])}"
    )


def _blame(rows: Sequence[Mapping[str, Any]]) -> str:
    """The likely reason, by what the levels were before the fit."""
    worst = max(rows, key=lambda row: abs(row["before"]))
    others = [abs(row["before"]) for row in rows if row is not worst]
    if others and abs(worst["before"]) > OUTLIER * max(median(others), 1.0):
        return (
            f"check level {worst['quanta']} of {worst['molecule']}, observed at "
            f"{worst['observed']:.3f} cm-1, which the surface has at "
            f"{worst['observed'] + worst['before']:.1f} before the fit"
        )
    for molecule in dict.fromkeys(row["molecule"] for row in rows):
        own = [row for row in rows if row["molecule"] == molecule]
        share = median(abs(row["before"]) / row["observed"] for row in own)
        if share > OTHER_MOLECULE:
            return (
                f"the levels of {molecule} are {100 * share:.0f} % from those of the surface "
                "before the fit: check that they belong to this molecule, their labels and unit"
            )
    return (
        f"the worst is level {worst['quanta']} of {worst['molecule']} ({worst['after']:+.1f} cm-1 "
        "after the fit): check it, adjust with a higher degree or lower `anchor`"
    )
