"""CPU-seconds of `pes.levels` with no settings beside those of sizes tuned by hand.

    python benchmarks/tuned_levels.py [--only "CO2-like"]

The sizes below were tuned by hand to levels within 0.01 cm⁻¹ of converged ones: one calculation,
without estimates of its errors, as somebody makes it who knows the answer. The automatic one finds
coordinates, ranges and sizes, and makes the calculations that its error bars need. Both run in this
process, in turn, with everything imported, and times are medians: the first run of a process takes
its memory from the system, which the later ones have. Errors are against the automatic levels of a
tenth of the accuracy for those without references in benchmarks/reference_levels/.
"""

import argparse
import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import torch

import pes
from pes.setup.levels.level_result import LevelsResult
from pes.setup.problem.basis import BasisSize
from pes.units import CM1

FOLDER = Path(__file__).with_name("reference_levels")
RUNS = 5
"""Times that each calculation is made."""


@dataclass(frozen=True)
class Case:
    """Surface, number of levels, and what was tuned.

    Attributes:
        surface: name.
        count: number of levels.
        tuned: arguments of `pes.levels`.
        reference: name of stored levels, if there are any.
    """

    surface: str
    count: int
    tuned: dict[str, Any]
    reference: str | None = None


def sizes(stretch: tuple[int, int, int], bend: tuple[int, int, int]) -> dict[str, BasisSize]:
    """Functions, points and primitives of both lengths and of the angle."""
    kinds = {"r1": ("box", stretch), "r2": ("box", stretch), "theta": ("legendre", bend)}
    return {
        name: BasisSize(kind=kind, functions=n, points=m, primitives=p)
        for name, (kind, (n, m, p)) in kinds.items()
    }


def ranges(stretch: tuple[float, float], bend: tuple[float, float]) -> dict[str, Any]:
    """Å and degrees."""
    return {"r1": stretch, "r2": stretch, "theta": bend}


def limit(energy: float) -> pes.TruncationRequest:
    """Products up to an energy, cm⁻¹, of functions of mean potentials."""
    return pes.TruncationRequest(energy=energy, reference="mean")


CASES = {
    "CO2-like": Case(
        "carbon_dioxide_model", 20,
        {
            "ranges": ranges((0.92, 1.50), (125, 180)), "basis": sizes((17, 21, 30), (22, 28, 42)),
            "truncation": limit(33000),
        }, "carbon_dioxide_model",
    ),
    "floppy, bend at 98": Case(
        "silicide_model", 20,
        {
            "ranges": ranges((1.41, 2.05), (62, 180)), "basis": sizes((13, 17, 25), (54, 67, 100)),
            "truncation": limit(13500),
        }, "silicide_model",
    ),
    "water to 15,000": Case(
        "water_pjt1996", 64,
        {
            "ranges": ranges((0.57, 1.85), (25, 180)), "basis": sizes((17, 21, 34), (32, 40, 60)),
            "truncation": limit(57000),
        },
    ),
}  # fmt: skip


def timed(work: Callable[[], LevelsResult]) -> tuple[np.ndarray, float, int]:
    """Levels above the ground state, cm⁻¹, CPU-seconds, number of functions."""
    began = time.process_time()
    result = work()
    seconds = time.process_time() - began
    return (result.levels.excitations / CM1).numpy(), seconds, result.levels.hamiltonian.size


def row(name: str, case: Case) -> str:
    """One line of the table."""

    def automatic() -> LevelsResult:
        return pes.levels(case.surface, count=case.count)

    def by_hand() -> LevelsResult:
        return pes.levels(case.surface, count=case.count, convergence=False, **case.tuned)

    runs = [(timed(automatic), timed(by_hand)) for _ in range(RUNS)]
    (own, _, functions), (tuned, _, fewer) = runs[0]
    spent, least = (statistics.median(run[1] for run in each) for each in zip(*runs, strict=True))
    if case.reference is None:
        true = timed(lambda: pes.levels(case.surface, count=case.count, accuracy=0.001))[0]
    else:
        true = np.array(json.loads((FOLDER / f"{case.reference}.json").read_text())["levels"])
    errors = [np.abs(levels[1:] - true[1 : len(levels)]).max() for levels in (own, tuned)]
    return (
        f"{name:20s} {functions:9d} {errors[0]:9.4f} {spent:8.1f}   {fewer:9d} {errors[1]:9.4f} "
        f"{least:8.1f} {spent / least:7.2f}"
    )


def main() -> None:
    """Print the table line by line."""
    parser = argparse.ArgumentParser(description="Automatic sizes beside those tuned by hand.")
    parser.add_argument("--only", choices=CASES, nargs="+", help="cases; all by default")
    torch.set_num_threads(1)
    pes.levels("water_pjt1996", count=2)  # whatever is loaded late
    gc.freeze()  # as the commands do: a look for garbage takes 0.1 s
    print(f"{'':20s} {'automatic:':29s} tuned:")
    columns = f"{'functions':>9s} {'error':>9s} {'CPU-s':>8s}"
    print(f"{'case':20s} {columns}   {columns} {'ratio':>7s}", flush=True)
    for name in parser.parse_args().only or list(CASES):
        print(row(name, CASES[name]), flush=True)


if __name__ == "__main__":
    main()
