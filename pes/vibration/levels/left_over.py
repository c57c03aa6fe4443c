"""Remaining error, estimated from how the changes between growing calculations fall."""

import torch
from torch import Tensor

__all__ = ["share_after_half", "share_left"]


def share_left(moved: Tensor, before: Tensor, least: float, *, most: float = 1.0) -> Tensor:
    """Part of the last changes that is taken for what is still to come, (S,).

    Changes fall from calculation to calculation, and so does what is left of them: three times the
    ratio q, to be on the safe side, of all levels or of the level itself, whichever falls slower,
    up to the whole change; where they fall by less than half, q + q² + … = q/(1 − q) of it. A level
    that was not there before has shown nothing of how its changes fall.

    Args:
        moved: last changes, (S,); infinite for a level without a partner.
        before: changes before of the same levels, likewise.
        least: part that is taken at least.
        most: part that is taken at most, one or more.

    Example:
        All fall by a hundred but the last, which grows:

        >>> moved, before = torch.tensor([0.1, 1.0, 2.0]), torch.tensor([10.0, 100.0, 1.0])
        >>> share_left(moved, before, 0.15)
        tensor([0.1500, 0.1500, 1.0000])
    """
    known = before.isfinite() & moved.isfinite()
    if not known.any():
        return torch.ones_like(moved)
    ratios = moved / before.clamp(min=1e-12)
    overall = moved[known].max() / before[known].max().clamp(min=1e-12)
    q = torch.maximum(ratios, overall).clamp(max=most / (1 + most))
    share = torch.maximum((3 * q).clamp(max=1.0), q / (1 - q))
    return share.where(known, 1.0).clamp(min=least)


def share_after_half(half: Tensor, whole: Tensor) -> Tensor:
    """Part of the change with a step that is still to come, from the upper half of the step, (S,).

    Errors that fall by z in each half make the change of the upper half ρ = z/(1 + z) of the whole,
    and z²/(1 − z²) of it is left: nothing where the upper half hardly mattered, all of it at most.

    Args:
        half: changes with the upper half of the step, (S,).
        whole: changes with the whole step, (S,).

    Example:
        Errors of 9, 3 and 1; and a change that is as large in the upper half:

        >>> share_after_half(torch.tensor([2.0, 1.0]), torch.tensor([8.0, 2.0]))
        tensor([0.1250, 1.0000])
    """
    ratio = (half / whole.clamp(min=1e-12)).clamp(max=0.499)
    z = ratio / (1 - ratio)
    return (z**2 / (1 - z**2)).clamp(max=1.0)
