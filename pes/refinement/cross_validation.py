"""Cross-validation of the strength that holds a refined surface to its ab initio points."""

from collections.abc import Sequence

import torch
from torch import nn

from pes.refinement.anchor import Anchor
from pes.refinement.comparison import Isotopologue
from pes.refinement.gauss_newton import state_of
from pes.refinement.rows import anchor_rows, level_rows, mean_square, solution

__all__ = ["STRENGTHS", "cross_validated"]

STRENGTHS = tuple(10.0 ** (k / 2) for k in range(-16, 1))
"""Strengths of the anchor that are tried: 1e-8 to 1."""


def cross_validated(
    surface: nn.Module,
    parameters: Sequence[nn.Parameter],
    isotopologues: Sequence[Isotopologue],
    anchor: Anchor,
    *,
    strengths: Sequence[float] = STRENGTHS,
) -> list[tuple[float, float]]:
    """λ and the RMS (hartree) of each fitted level predicted from the others.

    In the linear approximation at the surface as it is, so that no level is computed again;
    held-out levels are not used.
    """
    state = state_of(surface, isotopologues, anchor, 1.0, 0.0)
    rows_of_levels, levels_right, u = level_rows(parameters, isotopologues, state.comparisons)
    rows_of_points, anchor_right = anchor_rows(surface, parameters, anchor)
    errors_by_strength = []
    for strength in strengths:
        weighted = (strength**0.5 * rows_of_points, strength**0.5 * anchor_right)
        errors = []
        for left_out in range(len(levels_right)):
            kept = torch.arange(len(levels_right)) != left_out
            scale = (u[kept] / u[kept].sum()).sqrt()
            rows = torch.cat((rows_of_levels[kept] * scale[:, None], weighted[0]))
            right = torch.cat((levels_right[kept] * scale, weighted[1]))
            step = solution(rows, right, 0.0)
            errors.append(levels_right[left_out] - rows_of_levels[left_out] @ step)
        errors_by_strength.append((strength, mean_square(torch.stack(errors), u) ** 0.5))
    return errors_by_strength
