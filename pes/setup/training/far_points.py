"""Points far off a fit, by name: one isolated geometry or wrong label may rule an error."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pes.data import Dataset
from pes.training.bounded import far_points
from pes.units import CM1

__all__ = ["far_point_lines"]

CHUNK = 2048
NAMED = 3
FEW = 0.01
"""Share of the points up to which they are single ones, not a corner of the surface."""
RULED = 2.0
"""RMSE of all points, in units of the one without the far ones, from which these rule it."""


def far_point_lines(
    surface: nn.Module, points: Mapping[str, Dataset], rows: Mapping[str, Tensor]
) -> tuple[str, ...]:
    """One line for each part of the points whose RMSE a few of them rule, with the worst rows.

    Args:
        surface: positions (B, N, 3) to energies (B,).
        points: labelled points of each part.
        rows: row of each of these points in the data set.
    """
    lines = []
    for part, own in points.items():
        with torch.no_grad():
            values = torch.cat([surface(x) for x in own.positions.split(CHUNK)])
        line = _line(part, ((values - own.energies) / CM1).cpu(), rows[part])
        lines += [] if line is None else [line]
    return tuple(lines)


def _line(part: str, errors: Tensor, rows: Tensor) -> str | None:
    far = far_points(errors)
    rest = torch.ones(len(errors), dtype=torch.bool)
    rest[far] = False
    every, others = (float(e.square().mean().sqrt()) for e in (errors, errors[rest]))
    if not len(far) or every <= RULED * others:
        return None
    named = ", ".join(f"{int(rows[k])} ({float(errors[k]):+.3g} cm-1)" for k in far[:NAMED])
    more = ", ..." if len(far) > NAMED else ""
    cause = "a corner of the surface is described less well: more points there, or more time"
    if len(far) <= max(NAMED, FEW * len(errors)):
        cause = "they are isolated, or their labels are wrong: pes-audit"
    return (
        f"{part}: {len(far)} of {len(errors)} points rule the error, rows {named}{more}; without "
        f"them the RMSE is {others:.4g} instead of {every:.4g} cm-1; {cause}"
    )
