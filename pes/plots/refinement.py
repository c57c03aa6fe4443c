"""Calculated minus observed levels before and after a refinement."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pes.plots.figure import COLOURS, picture, tidy

__all__ = ["refined_levels"]


def refined_levels(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """One panel for each molecule, errors before above, after below on their own scale.

    Args:
        path: path of the PNG file.
        rows: `molecule`, `observed`, `before`, `after`, `role` of each level, cm⁻¹.
    """
    molecules = list(dict.fromkeys(row["molecule"] for row in rows))
    with picture(path, 4.2 * max(2, len(molecules)), 5.4) as figure:
        figure.suptitle("calculated − observed band origins")
        panels = figure.subplots(2, len(molecules), squeeze=False, sharey="row", sharex="col")
        for column, molecule in zip(panels.T, molecules, strict=True):
            for axes, when in zip(column, ("before", "after"), strict=True):
                axes.axhline(0, color="0.8", lw=0.8, zorder=0)
                for role, face in (("fitted", COLOURS[0]), ("held out", "none")):
                    chosen = [r for r in rows if r["molecule"] == molecule and r["role"] == role]
                    if chosen:
                        axes.plot(
                            [r["observed"] for r in chosen], [r[when] for r in chosen], "o",
                            ms=5, color=COLOURS[0], markerfacecolor=face, label=role,
                        )  # fmt: skip
                tidy(axes, "", f"{when} (cm⁻¹)" if molecule == molecules[0] else "")
            column[0].set_title(f"{molecule}")
            column[0].legend(frameon=False)
            column[1].set_xlabel("observed (cm⁻¹)")
