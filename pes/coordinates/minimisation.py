"""The minimum of a surface in Cartesian coordinates, where normal modes start."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

__all__ = ["optimum"]

STEP = 1e-3
"""Step of central differences, bohr."""

WIDE = 0.05
"""Shortest step, bohr, on a surface whose values jump."""


def optimum(potential: Callable[[Tensor], Tensor], start: Tensor, *, noise: float = 0.0) -> Tensor:
    """Positions (N, 3) of the minimum next to a start (N, 3), bohr.

    Derivatives are central differences, so any surface will do.

    Args:
        potential: positions (B, N, 3) to energies (B,).
        start: positions (N, 3).
        noise: jumps of the energies, hartree; differences are then taken over 0.05 bohr and the
            slope at the end may be as large as these make it.

    Raises:
        ValueError: if the search leads away or ends where the slope is not zero.
    """
    step = WIDE if noise else STEP
    shifts = step * torch.eye(start.numel(), dtype=torch.float64).reshape(-1, *start.shape)

    def value_and_slope(flat: np.ndarray) -> tuple[float, np.ndarray]:
        x = torch.from_numpy(flat.reshape(start.shape))
        with torch.no_grad():
            v = potential(torch.cat((x[None], x + shifts, x - shifts))).double().cpu()
        plus, minus = v[1:].chunk(2)
        return float(v[0]), ((plus - minus) / (2 * step)).numpy()

    result = minimize(
        value_and_slope, start.detach().double().numpy().ravel(), jac=True, method="BFGS",
        options={"gtol": max(1e-8, noise / step), "maxiter": 1000},
    )  # fmt: skip
    slope = float(np.abs(result.jac).max())
    # Third derivatives leave h²V‴/6 in differences over h.
    steepest = max(step**2 / 2, 4 * noise / step) if noise else 1e-5
    if not np.isfinite(result.fun) or slope > steepest:
        raise ValueError(
            f"no minimum of the surface was reached from this start: after {result.nit} steps the "
            f"slope is still {slope:.1e} hartree/bohr; start nearer to it (`coordinates.reference`)"
        )
    return torch.from_numpy(result.x.reshape(start.shape))
