"""Calculations that worker processes can import: quick, slow, failing and fatal ones."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np


def square(row: int, value: float) -> dict[str, Any]:
    return {"row": row, "energy": value**2}


def square_unless_negative(row: int, value: float) -> dict[str, Any]:
    if value < 0:
        return {"row": row, "failure": "RuntimeError: SCF did not converge in 200 cycles"}
    return square(row, value)


def square_with_a_bug(row: int, value: float) -> dict[str, Any]:
    if value == 0:
        raise TypeError("a bug")
    time.sleep(0.1)
    return square(row, value)


def never(row: int, value: float) -> dict[str, Any]:
    raise AssertionError("calculated again")


def logged_square(row: int, item: tuple[str, float, float]) -> dict[str, Any]:
    """A square that takes some time, and writes down that it was begun."""
    path, value, seconds = item
    with Path(path).open("a") as log:
        log.write(f"{row} {os.getpid()}\n")
    time.sleep(seconds)
    return square(row, value)


def deadly(row: int, value: float) -> dict[str, Any]:
    """A square that kills its process for negative values."""
    if value < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return square(row, value)


def springs(x: np.ndarray) -> float:
    """A harmonic water: two bonds and the distance between the hydrogens, hartree."""
    r = np.linalg.norm(x[[0, 0, 1]] - x[[1, 2, 2]], axis=1)
    return float(0.25 * np.square(r - [1.8, 1.8, 2.85]).sum())


def springs_with_forces(x: np.ndarray) -> dict[str, Any]:
    """The same with forces by central differences."""
    steps = 1e-4 * np.eye(9).reshape(9, 3, 3)
    slopes = [(springs(x + step) - springs(x - step)) / 2e-4 for step in steps]
    return {"energy": springs(x), "forces": -np.reshape(slopes, (3, 3))}
