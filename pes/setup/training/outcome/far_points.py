"""Points with errors so large that a few of them dominate the RMSE."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.data import Dataset
from pes.training.bounded import far_points
from pes.units import CM1

__all__ = ["far_point_line", "far_point_lines"]

CHUNK = 2048
NAMED = 3
FEW = 0.01
"""Share of the points up to which they are single ones, not a region of the surface."""
FEWEST = 20
"""Points below which one of them is no exception."""
REGION = "The surface is less accurate in a region: add points there"
FINE = 0.01
"""RMSE in cm⁻¹ below which no region needs more points."""
DOMINATED = 2.0
"""RMSE of all points over the RMSE without the far ones, above which the far ones dominate."""


def far_point_lines(
    surface: nn.Module, points: Mapping[str, Dataset], rows: Mapping[str, Tensor]
) -> tuple[str, ...]:
    """One line for each part of the points whose RMSE a few of them dominate, with the worst rows.

    Args:
        surface: positions (B, N, 3) to energies (B,).
        points: labelled points of each part.
        rows: row of each of these points in the data set.
    """
    lines = []
    for part, own in points.items():
        with torch.no_grad():
            values = in_chunks(surface, own.positions, CHUNK)
        line = far_point_line(part, ((values - own.energies) / CM1).cpu(), rows[part])
        lines += [] if line is None else [line]
    return tuple(lines)


def far_point_line(part: str, errors: Tensor, rows: Tensor) -> str | None:
    """A sentence about errors (B,) in cm⁻¹ of which a few dominate the RMSE, or None."""
    far = far_points(errors)
    rest = torch.ones(len(errors), dtype=torch.bool)
    rest[far] = False
    every, others = (float(e.square().mean().sqrt()) for e in (errors, errors[rest]))
    few = not len(far) or len(errors) < FEWEST
    if few or every <= max(FINE, DOMINATED * others):
        return None
    named = ", ".join(f"{int(rows[k])} ({float(errors[k]):+.3g} cm-1)" for k in far[:NAMED])
    more = " and others" if len(far) > NAMED else ""
    dominate, them, cause = f"points dominate the RMSE: rows {named}{more}", "them", REGION
    if len(far) <= max(NAMED, FEW * len(errors)):
        cause = "They are isolated or their labels are wrong: run pes-audit"
    if len(far) == 1:
        dominate, them = f"points dominates the RMSE: row {named}", "it"
        cause = "It is isolated or its label is wrong: run pes-audit"
    return (
        f"{part}: {len(far)} of {len(errors)} {dominate}. Without {them} the RMSE is {others:.4g} "
        f"instead of {every:.4g} cm-1. {cause}"
    )
