"""Calibration of an ensemble: its spread against its errors."""

from collections.abc import Sequence

from torch import Tensor

from pes.training.errors import WINDOWS, window_masks

__all__ = ["calibration"]


def calibration(
    residuals: Tensor, spread: Tensor, heights: Tensor, *, windows: Sequence[int] = WINDOWS
) -> dict[str, dict[str, float | int]]:
    """Shares of the errors within one and two spreads, over all points and below each window.

    Normal errors of standard deviation σ would be within σ at 68.3 % of the points and within
    2σ at 95.4 %. Fewer: the spread is too small.

    Args:
        residuals: surface − label (B,).
        spread: σ (B,) in the unit of the residuals.
        heights: energies of the points in cm⁻¹ (B,).
        windows: upper ends in cm⁻¹.

    Returns:
        window → `points`, `spread` (its root mean square), `within_1`, `within_2` (fractions);
        windows without a point are left out.

    Example:
        >>> import torch
        >>> calibration(torch.tensor([1.0, -3.0]), torch.ones(2), torch.zeros(2))["all"]
        {'points': 2, 'spread': 1.0, 'within_1': 0.5, 'within_2': 0.5}
    """
    shares: dict[str, dict[str, float | int]] = {}
    for name, mask in window_masks(heights, windows).items():
        if not mask.any():
            continue
        errors, sigma = residuals[mask].abs(), spread[mask]
        shares[name] = {
            "points": int(mask.sum()),
            "spread": float(sigma.square().mean().sqrt()),
            "within_1": float((errors <= sigma).double().mean()),
            "within_2": float((errors <= 2 * sigma).double().mean()),
        }
    return shares
