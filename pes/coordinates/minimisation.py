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

    Derivatives are central differences of fourth order, so any surface will do:

        V′ = [8 (V(h) − V(−h)) − (V(2h) − V(−2h))] / (12h)

    Those of second order are off by h²V‴/6, too much for a search that ends at slopes of 1e-8.

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
    places = torch.cat((shifts, -shifts, 2 * shifts, -2 * shifts))

    def value_and_slope(flat: np.ndarray) -> tuple[float, np.ndarray]:
        x = torch.from_numpy(flat.reshape(start.shape))
        with torch.no_grad():
            v = potential(torch.cat((x[None], x + places))).double().cpu()
        plus, minus, two_plus, two_minus = v[1:].chunk(4)
        return float(v[0]), ((8 * (plus - minus) - (two_plus - two_minus)) / (12 * step)).numpy()

    result = minimize(
        value_and_slope, start.detach().double().numpy().ravel(), jac=True, method="BFGS",
        options={"gtol": max(1e-8, noise / step), "maxiter": 1000},
    )  # fmt: skip
    slope = float(np.abs(result.jac).max())
    steepest = max(1e-5, 4 * noise / step)
    if not np.isfinite(result.fun) or slope > steepest:
        raise ValueError(
            f"no minimum of the surface was reached from this start: after {result.nit} steps the "
            f"slope is still {slope:.1e} hartree/bohr; give positions nearer to the minimum "
            "(`coordinates.reference`)"
        )
    return torch.from_numpy(result.x.reshape(start.shape))
