"""Noise and steps of a surface, from differences between neighbouring points."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["jumps"]

STEP = 0.005
"""Bohr, radians or normal coordinates between neighbours."""

WEIGHTS = (1.0, -4.0, 6.0, -4.0, 1.0)
"""Fourth difference: independent noise leaves √70 times its size."""

FALL = 8.0
"""Fall of fourth differences with half the step from which a function is smooth: they fall by 16
where it is, by 2 at a kink, and not at all by noise or at a step."""


def jumps(function: Callable[[Tensor], Tensor], q: Tensor) -> Tensor:
    """Size of the jumps of a function about points, the largest along any coordinate, (B,).

    Of a smooth surface h⁴ V⁗/√70 is left, about 1e-4 cm⁻¹, and a sixteenth of it with half the
    step h: differences that fall so, as where two states avoid each other, are no jumps.

    Args:
        function: function of points (P, Q) to (P,).
        q: points (B, Q).

    Example:
        >>> rounded = lambda q: (1e3 * q[:, 0] ** 2).round() / 1e3
        >>> bool(jumps(rounded, torch.rand(50, 1).double()).median() > 1e-5)
        True
    """
    axes = torch.eye(q.shape[1], dtype=q.dtype, device=q.device)
    shifts = STEP / 2 * torch.arange(-4, 5).to(q)[:, None] * axes[:, None]
    with torch.no_grad():
        values = function((q[:, None, None] + shifts).flatten(0, 2))
    values, weights = values.reshape(len(q), -1, 9), values.new_tensor(WEIGHTS)
    whole = (values[..., ::2] @ weights).abs()
    halves = (values.unfold(-1, len(WEIGHTS), 1) @ weights).abs().amax(-1)
    each = torch.where(halves < whole / FALL, halves, whole) / 70**0.5
    return each.nan_to_num(nan=torch.inf).amax(1)
