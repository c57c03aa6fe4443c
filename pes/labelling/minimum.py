"""The minimum of a method nearest to a geometry."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from pes.labelling.program import Positions, Program

__all__ = ["minimised"]

LARGEST = 1e-5
"""Component of a force at a minimum, at most, hartree/bohr."""


def minimised(
    program: Program,
    symbols: Sequence[str],
    positions: Positions,
    place: Path,
    attempt: int = 0,
) -> list[list[float]]:
    """Positions (N, 3) in bohr of the minimum nearest to `positions`.

    Raises:
        RuntimeError: if the largest force stays above 1e-5 hartree/bohr.
    """
    forced = program.with_forces()

    def energy_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        point = forced.record(symbols, flat.reshape(-1, 3).tolist(), place, attempt)
        if "forces" not in point:
            raise ValueError("a minimum needs forces, and the program gave none")
        return float(point["energy"]), -np.ravel(point["forces"])

    start = np.asarray(positions, dtype=float).ravel()
    solution = minimize(
        energy_and_gradient, start, jac=True, method="BFGS", options={"gtol": LARGEST / 10}
    )
    if np.abs(solution.jac).max() > LARGEST:
        raise RuntimeError(f"geometry optimisation stopped early: {solution.message}")
    return solution.x.reshape(-1, 3).tolist()
